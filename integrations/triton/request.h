// SPDX-License-Identifier: MIT
/* A request: what it asks for, what it gives to look at, and what was found. */
#ifndef FOVEA_TRITON_REQUEST_H
#define FOVEA_TRITON_REQUEST_H

#include "interface.h"
#include "settings.h"

typedef struct tri_request tri_request;

/* One photo. */
typedef struct tri_look {
    tri_request *request;
    const void  *data; /* an encoded photo, or NULL: `pixels` */
    size_t       bytes;
    fov_image    pixels;
    fov_photo   *photo; /* once it is decoded */

    int       width, height; /* of the upright photo */
    fov_face *face;
    size_t    faces;
} tri_look;

struct tri_request {
    TRITONBACKEND_Request *triton;
    fov_detect_options     detect;
    unsigned char         *joined; /* the input, where Triton had it in several pieces */
    tri_look              *look;
    size_t                 looks;
    fov_status             status; /* of the first that failed: then the whole request is refused */
    fov_error              err;
};

/** Reads parameters and the input, whose memory is used until the request is released. What is wrong is in its status. */
void tri_request_read(tri_request *request, TRITONBACKEND_Request *triton, const tri_settings *settings);
void tri_request_clear(tri_request *request); /* not the one of Triton's */

/** The sentence becomes the request's. */
void tri_request_fail(tri_request *request, fov_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
