// SPDX-License-Identifier: MIT
#include "import/onnx_names.h"

#include "base/alloc.h"
#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>

fov_status fov_onnx_names_add(fov_onnx_names *names, const char *name, int id, fov_error *err)
{
    if (names->count == names->capacity) {
        size_t         larger = names->capacity ? names->capacity * 2 : 256;
        fov_onnx_name *more = fov_realloc_array(names->item, larger, sizeof *more);
        if (!more) return fov_fail_memory(err, "the names of an ONNX graph");
        names->item = more;
        names->capacity = larger;
    }
    names->item[names->count++] = (fov_onnx_name){name, id};
    return FOV_OK;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const fov_onnx_name *)a)->name, ((const fov_onnx_name *)b)->name);
}

fov_status fov_onnx_names_sort(fov_onnx_names *names, fov_error *err)
{
    if (names->count) qsort(names->item, names->count, sizeof *names->item, compare);
    for (size_t i = 1; i < names->count; i++)
        if (!compare(&names->item[i - 1], &names->item[i]))
            return fov_fail(err, FOV_ERR_FORMAT, "value '%s' is made twice; in an ONNX graph every value is made once",
                            names->item[i].name);
    return FOV_OK;
}

int fov_onnx_names_find(const fov_onnx_names *names, const char *name)
{
    fov_onnx_name        key = {.name = name};
    const fov_onnx_name *found = names->count ? bsearch(&key, names->item, names->count, sizeof key, compare) : NULL;
    return found ? found->id : FOV_NONE;
}

void fov_onnx_names_clear(fov_onnx_names *names)
{
    fov_free(names->item);
    *names = (fov_onnx_names){0};
}
