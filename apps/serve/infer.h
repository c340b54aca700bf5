// SPDX-License-Identifier: MIT
/* A request for inference of the Open Inference Protocol, with its binary tensors: JSON, and behind it, as many bytes as
 * "binary_data_size" tells of each tensor. The header Inference-Header-Content-Length tells where they begin; 0 is Triton's raw
 * request, whose whole body is one photo. */
#ifndef FOVEA_SERVE_INFER_H
#define FOVEA_SERVE_INFER_H

#include "request.h"
#include "tensors.h"

enum {
    SRV_JSON_VALUES = 1 << 20,  /* that a request may have: one takes some 40 bytes once it is parsed, and two in the text */
    SRV_JSON_MEMBERS = 1 << 12, /* of objects: each is looked for among the others */
    SRV_ID_BYTES = 1 << 10,     /* of a request's: it is kept beside the body, which is counted */
};

/** What a task looks at, in the body or in what was made of it. */
typedef struct srv_look {
    const void *data; /* an encoded photo, or NULL: `pixels` */
    size_t      bytes;
    fov_image   pixels;
} srv_look;

typedef struct srv_infer {
    json_t            *id; /* NULL: none */
    fov_detect_options detect;
    double             timeout_s; /* 0: the server's */
    bool               wants[SRV_OUTPUTS], binary[SRV_OUTPUTS];
    srv_look          *look;
    size_t             looks;
    unsigned char     *made; /* bytes that JSON told: what is looked at is there, not in the body */
} srv_infer;

/** Read the body. @param infer zeroed but for `detect`; to be cleared also after a failure @return status 0, or what is wrong */
srv_reply srv_infer_read(srv_request *request, srv_infer *infer);
void      srv_infer_clear(srv_infer *infer);

/** What follows the JSON in the body. */
typedef struct srv_rest {
    const unsigned char *data;
    size_t               bytes;
} srv_rest;

/** Read the input that the JSON describes. @param most photos @param rest what is left of it afterwards: nothing, if all is well */
srv_reply srv_infer_input(const json_t *input, const srv_config *config, srv_rest *rest, srv_infer *infer);
/** One photo, the whole of the body. */
srv_reply srv_infer_raw(const srv_rest *body, srv_infer *infer);

/** The answer, once the photos are done. @param budget has its bytes */
srv_reply srv_infer_reply(const srv_job *job, const srv_infer *infer, srv_budget *budget);

#endif
