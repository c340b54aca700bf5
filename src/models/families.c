// SPDX-License-Identifier: MIT
/* From bare weights to a family: who recognises the names builds the graph; what nobody used is looked at twice. */
#include "models/model.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_SHOWN = 4 };

static const fov_family *const families[] = {
#define FOV_FAMILY(family) &family,
#include "models/families.def"
#undef FOV_FAMILY
};

enum { N_FAMILIES = sizeof families / sizeof *families };

const fov_family *fov_family_at(size_t index)
{
    return index < N_FAMILIES ? families[index] : NULL;
}

/* ---------------------------------------------------------------- tensors that nobody used */

/* Names of the tensors that a family took, sorted: a file may have thousands of others to look up. */
typedef struct used_names {
    const char **name;
    size_t       count;
} used_names;

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool used_names_init(used_names *used, const fov_weights *weights)
{
    *used = (used_names){.name = fov_alloc_array(weights->count, sizeof *used->name)};
    if (!used->name) return false;
    for (size_t i = 0; i < weights->count; i++)
        if (weights->item[i].used) used->name[used->count++] = weights->item[i].name;
    qsort(used->name, used->count, sizeof *used->name, compare_names);
    return true;
}

/* True when a tensor that was used has a name that begins with the first `length` bytes of `prefix`. */
static bool any_used_below(const used_names *used, const char *prefix, size_t length)
{
    size_t low = 0, high = used->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strncmp(used->name[middle], prefix, length) < 0) low = middle + 1;
        else high = middle;
    }
    return low < used->count && !strncmp(used->name[low], prefix, length);
}

/* True when `name` says "P.<k>. ..." and the network has a module P.<k-1>: the next block of a longer body. */
static bool continues_a_sequence(const used_names *used, const char *name)
{
    char previous[256];
    for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
        char  *end;
        size_t stem = (size_t)(dot - name) + 1;
        if (stem + 24 > sizeof previous) break;
        long k = strtol(dot + 1, &end, 10);
        if (end == dot + 1 || *end != '.' || k < 1) continue;
        memcpy(previous, name, stem);
        int digits = snprintf(previous + stem, 24, "%ld.", k - 1);
        if (any_used_below(used, previous, stem + (size_t)digits)) return true;
    }
    return false;
}

/*
 * An unused tensor is harmless (an optimiser's, another task's head) unless it sits inside the network: beside a tensor that
 * was used (a bias where the family has none), or in the next block of a sequence (layer3.6 of a ResNet-101). Then the file
 * holds a larger network, and computing the smaller one would be silently wrong.
 */
static bool belongs_to_network(const used_names *used, const char *name)
{
    const char *dot = strrchr(name, '.');
    return (dot && any_used_below(used, name, (size_t)(dot - name) + 1)) || continues_a_sequence(used, name);
}

static fov_status check_unused(struct fov_model *model, const fov_weights *weights, fov_error *err)
{
    fov_text   names = {0};
    used_names used;
    size_t     unused = 0;
    fov_status st = used_names_init(&used, weights) ? FOV_OK : fov_fail_memory(err, "the list of tensors");
    for (size_t i = 0; i < weights->count && !st; i++) {
        const char *name = weights->item[i].name;
        if (weights->item[i].used || fov_weight_is_counter(name)) continue;
        if (belongs_to_network(&used, name))
            st =
                fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: tensor '%.200s' has no place in %s: the file holds another, larger network",
                         model->source, name, model->family->title);
        if (unused++ < NAMES_SHOWN) fov_text_print(&names, "%s%.100s", unused > 1 ? ", " : "", name);
    }
    if (!st && unused)
        st = fov_model_warn(model, err, "%zu tensors are not part of %s and were ignored: %s%s", unused, model->family->title,
                            names.data ? names.data : "", unused > NAMES_SHOWN ? ", ..." : "");
    fov_free(used.name);
    fov_text_clear(&names);
    return st;
}

/* ---------------------------------------------------------------- recognising */

static const fov_family *recognise(fov_weights *weights)
{
    for (size_t i = 0; i < N_FAMILIES; i++)
        if (fov_weights_find(weights, families[i]->mark)) return families[i];
    return NULL;
}

static fov_status fail_unrecognised(const struct fov_model *model, const fov_weights *weights, fov_error *err)
{
    fov_text known = {0}, names = {0};
    for (size_t i = 0; i < N_FAMILIES; i++)
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): families.def has no empty rows */
        fov_text_print(&known, "%s%s ('%s')", i ? ", " : "", families[i]->title, families[i]->mark);
    for (size_t i = 0; i < weights->count && i < NAMES_SHOWN; i++)
        fov_text_print(&names, "%s%.60s", i ? ", " : "", weights->item[i].name);
    fov_status st = fov_fail(err, FOV_ERR_UNSUPPORTED,
                             "%s: %zu tensors (%s%s) of no network known here. Known are, by a tensor that only they have: %s. "
                             "Other networks can be imported as .onnx",
                             model->source, weights->count, names.data ? names.data : "none",
                             weights->count > NAMES_SHOWN ? ", ..." : "", known.data ? known.data : "");
    fov_text_clear(&known);
    fov_text_clear(&names);
    return st;
}

fov_status fov_family_build(struct fov_model *model, fov_weights *weights, fov_error *err)
{
    model->family = recognise(weights);
    if (!model->family) return fail_unrecognised(model, weights, err);
    fov_status st = model->family->build(&model->settings, weights, model->source, &model->graph, err);
    return st ? st : check_unused(model, weights, err);
}
