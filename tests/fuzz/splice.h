// SPDX-License-Identifier: MIT
#ifndef FOVEA_TESTS_FUZZ_SPLICE_H
#define FOVEA_TESTS_FUZZ_SPLICE_H

#include <stddef.h>
#include <string.h>

/** Put `count` bytes in place of `gone` ones at `at`. @return the new size; the old one where there is no room */
static inline size_t splice(unsigned char *data, size_t size, size_t capacity, size_t at, size_t gone, const void *bytes,
                            size_t count)
{
    if (size - gone + count > capacity) return size;
    memmove(data + at + count, data + at + gone, size - at - gone);
    if (count) memcpy(data + at, bytes, count);
    return size - gone + count;
}

#endif
