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

size_t srv_output_row(srv_output output)
{
    size_t row = 1;
    for (int i = 1; i < srv_outputs[output].rank; i++) row *= (size_t)srv_outputs[output].shape[i];
    return row;
}

static bool is_of_photos(srv_output output)
{
    return output == SRV_COUNTS || output == SRV_SIZES;
}

size_t srv_output_rows(srv_output output, const srv_looked *looked)
{
    size_t faces = 0;
    if (is_of_photos(output)) return looked->count;
    for (size_t i = 0; i < looked->count; i++) faces += looked->at(looked->of, i).faces;
    return faces;
}

static void put_photo(srv_output output, const srv_found *found, srv_number *row)
{
    row[0].i = output == SRV_COUNTS ? (int32_t)found->faces : found->width;
    if (output == SRV_SIZES) row[1].i = found->height;
}

static void put_face(srv_output output, const fov_face *face, size_t photo, srv_number *row)
{
    switch (output) {
    case SRV_BOXES:
        memcpy(row, face->box, sizeof face->box);
        break;
    case SRV_SCORES:
        row->f = face->score;
        break;
    case SRV_LANDMARKS:
        memcpy(row, face->landmarks, sizeof face->landmarks);
        break;
    default:
        row->i = (int32_t)photo;
        break; /* SRV_IMAGE_INDEX */
    }
}

void srv_output_fill(srv_output output, const srv_looked *looked, srv_number *table)
{
    const size_t row = srv_output_row(output);
    for (size_t i = 0; i < looked->count; i++) {
        const srv_found found = looked->at(looked->of, i);
        if (is_of_photos(output)) {
            put_photo(output, &found, table);
            table += row;
            continue;
        }
        for (size_t f = 0; f < found.faces; f++, table += row) put_face(output, found.face + f, i, table);
    }
}
