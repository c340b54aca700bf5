// SPDX-License-Identifier: MIT
/* Anchors and variances out of a graph that decodes its boxes: heads of zero give the anchors themselves. */
#ifndef FOVEA_IMPORT_HEADS_ANCHORS_H
#define FOVEA_IMPORT_HEADS_ANCHORS_H

#include "import/heads_tail.h"

/**
 * Read levels, anchors and variances from the outputs that are decoded boxes.
 * @param settings changed where `found`
 * @param found    out: every level is covered by an output of boxes with square anchors centred on their cells
 */
fov_status fov_heads_read_anchors(const fov_tail *tail, const fov_heads *heads, fov_settings *settings, bool *found,
                                  fov_error *err);

#endif
