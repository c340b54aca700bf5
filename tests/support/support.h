// SPDX-License-Identifier: MIT
/* What all test programs share. Include after <stdarg.h> <stddef.h> <setjmp.h> <cmocka.h>'s needs: this header has them. */
#ifndef FOVEA_TESTS_SUPPORT_H
#define FOVEA_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "fovea/fovea.h"

/** Path of a file of the test data folder (../shared), NULL where it is missing. Valid until 8 calls later. */
const char *shared_path(const char *relative);
/** Path of a file of the source tree. Valid until 8 calls later. */
const char *source_path(const char *relative);

/** Skip the running test, saying so, when a file of the test data is not there. */
#define NEED_SHARED(variable, relative)                                                                                            \
    const char *variable = shared_path(relative);                                                                                  \
    if (!variable) {                                                                                                               \
        print_message("skipped: ../shared/%s is not here\n", relative);                                                            \
        skip();                                                                                                                    \
    }

/** Assert FOV_OK; prints the message of a failure. */
#define assert_ok(call)                                                                                                            \
    do {                                                                                                                           \
        fov_status status_ = (call);                                                                                               \
        if (status_) fail_msg("%s: %s: %s", #call, fov_status_name(status_), err.message);                                         \
    } while (0)

/** Deterministic random numbers (SplitMix64). */
typedef struct test_random {
    uint64_t state;
} test_random;
uint64_t test_random_u64(test_random *r);
int      test_random_int(test_random *r, int low, int high); /* inclusive */
float    test_random_float(test_random *r, float low, float high);

/** A fresh folder for this test program's files, removed at exit. */
const char *test_folder(void);

#endif
