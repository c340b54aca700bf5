// SPDX-License-Identifier: MIT
/* The tensors of the Open Inference Protocol here: requests give one of the inputs, and get the outputs that they name, or all.
 * A size of -1 is what the request makes it: N photos, and the F faces of all of them, photo by photo, best score first. */
#ifndef FOVEA_SERVE_TENSORS_H
#define FOVEA_SERVE_TENSORS_H

#include <jansson.h>

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

#endif
