// SPDX-License-Identifier: MIT
/* A WebP does not tell the quality that it was made with, but its frame's header tells the quantiser (RFC 6386, 9.2 to 9.6
 * and 19.2), which libwebp makes of the quality by a formula that is turned around here. */
#include "hide/photo/webp_quality.h"

#include <math.h>
#include <stdbool.h>

enum { FRAME_HEADER_BYTES = 10, MOST_QUANTISER = 127 };

static const float FALLBACK = 90;

/* RFC 6386, 7.3 */
typedef struct bools {
    const unsigned char *at, *end;
    unsigned             value, range;
    int                  shifted;
} bools;

static unsigned next_byte(bools *b)
{
    return b->at < b->end ? *b->at++ : 0;
}

static bool bit(bools *b)
{
    const unsigned split = 1 + (((b->range - 1) * 128) >> 8), big_split = split << 8; /* each bit is as likely 0 as 1 */
    const bool     set = b->value >= big_split;
    b->range = set ? b->range - split : split;
    if (set) b->value -= big_split;
    while (b->range < 128) {
        b->value <<= 1;
        b->range <<= 1;
        if (++b->shifted == 8) {
            b->shifted = 0;
            b->value |= next_byte(b);
        }
    }
    return set;
}

static int bits(bools *b, int count)
{
    int value = 0;
    while (count--) value = value << 1 | bit(b);
    return value;
}

/* `count` numbers that may be there, each behind a flag. @param extra 1: with a sign */
static void skip_optional(bools *b, int count, int size, int extra)
{
    for (int i = 0; i < count; i++)
        if (bit(b)) bits(b, size + extra);
}

static void skip_segments(bools *b)
{
    if (!bit(b)) return;
    const bool map = bit(b), data = bit(b);
    if (data) {
        bit(b); /* absolute values or differences */
        skip_optional(b, 4, 7, 1);
        skip_optional(b, 4, 6, 1);
    }
    if (map) skip_optional(b, 3, 8, 0);
}

static void skip_filter(bools *b)
{
    bits(b, 1 + 6 + 3);
    if (bit(b) && bit(b)) skip_optional(b, 8, 6, 1);
}

static int quantiser_of(bools *b)
{
    bits(b, 2); /* colour space, clamping */
    skip_segments(b);
    skip_filter(b);
    bits(b, 2); /* partitions */
    return bits(b, 7);
}

float fov_webp_quality(const unsigned char *data, size_t size)
{
    if (size < FRAME_HEADER_BYTES + 2 || (data[0] & 1)) return FALLBACK; /* no key frame */
    bools b = {.at = data + FRAME_HEADER_BYTES, .end = data + size, .range = 255};
    b.value = next_byte(&b) << 8;
    b.value |= next_byte(&b);
    const float linear = powf(1 - (float)quantiser_of(&b) / MOST_QUANTISER, 3);
    return 100 * (linear < 0.5F ? linear * 1.5F : (linear + 1) / 2);
}
