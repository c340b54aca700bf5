// SPDX-License-Identifier: MIT
/* libmicrohttpd, loaded when a server starts: linked, it and GnuTLS would cost every start of the program 1.2 ms. */
#ifndef FOVEA_SERVE_HTTP_LIBRARY_H
#define FOVEA_SERVE_HTTP_LIBRARY_H

#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <stdbool.h>

#define SRV_HTTP_CALL(name) __typeof__(name) *name;
typedef struct srv_http_library {
#include "http_library.def"
    gnutls_free_function *gnutls_free; /* a variable, not a function */
} srv_http_library;
#undef SRV_HTTP_CALL

extern srv_http_library srv_http; /* set by the next, once, before any thread is started */

/** Load it. @return false: it was said what is missing */
bool srv_http_library_load(void);

#endif
