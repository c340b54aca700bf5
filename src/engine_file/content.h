// SPDX-License-Identifier: MIT
/* What the sections hold, a pair of functions each. Writers leave failed allocations in the texts; readers check everything. */
#ifndef FOVEA_ENGINE_FILE_CONTENT_H
#define FOVEA_ENGINE_FILE_CONTENT_H

#include "engine/engine.h"
#include "engine_file/format.h"

/** Values and nodes; the numbers of constants go to `tensors`, those of quants to `scales`. */
fov_status fov_graph_section_write(const fov_graph *graph, fov_text *to, fov_text *tensors, fov_text *scales, fov_error *err);
/** A graph whose ids, types and counts fit each other; see also fov_graph_section_check(). */
fov_status fov_graph_section_read(const fov_sections *sections, const char *file, fov_graph **graph, fov_error *err);

/** Whether engine and detector can run a graph from outside: one picture in, the heads that `settings` describe out. */
fov_status fov_graph_section_check(const fov_graph *graph, const fov_settings *settings, const char *file, fov_error *err);

/** What stands in the meta section beside the settings. */
typedef struct fov_meta {
    fov_settings   settings;
    fov_pass_count passes[FOV_PASS_COUNT];
    char          *source; /* of the model, NULL: unknown; release with fov_free() */
} fov_meta;

void       fov_meta_section_write(const fov_engine *engine, fov_text *to);
fov_status fov_meta_section_read(const fov_sections *sections, const char *file, fov_meta *meta, fov_error *err);

/* The optional sections: NULL where the file has none. */

/** @param certificate out: release with fov_free() */
fov_status fov_certificate_section_read(const fov_sections *sections, const char *file, char **certificate, fov_error *err);

void       fov_golden_section_write(const fov_golden *golden, fov_text *to);
fov_status fov_golden_section_read(const fov_sections *sections, const char *file, fov_golden **golden, fov_error *err);

#endif
