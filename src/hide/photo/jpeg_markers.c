// SPDX-License-Identifier: MIT
/* A JPEG's markers: EXIF, XMP, the colour profile, Photoshop's resources and comments stay, cleaned. Nothing else does: thumbnails
 * in APP0, the further pictures of MPF, extended XMP, which holds pictures, JUMBF, whose manifests hold thumbnails and would be
 * void. What stands between scans, and behind the picture's end, other pictures mostly, is not read. JFIF's and Adobe's markers are
 * libjpeg's to write. */
#include "hide/photo/jpeg_markers.h"

#include "hide/metadata/metadata.h"
#include "hide/photo/photo_hide.h"

#include <string.h>

enum { MAX_MARKER_BYTES = 0xffff - 2, EXIF_HEADER_BYTES = 6, ICC_HEADER_BYTES = 14 /* with its number, and how many there are */ };

#define EXIF_HEADER "Exif\0"
#define XMP_HEADER "http://ns.adobe.com/xap/1.0/"
#define ICC_HEADER "ICC_PROFILE"
#define PHOTOSHOP_HEADER "Photoshop 3.0"

static void save(j_decompress_ptr info, unsigned most_bytes)
{
    for (int i = 0; i < 16; i++) jpeg_save_markers(info, JPEG_APP0 + i, most_bytes);
    jpeg_save_markers(info, JPEG_COM, most_bytes);
}

void fov_jpeg_markers_keep(j_decompress_ptr info)
{
    save(info, 0xffff);
}

void fov_jpeg_markers_end(j_decompress_ptr info)
{
    save(info, 0);
}

/* Headers end with a NUL, which is theirs. */
static bool is(jpeg_saved_marker_ptr m, int number, const char *header, size_t header_bytes)
{
    return m->marker == JPEG_APP0 + number && m->data_length >= header_bytes && !memcmp(m->data, header, header_bytes);
}

static bool is_exif(jpeg_saved_marker_ptr m)
{
    return is(m, 1, EXIF_HEADER, sizeof EXIF_HEADER);
}

/* The first block counts, and no other stays. NULL: there is none. */
static jpeg_saved_marker_ptr exif_of(const struct jpeg_decompress_struct *info)
{
    jpeg_saved_marker_ptr m = info->marker_list;
    while (m && !is_exif(m)) m = m->next;
    return m;
}

int fov_jpeg_markers_orientation(const struct jpeg_decompress_struct *info)
{
    jpeg_saved_marker_ptr exif = exif_of(info);
    return exif ? fov_exif_orientation(exif->data, exif->data_length) : 1;
}

static fov_status write_exif(j_compress_ptr to, jpeg_saved_marker_ptr m, bool location, fov_error *err)
{
    unsigned char    block[EXIF_HEADER_BYTES + FOV_EXIF_ORIENTATION_BYTES] = EXIF_HEADER;
    const fov_buffer kept =
        fov_photo_exif(m->data + EXIF_HEADER_BYTES, m->data_length - EXIF_HEADER_BYTES, location, block + EXIF_HEADER_BYTES);
    if (!kept.data) return fov_fail_memory(err, "a JPEG's metadata");
    jpeg_write_marker(to, m->marker, kept.data - EXIF_HEADER_BYTES, (unsigned)(EXIF_HEADER_BYTES + kept.size));
    return FOV_OK;
}

static void write_xmp(j_compress_ptr to, jpeg_saved_marker_ptr m, bool location)
{
    const size_t header = sizeof XMP_HEADER;
    if (fov_xmp_clean((char *)m->data + header, m->data_length - header, location))
        jpeg_write_marker(to, m->marker, m->data, m->data_length);
}

static fov_status write_photoshop(j_compress_ptr to, jpeg_saved_marker_ptr m, bool location, fov_error *err)
{
    const size_t header = sizeof PHOTOSHOP_HEADER;
    fov_text     kept = {0};
    fov_text_add(&kept, m->data, header);
    const bool whole = fov_photoshop_clean(m->data + header, m->data_length - header, location, &kept);
    const bool failed = kept.failed;
    if (whole && !failed && kept.size > header && kept.size <= MAX_MARKER_BYTES)
        jpeg_write_marker(to, m->marker, (const JOCTET *)kept.data, (unsigned)kept.size);
    fov_text_clear(&kept);
    return failed ? fov_fail_memory(err, "a JPEG's metadata") : FOV_OK;
}

static bool is_comment(jpeg_saved_marker_ptr m)
{
    return m->marker == JPEG_COM;
}

static bool is_profile(jpeg_saved_marker_ptr m)
{
    return is(m, 2, ICC_HEADER, sizeof ICC_HEADER) && m->data_length >= ICC_HEADER_BYTES;
}

/* What one marker is too short for goes on in the next of its kind, so all of them together are looked into.
 * @param picture out: a picture is in them */
static fov_status look_into(j_decompress_ptr from, bool (*is_one)(jpeg_saved_marker_ptr), size_t header, bool *picture,
                            fov_error *err)
{
    fov_text all = {0};
    for (jpeg_saved_marker_ptr m = from->marker_list; m; m = m->next)
        if (is_one(m)) fov_text_add(&all, m->data + header, m->data_length - header);
    const bool failed = all.failed;
    *picture = !failed && fov_holds_picture(all.data, all.size);
    fov_text_clear(&all);
    return failed ? fov_fail_memory(err, "a JPEG's metadata") : FOV_OK;
}

fov_status fov_jpeg_markers_write(j_decompress_ptr from, j_compress_ptr to, bool location, fov_error *err)
{
    bool                        in_comments, in_profile;
    const jpeg_saved_marker_ptr exif = exif_of(from);
    fov_status                  st = look_into(from, is_comment, 0, &in_comments, err);
    if (!st) st = look_into(from, is_profile, ICC_HEADER_BYTES, &in_profile, err);
    for (jpeg_saved_marker_ptr m = from->marker_list; m && !st; m = m->next) {
        if (m == exif) st = write_exif(to, m, location, err);
        else if (is(m, 1, XMP_HEADER, sizeof XMP_HEADER)) write_xmp(to, m, location);
        else if (is(m, 13, PHOTOSHOP_HEADER, sizeof PHOTOSHOP_HEADER)) st = write_photoshop(to, m, location, err);
        else if ((is_comment(m) && !in_comments) || (is_profile(m) && !in_profile))
            jpeg_write_marker(to, m->marker, m->data, m->data_length);
    }
    return st;
}
