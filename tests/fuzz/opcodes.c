// SPDX-License-Identifier: MIT
#include "opcodes.h"

#include "splice.h"

enum { MAX_OPCODES = 4096, LONGEST = 64 };

/* How many bytes of argument an opcode has, LINES: two lines, or of what width a count of them is. Python's pickletools has them
 * all. */
typedef struct shape {
    unsigned char code;
    int           bytes, count_width;
} shape;

enum { LINES = -1 };

static const shape shapes[] = {
    {0x80, 1, 0}, {0x95, 8, 0}, {'.', 0, 0},  {'(', 0, 0}, {'0', 0, 0},  {'1', 0, 0},     {'2', 0, 0},  {'q', 1, 0},  {'r', 4, 0},
    {0x94, 0, 0}, {'h', 1, 0},  {'j', 4, 0},  {'N', 0, 0}, {')', 0, 0},  {']', 0, 0},     {'}', 0, 0},  {0x8f, 0, 0}, {0x88, 0, 0},
    {0x89, 0, 0}, {'K', 1, 0},  {'M', 2, 0},  {'J', 4, 0}, {0x8a, 0, 1}, {0x8b, 0, 4},    {'G', 8, 0},  {'X', 0, 4},  {0x8c, 0, 1},
    {0x8d, 0, 8}, {'T', 0, 4},  {'U', 0, 1},  {'B', 0, 4}, {'C', 0, 1},  {0x8e, 0, 8},    {'t', 0, 0},  {0x85, 0, 0}, {0x86, 0, 0},
    {0x87, 0, 0}, {'l', 0, 0},  {'d', 0, 0},  {'a', 0, 0}, {'e', 0, 0},  {'s', 0, 0},     {'u', 0, 0},  {0x90, 0, 0}, {0x91, 0, 0},
    {'R', 0, 0},  {0x81, 0, 0}, {0x92, 0, 0}, {'b', 0, 0}, {'Q', 0, 0},  {'c', LINES, 0}, {0x93, 0, 0}, {'P', 0, 0},  {0x82, 1, 0},
};

enum { N_SHAPES = sizeof shapes / sizeof *shapes };

typedef struct piece {
    size_t at, size;
} piece;

static size_t two_lines(const unsigned char *data, size_t size)
{
    const unsigned char *first = memchr(data, '\n', size);
    const unsigned char *second = first ? memchr(first + 1, '\n', size - (size_t)(first + 1 - data)) : NULL;
    return second ? (size_t)(second + 1 - data) : size;
}

/* Bytes of the opcode that begins here, at most `size`. What is none is one byte. */
static size_t opcode_size(const unsigned char *data, size_t size)
{
    for (size_t i = 0; i < N_SHAPES; i++) {
        const shape *s = &shapes[i];
        if (s->code != data[0]) continue;
        if (s->bytes == LINES) return 1 + two_lines(data + 1, size - 1);
        uint64_t count = 0;
        for (int k = 0; k < s->count_width && (size_t)k + 1 < size; k++) count |= (uint64_t)data[1 + k] << 8 * k;
        const size_t fixed = 1 + (size_t)(s->bytes + s->count_width);
        return fixed > size || count > size - fixed ? size : fixed + (size_t)count;
    }
    return 1;
}

static int find_opcodes(const unsigned char *data, size_t size, piece *out)
{
    int count = 0;
    for (size_t at = 0; at < size && count < MAX_OPCODES; count++) {
        out[count] = (piece){at, opcode_size(data + at, size - at)};
        at += out[count].size;
    }
    return count;
}

/* An opcode with an argument of small numbers, which are counts, widths and indices. */
static size_t invent(unsigned char *out, test_random *random)
{
    const shape *s = &shapes[test_random_int(random, 0, N_SHAPES - 1)];
    const int    width = s->bytes == LINES ? 0 : s->bytes + s->count_width;
    out[0] = s->code;
    memset(out + 1, 0, LONGEST - 1);
    if (width) out[1] = (unsigned char)(s->count_width ? 0 : test_random_int(random, 0, 9));
    return 1 + (size_t)width;
}

size_t opcodes_change(unsigned char *data, size_t size, size_t capacity, test_random *random)
{
    static piece  opcodes[MAX_OPCODES];
    unsigned char fresh[LONGEST];
    const int     count = find_opcodes(data, size, opcodes);
    if (!count || !test_random_int(random, 0, 7)) return fuzz_change_bytes(data, size, capacity, random);
    const piece one = opcodes[test_random_int(random, 0, count - 1)], other = opcodes[test_random_int(random, 0, count - 1)];
    switch (test_random_int(random, 0, 4)) {
    case 0: /* it goes */
        return splice(data, size, capacity, one.at, one.size, NULL, 0);
    case 1: /* a new one before it */
        return splice(data, size, capacity, one.at, 0, fresh, invent(fresh, random));
    case 2: /* a new one in its place */
        return splice(data, size, capacity, one.at, one.size, fresh, invent(fresh, random));
    case 3: /* another one before it */
        if (other.size > sizeof fresh) return size;
        memcpy(fresh, data + other.at, other.size);
        return splice(data, size, capacity, one.at, 0, fresh, other.size);
    default: /* its argument */
        if (one.size > 1) fuzz_change_bytes(data + one.at + 1, one.size - 1, one.size - 1, random);
        return size;
    }
}
