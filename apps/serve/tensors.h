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

/** How many numbers a face has in an output, or a photo. */
size_t srv_output_row(srv_output output);
/** Has it a row for each photo? Else it has one for each face. */
bool srv_output_is_of_photos(srv_output output);
void srv_output_put_face(srv_output output, const fov_face *face, size_t photo, srv_number *row);
/** @param width, height of the upright photo */
void srv_output_put_photo(srv_output output, size_t faces, int width, int height, srv_number *row);

#endif
