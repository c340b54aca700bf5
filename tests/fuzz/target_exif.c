// SPDX-License-Identifier: MIT
/* EXIF blocks: the orientation, and what cleaning leaves. */
#include "fuzz.h"

#include "camera.h"

#include "hide/metadata/metadata.h"
#include "media/media.h"

#include <stdlib.h>
#include <string.h>

/* No JPEG is in what stays, and it is turned as it was. */
static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    unsigned char *block = malloc(bytes ? bytes : 1);
    if (!block) abort();
    if (bytes) memcpy(block, data, bytes);
    const int  orientation = fov_exif_orientation(data, bytes);
    int        told;
    const bool stays = fov_exif_clean(block, bytes, bytes % 2, &told);
    assert_int_equal(told, orientation);
    assert_in_range(orientation, 1, 8);
    if (stays) assert_false(fov_holds_jpeg(block, bytes));
    if (stays) assert_int_equal(fov_exif_orientation(block, bytes), orientation);
    free(block);
    return stays ? FOV_OK : fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: does not stay", name);
}

static void seeds(void)
{
    const tiff note = camera_block("MAKER note with offsets"), picture = camera_block("MAKER \xff\xd8\xff preview");
    fuzz_seed(note.data, note.size);
    fuzz_seed(picture.data, picture.size);
    fuzz_seed("MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0", 26);
}

const fuzz_target fuzz_target_here = {
    .name = "exif",
    .sources = "src/hide/metadata/exif.c src/media/exif.c",
    .run = run,
    .max_bytes = 1 << 20,
    .more_bytes = 64,
    .seeds = seeds,
};
