// SPDX-License-Identifier: MIT
/* EXIF is a TIFF without pixels: directories of entries with offsets from its start. It is changed in place, never written anew,
 * for a maker's note has offsets that only its maker understands. */
#include "hide/metadata/metadata.h"

#include "media/media.h"

#include <stdint.h>
#include <string.h>

enum {
    ENTRY_BYTES = 12,
    MAX_DIRECTORIES = 8, /* a camera writes two */
    TAG_STRIP_OFFSETS = 0x0111,
    TAG_ORIENTATION = 0x0112,
    TAG_STRIP_BYTES = 0x0117,
    TAG_TILE_OFFSETS = 0x0144,
    TAG_TILE_BYTES = 0x0145,
    TAG_SUB_DIRECTORIES = 0x014a, /* previews */
    TAG_JPEG_OFFSET = 0x0201,
    TAG_JPEG_BYTES = 0x0202,
    TAG_EXIF = 0x8769,
    TAG_GPS = 0x8825,
    TAG_MAKER_NOTE = 0x927c,
    TYPE_SHORT = 3,
    TIMES_WIPED = 4, /* where nothing is said twice, once is enough */
};

typedef struct tiff {
    unsigned char *data;
    size_t         size;
    bool           big;  /* most significant byte first      */
    bool           lost; /* an offset or a count cannot be, or all is said too often */
    size_t         left; /* bytes that may still be wiped: 60,000 entries may each say that the same megabytes are theirs */
} tiff;

static unsigned long number(const tiff *t, const unsigned char *p, int bytes)
{
    unsigned long value = 0;
    for (int i = 0; i < bytes; i++) value |= (unsigned long)p[t->big ? bytes - 1 - i : i] << (8 * i);
    return value;
}

static void put_pair(const tiff *t, unsigned char *p, unsigned value)
{
    p[t->big ? 1 : 0] = (unsigned char)value;
    p[t->big ? 0 : 1] = (unsigned char)(value >> 8);
}

/* `size` bytes at an offset out of the file; NULL, and the block is lost, where they are not there. */
static unsigned char *at(tiff *t, unsigned long offset, size_t size)
{
    if (offset <= t->size && size <= t->size - offset) return t->data + offset;
    t->lost = true;
    return NULL;
}

/* @param p NULL: nothing is there */
static void blank(tiff *t, unsigned char *p, size_t size)
{
    if (size > t->left) t->lost = true;
    if (!p || t->lost) return;
    memset(p, 0, size);
    t->left -= size;
}

static void wipe(tiff *t, unsigned long offset, size_t size)
{
    blank(t, at(t, offset, size), size);
}

/* ---------------------------------------------------------------- directories */

typedef struct directory {
    unsigned char *start; /* of its count; NULL: there is none */
    unsigned       count;
} directory;

static directory open_directory(tiff *t, unsigned long offset)
{
    directory      d = {at(t, offset, 2), 0};
    unsigned char *count = d.start;
    if (count) d.count = (unsigned)number(t, count, 2);
    if (count && !at(t, offset, 2 + ENTRY_BYTES * (size_t)d.count + 4)) d = (directory){NULL, 0};
    return d;
}

static unsigned char *entry_at(const directory *d, unsigned index)
{
    return d->start + 2 + ENTRY_BYTES * (size_t)index;
}

static unsigned char *find(const tiff *t, const directory *d, unsigned tag)
{
    for (unsigned i = 0; i < d->count; i++)
        if (number(t, entry_at(d, i), 2) == tag) return entry_at(d, i);
    return NULL;
}

static size_t value_bytes(const tiff *t, const unsigned char *entry)
{
    static const unsigned char sizes[] = {1, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4};
    const unsigned long        type = number(t, entry + 2, 2), count = number(t, entry + 4, 4);
    return count * (type < sizeof sizes ? sizes[type] : 8); /* 32 bits times 8: fits */
}

/* Of an entry's value, wherever it is. */
static unsigned char *value_of(tiff *t, unsigned char *entry, size_t *size)
{
    *size = value_bytes(t, entry);
    return *size <= 4 ? entry + 8 : at(t, number(t, entry + 8, 4), *size);
}

static void wipe_value(tiff *t, unsigned char *entry)
{
    size_t         size;
    unsigned char *value = value_of(t, entry, &size);
    blank(t, value, size);
}

/* Take an entry out, with its value; those behind it, and the offset of the next directory, move up. */
static void remove_entry(tiff *t, directory *d, unsigned tag)
{
    unsigned char *entry = find(t, d, tag);
    if (!entry) return;
    wipe_value(t, entry);
    unsigned char *end = entry_at(d, d->count) + 4;
    memmove(entry, entry + ENTRY_BYTES, (size_t)(end - entry) - ENTRY_BYTES);
    memset(end - ENTRY_BYTES, 0, ENTRY_BYTES);
    put_pair(t, d->start, --d->count);
}

/* ---------------------------------------------------------------- what goes */

/* The pixels of a thumbnail: one JPEG, or strips, offsets and sizes of which are lists. */
static void wipe_pixels(tiff *t, const directory *d, unsigned offset_tag, unsigned bytes_tag)
{
    unsigned char *offsets = find(t, d, offset_tag), *sizes = find(t, d, bytes_tag);
    size_t         n_offset = 0, n_size = 0;
    if (!offsets || !sizes) return;
    const int            wide = number(t, offsets + 2, 2) == 3 ? 2 : 4, high = number(t, sizes + 2, 2) == 3 ? 2 : 4;
    const unsigned char *offset = value_of(t, offsets, &n_offset), *size = value_of(t, sizes, &n_size);
    for (size_t i = 0; offset && size && (i + 1) * (size_t)wide <= n_offset && (i + 1) * (size_t)high <= n_size && !t->lost; i++)
        wipe(t, number(t, offset + i * (size_t)wide, wide), number(t, size + i * (size_t)high, high));
}

