// SPDX-License-Identifier: MIT
/* The pickle machine alone. */
#include "fuzz.h"

#include "opcodes.h"

#include "import/pickle.h"

static const fov_pickle_global allowed[] = {
    {"collections", "OrderedDict", FOV_PICKLE_CALL_DICT, 1},
    {"torch", "Size", FOV_PICKLE_CALL_ARGUMENT, 2},
    {"torch", "FloatStorage", FOV_PICKLE_CALL_NEVER, 3},
    {"torch._utils", "_rebuild_tensor_v2", FOV_PICKLE_CALL_OBJECT, 4},
};

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    const fov_pickle_rules rules = {name, "", allowed, sizeof allowed / sizeof *allowed};
    fov_bytes              in = {data, bytes, 0};
    fov_pickle             pickle;
    fov_status             st = fov_pickle_load(&in, &rules, &pickle, err);
    if (!st && pickle.value[pickle.root].kind == FOV_PICKLE_DICT) fov_pickle_find(&pickle, &pickle.value[pickle.root], "a");
    fov_pickle_clear(&pickle);
    return st;
}

#define SEED(literal) fuzz_seed(literal, sizeof literal - 1)

static void seeds(void)
{
    SEED("\x80\x02}q\x00(X\x01\x00\x00\x00"
         "aK\x01X\x01\x00\x00\x00"
         "bJ\xff\xff\xff\xffX\x01\x00\x00\x00"
         "cG\x3f\xf8\x00\x00\x00\x00\x00\x00u.");
    SEED("\x80\x02"
         "ccollections\nOrderedDict\nq\x00]q\x01(]q\x02(X\x01\x00\x00\x00"
         "aq\x03K\x07"
         "eh\x02"
         "e\x85Rq\x04.");
    SEED("\x80\x04\x95\x12\x00\x00\x00\x00\x00\x00\x00]\x94(\x8c\x01"
         "a\x94h\x01\x8f(K\x01K\x02\x90"
         "e.");
    SEED("\x80\x02"
         "ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x00"
         "0X\x03\x00\x00\x00"
         "cpuK\x06tQK\x00K\x02K\x03\x86K\x03K\x01\x86\x89"
         "ccollections\nOrderedDict\n)RtR.");
    SEED("\x80\x02(N\x88\x89\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19"
         "C\x02\x00\x01t2"
         "0.");
}

const fuzz_target fuzz_target_here = {
    .name = "pickle",
    .sources = "src/import/pickle.c",
    .run = run,
    .max_bytes = 1 << 20,
    .more_bytes = 4096,
    .seeds = seeds,
    .change = opcodes_change,
};
