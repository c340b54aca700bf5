// SPDX-License-Identifier: MIT
/* Photoshop's resources, with IPTC in them, without what may show a face. */
#include "fuzz.h"
#include "photoshop.h"

#include "hide/metadata/metadata.h"

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    fov_text   out = {0}, again = {0};
    const bool location = bytes % 2, stays = fov_photoshop_clean(data, bytes, location, &out);
    if (stays && !out.failed && out.data) { /* what stays is clean */
        assert_true(fov_photoshop_clean((const unsigned char *)out.data, out.size, location, &again));
        assert_int_equal(again.size, out.size);
        assert_memory_equal(again.data, out.data, out.size);
    }
    fov_text_clear(&again);
    fov_text_clear(&out);
    return stays ? FOV_OK : fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: does not stay", name);
}

#define SEED(literal) fuzz_seed(literal, sizeof literal - 1)

static void seeds(void)
{
    SEED(PHOTOSHOP_RESOURCES);
    SEED("8BIM\x04\x04\0\0\0\0\0\x0b\x1c\x02\x78\x80\x02\0\x04"
         "long\0");
}

const fuzz_target fuzz_target_here = {
    .name = "photoshop",
    .sources = "src/hide/metadata/photoshop.c",
    .run = run,
    .max_bytes = 1 << 20,
    .more_bytes = 64,
    .seeds = seeds,
};
