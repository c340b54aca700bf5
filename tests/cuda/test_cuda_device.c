// SPDX-License-Identifier: MIT
/* The driver and GPUs as Fovea sees them, over the driver that stands in for NVIDIA's ($FAKE_CUDA_*, driver.cpp). The tests of
 * failures come first: a driver that was opened stays so. */
#include "program.h"

#include "backend/cuda/available.h"
#include "backend/cuda/device.h"
#include "backend/cuda/images.h"
#include "base/alloc.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static fov_error err;

static void check_fails(const char *variable, const char *value, const char *part)
{
    const fov_cuda_driver *driver;
    setenv(variable, value, 1);
    memset(&err, 0, sizeof err);
    assert_int_equal(fov_cuda_driver_open(&driver, &err), FOV_ERR_DEVICE);
    unsetenv(variable);
    assert_null(driver);
    check_contains(err.message, part);
}

static void each_failure_to_start_is_told_with_a_remedy(void **state)
{
    (void)state;
    check_fails("FAKE_CUDA_VERSION", "11040", "too old: it is for CUDA 11.4");
    check_fails("FAKE_CUDA_DEVICES", "0", "NVIDIA's driver finds no GPU: see whether nvidia-smi lists one");
    setenv("CUDA_VISIBLE_DEVICES", "7", 1);
    check_fails("FAKE_CUDA_DEVICES", "0", "CUDA_VISIBLE_DEVICES=\"7\" leaves no GPU to use: unset it");
    check_fails("FAKE_CUDA_FAIL_INIT", "999", "unknown error (CUDA_ERROR_UNKNOWN, 999)");
    unsetenv("CUDA_VISIBLE_DEVICES");
    check_fails("FAKE_CUDA_FAIL_INIT", "803", "restart the machine");
    check_fails("FAKE_CUDA_FAIL_INIT", "12345", "an unknown error, 12345");
}

static void a_driver_newer_than_the_build_is_welcome(void **state)
{
    (void)state;
    const fov_cuda_driver *driver, *again;
    setenv("FAKE_CUDA_VERSION", "99010", 1);
    assert_ok(fov_cuda_driver_open(&driver, &err));
    unsetenv("FAKE_CUDA_VERSION");
    assert_ok(fov_cuda_driver_open(&again, &err));
    assert_ptr_equal(driver, again);
    assert_int_equal(driver->version, 99010);
}

static void gpus_that_are_too_old_or_not_there_are_named(void **state)
{
    (void)state;
    const fov_cuda_device *device;
    setenv("FAKE_CUDA_CAPABILITY", "70", 1);
    assert_int_equal(fov_cuda_available(&err), FOV_ERR_DEVICE);
    unsetenv("FAKE_CUDA_CAPABILITY");
    check_contains(err.message, "GPU 0 (Emulated GPU) has capability 7.0, and 7.5");
    assert_int_equal(fov_cuda_device_open(3, &device, &err), FOV_ERR_DEVICE);
    check_contains(err.message, "there is no GPU 3; there is: 0 (Emulated GPU)");
    assert_int_equal(fov_cuda_device_open(1 << 30, &device, &err), FOV_ERR_DEVICE);
    setenv("FAKE_CUDA_DEVICES", "2", 1);
    assert_int_equal(fov_cuda_device_open(2, &device, &err), FOV_ERR_DEVICE);
    check_contains(err.message, "there are: 0 (Emulated GPU), 1 (Emulated GPU)");
    assert_int_equal(fov_cuda_device_open(-1, &device, &err), FOV_ERR_ARGUMENT);
    assert_null(device);
}

static const fov_cuda_device *open_device(int index)
{
    const fov_cuda_device *device;
    assert_ok(fov_cuda_device_open(index, &device, &err));
    return device;
}

static void *open_in_thread(void *device)
{
    fov_error mine;
    fov_cuda_device_open(0, device, &mine);
    return NULL;
}

static void all_threads_share_a_device(void **state)
{
    (void)state;
    enum { THREADS = 8 };
    pthread_t              thread[THREADS];
    const fov_cuda_device *seen[THREADS], *device;
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&thread[i], NULL, open_in_thread, &seen[i]), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
    device = open_device(0);
    for (int i = 0; i < THREADS; i++) assert_ptr_equal(seen[i], device);
    assert_ok(fov_cuda_available(&err));
    assert_string_equal(device->name, "Emulated GPU");
    assert_int_equal(device->capability, 90);
    assert_int_equal(device->processors, 132);
    assert_true(device->shared_bytes > 200 * 1024 && device->memory_bytes == (size_t)8 << 30);
    assert_ptr_not_equal(open_device(1), device);
}

