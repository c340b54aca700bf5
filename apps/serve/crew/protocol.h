// SPDX-License-Identifier: MIT
/* What processes of a server say to each other. All are forks of one program, so that structures travel as they lie in memory.
 *
 * The front trusts nothing that a worker says: every number is checked before it is used (answer.c, process.c), and a worker that
 * says what cannot be is ended as one that crashed. Workers believe the front.
 *
 *     front, nursery    srv_order -> srv_order_done
 *     front, worker     control socket, once: <- srv_hello
 *                       srv_command with what it announces; of SRV_LOAD <- srv_loaded, certificate
 *                       a lane, for each photo or batch: srv_ask, then of each photo srv_ask_photo, bytes
 *                       <- of each photo srv_told, faces, picture */
#ifndef FOVEA_SERVE_CREW_PROTOCOL_H
#define FOVEA_SERVE_CREW_PROTOCOL_H

#include "facts.h"
#include "job.h"

/* ---------------------------------------------------------------- front and nursery */

typedef enum srv_order_kind { SRV_START_WORKER, SRV_END_WORKER } srv_order_kind;

/** With SRV_START_WORKER comes the worker's end of its control socket. */
typedef struct srv_order {
    int32_t kind, pid;
} srv_order;

typedef struct srv_order_done {
    int32_t pid;    /* started; 0: could not be */
    int32_t status; /* of the one that ended, as waitpid() has it; of one that could not be started, errno */
} srv_order_done;

/* ---------------------------------------------------------------- how a worker ends, beside EXIT_SUCCESS and EXIT_FAILURE */

enum { SRV_WORKER_NO_MEMORY = 3, SRV_WORKER_NO_THREAD = 4 };

/* ---------------------------------------------------------------- front and worker, control */

typedef struct srv_hello {
    int32_t confined;
    char    message[1024]; /* why it is not */
} srv_hello;

typedef enum srv_command_kind { SRV_LANE, SRV_LOAD, SRV_UNLOAD } srv_command_kind;

/** With SRV_LANE comes a socket, with SRV_LOAD the sealed memory of the model, but for the bundled one. */
typedef struct srv_command {
    uint32_t kind, id;
    uint64_t bytes;                      /* of the model's memory */
    uint32_t path_bytes, settings_bytes; /* that follow; 0 settings: none */
    char     name[256], version[16];
} srv_command;

enum { SRV_CERTIFICATE_BYTES = 1 << 20 };

typedef struct srv_loaded {
    int32_t   status;
    srv_facts facts;
    uint64_t  certificate_bytes; /* that follow, up to SRV_CERTIFICATE_BYTES */
    char      message[1024];
} srv_loaded;

/* ---------------------------------------------------------------- front and worker, lanes */

typedef struct srv_ask {
    uint32_t           model, count; /* of photos, up to SRV_MAX_BATCH */
    int32_t            alone;
    fov_detect_options detect;
} srv_ask;

typedef struct srv_ask_photo {
    uint64_t bytes;         /* that follow: an encoded photo, or */
    int32_t  width, height; /* above 0: pixels in RGB8 */
    int32_t  drawing;
    char     name[256];
} srv_ask_photo;

typedef struct srv_told {
    int32_t   status, width, height;
    uint32_t  pass;
    uint64_t  faces, picture_bytes; /* that follow */
    srv_times times;
    char      message[1024];
} srv_told;

#endif
