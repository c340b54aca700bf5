// SPDX-License-Identifier: MIT
/* Limits that the kernel sets a process. */
#ifndef FOVEA_SERVE_SANDBOX_LIMITS_H
#define FOVEA_SERVE_SANDBOX_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

/** No memory of the process, which may have photos of people in it, is written to disk when it crashes. */
bool srv_limit_core(void);
bool srv_limit_files(size_t count);
/** Memory that it may ask for; more is refused, and what needs it fails. @param bytes 0: any */
bool srv_limit_memory(size_t bytes);

#endif
