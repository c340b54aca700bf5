// SPDX-License-Identifier: MIT
/* Guesses what a file that is no picture of ours is, so that a message can say more than "not recognised". */
#include "media/media.h"

#include <string.h>

static const struct signature {
    size_t      offset;
    const char *magic;
    size_t      length;
    bool        picture;
    const char *name;
} signatures[] = {
#define MAGIC(offset, text, picture, name)                                                                                         \
    {                                                                                                                              \
        offset, text, sizeof text - 1, picture, name                                                                               \
    }
    MAGIC(0, "GIF8", true, "a GIF picture"),
    MAGIC(0, "BM", true, "a BMP picture"),
    MAGIC(0, "II*\0", true, "a TIFF or camera-raw picture"),
    MAGIC(0, "MM\0*", true, "a TIFF or camera-raw picture"),
    MAGIC(4, "ftypavif", true, "an AVIF picture"),
    MAGIC(4, "ftypheic", true, "a HEIC picture"),
    MAGIC(4, "ftypheix", true, "a HEIC picture"),
    MAGIC(4, "ftypmif1", true, "a HEIF picture"),
    MAGIC(4, "ftyp", false, "an MP4 or QuickTime video"),
    MAGIC(0, "\xff\x0a", true, "a JPEG XL picture"),
    MAGIC(0, "\0\0\0\x0cJXL ", true, "a JPEG XL picture"),
    MAGIC(0, "\0\0\0\x0cjP  ", true, "a JPEG 2000 picture"),
    MAGIC(0, "8BPS", true, "a Photoshop picture"),
    MAGIC(0, "\0\0\x01\0", true, "an icon"),
    MAGIC(0, "P5", true, "a PNM picture"),
    MAGIC(0, "P6", true, "a PNM picture"),
    MAGIC(0, "<svg", true, "an SVG drawing"),
    MAGIC(0, "%PDF", false, "a PDF document"),
    MAGIC(0, "PK\3\4", false, "a zip archive"),
    MAGIC(0, "\x1f\x8b", false, "a gzip archive"),
    MAGIC(0,
          "\x7f"
          "ELF",
          false, "a program"),
    MAGIC(0, "\x1a\x45\xdf\xa3", false, "a Matroska or WebM video"),
    MAGIC(8, "AVI ", false, "an AVI video"),
    MAGIC(0, "<!DOCTYPE html", false, "a web page"),
    MAGIC(0, "<html", false, "a web page"),
#undef MAGIC
};

enum { N_SIGNATURES = sizeof signatures / sizeof *signatures, TEXT_PROBE_BYTES = 512 };

static bool is_text(const unsigned char *data, size_t size)
{
    static const char of_texts[] = {'\t', '\n', '\r', '\f', '\x1b'};
    if (size > TEXT_PROBE_BYTES) size = TEXT_PROBE_BYTES;
    for (size_t i = 0; i < size; i++)
        if (data[i] == 0x7f || (data[i] < ' ' && !memchr(of_texts, data[i], sizeof of_texts))) return false;
    return true;
}

static bool all_zero(const unsigned char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (data[i]) return false;
    return true;
}

const char *fov_looks_like(const unsigned char *data, size_t size, bool *picture)
{
    *picture = false;
    if (size == 0) return "an empty file";
    bool text = is_text(data, size);
    for (size_t i = 0; i < N_SIGNATURES; i++) {
        const struct signature *s = &signatures[i];
        if (size < s->offset + s->length || memcmp(data + s->offset, s->magic, s->length) != 0) continue;
        if (text && s->length == 2) continue; /* two letters prove nothing: "BMW and other cars" */
        *picture = s->picture;
        return s->name;
    }
    if (all_zero(data, size)) return "a file of zeros";
    return text ? "a text file" : "a binary file of an unknown kind";
}
