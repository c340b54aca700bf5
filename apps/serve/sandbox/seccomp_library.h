// SPDX-License-Identifier: MIT
/* libseccomp, loaded when a server starts, as libmicrohttpd is (http_library.h): a server without isolation does without it. */
#ifndef FOVEA_SERVE_SANDBOX_SECCOMP_LIBRARY_H
#define FOVEA_SERVE_SANDBOX_SECCOMP_LIBRARY_H

#include <seccomp.h>
#include <stdbool.h>

#define SRV_SECCOMP_CALL(name) __typeof__(name) *name;
typedef struct srv_seccomp_library {
#include "seccomp_library.def"
} srv_seccomp_library;
#undef SRV_SECCOMP_CALL

extern srv_seccomp_library srv_seccomp; /* set by the next, once, before any thread is started */

/** Load it. @return false: there is none, or not all of it */
bool srv_seccomp_library_load(void);

#endif
