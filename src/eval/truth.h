// SPDX-License-Identifier: MIT
/* Ground truth: which faces there are in which photos, and which of them count in which setting. A file per format. */
#ifndef FOVEA_EVAL_TRUTH_H
#define FOVEA_EVAL_TRUTH_H

#include "base/file.h"

#include <stdint.h>

enum { FOV_TRUTH_MAX_SETTINGS = 3, FOV_TRUTH_MAX_BYTES = 1 << 30 };

typedef struct fov_truth_photo {
    char  *file;          /* below the folder of the photos, with '/' */
    int    width, height; /* of the picture that the boxes belong to; 0: not known */
    size_t count, capacity;
    double (*box)[4]; /* x, y, width, height */
    uint8_t *listed;  /* per box, bit s: it counts in setting s */
} fov_truth_photo;

struct fov_truth {
    fov_truth_photo *photo;
    size_t           count, capacity;
    int              settings;
    const char      *setting[FOV_TRUTH_MAX_SETTINGS]; /* names; constants */
};

/** The names of WIDER FACE's three settings. */
void fov_truth_wider_settings(fov_truth *truth);

/** A photo without boxes. @return NULL without memory */
fov_truth_photo *fov_truth_add_photo(fov_truth *truth, const char *file);
/** @param box finite, sides not negative, else FOV_ERR_FORMAT names `where` */
fov_status fov_truth_add_box(fov_truth_photo *photo, const double box[4], const char *where, fov_error *err);

/* The formats. Each fills an empty truth; what it had filled before a failure is released by the caller. */
fov_status fov_truth_read_json(const char *path, const fov_buffer *file, fov_truth *truth, fov_error *err);
fov_status fov_truth_read_text(const char *path, const fov_buffer *file, fov_truth *truth, fov_error *err);
fov_status fov_truth_read_mat(const char *path, const fov_buffer *file, fov_truth *truth, fov_error *err);

#endif
