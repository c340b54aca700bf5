// SPDX-License-Identifier: MIT
/* Pickles changed by their opcodes, so that most of them still run. */
#ifndef FOVEA_TESTS_FUZZ_OPCODES_H
#define FOVEA_TESTS_FUZZ_OPCODES_H

#include "fuzz.h"

/** As fuzz_target's change(). What follows a pickle, as in a stream of them, may be more of them. */
size_t opcodes_change(unsigned char *data, size_t size, size_t capacity, test_random *random);

#endif
