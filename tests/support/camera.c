// SPDX-License-Identifier: MIT
#include "camera.h"

#include <string.h>

void tiff_put(tiff *t, size_t at, unsigned value, int bytes)
{
    for (int i = 0; i < bytes; i++) t->data[at + (size_t)i] = (unsigned char)(value >> (8 * i));
    if (at + (size_t)bytes > t->size) t->size = at + (size_t)bytes;
}

static void entry(tiff *t, size_t at, unsigned tag, unsigned type, unsigned count, unsigned value)
{
    tiff_put(t, at, tag, 2);
    tiff_put(t, at + 2, type, 2);
    tiff_put(t, at + 4, count, 4);
    tiff_put(t, at + 8, value, 4);
}

tiff camera_block(const char *note)
{
    tiff t = {.data = "II*\0\x08", .size = 8};
    tiff_put(&t, 8, 4, 2);
    entry(&t, 10, 0x010f, 2, 8, 200);
    entry(&t, 22, 0x0112, 3, 1, 1);
    entry(&t, 34, 0x8769, 4, 1, 80);
    entry(&t, 46, 0x8825, 4, 1, 120);
    tiff_put(&t, 58, 160, 4);
    tiff_put(&t, 80, 1, 2);
    entry(&t, 82, 0x927c, 7, (unsigned)strlen(note), 220);
    tiff_put(&t, 94, 0, 4);
    tiff_put(&t, 120, 1, 2);
    entry(&t, 122, 0x0002, 5, 3, 300);
    tiff_put(&t, 134, 0, 4);
    tiff_put(&t, 160, 2, 2);
    entry(&t, 162, 0x0201, 4, 1, 340);
    entry(&t, 174, 0x0202, 4, 1, sizeof CAMERA_THUMBNAIL - 1);
    tiff_put(&t, 186, 0, 4);
    memcpy(t.data + 200, "Camera!", 8);
    memcpy(t.data + 220, note, strlen(note));
    memcpy(t.data + 300, "LATITUDE-LATITUDE-LATITU", 24);
    memcpy(t.data + 340, CAMERA_THUMBNAIL, sizeof CAMERA_THUMBNAIL - 1);
    t.size = 400;
    return t;
}
