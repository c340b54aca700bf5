// SPDX-License-Identifier: MIT
/* PNG photos, decoded in every way. */
#include "photos.h"

const fuzz_target fuzz_target_here = {
    .name = "png",
    .sources = "src/media/png.c",
    .run = photos_decode,
    .max_bytes = 8 << 20,
    .more_bytes = 2200,
    .seeds = photos_seed_png,
    .change = photos_change_png,
};
