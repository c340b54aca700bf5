// SPDX-License-Identifier: MIT
/* The photos of one request, each of which is a piece of work of its own: a task. */
#ifndef FOVEA_SERVE_JOB_H
#define FOVEA_SERVE_JOB_H

#include <stdatomic.h>

#include "budget.h"
#include "model.h"

typedef enum srv_drawing { SRV_DRAW_NOTHING, SRV_DRAW_JPEG, SRV_DRAW_PNG } srv_drawing;

typedef struct srv_times {
    double queue_s, decode_s, preprocess_s, network_s, postprocess_s, total_s;
} srv_times;

typedef struct srv_task {
    struct srv_job *job;

    /* what is looked at; it belongs to the request */
    const void *data; /* an encoded photo, or NULL: `pixels` */
    size_t      bytes;
    fov_image   pixels;
    char        name[256]; /* for messages */
    double      queued_s;

    /* what came of it */
    fov_status status;
    fov_error  err;
    int        width, height; /* of the upright photo */
    fov_face  *face;
    size_t     faces;
    size_t     pass;    /* photos that shared its pass */
    void      *picture; /* with its faces drawn, where that is asked for */
    size_t     picture_bytes;
    void (*picture_free)(void *picture);
    srv_times times;
} srv_task;

typedef struct srv_job {
    srv_model         *model; /* referred to */
    fov_detect_options detect;
    srv_drawing        drawing;
    srv_budget        *budget;  /* has the pictures; NULL: somebody else counts them */
    double             until_s; /* a photo that still waits by then is given up */
    srv_task          *task;
    size_t             count;
    atomic_size_t      left; /* tasks that are not done */
    /** Told by a worker when all are; the job may be gone when it returns. */
    void (*done)(void *user);
    void *user;
} srv_job;

/** @param model becomes the job's @return NULL: no memory, and the model was released */
srv_job *srv_job_new(srv_model *model, const fov_detect_options *detect, size_t count);
void     srv_job_free(srv_job *job); /* NULL is allowed */

/** What they are is told; how many there were stays known. */
void srv_job_forget_faces(srv_job *job);

/** May both share a pass of the network? */
bool srv_job_goes_with(const srv_job *a, const srv_job *b);
/** Fail for a picture of so many bytes, which may be much larger than the photo that was sent. */
void srv_task_no_room(srv_task *task, size_t bytes);
/** The first task that failed, or NULL. */
const srv_task *srv_job_failed(const srv_job *job);

#endif
