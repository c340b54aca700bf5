// SPDX-License-Identifier: MIT
#include "plugin/plugin.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdint.h>
#include <string.h>

/* ---------------------------------------------------------------- finding */

fov_status fov_plugin_find(fov_plugin_set set, const char *domain, const char *name, const fov_plugin **plugin,
                           const fovea_plugin_operator **call, fov_error *err)
{
    const fovea_plugin_operator *found = NULL;
    const fov_plugin            *from = NULL;
    for (size_t i = 0; i < set.count; i++) {
        const fovea_plugin_library *library = set.item[i]->library;
        for (size_t k = 0; k < library->count; k++) {
            const fovea_plugin_operator *op = library->operators[k];
            if (strcmp(op->name, name) != 0 || (domain && strcmp(op->domain, domain) != 0)) continue;
            if (found)
                return fov_fail(err, FOV_ERR_ARGUMENT, "operator '%s' is in domain '%s' of %s and in domain '%s' of %s: name one",
                                name, found->domain, from->path, op->domain, set.item[i]->path);
            from = set.item[i];
            found = op;
        }
    }
    *plugin = from;
    *call = found;
    return FOV_OK;
}

/* ---------------------------------------------------------------- one node's operator */

static fov_status create(fov_plugin_op *op, const fovea_plugin_attribute *const *attributes, size_t count, const char *node,
                         fov_error *err)
{
    char                       text[512] = "";
    const fovea_plugin_message why = {text, sizeof text};
    if (!op->call->create || !op->call->create(attributes, count, &op->state, &why)) return FOV_OK;
    op->state = NULL; /* what a failed create leaves there is its own */
    text[sizeof text - 1] = '\0';
    fov_make_printable(text, "");
    return fov_fail(err, FOV_ERR_FORMAT, "%s '%s': the plugin refuses the attributes: %s", op->call->name, node,
                    *text ? text : "no reason given");
}

fov_status fov_plugin_op_new(const fov_plugin *plugin, const fovea_plugin_operator *call,
                             const fovea_plugin_attribute *const *attributes, size_t count, const char *node,
                             const fov_plugin_op **out, fov_error *err)
{
    *out = NULL;
    fov_plugin_op *op = fov_calloc(1, sizeof *op);
    if (!op) return fov_fail_memory(err, "a plugin's operator");
    op->call = call;
    fov_status st = create(op, attributes, count, node, err);
    if (st) {
        fov_free(op);
        return st;
    }
    atomic_init(&op->users, 1);
    op->plugin = (fov_plugin *)(uintptr_t)plugin; /* counting users changes nothing that anybody sees */
    atomic_fetch_add(&op->plugin->users, 1);
    *out = op;
    return FOV_OK;
}

const fov_plugin_op *fov_plugin_op_retain(const fov_plugin_op *op)
{
    if (op) atomic_fetch_add(&((fov_plugin_op *)(uintptr_t)op)->users, 1);
    return op;
}

void fov_plugin_op_release(const fov_plugin_op *shared)
{
    fov_plugin_op *op = (fov_plugin_op *)(uintptr_t)shared;
    if (!op || atomic_fetch_sub(&op->users, 1) > 1) return;
    if (op->call->create && op->call->destroy) op->call->destroy(op->state);
    fov_plugin_unload(op->plugin);
    fov_free(op);
}

bool fov_plugin_op_supports(const fov_plugin_op *op, bool is_input, int index, int32_t type)
{
    return op->call->supports ? op->call->supports(is_input, index, type) != 0 : type == FOVEA_PLUGIN_F32;
}
