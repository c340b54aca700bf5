// SPDX-License-Identifier: MIT
/* What a checkpoint cannot tell: activation slope, anchors, mean, colour order. One text syntax serves the file beside a
 * model (MODEL.settings), metadata inside written models, and options: lines of `key = value`, `#` starts a comment.
 *
 *     leaky = 0.1                               negative slope of the narrow layers' activation
 *     anchors = 16,32 / 64,128 / 256,512        sides of the square anchors in pixels, level by level
 *     strides = 8,16,32                         pixels per cell, level by level
 *     variances = 0.1,0.2                       of centres and landmarks, of sizes
 *     mean = 104,117,123                        subtracted from the channels, in `color` order
 *     scale = 1,1,1                             then multiplied
 *     color = bgr                               or rgb: order of the channels that the network expects
 */
#ifndef FOVEA_MODELS_SETTINGS_H
#define FOVEA_MODELS_SETTINGS_H

#include "base/error.h"
#include "base/text.h"

enum { FOV_MAX_LEVELS = 6, FOV_MAX_ANCHORS = 8 };

typedef struct fov_level {
    int   stride;                /* input pixels per cell */
    int   n_anchor;              /* anchors per cell      */
    float side[FOV_MAX_ANCHORS]; /* pixels                */
} fov_level;

typedef struct fov_settings {
    float     leaky;
    int       n_level;
    fov_level level[FOV_MAX_LEVELS];
    float     variance[2];
    float     mean[3], scale[3];
    bool      bgr;
} fov_settings;

/** RetinaFace's published settings. */
fov_settings fov_settings_default(void);
/**
 * Apply lines of text over `settings`.
 * @param source named in messages ("model.pth.settings:3: ...")
 * @return FOV_ERR_FORMAT with line, key and the known keys; `settings` is then unchanged
 */
fov_status fov_settings_parse(fov_settings *settings, const char *text, const char *source, fov_error *err);
/**
 * Look at every line without applying it: is it one that fov_settings_parse() takes? Whether `anchors` and `strides` agree is
 * left open, since the other one may come from elsewhere.
 */
fov_status fov_settings_check(const char *text, const char *source, fov_error *err);
/** All settings as text that fov_settings_parse() reads back to the same values. */
void fov_settings_print(const fov_settings *settings, fov_text *text);
bool fov_settings_equal(const fov_settings *a, const fov_settings *b);

#endif
