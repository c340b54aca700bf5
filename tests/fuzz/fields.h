// SPDX-License-Identifier: MIT
/* Protobuf messages changed by their fields, so that the lengths around a change fit. */
#ifndef FOVEA_TESTS_FUZZ_FIELDS_H
#define FOVEA_TESTS_FUZZ_FIELDS_H

#include "fuzz.h"

/** As fuzz_target's change(). */
size_t fields_change(unsigned char *data, size_t size, size_t capacity, test_random *random);

#endif
