// SPDX-License-Identifier: MIT
#include "media/jpeg_header.h"

#include <string.h>

enum {
    MAX_SCANS = 500, /* encoders write about 10 */
    MIN_SCANS = 32,
};

static const int64_t MAX_PIXEL_SCANS = (int64_t)4 << 30;

int fov_jpeg_max_scans(int64_t width, int64_t height)
{
    const int64_t scans = MAX_PIXEL_SCANS / (width * height);
    return scans > MAX_SCANS ? MAX_SCANS : scans < MIN_SCANS ? MIN_SCANS : (int)scans;
}

enum marker {
    M_TEM = 0x01,
    M_SOF0 = 0xc0,
    M_SOF1 = 0xc1,
    M_SOF2 = 0xc2,
    M_DHT = 0xc4,
    M_JPG = 0xc8,
    M_DAC = 0xcc,
    M_SOF15 = 0xcf,
    M_RST0 = 0xd0,
    M_RST7 = 0xd7,
    M_SOI = 0xd8,
    M_EOI = 0xd9,
    M_SOS = 0xda,
    M_APP0 = 0xe0,
    M_APP1 = 0xe1,
    M_APP14 = 0xee,
};

typedef struct walk {
    const fov_encoded *in;
    size_t             at;
    fov_jpeg_header   *header;
    bool               jfif, adobe, exif;
    int                transform; /* Adobe's: 1 is YCbCr */
    unsigned char      component[3];
    fov_error         *err;
} walk;

static unsigned pair_at(const unsigned char *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static fov_status fail_cut_off(const walk *w)
{
    return fov_fail(w->err, FOV_ERR_FORMAT, "%s: a JPEG that ends at byte %zu, within its picture", w->in->name, w->in->size);
}

static fov_status fail_kind(const walk *w, const char *what)
{
    return fov_fail(w->err, FOV_ERR_UNSUPPORTED, "%s: a JPEG %s, which is left to libjpeg", w->in->name, what);
}

/* The next marker that is not part of a scan's data. */
static fov_status next_marker(walk *w, int *marker)
{
    const unsigned char *data = w->in->data, *end = data + w->in->size, *p = data + w->at;
    while ((p = memchr(p, 0xff, (size_t)(end - p)))) {
        while (p < end && *p == 0xff) p++;
        if (p == end) break;
        const int code = *p++;
        if (code == 0 || code == M_TEM || (code >= M_RST0 && code <= M_RST7)) continue;
        w->at = (size_t)(p - data);
        *marker = code;
        return FOV_OK;
    }
    return fail_cut_off(w);
}

/* ---------------------------------------------------------------- segments */

static fov_status read_frame(walk *w, int marker, const unsigned char *p, size_t size)
{
    fov_jpeg_header *h = w->header;
    if (h->width) return fov_fail(w->err, FOV_ERR_FORMAT, "%s: a JPEG of two pictures in one", w->in->name);
    if (marker > M_SOF2) return fail_kind(w, "that is lossless, hierarchical or arithmetic-coded");
    if (size < 6 || size < 6 + 3 * (size_t)p[5]) return fail_cut_off(w);
    if (p[0] != 8) return fail_kind(w, "that is not of 8 bits");
    h->baseline = marker == M_SOF0;
    h->height = (int)pair_at(p + 1);
    h->width = (int)pair_at(p + 3);
    h->components = p[5];
    if (!h->width || !h->height) return fail_kind(w, "whose size comes after its picture");
    if (h->components != 1 && h->components != 3) return fail_kind(w, "that is neither gray nor of three colours");
    for (int i = 0; i < h->components; i++) w->component[i] = p[6 + 3 * i];
    return FOV_OK;
}

static fov_status read_scan(walk *w)
{
    const fov_jpeg_header *h = w->header;
    if (!h->width) return fov_fail(w->err, FOV_ERR_FORMAT, "%s: a JPEG whose picture comes before its size", w->in->name);
    if (++w->header->scans > fov_jpeg_max_scans(h->width, h->height))
        return fov_fail(w->err, FOV_ERR_LIMIT, "%s: JPEG: more than %d scans, which no camera or editor writes", w->in->name,
                        fov_jpeg_max_scans(h->width, h->height));
    return FOV_OK;
}

static void read_application(walk *w, int marker, const unsigned char *p, size_t size)
{
    if (marker == M_APP0 && size >= 5 && !memcmp(p, "JFIF", 5)) w->jfif = true;
    if (marker == M_APP1 && !w->exif && size >= 6 && !memcmp(p, "Exif\0", 6)) {
        w->exif = true;
        w->header->orientation = fov_exif_orientation(p, size);
    }
    if (marker == M_APP14 && size >= 12 && !memcmp(p, "Adobe", 5)) {
        w->adobe = true;
        w->transform = p[11];
    }
}

static bool is_frame(int marker)
{
    return marker >= M_SOF0 && marker <= M_SOF15 && marker != M_DHT && marker != M_JPG && marker != M_DAC;
}

static fov_status read_segment(walk *w, int marker)
{
    const unsigned char *p = w->in->data + w->at;
    const size_t         rest = w->in->size - w->at;
    if (rest < 2 || pair_at(p) < 2 || pair_at(p) > rest) return fail_cut_off(w);
    const size_t size = pair_at(p) - 2;
    w->at += size + 2;
    if (is_frame(marker)) return read_frame(w, marker, p + 2, size);
    if (marker == M_SOS) return read_scan(w);
    if (!w->header->scans) read_application(w, marker, p + 2, size); /* as libjpeg: between scans nobody looks for them */
    return FOV_OK;
}

/* As libjpeg guesses: JFIF is YCbCr, Adobe's marker tells, and without either the components' numbers do. */
static fov_status check_colours(const walk *w)
{
    static const unsigned char usual[3] = {1, 2, 3};
    if (w->header->components == 1 || w->jfif) return FOV_OK;
    const bool ycc = w->adobe ? w->transform == 1 : !memcmp(w->component, usual, sizeof usual);
    return ycc ? FOV_OK : fail_kind(w, "that is not YCbCr");
}

fov_status fov_jpeg_header_read(const fov_encoded *in, fov_jpeg_header *header, fov_error *err)
{
    walk       w = {.in = in, .at = 2, .header = header, .err = err};
    fov_status st = FOV_OK;
    int        marker = 0;
    *header = (fov_jpeg_header){.orientation = 1};
    if (in->size < 3 || in->data[0] != 0xff || in->data[1] != M_SOI || in->data[2] != 0xff)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: not a JPEG", in->name);
    while (!st && !(st = next_marker(&w, &marker)) && marker != M_EOI) st = read_segment(&w, marker);
    if (st) return st;
    if (!header->orientation) return fov_fail_memory(err, in->name);
    if (!header->scans) return fov_fail(err, FOV_ERR_FORMAT, "%s: a JPEG without a picture", in->name);
    return check_colours(&w);
}
