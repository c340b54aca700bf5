// SPDX-License-Identifier: MIT
/* What the kernels are given that make faces of a network's heads. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_PARAMS_FACES_H
#define FOVEA_BACKEND_CUDA_KERNELS_PARAMS_FACES_H

#include "face/face.h"

#include <stdint.h>

enum {
    FOV_FACES_COLLECT_THREADS = 256,
    FOV_FACES_THREADS = 1024,
    FOV_FACES_SORTED = 2048, /* candidates that shared memory has room for: two a thread */
    FOV_FACES_DIGITS = 256,  /* of a byte */
    FOV_FACES_FLOATS = sizeof(fov_face) / sizeof(float),
};

/** Heads of one level, as fov_head has them, of all images. */
typedef struct fov_faces_level {
    const float *scores, *boxes, *landmarks;                 /* of the first image */
    int64_t      scores_image, boxes_image, landmarks_image; /* floats from image to image */
    int32_t      scores_ld, boxes_ld, landmarks_ld;
    int32_t      columns, anchors;
    uint32_t     first; /* prior, in the order level, row, column, anchor */
    float        stride;
    float        side[FOV_MAX_ANCHORS];
} fov_faces_level;

/** A candidate is its key: the score's bits inverted, above the number of its prior; the least key is the best candidate. */
typedef struct fov_faces_params {
    fov_faces_level    level[FOV_MAX_LEVELS];
    int32_t            levels;
    uint32_t           priors;           /* of an image */
    float              least, threshold; /* of face - background, and of their softmax */
    float              variance[2], iou;
    uint32_t           top_k, max_faces; /* at most `priors`, at most `top_k` */
    const fov_mapping *mapping;          /* one an image */
    uint32_t          *found;            /* one an image: candidates; 0 before and after each run */
    uint64_t          *key;              /* of the candidates, `priors` an image */
    uint64_t          *best;  /* top_k an image, where these may be fewer than the candidates, and those too many to sort */
    float             *box;   /* 4 * top_k an image; this and the next where top_k is above FOV_FACES_SORTED */
    uint32_t          *alive; /* a bit a candidate, (top_k + 31) / 32 an image */
    uint32_t          *count; /* out, one an image: faces */
    fov_face          *face;  /* out, max_faces an image, best first */
} fov_faces_params;

/** Faces kept of 32 candidates. */
typedef struct fov_faces_round {
    float    box[32][4];
    uint32_t count, unused[3];
} fov_faces_round;

/** Shared memory of the block that works on an image. */
typedef struct fov_faces_shared {
    uint64_t        key[FOV_FACES_SORTED];
    float           box[FOV_FACES_SORTED][4];
    fov_faces_round round[2]; /* the one at hand, and the last, which may still be read */
    uint32_t        alive[FOV_FACES_SORTED / 32];
    uint32_t        digits[FOV_FACES_DIGITS];
    uint32_t        digit, rest, taken;
} fov_faces_shared;

#endif
