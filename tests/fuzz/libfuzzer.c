// SPDX-License-Identifier: MIT
/* A target as libFuzzer calls it. Besides libFuzzer's own options a program takes, as its only argument,
 *
 *     --seeds=FOLDER   write the seeds there
 *     --sources        print whose lines it is to reach
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

int    LLVMFuzzerInitialize(int *argc, char ***argv);
int    LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t capacity, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t capacity); /* libFuzzer's */

static const char *seed_folder;

void fuzz_seed(const void *data, size_t size)
{
    static int number;
    char       path[4096];
    snprintf(path, sizeof path, "%s/seed-%02d", seed_folder, number++);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file)) {
        fprintf(stderr, "%s: cannot write\n", path);
        exit(1);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *word = *argc == 2 ? (*argv)[1] : "";
    if (fuzz_target_here.begin) fuzz_target_here.begin();
    if (!strcmp(word, "--sources")) {
        puts(fuzz_target_here.sources);
        exit(0);
    }
    if (!strncmp(word, "--seeds=", strlen("--seeds="))) {
        seed_folder = word + strlen("--seeds=");
        fuzz_target_here.seeds();
        exit(0);
    }
    return 0;
}

/* How long it takes and how much memory other libraries take is for libFuzzer to watch. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const damage_limits limits = {.max_bytes = fuzz_target_here.max_bytes + fuzz_target_here.more_bytes * (int64_t)size};
    damage              input = {(unsigned char *)(uintptr_t)data, size, ""};
    snprintf(input.what, sizeof input.what, "%s", fuzz_target_here.name);
    damage_check(&input, &limits, fuzz_target_here.run);
    return 0;
}

size_t fuzz_change_bytes(unsigned char *data, size_t size, size_t capacity, test_random *random)
{
    (void)random;
    return LLVMFuzzerMutate(data, size, capacity);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t capacity, unsigned seed)
{
    test_random random = {seed};
    if (!fuzz_target_here.change) return fuzz_change_bytes(data, size, capacity, &random);
    return fuzz_target_here.change(data, size, capacity, &random);
}
