// SPDX-License-Identifier: MIT
/* The element's properties: names and meanings are those of the program's options. */
#ifndef FOVEA_GSTREAMER_SETTINGS_H
#define FOVEA_GSTREAMER_SETTINGS_H

#include <gst/gst.h>

#include "fovea/fovea.h"

/** Values of the properties. Strings are never NULL. */
typedef struct fovea_settings {
    char    *model, *precision, *backend, *size; /* looked at when the element starts, with the next two */
    gint     device, threads;
    gint     top_k, max_faces;
    double   score, nms;
    gboolean blur;
    char    *style, *shape;
    double   margin, hold;
} fovea_settings;

/** Give a class its properties. They begin with what GParamSpec says are their defaults. */
void fovea_settings_install(GObjectClass *class);
void fovea_settings_init(fovea_settings *settings, GObjectClass *class);
void fovea_settings_clear(fovea_settings *settings);

void fovea_settings_set(fovea_settings *settings, guint id, const GValue *value);
void fovea_settings_get(const fovea_settings *settings, guint id, GValue *value);

/** @return FOV_OK, FOV_ERR_ARGUMENT (`size` cannot be understood) */
fov_status fovea_settings_detect(const fovea_settings *settings, fov_detect_options *detect, fov_error *err);
/** @return FOV_OK, FOV_ERR_ARGUMENT (`style` or `shape` is none) */
fov_status fovea_settings_hide(const fovea_settings *settings, fov_hide_options *hide, fov_error *err);
/** @return FOV_OK, FOV_ERR_ARGUMENT (`precision` is none, or goes with no engine), or as fov_engine_open() */
fov_status fovea_settings_open(const fovea_settings *settings, fov_engine **engine, fov_error *err);

#endif
