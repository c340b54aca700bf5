// SPDX-License-Identifier: MIT
#include "models/model.h"

#include "base/alloc.h"

#include <string.h>

/* More tensors than any network here has by two orders; keeps the searches by name bounded. */
enum { MAX_WEIGHTS = 1 << 16 };

/* Names go into messages and JSON, whatever the file put into them. */
static char *printable_copy(const char *name)
{
    char *copy = fov_strdup(name);
    for (char *p = copy; p && *p; p++)
        if (*p < 0x20 || *p > 0x7e) *p = '?';
    return copy;
}

static bool reserve(fov_weights *weights)
{
    if (weights->count < weights->capacity) return true;
    size_t      larger = weights->capacity ? weights->capacity * 2 : 128;
    fov_weight *more = fov_realloc_array(weights->item, larger, sizeof *more);
    if (!more) return false;
    weights->item = more;
    weights->capacity = larger;
    return true;
}

fov_status fov_weights_add(fov_weights *weights, const char *name, const fov_shape *shape, size_t count, float *data,
                           fov_error *err)
{
    if (weights->count == MAX_WEIGHTS) {
        fov_free(data);
        return fov_fail(err, FOV_ERR_LIMIT, "%s: more than %d tensors in one file; save model.state_dict() alone", weights->file,
                        MAX_WEIGHTS);
    }
    fov_weight weight = {.shape = shape ? *shape : (fov_shape){.rank = -1}, .count = count, .data = data};
    weight.name = printable_copy(name);
    if (!weight.name || !reserve(weights)) {
        fov_free(weight.name);
        fov_free(data);
        return fov_fail_memory(err, "the list of tensors");
    }
    weights->item[weights->count++] = weight;
    return FOV_OK;
}

/* torch.nn.DataParallel puts "module." before every name. */
static const char *bare(const char *name)
{
    const size_t length = strlen("module.");
    while (!strncmp(name, "module.", length)) name += length;
    return name;
}

static fov_weight *find_bare(fov_weights *weights, const char *name)
{
    for (size_t i = 0; i < weights->count; i++)
        if (!strcmp(bare(weights->item[i].name), name)) return &weights->item[i];
    return NULL;
}

fov_weight *fov_weights_find(fov_weights *weights, const char *name)
{
    name = bare(name);
    fov_weight *found = find_bare(weights, name);
    if (!found && !strncmp(name, "body.", strlen("body."))) found = find_bare(weights, name + strlen("body."));
    return found;
}

bool fov_weight_is_counter(const char *name)
{
    const char *dot = strrchr(name, '.');
    return !strcmp(dot ? dot + 1 : name, "num_batches_tracked");
}

void fov_weights_clear(fov_weights *weights)
{
    for (size_t i = 0; i < weights->count; i++) {
        fov_free(weights->item[i].name);
        fov_free(weights->item[i].data);
    }
    fov_free(weights->item);
    *weights = (fov_weights){0};
}
