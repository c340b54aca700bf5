// SPDX-License-Identifier: MIT
/* How many threads and which instruction sets: quotas of control groups as container tools set them, and the limit by name. */
#include "support.h"

#include "base/cgroup.h"
#include "base/cpu.h"
#include "base/file.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

static fov_error err;

static const char *path_of(const char *name)
{
    static char ring[2][512];
    static int  next;
    char       *path = ring[next++ % 2];
    snprintf(path, sizeof ring[0], "%s/%s", test_folder(), name);
    return path;
}

static void put(const char *name, const char *text)
{
    assert_ok(fov_file_write(path_of(name), text, strlen(text), &err));
}

static double cpus_in(const char *list)
{
    put("list", list);
    return fov_cgroup_cpus(path_of("list"), path_of("root"));
}

static int make_groups(void **state)
{
    static const char *const folders[] = {"root", "root/slice", "root/slice/job", "root/cpu", "root/cpu/docker"};
    (void)state;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) assert_int_equal(mkdir(path_of(folders[i]), 0777), 0);
    return 0;
}

static void version_2_counts_every_group_up_to_the_root(void **state)
{
    (void)state;
    assert_true(isinf(cpus_in("0::/slice/job\n")));
    put("root/slice/job/cpu.max", "max 100000\n");
    assert_true(isinf(cpus_in("0::/slice/job\n")));
    put("root/slice/cpu.max", "300000 100000\n");
    assert_float_equal(cpus_in("0::/slice/job\n"), 3, 0);
    put("root/slice/job/cpu.max", "150000 100000\n");
    assert_float_equal(cpus_in("0::/slice/job\n"), 1.5, 0);
    assert_float_equal(cpus_in("0::/slice\n"), 3, 0);
    assert_true(isinf(cpus_in("0::/\n")));
    put("root/cpu.max", "50000 100000\n"); /* a container's own root */
    assert_float_equal(cpus_in("0::/\n"), 0.5, 0);
    assert_float_equal(cpus_in("0::/outside/of/the/container\n"), 0.5, 0);
    put("root/cpu.max", "rubbish");
    assert_true(isinf(cpus_in("0::/\n")));
}

static void version_1_has_two_files(void **state)
{
    (void)state;
    static const char list[] = "5:cpuset:/x\n4:cpuacct,cpu:/docker\n1:name=systemd:/docker\n0::/\n";
    assert_true(isinf(cpus_in(list)));
    put("root/cpu/docker/cpu.cfs_period_us", "100000\n");
    put("root/cpu/docker/cpu.cfs_quota_us", "-1\n");
    assert_true(isinf(cpus_in(list)));
    put("root/cpu/docker/cpu.cfs_quota_us", "250000\n");
    assert_float_equal(cpus_in(list), 2.5, 0);
    assert_true(isinf(cpus_in("4:cpuacct,cpuset:/docker\n")));
    assert_true(isinf(fov_cgroup_cpus(path_of("nolist"), path_of("root"))));
}

static void instruction_sets_are_limited_by_name(void **state)
{
    (void)state;
    assert_ok(fov_cpu_limit("generic", &err));
    assert_int_equal(fov_cpu_features(), 0);
    assert_ok(fov_cpu_limit("generic,avx2", &err));
    assert_int_equal(fov_cpu_features(), fov_cpu_detected() & FOV_CPU_AVX2);
    assert_ok(fov_cpu_limit("avx512", &err)); /* a level has those below it */
    assert_int_equal(fov_cpu_features(), fov_cpu_detected() & (FOV_CPU_AVX2 | FOV_CPU_AVX_VNNI | FOV_CPU_AVX512));
    assert_ok(fov_cpu_limit("avx512bf16", &err));
    assert_int_equal(fov_cpu_features(), fov_cpu_detected() & ~(unsigned)(FOV_CPU_AVX512_FP16 | FOV_CPU_AMX));
    assert_ok(fov_cpu_limit("avx512fp16", &err));
    assert_int_equal(fov_cpu_features(), fov_cpu_detected() & ~(unsigned)FOV_CPU_AMX);
    fov_cpu_limit_thread(FOV_CPU_AVX2 | FOV_CPU_AMX); /* both limits count */
    assert_int_equal(fov_cpu_features(), fov_cpu_detected() & FOV_CPU_AVX2);
    fov_cpu_limit_thread(~0U);
    assert_ok(fov_cpu_limit("amx", &err));
    assert_int_equal(fov_cpu_features(), fov_cpu_detected());
    assert_int_equal(fov_cpu_limit("avx", &err), FOV_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "'avx': known are generic, avx2, avxvnni, avx512, avx512vnni, avx512bf16, avx512fp16, amx"));
    assert_int_equal(fov_cpu_limit("", &err), FOV_ERR_ARGUMENT);
    assert_ok(fov_cpu_limit(NULL, &err));
    assert_int_equal(fov_cpu_features(), fov_cpu_detected());
    assert_in_range(fov_cpu_threads(), 1, 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_2_counts_every_group_up_to_the_root),
        cmocka_unit_test(version_1_has_two_files),
        cmocka_unit_test(instruction_sets_are_limited_by_name),
    };
    return cmocka_run_group_tests_name("cpu", tests, make_groups, NULL);
}
