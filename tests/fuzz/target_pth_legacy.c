// SPDX-License-Identifier: MIT
/* Checkpoints as PyTorch wrote them before 1.6: a stream of pickles, then the storages. */
#include "checkpoints.h"
#include "opcodes.h"

static void seeds(void)
{
    checkpoints_seed(CHECKPOINT_LEGACY);
}

const fuzz_target fuzz_target_here = {
    .name = "pth_legacy",
    .sources = "src/import/pth_legacy.c src/import/pth_tensors.c src/import/pth.c",
    .run = checkpoints_run,
    .max_bytes = 20 << 20, /* of which 16 MiB are tensors': docs/limits.md */
    .more_bytes = 4096,
    .seeds = seeds,
    .change = opcodes_change,
};
