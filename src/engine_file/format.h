// SPDX-License-Identifier: MIT
/* The engine file's fixed numbers, as docs/engine-format.md has them. None of them ever changes its meaning. */
#ifndef FOVEA_ENGINE_FILE_FORMAT_H
#define FOVEA_ENGINE_FILE_FORMAT_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/text.h"

/* A byte beyond ASCII, both line ends, and Ctrl-Z: a transfer that treats the file as text breaks the first eight bytes. */
#define FOV_FILE_MAGIC                                                                                                             \
    "\x89"                                                                                                                         \
    "FOV\r\n\x1a\n"

enum {
    FOV_FILE_MAGIC_BYTES = 8,
    FOV_FILE_VERSION = 1,
    FOV_FILE_HEADER_BYTES = 64,
    FOV_FILE_ENTRY_BYTES = 32, /* of the table of sections, which follows the header */
    FOV_FILE_ALIGN = 64,       /* of sections in the file, and of tensors in their section */
    FOV_FILE_MAX_SECTIONS = 256,
    FOV_FILE_SUMMED_FROM = 16, /* the header's checksum covers what stands from here to the end of the table */
    FOV_FILE_ENTRY_REQUIRED = 1,
};

/** What a section holds. */
typedef enum fov_section {
    FOV_SECTION_META = 1,        /* JSON: who wrote it, settings, what it was made from */
    FOV_SECTION_GRAPH = 2,       /* values and nodes */
    FOV_SECTION_TENSORS = 3,     /* the constants' numbers */
    FOV_SECTION_SCALES = 4,      /* scales and zero points */
    FOV_SECTION_CERTIFICATE = 5, /* JSON, as fov_engine_certificate() gives it; optional */
    FOV_SECTION_GOLDEN = 6,      /* recorded inputs and answers; optional */
    FOV_SECTION_END
} fov_section;

/** The oldest release that reads what this one writes, so that an older one can name it. */
#define FOV_FILE_NEEDS_MAJOR 0
#define FOV_FILE_NEEDS_MINOR 1
#define FOV_FILE_NEEDS_PATCH 0

/** "graph"; "unknown" for a number that is none of them. */
const char *fov_section_name(uint32_t section);

/** The sections of a file, found and whole. Those it does not have are empty. */
typedef struct fov_sections {
    fov_bytes of[FOV_SECTION_END];
} fov_sections;

/** Check header, table and checksums. @param name of the file, for messages */
fov_status fov_sections_read(const void *data, size_t size, const char *name, fov_sections *out, fov_error *err);

/** Header, table and sections as one file. @param content one a section; those of size 0 are left out. @param file out: added to */
void fov_sections_write(const fov_text content[FOV_SECTION_END], fov_text *file);

/* ---- little-endian pieces */

void fov_put_le(fov_text *text, size_t bytes, uint64_t value);
void fov_put_f32(fov_text *text, float value);
/** Length in 32 bits, then the bytes. */
void fov_put_string(fov_text *text, const char *string);
/** Zeros up to a multiple of FOV_FILE_ALIGN. */
void fov_put_padding(fov_text *text);

/** What is being read, for messages. */
typedef struct fov_place {
    const char *file;
    fov_section section;
    fov_error  *err;
} fov_place;

/** Fail naming file and section. */
fov_status fov_place_fail(const fov_place *place, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** The failure of reading past the end. @param what was to be read */
fov_status fov_place_short(const fov_place *place, const char *what);

bool fov_get_u32(fov_bytes *in, uint32_t *value);
bool fov_get_f32(fov_bytes *in, float *value);
/** A name: fails on control characters, which terminals obey. @param out release with fov_free() */
fov_status fov_get_string(const fov_place *place, fov_bytes *in, const char *what, char **out);

#endif
