// SPDX-License-Identifier: MIT
/* JPEG photos, written anew with faces hidden and metadata cleaned. */
#include "photos.h"

const fuzz_target fuzz_target_here = {
    .name = "hide_jpeg",
    .sources = "src/hide/photo/jpeg_hide.c src/hide/photo/jpeg_dct.c src/hide/photo/jpeg_markers.c "
               "src/hide/photo/photo_hide.c src/hide/hider.c src/hide/blur.c src/hide/pixelate.c src/hide/solid.c",
    .run = photos_hide,
    .max_bytes = 16 << 20,
    .more_bytes = 64,
    .seeds = photos_seed_jpeg,
};
