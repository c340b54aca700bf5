// SPDX-License-Identifier: MIT
/* JPEG photos, decoded in every way. */
#include "photos.h"

const fuzz_target fuzz_target_here = {
    .name = "jpeg",
    .sources = "src/media/jpeg.c src/media/jpeg_header.c src/media/jpeg_guard.c src/media/deferred.c "
               "src/media/load.c src/media/exif.c src/media/orient.c src/media/photo.c",
    .run = photos_decode,
    .max_bytes = 8 << 20,
    .more_bytes = 64,
    .seeds = photos_seed_jpeg,
};
