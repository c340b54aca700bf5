// SPDX-License-Identifier: MIT
/* Checkpoints as archives. The pickle of a stored member changes by its opcodes, in the room that it has, and checksums fit again.
 */
#include "checkpoints.h"
#include "opcodes.h"

#include <string.h>
#include <zlib.h>

enum { LOCAL = 30, CENTRAL = 46, END = 22, CRC_IN_LOCAL = 14, NAME_IN_LOCAL = 26, CRC_IN_CENTRAL = 16, PLACE_IN_CENTRAL = 42 };

static uint32_t get(const unsigned char *from, int bytes)
{
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++) value |= (uint32_t)from[i] << 8 * i;
    return value;
}

static void put(unsigned char *to, uint32_t value)
{
    for (int i = 0; i < 4; i++) to[i] = (unsigned char)(value >> 8 * i);
}

/* Whether an entry of the directory leads to a stored member that lies in the file, and where its bytes are. */
static bool find_member(const unsigned char *data, size_t size, const unsigned char *central, size_t *at, size_t *bytes)
{
    const size_t local = get(central + PLACE_IN_CENTRAL, 4);
    if (get(central + 10, 2) != 0 || local > size || size - local < LOCAL) return false;
    *at = local + LOCAL + get(data + local + NAME_IN_LOCAL, 2) + get(data + local + NAME_IN_LOCAL + 2, 2);
    *bytes = get(central + 20, 4);
    return *at <= size && *bytes <= size - *at;
}

typedef void member_visit(unsigned char *data, size_t at, size_t bytes, unsigned char *central, test_random *random);

/* Stored members, as the directory at the end of the file lists them. */
static void each_member(unsigned char *data, size_t size, member_visit *visit, test_random *random)
{
    if (size < END || memcmp(data + size - END, "PK\5\6", 4) != 0) return;
    size_t entry = get(data + size - END + 16, 4), at, bytes;
    while (entry <= size && size - entry >= CENTRAL && !memcmp(data + entry, "PK\1\2", 4)) {
        unsigned char *central = data + entry;
        if (find_member(data, size, central, &at, &bytes)) visit(data, at, bytes, central, random);
        entry += CENTRAL + get(central + 28, 2) + get(central + 30, 2) + get(central + 32, 2);
    }
}

static void change_member(unsigned char *data, size_t at, size_t bytes, unsigned char *central, test_random *random)
{
    (void)central;
    if (bytes && test_random_int(random, 0, 1)) opcodes_change(data + at, bytes, bytes, random);
}

static void seal_member(unsigned char *data, size_t at, size_t bytes, unsigned char *central, test_random *random)
{
    const uint32_t crc = (uint32_t)crc32(0, data + at, (unsigned)bytes);
    (void)random;
    put(central + CRC_IN_CENTRAL, crc);
    put(data + get(central + PLACE_IN_CENTRAL, 4) + CRC_IN_LOCAL, crc);
}

static size_t change(unsigned char *data, size_t size, size_t capacity, test_random *random)
{
    if (test_random_int(random, 0, 1)) each_member(data, size, change_member, random);
    else size = fuzz_change_bytes(data, size, capacity, random);
    if (test_random_int(random, 0, 15)) each_member(data, size, seal_member, random);
    return size;
}

static void seeds(void)
{
    checkpoints_seed(CHECKPOINT_ZIP);
    checkpoints_seed(CHECKPOINT_ZIP_DEFLATED);
}

const fuzz_target fuzz_target_here = {
    .name = "pth_zip",
    .sources = "src/import/pth_zip.c src/import/pth_tensors.c src/import/pth.c",
    .run = checkpoints_run,
    .max_bytes = 20 << 20, /* of which 16 MiB are tensors': docs/limits.md */
    .more_bytes = 8192,
    .seeds = seeds,
    .change = change,
};
