// SPDX-License-Identifier: MIT
/* Failing: one function that fills the caller's fov_error and returns the status. */
#ifndef FOVEA_BASE_ERROR_H
#define FOVEA_BASE_ERROR_H

#include "fovea/fovea.h"

/**
 * Record a failure. Say which file, layer or tensor, the numbers that disagree, and what to do.
 * @param err may be NULL
 * @return `code`, so that callers can write `return fov_fail(err, FOV_ERR_FORMAT, ...)`
 */
fov_status fov_fail(fov_error *err, fov_status code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/** The message for an allocation that failed. @param what as in "no memory for <what>" */
fov_status fov_fail_memory(fov_error *err, const char *what);

#endif
