// SPDX-License-Identifier: MIT
/* EXIF orientation: reading the tag. */
#include "media/media.h"

#include "base/alloc.h"

#include <libexif/exif-data.h>
#include <string.h>

static const unsigned char exif_header[6] = {'E', 'x', 'i', 'f', 0, 0};

enum { MAX_EXIF_BYTES = 1 << 20 }; /* a JPEG's block holds 64 KiB; PNG and WebP set no bound, cameras write far less */

/* libexif leaves out what it got no memory for, and its hooks carry no context: so they leave word here. */
static _Thread_local bool refused;

static void *noted(void *block)
{
    if (!block) refused = true;
    return block;
}

static void *exif_alloc(ExifLong bytes)
{
    return noted(fov_calloc(bytes, 1));
}

static void *exif_realloc(void *block, ExifLong bytes)
{
    return noted(fov_realloc_array(block, bytes, 1));
}

static int orientation_of(ExifData *exif)
{
    const ExifEntry *entry = exif_content_get_entry(exif->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
    if (!entry || entry->format != EXIF_FORMAT_SHORT || entry->components < 1 || entry->size < 2) return 1;
    int value = exif_get_short(entry->data, exif_data_get_byte_order(exif));
    return value >= 1 && value <= 8 ? value : 1;
}

static int parse(const unsigned char *block, size_t size)
{
    refused = false;
    ExifMem  *memory = exif_mem_new(exif_alloc, exif_realloc, fov_free);
    ExifData *exif = memory ? exif_data_new_mem(memory) : NULL;
    int       orientation = 1;
    if (exif) {
        exif_data_unset_option(exif, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION); /* read what is there, repair nothing */
        exif_data_load_data(exif, block, (unsigned)size);
        orientation = orientation_of(exif);
    }
    exif_data_unref(exif);
    exif_mem_unref(memory);
    return refused ? 0 : orientation;
}

int fov_exif_orientation(const unsigned char *data, size_t size)
{
    if (size < sizeof exif_header || size > MAX_EXIF_BYTES) return 1;
    if (!memcmp(data, exif_header, sizeof exif_header)) return parse(data, size);

    unsigned char *block = fov_alloc(size + sizeof exif_header);
    if (!block) return 0;
    memcpy(block, exif_header, sizeof exif_header);
    memcpy(block + sizeof exif_header, data, size);
    int orientation = parse(block, size + sizeof exif_header);
    fov_free(block);
    return orientation;
}
