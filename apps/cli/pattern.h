// SPDX-License-Identifier: MIT
/* Names that match a pattern, within bounds: a pattern of a list may come from a stranger, and a few letters of it stand for more
 * names than there are files, as in "*" "/.." again and again, or through links that lead back. */
#ifndef FOVEA_CLI_PATTERN_H
#define FOVEA_CLI_PATTERN_H

#include <glob.h>

/** What all patterns of a run may look at together: the bytes of every name that is met, and 64 more for each. */
enum { CLI_PATTERN_BUDGET = 64 << 20 };

/**
 * @param budget what is left of CLI_PATTERN_BUDGET; gets smaller
 * @param found  release with globfree(), whatever comes back
 * @return NULL, or what is wrong with the pattern: "no file matches this pattern"
 */
const char *cli_pattern_find(const char *pattern, size_t *budget, glob_t *found);

#endif
