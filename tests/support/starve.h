// SPDX-License-Identifier: MIT
/* Memory that runs out at every place in turn. */
#ifndef FOVEA_TESTS_STARVE_H
#define FOVEA_TESTS_STARVE_H

#include "support.h"

/** What is to be done with little memory; gives everything back. @param user of starve() */
typedef fov_status starve_job(const void *user, fov_error *err);

/**
 * Do a job again and again, while the n-th allocation and all after it are refused: the first ones, the last ones, some between,
 * and the first of each place in the program that no job before came to. Fails the running test when a job that was refused
 * something ends with anything but FOV_ERR_MEMORY and a message, or keeps a block.
 */
void starve(const char *what, starve_job *work, const void *user);
/** The same, of places that no job before came to alone: for jobs that take long, or are many. Says nothing where there is none. */
void starve_places(const char *what, starve_job *work, const void *user);

#endif
