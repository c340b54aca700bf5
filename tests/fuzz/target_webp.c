// SPDX-License-Identifier: MIT
/* WebP photos, decoded in every way. */
#include "photos.h"

const fuzz_target fuzz_target_here = {
    .name = "webp",
    .sources = "src/media/webp.c",
    .run = photos_decode,
    .max_bytes = 8 << 20,
    .more_bytes = 64,
    .seeds = photos_seed_webp,
    .change = photos_change_webp,
};
