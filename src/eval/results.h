// SPDX-License-Identifier: MIT
/* What was found, as WIDER FACE's tools read it: a text file a photo, in a folder per event. */
#ifndef FOVEA_EVAL_RESULTS_H
#define FOVEA_EVAL_RESULTS_H

#include "eval/wider.h"

/**
 * Write folder/[entrant/]EVENT/PHOTO.txt: the photo's name, how many, then x, y, width, height and score of each.
 * @param entrant NULL: none; a '/' in it becomes '_'
 */
fov_status fov_results_write(const char *folder, const char *entrant, const char *file, const fov_hits *hits, fov_error *err);

#endif
