// SPDX-License-Identifier: MIT
/* The tensors of the Open Inference Protocol here: requests give one of the inputs, and get the outputs that they name, or all.
 * A size of -1 is what the request makes it: N photos, and the F faces of all of them, photo by photo, best score first. */
#ifndef FOVEA_SERVE_TENSORS_H
#define FOVEA_SERVE_TENSORS_H

#include "fovea/fovea.h"

typedef struct srv_tensor {
    const char *name, *datatype;
    int         rank;
    int         shape[4];
    const char *what;
} srv_tensor;

typedef enum srv_input { SRV_PHOTO, SRV_PIXELS, SRV_INPUTS } srv_input;
typedef enum srv_output { SRV_BOXES, SRV_SCORES, SRV_LANDMARKS, SRV_IMAGE_INDEX, SRV_COUNTS, SRV_SIZES, SRV_OUTPUTS } srv_output;

extern const srv_tensor srv_inputs[SRV_INPUTS], srv_outputs[SRV_OUTPUTS];

/** Index of the tensor of a name, `count` if there is none. */
int srv_tensor_find(const srv_tensor *tensors, int count, const char *name);

/** What outputs are made of: 4 bytes each. */
typedef union srv_number {
    float   f;
    int32_t i;
} srv_number;

/** What was found in a photo. */
typedef struct srv_found {
    const fov_face *face;
    size_t          faces;
    int             width, height; /* of the upright photo */
} srv_found;

/** Photos that were looked at, wherever what was found in them lies. */
typedef struct srv_looked {
    srv_found (*at)(const void *of, size_t photo);
    const void *of;
    size_t      count;
} srv_looked;

/** How many numbers a row of an output has; it is a photo's or a face's. */
size_t srv_output_row(srv_output output);
size_t srv_output_rows(srv_output output, const srv_looked *looked);
/** @param table out: all rows */
void srv_output_fill(srv_output output, const srv_looked *looked, srv_number *table);

#endif
