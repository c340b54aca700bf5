// SPDX-License-Identifier: MIT
/* The photos that the user named, as the library asks for them: one at a time, as often as it likes. */
#ifndef FOVEA_CLI_PHOTOS_H
#define FOVEA_CLI_PHOTOS_H

#include "fovea/fovea.h"
#include "inputs.h"

typedef struct cli_photos {
    cli_inputs inputs; /* in byte order of their paths, none twice */
    bool      *failed; /* one an input: it could not be loaded, which was said once */
    bool      *warned;
} cli_photos;

/**
 * Collect what inputs.h takes, but for standard input, which cannot be read twice.
 * @param command for messages, such as "calibrate"
 * @return false when there are none or standard input was named, which was then said
 */
bool cli_photos_open(cli_photos *photos, const char *command, int count, const char *const *args);

/** What the library takes. `photos` must stay where it is. */
fov_photo_source cli_photos_source(cli_photos *photos);

/** One of them, as fov_photo_source.load; what went wrong is said, the first time. NULL: it failed */
fov_photo *cli_photos_load(cli_photos *photos, size_t index);

size_t cli_photos_failed(const cli_photos *photos); /* how many of those asked for so far could not be loaded */
void   cli_photos_clear(cli_photos *photos);

#endif
