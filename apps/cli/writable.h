// SPDX-License-Identifier: MIT
/* Whether a file can be written, asked before long work rather than after it. */
#ifndef FOVEA_CLI_WRITABLE_H
#define FOVEA_CLI_WRITABLE_H

#include <stdbool.h>

/** False when it is plain already that `path` cannot be written, which was then said. @param path NULL: nothing to write */
bool cli_is_writable(const char *path);

#endif
