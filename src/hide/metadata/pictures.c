// SPDX-License-Identifier: MIT
/* Whole pictures in bytes that are something else by name. */
#include "hide/metadata/metadata.h"

#include <string.h>

bool fov_holds_jpeg(const void *data, size_t size)
{
    return memmem(data, size, "\xff\xd8\xff", 3) != NULL;
}

static bool holds(const void *data, size_t size, const char *what)
{
    return memmem(data, size, what, strlen(what)) != NULL;
}

/* A JPEG begins with a segment, and behind it another one where the data go on: three bytes alone come by chance in tables of
 * colours, which must not be lost for that. */
static bool is_jpeg(const unsigned char *p, size_t left)
{
    if (left < 6 || p[3] < 0xc0 || (p[3] >= 0xd0 && p[3] <= 0xda) || p[3] == 0xff) return false;
    const size_t next = 4 + ((size_t)p[4] << 8 | p[5]);
    return next >= 6 && (next >= left || p[next] == 0xff);
}

static bool holds_sound_jpeg(const unsigned char *data, size_t size)
{
    const unsigned char *end = data + size;
    for (const unsigned char *p = data; (p = memmem(p, (size_t)(end - p), "\xff\xd8\xff", 3)); p++)
        if (is_jpeg(p, (size_t)(end - p))) return true;
    return false;
}

static bool holds_webp(const unsigned char *data, size_t size)
{
    const unsigned char *end = data + size;
    for (const unsigned char *p = data; (p = memmem(p, (size_t)(end - p), "RIFF", 4)); p++)
        if (end - p >= 12 && !memcmp(p + 8, "WEBP", 4)) return true;
    return false;
}

bool fov_holds_picture(const void *data, size_t size)
{
    /* JPEG, PNG and WebP as texts hold them, in base64 */
    return size && (holds(data, size, "/9j/") || holds(data, size, "iVBORw0KGgo") || holds(data, size, "UklGR") ||
                    holds(data, size, "\x89PNG\r\n\x1a\n") || holds_sound_jpeg(data, size) || holds_webp(data, size));
}
