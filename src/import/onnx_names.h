// SPDX-License-Identifier: MIT
/* Names of values -> ids, found by bisection: a graph names each value many times, and a hostile one has thousands. */
#ifndef FOVEA_IMPORT_ONNX_NAMES_H
#define FOVEA_IMPORT_ONNX_NAMES_H

#include "base/error.h"

typedef struct fov_onnx_name {
    const char *name; /* lives in the file */
    int         id;
} fov_onnx_name;

typedef struct fov_onnx_names {
    fov_onnx_name *item;
    size_t         count, capacity;
} fov_onnx_names;

fov_status fov_onnx_names_add(fov_onnx_names *names, const char *name, int id, fov_error *err);
/** Make the added names findable. @return FOV_ERR_FORMAT when a name stands twice */
fov_status fov_onnx_names_sort(fov_onnx_names *names, fov_error *err);
/** FOV_NONE if there is none. Only after sorting. */
int  fov_onnx_names_find(const fov_onnx_names *names, const char *name);
void fov_onnx_names_clear(fov_onnx_names *names);

#endif
