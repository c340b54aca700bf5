// SPDX-License-Identifier: MIT
#include "check.h"

#include "base/cpu.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void usage(FILE *to)
{
    fprintf(to, "usage: fov-check [--seed N] [--filter TEXT] [--cpu NAME] [--bench] [--threads N] [--type NAME]\n"
                "Without --bench: prove all kernels of every instruction set this machine has (TAP).\n"
                "With --bench: time the layers of both networks, best of many, with the best instruction set, at f32 or\n"
                "--type f16, bf16 or u8;\n"
                "--filter then selects layers. --cpu LEVEL (generic, avx2, ...) is the best that is used.\n");
}

static void check_level(check *t)
{
    fov_kernels_init(&t->now, t->level);
    fov_resize_rows_init(&t->rows_now, t->level);
    check_gemm(t);
    check_dot(t);
    check_gemm_end(t);
    check_winograd(t);
    check_winograd_int8(t);
    check_depthwise(t);
    check_rows(t);
    check_typed(t);
    check_lowerings(t);
    check_conv(t);
    check_resize(t);
    t->below = t->now;
    t->rows_below = t->rows_now;
}

static int run_checks(check *t)
{
    const unsigned allowed = fov_cpu_features(); /* before checks of lowerings set limits of their own */
    printf("# seed %llu\n", (unsigned long long)t->seed);
    t->level_name = "generic";
    check_level(t);
    check_tiles(t);
    check_halves(t);
    for (unsigned bit = 1; bit; bit <<= 1) {
        if (!(allowed & bit)) continue;
        t->level_name = fov_cpu_feature_name(bit);
        t->level |= bit;
        check_level(t);
    }
    printf("1..%d\n", t->number);
    return t->failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static fov_dtype type_named(const char *name)
{
    static const fov_dtype types[] = {FOV_F16, FOV_BF16, FOV_U8};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(name, fov_dtype_name(types[i]))) return types[i];
    return FOV_F32;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"seed", required_argument, NULL, 's'}, {"filter", required_argument, NULL, 'f'},
                                            {"bench", no_argument, NULL, 'b'},      {"threads", required_argument, NULL, 't'},
                                            {"type", required_argument, NULL, 'y'}, {"cpu", required_argument, NULL, 'c'},
                                            {"help", no_argument, NULL, 'h'},       {0}};
    static check               t;
    fov_error                  err = {0};
    bool                       bench = false;
    int                        threads = 1, c;
    fov_dtype                  dtype = FOV_F32;
    t.seed = (uint64_t)time(NULL);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 's') t.seed = strtoull(optarg, NULL, 0);
        else if (c == 'f') t.filter = optarg;
        else if (c == 'b') bench = true;
        else if (c == 't') threads = atoi(optarg);
        else if (c == 'y') dtype = type_named(optarg);
        else if (c == 'c' && fov_cpu_limit(optarg, &err)) return fprintf(stderr, "%s\n", err.message), EXIT_FAILURE;
        else if (c != 'c') return usage(c == 'h' ? stdout : stderr), c == 'h' ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    return bench ? bench_layers(&t, threads, dtype) : run_checks(&t);
}
