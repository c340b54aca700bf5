// SPDX-License-Identifier: MIT
/* PNG photos, written anew with faces hidden and metadata cleaned. */
#include "photos.h"

const fuzz_target fuzz_target_here = {
    .name = "hide_png",
    .sources = "src/hide/photo/png_hide.c src/hide/photo/photo_hide.c",
    .run = photos_hide,
    .max_bytes = 16 << 20,
    .more_bytes = 4400,
    .seeds = photos_seed_png,
    .change = photos_change_png,
};
