// SPDX-License-Identifier: MIT
#include "graph/shape_json.h"

#include "base/json.h"

json_t *fov_shape_json(const fov_shape *shape)
{
    json_t *array = json_array();
    for (int i = 0; i < shape->rank; i++) fov_json_add(&array, json_integer(shape->dim[i]));
    return array;
}
