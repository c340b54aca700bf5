// SPDX-License-Identifier: MIT
/* One request, from its headers to the end of its answer. It belongs to the thread of its connection; while it waits for work,
 * its connection is suspended, and the thread that does the last of the work makes its answer. */
#ifndef FOVEA_SERVE_REQUEST_H
#define FOVEA_SERVE_REQUEST_H

#include "body.h"
#include "http_library.h"
#include "job.h"
#include "routes.h"
#include "server.h"

enum { SRV_CAPTURES = 2 };

struct srv_request {
    srv_server            *server;
    struct MHD_Connection *connection;
    const srv_route       *route;
    char                  *method, *path;
    char                  *captured[SRV_CAPTURES]; /* what stood for {..} in the route's pattern, in its order; or NULL */
    srv_body               body;
    bool                   unclear;          /* where it ends, so that nothing more of the connection is read */
    double                 start_s, whole_s; /* its headers, and its body, were here */

    /* work that it waits for */
    bool waits;
    /** Makes the answer once the work is done, in the thread that did it: to print a large one takes a while. */
    srv_reply (*finish)(srv_request *request);
    srv_job *job;  /* or NULL */
    void    *user; /* of whoever began it */
    void (*user_free)(void *user);

    srv_reply reply; /* on its way out as long as the request lives */

    /* what became of it, for the log */
    unsigned status;
    size_t   sent_bytes;
};

/** @return NULL: no memory */
srv_request *srv_request_begin(srv_server *server, struct MHD_Connection *connection, const char *path, const char *method,
                               const char *version);
void         srv_request_free(srv_request *request);

/** Is it refused, and its client better told before it sends its body? The connection then ends. */
bool srv_request_ends_early(const srv_request *request);

/** Once the body is whole, and again when the work that it waited for is done: make and send the answer. */
enum MHD_Result srv_request_answer(srv_request *request);

/** "" where there is none. */
const char *srv_request_header(const srv_request *request, const char *name);

/**
 * Let the request wait for its photos.
 * @param job    becomes the request's
 * @param finish makes the answer
 */
srv_reply srv_request_queue(srv_request *request, srv_job *job, srv_reply (*finish)(srv_request *request));
/** Let it wait for anything else: begin() is told the request, and that it must call srv_request_wake(). @return false: it could
 * not begin, and does not wait */
srv_reply srv_request_wait(srv_request *request, bool (*begin)(srv_request *request), srv_reply (*finish)(srv_request *request));
/** The work is done, and the answer is made here. From any thread; the request may be gone when this returns. */
void srv_request_wake(void *request);

#endif
