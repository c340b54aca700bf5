// SPDX-License-Identifier: MIT
/* Photoshop's resources: "8BIM", a number, a name, a size, data. One of them is IPTC: 0x1c, record, number, size, data. */
#include "hide/metadata/metadata.h"

#include "base/bytes.h"

#include <string.h>

enum {
    IPTC = 0x0404,
    SHORT_HEADER = 5, /* of an IPTC value */
    EXTENDED = 0x8000,
};

static unsigned pair(const unsigned char *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* Thumbnails of two releases, and copies of EXIF and XMP, which were cleaned elsewhere; the digest is of an IPTC that may change.
 */
static bool resource_goes(unsigned id)
{
    return id == 0x0409 || id == 0x040c || (id >= 0x0422 && id <= 0x0425);
}

/* IIM 4.2: 2:26 and 2:27 content location, 2:90 to 2:101 city, place, state, country; 2:200 to 2:202 preview. */
static bool value_goes(unsigned record, unsigned number, bool location)
{
    if (record != 2) return false;
    if (number >= 200 && number <= 202) return true;
    return location && (number == 26 || number == 27 || (number >= 90 && number <= 101));
}

static bool clean_iptc(fov_bytes in, bool location, fov_text *out)
{
    const unsigned char *p;
    while (fov_bytes_left(&in) >= SHORT_HEADER && (p = fov_bytes_take(&in, SHORT_HEADER))) {
        const unsigned size = pair(p + 3);
        if (p[0] != 0x1c || size >= EXTENDED || !fov_bytes_take(&in, size)) return false;
        if (!value_goes(p[1], p[2], location)) fov_text_add(out, p, SHORT_HEADER + size);
    }
    return true; /* a byte of padding may be left */
}

static void add_resource(fov_text *out, const unsigned char *header, size_t header_size, const void *data, size_t size)
{
    const unsigned char count[4] = {(unsigned char)(size >> 24), (unsigned char)(size >> 16), (unsigned char)(size >> 8),
                                    (unsigned char)size};
    fov_text_add(out, header, header_size);
    fov_text_add(out, count, sizeof count);
    fov_text_add(out, data, size);
    if (size & 1) fov_text_add(out, "", 1);
}

static bool clean_resource(fov_bytes *in, bool location, fov_text *out)
{
    const size_t         start = in->pos;
    const unsigned char *p = fov_bytes_take(in, 7);
    if (!p || memcmp(p, "8BIM", 4) != 0 || !fov_bytes_take(in, p[6] | 1)) return false; /* name and its length: an even number */
    const size_t         header_size = in->pos - start;
    const unsigned       id = pair(p + 4);
    const unsigned char *count = fov_bytes_take(in, 4);
    const size_t         size = count ? (size_t)pair(count) << 16 | pair(count + 2) : 0;
    const unsigned char *data = count ? fov_bytes_take(in, size) : NULL;
    if (!data) return false;
    if (size & 1) fov_bytes_take(in, 1); /* the last one's padding may be missing */
    if (resource_goes(id) || fov_holds_jpeg(data, size)) return true;
    fov_text   iptc = {0};
    const bool whole = id != IPTC || clean_iptc((fov_bytes){data, size, 0}, location, &iptc);
    if (id != IPTC) add_resource(out, p, header_size, data, size);
    else if (whole) add_resource(out, p, header_size, iptc.data, iptc.size);
    if (iptc.failed) out->failed = true;
    fov_text_clear(&iptc);
    return whole;
}

bool fov_photoshop_clean(const unsigned char *data, size_t size, bool location, fov_text *out)
{
    fov_bytes in = {data, size, 0};
    while (fov_bytes_left(&in) > 1)
        if (!clean_resource(&in, location, out)) return false;
    return true;
}
