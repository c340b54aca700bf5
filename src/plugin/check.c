// SPDX-License-Identifier: MIT
/* A plugin's table comes from somebody else's code: everything that can be checked is, before anything of it is used. */
#include "plugin/plugin.h"

#include <string.h>

enum { MAX_OPERATORS = 1024, MAX_NAME = 63, MAX_STRUCT = 4096 };

/* What the first release of this ABI had: no plugin can know less. */
#define FIRST_LIBRARY_SIZE (offsetof(fovea_plugin_library, operators) + sizeof(void *))
#define FIRST_OPERATOR_SIZE (offsetof(fovea_plugin_operator, run) + sizeof(void (*)(void)))

static bool is_name(const char *text, bool may_be_empty)
{
    const size_t length = text ? strnlen(text, MAX_NAME + 1) : 0;
    if (!text || length > MAX_NAME || (!length && !may_be_empty)) return false;
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] > '~') return false;
    return true;
}

static fov_status check_size(size_t has, size_t least, const char *what, const char *path, fov_error *err)
{
    if (has >= least && has <= MAX_STRUCT) return FOV_OK;
    return fov_fail(err, FOV_ERR_FORMAT,
                    "%s: the plugin says that its %s has %zu bytes, expected are %zu to %d: set `size` with sizeof and rebuild it",
                    path, what, has, least, MAX_STRUCT);
}

static bool range_allowed(int32_t least, int32_t most)
{
    return least >= 1 && least <= most && most <= FOV_PLUGIN_MAX_PORTS;
}

static fov_status check_operator(const fovea_plugin_operator *op, size_t i, const char *path, fov_error *err)
{
    if (!op) return fov_fail(err, FOV_ERR_FORMAT, "%s: operator %zu of the plugin is NULL", path, i);
    fov_status st = check_size(op->size, FIRST_OPERATOR_SIZE, "fovea_plugin_operator", path, err);
    if (st) return st;
    if (!is_name(op->name, false) || !is_name(op->domain, true))
        return fov_fail(err, FOV_ERR_FORMAT,
                        "%s: operator %zu of the plugin has no name and domain of printable ASCII, at most %d bytes each", path, i,
                        MAX_NAME);
    if (!range_allowed(op->min_inputs, op->max_inputs) || !range_allowed(op->min_outputs, op->max_outputs))
        return fov_fail(err, FOV_ERR_FORMAT,
                        "%s: operator '%s' has %d to %d inputs and %d to %d outputs; possible are 1 to %d of each", path, op->name,
                        op->min_inputs, op->max_inputs, op->min_outputs, op->max_outputs, FOV_PLUGIN_MAX_PORTS);
    if (!op->infer_shape || !op->run)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: operator '%s' has no function %s", path, op->name,
                        op->run ? "infer_shape" : "run");
    return FOV_OK;
}

static fov_status check_unique(const fovea_plugin_library *library, size_t i, const char *path, fov_error *err)
{
    const fovea_plugin_operator *op = library->operators[i];
    for (size_t k = 0; k < i; k++)
        if (!strcmp(library->operators[k]->name, op->name) && !strcmp(library->operators[k]->domain, op->domain))
            return fov_fail(err, FOV_ERR_FORMAT, "%s: operators %zu and %zu of the plugin are both called '%s' of domain '%s'",
                            path, k, i, op->name, op->domain);
    return FOV_OK;
}

fov_status fov_plugin_check(const fovea_plugin_library *library, const char *path, fov_error *err)
{
    if (!library) return fov_fail(err, FOV_ERR_FORMAT, "%s: fovea_plugin() returns NULL", path);
    if (library->abi != FOVEA_PLUGIN_ABI)
        return fov_fail(
            err, FOV_ERR_UNSUPPORTED,
            "%s: made for version %u of fovea/plugin.h, this Fovea has version %d: rebuild the plugin with the header of "
            "this release",
            path, library->abi, FOVEA_PLUGIN_ABI);
    fov_status st = check_size(library->size, FIRST_LIBRARY_SIZE, "fovea_plugin_library", path, err);
    if (st) return st;
    if (!library->count || library->count > MAX_OPERATORS || !library->operators)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: the plugin has %zu operators%s; possible are 1 to %d", path, library->count,
                        library->operators ? "" : " and no list of them", MAX_OPERATORS);
    for (size_t i = 0; i < library->count && !st; i++) {
        st = check_operator(library->operators[i], i, path, err);
        if (!st) st = check_unique(library, i, path, err);
    }
    return st;
}
