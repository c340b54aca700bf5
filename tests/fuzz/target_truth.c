// SPDX-License-Identifier: MIT
/* Ground truth of evaluations as text and as JSON. */
#include "fuzz.h"

#include "eval/truth.h"

#include <string.h>

/* MATLAB files are libmatio's, which docs/dependencies.md says not to give what strangers sent. */
static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    fov_truth *truth = NULL;
    (void)name;
    if (bytes >= 6 && !memcmp(data, "MATLAB", 6)) return FOV_OK;
    fov_status st = fov_truth_load(fuzz_file(data, bytes), &truth, err);
    fov_truth_free(truth);
    return st;
}

static void seeds(void)
{
    fuzz_seed_text(" [{\"file\": \"a/b.jpg\", \"width\": 640, \"height\": 480, \"boxes\": [[1, 2, 3.5, 4], [5, 6, 0, 0]],"
                   "\"easy\": [], \"medium\": [0], \"hard\": [0, 1]},"
                   "{\"file\": \"c.jpg\", \"boxes\": [], \"easy\": [], \"medium\": [], \"hard\": []}]");
    fuzz_seed_text("0--Parade/0_Parade_1.jpg\n2\n449 330 122 149 0 0 0 0 0 0 \n10 20 0 5 1 0 0 1 2 1 \nempty.jpg\n0\n"
                   "0 0 0 0 0 0 0 0 0 0 \nlast.jpg\r\n1\r\n1 2 3 4\r\n");
}

const fuzz_target fuzz_target_here = {
    .name = "truth",
    .sources = "src/eval/truth.c src/eval/truth_json.c src/eval/truth_text.c",
    .run = run,
    .max_bytes = 1 << 20,
    .more_bytes = 1024,
    .seeds = seeds,
};