static size_t free_bytes(const fov_cuda_device *device)
{
    size_t left = 0, total;
    assert_ok(fov_cuda_device_use(device, &err));
    assert_int_equal(device->driver->MemGetInfo(&left, &total), CUDA_SUCCESS);
    return left;
}

static void memory_comes_goes_and_runs_out(void **state)
{
    (void)state;
    const fov_cuda_device *device = open_device(0);
    const size_t           before = free_bytes(device);
    unsigned char          from[1000], to[1000];
    void                  *memory, *nothing, *pinned;
    for (size_t i = 0; i < sizeof from; i++) from[i] = (unsigned char)(i * 7);
    assert_ok(fov_cuda_alloc(device, sizeof from, "a test", &memory, &err));
    assert_ok(fov_cuda_alloc(device, 0, "nothing", &nothing, &err));
    assert_ok(fov_cuda_alloc_pinned(device, sizeof from, "a test", &pinned, &err));
    assert_ok(fov_cuda_upload(device, memory, from, sizeof from, &err));
    assert_ok(fov_cuda_download(device, to, memory, sizeof to, &err));
    assert_memory_equal(from, to, sizeof from);
    assert_non_null(nothing);
    fov_cuda_free_pinned(device, pinned);
    fov_cuda_free(device, nothing);
    fov_cuda_free(device, memory);
    fov_cuda_free(device, NULL);
    fov_cuda_free_pinned(device, NULL);
    assert_int_equal(free_bytes(device), before);

    assert_int_equal(fov_cuda_alloc(device, (size_t)9 << 30, "the arena", &memory, &err), FOV_ERR_MEMORY);
    assert_null(memory);
    check_contains(err.message, "device memory for the arena: 9216 MiB do not fit, 8192 MiB of 8192 MiB are free on GPU 0");
    check_contains(err.message, "--device");
    assert_int_equal(fov_cuda_upload(device, NULL, from, 10, &err), FOV_ERR_DEVICE);
    check_contains(err.message, "GPU 0 (Emulated GPU): copy of 10 bytes to it: invalid argument (CUDA_ERROR_INVALID_VALUE, 1)");
}

static void constants_are_copied_once_to_each_device(void **state)
{
    (void)state;
    const fov_cuda_device *device[2] = {open_device(0), open_device(1)};
    const size_t           before[2] = {free_bytes(device[0]), free_bytes(device[1])};
    const void            *address[2], *again;
    fov_cuda_constant     *constant;
    char                   text[16], *host = fov_alloc_aligned(sizeof text);
    assert_non_null(host);
    memcpy(host, "fifteen letters", sizeof text);
    assert_ok(fov_cuda_constant_new(host, sizeof text, &constant, &err));
    assert_int_equal(free_bytes(device[0]), before[0]);
    for (int i = 0; i < 2; i++) {
        assert_ok(fov_cuda_constant_on(constant, device[i], &address[i], &err));
        assert_ok(fov_cuda_constant_on(constant, device[i], &again, &err));
        assert_ptr_equal(address[i], again);
        assert_ok(fov_cuda_download(device[i], text, address[i], sizeof text, &err));
        assert_string_equal(text, "fifteen letters");
    }
    assert_ptr_not_equal(address[0], address[1]);
    fov_cuda_constant_free(constant);
    fov_cuda_constant_free(NULL);
    for (int i = 0; i < 2; i++) assert_int_equal(free_bytes(device[i]), before[i]);
}

static void a_constant_that_does_not_fit_leaves_nothing(void **state)
{
    (void)state;
    const fov_cuda_device *device = open_device(0);
    const void            *address;
    fov_cuda_constant     *constant;
    void                  *host = fov_alloc_aligned(64);
    assert_ok(fov_cuda_constant_new(host, 64, &constant, &err));
    setenv("FAKE_CUDA_MEMORY", "10", 1);
    assert_int_equal(fov_cuda_constant_on(constant, device, &address, &err), FOV_ERR_MEMORY);
    unsetenv("FAKE_CUDA_MEMORY");
    assert_null(address);
    check_contains(err.message, "device memory for weights: 1 MiB do not fit");
    assert_ok(fov_cuda_constant_on(constant, device, &address, &err));
    fov_cuda_constant_free(constant);
}

