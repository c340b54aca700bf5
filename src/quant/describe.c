// SPDX-License-Identifier: MIT
#include "base/json.h"
#include "quant/ranges.h"

#include <string.h>

static json_t *range_json(const fov_calibration *calibration, const fov_range *range)
{
    return json_pack("{s:o, s:f, s:f, s:f, s:i}", "name", fov_json_name(range->name), "lo", (double)range->lo, "hi",
                     (double)range->hi, "scale", (double)fov_range_scale(calibration, range), "channels", range->channels);
}

/* Inputs stand node by node. */
static json_t *node_json(const fov_calibration *calibration, size_t *at)
{
    const fov_calibrated_input *first = &calibration->input[*at];
    json_t                     *inputs = json_array();
    int                         previous = -1;
    for (; *at < calibration->inputs; ++*at) {
        const fov_calibrated_input *input = &calibration->input[*at];
        if (input->index <= previous || strcmp(input->node, first->node)) break;
        previous = input->index;
        const fov_range *range = fov_range_find(calibration, input->tensor);
        fov_json_add(&inputs, json_pack("{s:i, s:o, s:f}", "index", input->index, "tensor", fov_json_name(input->tensor), "scale",
                                        range ? (double)fov_range_scale(calibration, range) : 0.0));
    }
    return json_pack("{s:o, s:o, s:o}", "node", fov_json_name(first->node), "op", fov_json_name(first->op), "inputs", inputs);
}

char *fov_calibration_describe_json(const fov_calibration *calibration)
{
    json_t *tensors = json_array(), *nodes = json_array();
    for (size_t i = 0; i < calibration->count; i++) fov_json_add(&tensors, range_json(calibration, &calibration->range[i]));
    for (size_t i = 0; i < calibration->inputs;) fov_json_add(&nodes, node_json(calibration, &i));
    return fov_json_take(json_pack("{s:o, s:I, s:o, s:b, s:o, s:o}", "method", fov_json_name(calibration->method), "photos",
                                   (json_int_t)calibration->photos, "digest", fov_json_name(calibration->digest), "symmetric",
                                   (int)calibration->symmetric, "tensors", tensors, "inputs", nodes));
}
