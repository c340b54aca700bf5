// SPDX-License-Identifier: MIT
#include "tensors.h"

#include <string.h>

const srv_tensor srv_inputs[SRV_INPUTS] = {
    [SRV_PHOTO] = {"photo", "BYTES", 1, {-1}, "[N] photos: JPEG, PNG or WebP"},
    [SRV_PIXELS] = {"pixels", "UINT8", 3, {-1, -1, 3}, "[height, width, 3] R, G, B; or [N, height, width, 3]"},
};

const srv_tensor srv_outputs[SRV_OUTPUTS] = {
    [SRV_BOXES] = {"boxes", "FP32", 2, {-1, 4}, "[F] left, top, right, bottom: pixels of the upright photo"},
    [SRV_SCORES] = {"scores", "FP32", 1, {-1}, "[F] 0 to 1"},
    [SRV_LANDMARKS] = {"landmarks", "FP32", 3, {-1, 5, 2}, "[F] x, y of left eye, right eye, nose, left and right mouth corner"},
    [SRV_IMAGE_INDEX] = {"image_index", "INT32", 1, {-1}, "[F] the photo that the face is in, from 0"},
    [SRV_COUNTS] = {"counts", "INT32", 1, {-1}, "[N] faces of the photo"},
    [SRV_SIZES] = {"sizes", "INT32", 2, {-1, 2}, "[N] width, height of the upright photo"},
};

int srv_tensor_find(const srv_tensor *tensors, int count, const char *name)
{
    int i = 0;
    while (i < count && strcmp(tensors[i].name, name) != 0) i++;
    return i;
}