static void kernels_are_found_by_name(void **state)
{
    (void)state;
    const fov_cuda_device *device = open_device(0);
    CUfunction             kernel;
    assert_int_equal(fov_cuda_kernel(device, "no_such_kernel", 0, &kernel, &err), FOV_ERR_INTERNAL);
    check_contains(err.message, "no kernel no_such_kernel for capability 9.0");
    assert_int_equal(fov_cuda_kernel(device, "greedy", 1 << 20, &kernel, &err), FOV_ERR_DEVICE);
    check_contains(err.message, "kernel greedy needs 1048576 bytes of shared memory");
    assert_null(kernel);
    if (!fov_cuda_image_at(0)) return;

    /* one of the emulator's own, which has any image */
    int allowed = 0;
    assert_ok(fov_cuda_kernel(device, "check_copies", 0, &kernel, &err));
    assert_ok(fov_cuda_kernel(device, "check_copies", 100 * 1024, &kernel, &err));
    assert_ok(fov_cuda_kernel(device, "check_copies", 60 * 1024, &kernel, &err));
    assert_int_equal(device->driver->FuncGetAttribute(&allowed, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, kernel),
                     CUDA_SUCCESS);
    assert_int_equal(allowed, 100 * 1024);
}

static void images_serve_the_gpus_they_are_for(void **state)
{
    (void)state;
    int last = 0, c;
    for (size_t i = 0; (c = fov_cuda_image_capability(i)) != 0; i++) {
        assert_true(c > last && fov_cuda_image_is_native(c));
        last = c;
    }
    assert_int_equal(fov_cuda_image_capability(1000), 0);
    assert_true(last && !fov_cuda_image_is_native(last + 10) && !fov_cuda_image_is_native(50));
    for (size_t i = 0; fov_cuda_image_at(i); i++) assert_true(fov_cuda_image_at(i)->end > fov_cuda_image_at(i)->start);
}

static void doctor_lists_gpus(void **state)
{
    (void)state;
    setenv("FAKE_CUDA_DEVICES", "2", 1);
    setenv("FAKE_CUDA_MEMORY", "17179869184", 1);
    program       p = RUN("doctor"), q = RUN("doctor", "--json");
    json_t       *info = parse_json(q.out);
    const json_t *cuda = json_object_get(info, "cuda"), *second = json_array_get(json_object_get(cuda, "devices"), 1);
    check_code(&p, 0);
    check_contains(
        p.out, "gpu 1      Emulated GPU, capability 9.0, 132 multiprocessors, 16.0 GiB of 16.0 GiB free, kernels in this build\n");
    check_contains(p.out, "\nCUDA can be used.\n");
    check_contains(json_string_value(json_object_get(json_object_get(cuda, "driver"), "library")), "libcuda.so.1");
    assert_true(json_is_null(json_object_get(cuda, "problem")));
    assert_int_equal(json_array_size(json_object_get(cuda, "devices")), 2);
    assert_int_equal(json_integer_value(json_object_get(second, "index")), 1);
    assert_int_equal(json_integer_value(json_object_get(second, "memory")), 1LL << 34);
    assert_string_equal(json_string_value(json_object_get(second, "uuid")), "GPU-02020202-0202-0202-0202-020202020202");
    assert_string_equal(json_string_value(json_object_get(second, "kernels")), "native");
    json_decref(info);
    program_clear(&p);
    program_clear(&q);

    setenv("FAKE_CUDA_CAPABILITY", "70", 1);
    p = RUN("doctor");
    check_code(&p, 0);
    check_contains(p.out, "           cannot be used: GPU 1 (Emulated GPU) has capability 7.0");
    check_contains(p.out, "\nCUDA cannot be used: GPU 0 (Emulated GPU) has capability 7.0");
    program_clear(&p);

    setenv("FAKE_CUDA_CAPABILITY", "120", 1);
    p = RUN("doctor");
    check_contains(p.out, "capability 12.0");
    check_contains(p.out, "kernels compiled from PTX\n");
    program_clear(&p);
    unsetenv("FAKE_CUDA_CAPABILITY");
    unsetenv("FAKE_CUDA_MEMORY");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_failure_to_start_is_told_with_a_remedy),
        cmocka_unit_test(a_driver_newer_than_the_build_is_welcome),
        cmocka_unit_test(gpus_that_are_too_old_or_not_there_are_named),
        cmocka_unit_test(all_threads_share_a_device),
        cmocka_unit_test(memory_comes_goes_and_runs_out),
        cmocka_unit_test(constants_are_copied_once_to_each_device),
        cmocka_unit_test(a_constant_that_does_not_fit_leaves_nothing),
        cmocka_unit_test(kernels_are_found_by_name),
        cmocka_unit_test(images_serve_the_gpus_they_are_for),
        cmocka_unit_test(doctor_lists_gpus),
    };
    return cmocka_run_group_tests_name("cuda_device", tests, NULL, NULL);
}