static void wipe_directory(tiff *t, unsigned long offset)
{
    const directory d = open_directory(t, offset);
    if (!d.start) return;
    wipe_pixels(t, &d, TAG_JPEG_OFFSET, TAG_JPEG_BYTES);
    wipe_pixels(t, &d, TAG_STRIP_OFFSETS, TAG_STRIP_BYTES);
    wipe_pixels(t, &d, TAG_TILE_OFFSETS, TAG_TILE_BYTES);
    for (unsigned i = 0; i < d.count; i++) wipe_value(t, entry_at(&d, i));
    memset(d.start, 0, 2 + ENTRY_BYTES * (size_t)d.count + 4);
}

/* The thumbnail's directory is the one behind the first. */
static void remove_thumbnails(tiff *t, const directory *first)
{
    unsigned char *link = entry_at(first, first->count);
    unsigned long  next = number(t, link, 4);
    memset(link, 0, 4);
    for (int i = 0; next && i < MAX_DIRECTORIES && !t->lost; i++) {
        const directory     d = open_directory(t, next);
        const unsigned long after = d.start ? number(t, entry_at(&d, d.count), 4) : 0;
        wipe_directory(t, next);
        next = after;
    }
    if (next) t->lost = true;
}

static void remove_previews(tiff *t, directory *first)
{
    unsigned char       *entry = find(t, first, TAG_SUB_DIRECTORIES);
    size_t               size = 0;
    const unsigned char *offset = entry ? value_of(t, entry, &size) : NULL;
    if (size > MAX_DIRECTORIES * sizeof(uint32_t)) t->lost = true;
    for (size_t i = 0; offset && i < size / 4 && !t->lost; i++) wipe_directory(t, number(t, offset + 4 * i, 4));
    remove_entry(t, first, TAG_SUB_DIRECTORIES);
}

/* Of the photo that the block is of: they are where a TIFF has its picture. */
static bool has_pixels(const tiff *t, const directory *first)
{
    return find(t, first, TAG_STRIP_OFFSETS) || find(t, first, TAG_TILE_OFFSETS);
}

static void remove_location(tiff *t, directory *first)
{
    const unsigned char *gps = find(t, first, TAG_GPS);
    if (!gps) return;
    wipe_directory(t, number(t, gps + 8, 4));
    remove_entry(t, first, TAG_GPS);
}

static void remove_picture_note(tiff *t, const directory *first)
{
    const unsigned char *link = find(t, first, TAG_EXIF);
    directory            exif = link ? open_directory(t, number(t, link + 8, 4)) : (directory){NULL, 0};
    unsigned char       *note = exif.start ? find(t, &exif, TAG_MAKER_NOTE) : NULL;
    size_t               size = 0;
    const unsigned char *value = note ? value_of(t, note, &size) : NULL;
    if (value && fov_holds_jpeg(value, size)) remove_entry(t, &exif, TAG_MAKER_NOTE);
}

/* Where offsets lie, wiping may have hit what was to stay. @param orientation in, and out: 0 without memory */
static bool is_turned_as_before(const unsigned char *block, size_t size, int *orientation)
{
    const int now = fov_exif_orientation(block, size), before = *orientation;
    if (!now) *orientation = 0;
    return now && now == before;
}

/* Nor may others who read the block see the photo turned another way: by a second entry, or by one that is no number of 16 bits. */
static bool tells_only(const tiff *t, const directory *first, unsigned orientation)
{
    for (unsigned i = 0; i < first->count; i++) {
        const unsigned char *entry = entry_at(first, i);
        if (number(t, entry, 2) != TAG_ORIENTATION) continue;
        const unsigned long value = number(t, entry + 8, 2);
        if (number(t, entry + 2, 2) != TYPE_SHORT || number(t, entry + 4, 4) != 1) return false;
        if ((value >= 1 && value <= 8 ? value : 1) != orientation) return false;
    }
    return true;
}

bool fov_exif_clean(unsigned char *block, size_t size, bool location, int *orientation)
{
    tiff t = {.data = block, .size = size, .left = TIMES_WIPED * size};
    *orientation = fov_exif_orientation(block, size);
    if (!*orientation || size < 8 || (memcmp(block, "II*\0", 4) != 0 && memcmp(block, "MM\0*", 4) != 0)) return false;
    t.big = block[0] == 'M';
    directory first = open_directory(&t, number(&t, block + 4, 4));
    if (!first.start) return false;
    remove_thumbnails(&t, &first);
    remove_picture_note(&t, &first);
    remove_previews(&t, &first);
    if (location) remove_location(&t, &first);
    if (t.lost || !first.count || has_pixels(&t, &first) || !tells_only(&t, &first, (unsigned)*orientation)) return false;
    return is_turned_as_before(block, size, orientation) && !fov_holds_jpeg(block, size);
}

void fov_exif_orientation_only(int orientation, unsigned char block[FOV_EXIF_ORIENTATION_BYTES])
{
    static const unsigned char form[FOV_EXIF_ORIENTATION_BYTES] = {'I', 'I',  '*',  0, 8, 0, 0, 0, 1,
                                                                   0,   0x12, 0x01, 3, 0, 1, 0, 0, 0};
    memcpy(block, form, sizeof form);
    block[18] = (unsigned char)orientation;
}
