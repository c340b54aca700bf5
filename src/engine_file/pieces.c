// SPDX-License-Identifier: MIT
/* Numbers and names as they stand in an engine file. */
#include "engine_file/format.h"

#include "base/alloc.h"
#include "base/half.h"

#include <stdarg.h>
#include <stdio.h>

/* Longer than any name or attribute an exporter ever wrote, and short enough to be printed. */
enum { MAX_STRING = 4096 };

void fov_put_le(fov_text *text, size_t bytes, uint64_t value)
{
    unsigned char le[8];
    for (size_t i = 0; i < bytes; i++) le[i] = (unsigned char)(value >> 8 * i);
    fov_text_add(text, le, bytes);
}

void fov_put_f32(fov_text *text, float value)
{
    fov_put_le(text, 4, fov_bits_from_float(value));
}

void fov_put_string(fov_text *text, const char *string)
{
    fov_put_le(text, 4, strlen(string));
    fov_text_add(text, string, strlen(string));
}

void fov_put_padding(fov_text *text)
{
    static const char zeros[FOV_FILE_ALIGN];
    fov_text_add(text, zeros, (FOV_FILE_ALIGN - text->size % FOV_FILE_ALIGN) % FOV_FILE_ALIGN);
}

fov_status fov_place_fail(const fov_place *place, const char *format, ...)
{
    char    what[768];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return fov_fail(place->err, FOV_ERR_FORMAT, "%s: section '%s': %s", place->file, fov_section_name(place->section), what);
}

fov_status fov_place_short(const fov_place *place, const char *what)
{
    return fov_place_fail(place, "it ends within %s", what);
}

bool fov_get_u32(fov_bytes *in, uint32_t *value)
{
    uint64_t wide;
    if (!fov_bytes_le(in, 4, &wide)) return false;
    *value = (uint32_t)wide;
    return true;
}

bool fov_get_f32(fov_bytes *in, float *value)
{
    uint32_t bits;
    if (!fov_get_u32(in, &bits)) return false;
    *value = fov_float_from_bits(bits);
    return true;
}

fov_status fov_get_string(const fov_place *place, fov_bytes *in, const char *what, char **out)
{
    uint32_t             length;
    const unsigned char *bytes = fov_get_u32(in, &length) && length <= MAX_STRING ? fov_bytes_take(in, length) : NULL;
    *out = NULL;
    if (!bytes) return fov_place_short(place, what);
    for (uint32_t i = 0; i < length; i++)
        if (bytes[i] < 0x20 || bytes[i] == 0x7f)
            return fov_place_fail(place, "%s holds the control character 0x%02x", what, bytes[i]);
    *out = fov_strndup((const char *)bytes, length);
    return *out ? FOV_OK : fov_fail_memory(place->err, what);
}
