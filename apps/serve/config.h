// SPDX-License-Identifier: MIT
/* What a server was asked to be. Filled from the command line, then read only. */
#ifndef FOVEA_SERVE_CONFIG_H
#define FOVEA_SERVE_CONFIG_H

#include "fovea/fovea.h"

typedef enum srv_isolation {
    SRV_ISOLATION_AUTO,     /* processes are confined as far as the kernel can */
    SRV_ISOLATION_REQUIRED, /* or the server does not start */
    SRV_ISOLATION_OFF,      /* one process, not confined */
} srv_isolation;

typedef struct srv_config {
    /* where it listens */
    const char        *host;
    int                port;               /* 0: any that is free */
    const char *const *names;              /* of its own, as clients may call it; ends with NULL; may be NULL */
    const char        *tls_cert, *tls_key; /* files, PEM; NULL: plain HTTP */
    const char        *token;              /* that requests must bear; NULL: none */
    const char        *access_log;         /* file, or "-"; NULL: none */
    const char        *ready_file;         /* gets the address once it listens; NULL: none */

    /* what it serves */
    const char        *folder;        /* of models; NULL: none */
    const char *const *files;         /* "[NAME=]FILE", ends with NULL; may be NULL */
    const char        *default_model; /* by name; NULL: the first */
    bool               control;       /* models may be loaded and unloaded by requests */
    fov_model_options  model;
    fov_engine_options engine;
    const int         *devices; /* NULL: the engine's own */
    size_t             n_device;
    double             tune_seconds;
    bool               tf32;
    fov_detect_options detect; /* what requests change by parameters */

    /* how it works */
    int    processes; /* that look at photos; 1 without isolation */
    int    workers;   /* photos that each works on at once; 0: by the backend */
    int    threads;   /* of a photo that is alone; 0: fov_cpu_threads() */
    int    batch;     /* photos that share a pass; 0: by the backend */
    double batch_delay_s;
    int    io_threads;

    /* what its processes may do */
    srv_isolation isolation;
    const char   *user;         /* that the server becomes when root starts it; NULL: none */
    size_t        worker_bytes; /* of memory that a worker process may ask for; 0: any */
    double        work_s;       /* that a worker process may look at what it was asked */
    double        load_s;       /* that it may take for a model, or to begin */

    /* its limits */
    size_t   queue_photos;
    double   queue_s;      /* that a photo may wait */
    size_t   body_bytes;   /* of a request */
    size_t   memory_bytes; /* of all bodies that are here */
    uint64_t photo_pixels; /* before decoding */
    uint64_t input_pixels; /* of the network's input */
    size_t   request_photos;
    unsigned connections, connections_per_client;
    double   request_s; /* for a body to come, and for an answer to leave */
    double   idle_s;    /* for the next request to come */
    double   drain_s;   /* for what was begun, when it stops */
} srv_config;

#endif
