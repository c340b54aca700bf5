// SPDX-License-Identifier: MIT
/* The GEMM of a matrix unit (backend/cpu/matrix_tile.h) on a unit of plain C, so that every machine proves what surrounds the few
 * instructions: shapes of tiles, panels, rows that are put together. */
#include "check.h"

#include <string.h>

enum { UNIT_TILES = 8, UNIT_ROWS = 16, UNIT_BYTES = 64, AT_BYTES = 16, AT_ROWS = 48 };

static struct {
    uint8_t       config[UNIT_BYTES]; /* as the processor reads it: two bytes a tile from AT_BYTES on, one from AT_ROWS on */
    unsigned char tile[UNIT_TILES][UNIT_ROWS][UNIT_BYTES];
} unit;

static int rows_in(int t)
{
    return unit.config[AT_ROWS + t];
}

static size_t row_bytes(int t)
{
    return (size_t)(unit.config[AT_BYTES + 2 * t] | unit.config[AT_BYTES + 2 * t + 1] << 8);
}

static void configure(const void *config)
{
    memset(&unit, 0xa5, sizeof unit);
    memcpy(unit.config, config, sizeof unit.config);
}

/* Tiles without a shape: whoever goes on computes with nothing. */
static void release(void)
{
    memset(&unit, 0, sizeof unit);
}

static void load(int t, const unsigned char *from, ptrdiff_t stride)
{
    memset(unit.tile[t], 0, sizeof unit.tile[t]);
    for (int i = 0; i < rows_in(t); i++) memcpy(unit.tile[t][i], from + i * stride, row_bytes(t));
}

static void store(int t, unsigned char *to, ptrdiff_t stride)
{
    for (int i = 0; i < rows_in(t); i++) memcpy(to + i * stride, unit.tile[t][i], row_bytes(t));
}

static uint32_t products(const unsigned char *a, const unsigned char *w)
{
    uint32_t sum = 0;
    for (int i = 0; i < 4; i++) sum += (uint32_t)(a[i] * (int8_t)w[i]);
    return sum;
}

static void dot(int c, int a, int w)
{
    if (row_bytes(a) != 4 * (size_t)rows_in(w)) return; /* the processor would stop the program */
    for (int i = 0; i < rows_in(c); i++)
        for (size_t j = 0; j < row_bytes(c); j += 4) {
            uint32_t sum;
            memcpy(&sum, &unit.tile[c][i][j], sizeof sum);
            for (int k = 0; k < rows_in(w); k++) sum += products(&unit.tile[a][i][4 * k], &unit.tile[w][k][j]);
            memcpy(&unit.tile[c][i][j], &sum, sizeof sum);
        }
}

static bool straight(const void *const *p, ptrdiff_t *stride)
{
    *stride = (const char *)p[1] - (const char *)p[0];
    for (int i = 1; i < UNIT_ROWS; i++)
        if ((const char *)p[i] - (const char *)p[i - 1] != *stride) return false;
    return true;
}

#define TILE_CONFIGURE(config) configure(config)
#define TILE_RELEASE() release()
#define TILE_LOAD(t, from, stride) load(t, from, stride)
#define TILE_STORE(t, to, stride) store(t, (unsigned char *)(to), (ptrdiff_t)(stride))
#define TILE_STRAIGHT(p, stride) straight(p, stride)
#define TILE_DOT(c, a, w) dot(c, a, w)

#include "backend/cpu/matrix_tile.h"

void check_tiles(check *t)
{
    static const fov_gemm_tiles none, emulated = {{{"u8_emulated_32x32", GEMM_ROWS, 32, FOV_GROUP_U8, tiles_32x32},
                                                   {"u8_emulated_32x16", GEMM_ROWS, 16, FOV_GROUP_U8, tiles_32x16}},
                                                  tiles_begin,
                                                  tiles_end};
    check_dot_tiles(t, &emulated, &none);
}
