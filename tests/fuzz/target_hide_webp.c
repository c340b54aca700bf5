// SPDX-License-Identifier: MIT
/* WebP photos, written anew with faces hidden and metadata cleaned. */
#include "photos.h"

const fuzz_target fuzz_target_here = {
    .name = "hide_webp",
    .sources = "src/hide/photo/webp_hide.c src/hide/photo/webp_quality.c src/hide/photo/photo_hide.c",
    .run = photos_hide,
    .max_bytes = 16 << 20,
    .more_bytes = 64,
    .seeds = photos_seed_webp,
    .change = photos_change_webp,
};
