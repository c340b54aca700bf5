// SPDX-License-Identifier: MIT
/* Without nvJPEG, or with one that the driver of the tests does not suffice for, callers are told to go another way. */
#include "gpu.h"

#include "backend/cuda/nvjpeg.h"

#include <string.h>

static void says_so(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        fov_error   err = {0};
        fov_nvjpeg *d;
        assert_int_equal(fov_nvjpeg_new(gpu, &d, &err), FOV_ERR_DEVICE);
        assert_null(d);
        assert_non_null(strstr(err.message, "nvJPEG"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(says_so)};
    return cmocka_run_group_tests(tests, gpu_open, NULL);
}
