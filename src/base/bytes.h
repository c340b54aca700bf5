// SPDX-License-Identifier: MIT
/* A bounded reader over bytes that came from outside. Reading past the end fails and leaves `pos` where it was. */
#ifndef FOVEA_BASE_BYTES_H
#define FOVEA_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct fov_bytes {
    const unsigned char *data;
    size_t               size;
    size_t               pos;
} fov_bytes;

static inline size_t fov_bytes_left(const fov_bytes *b)
{
    return b->size - b->pos;
}

/** The next `count` bytes, or NULL when fewer are left. */
static inline const unsigned char *fov_bytes_take(fov_bytes *b, size_t count)
{
    if (count > fov_bytes_left(b)) return NULL;
    const unsigned char *p = b->data + b->pos;
    b->pos += count;
    return p;
}

static inline bool fov_bytes_u8(fov_bytes *b, uint8_t *v)
{
    const unsigned char *p = fov_bytes_take(b, 1);
    if (p) *v = *p;
    return p != NULL;
}

/** Little-endian unsigned integer of `count` bytes, 1 to 8. */
static inline bool fov_bytes_le(fov_bytes *b, size_t count, uint64_t *v)
{
    const unsigned char *p = fov_bytes_take(b, count);
    if (!p) return false;
    *v = 0;
    for (size_t i = 0; i < count; i++) *v |= (uint64_t)p[i] << (8 * i);
    return true;
}

#endif
