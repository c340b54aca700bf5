// SPDX-License-Identifier: MIT
#include "backend/cpu/winograd_layout.h"

#include "base/alloc.h"

#include <string.h>

enum {
    SUM_BYTES = 4,
    V_LEAST_BYTES = 192 << 10, /* of transformed input in a block: beside few weights, both stay in the second-level cache */
    V_MOST_BYTES = 3 << 20,    /* beside many: each block reads all of them again, from further away the more they are */
    W_PER_V = 3,               /* bytes of weights for one of transformed input, between these bounds */
};

static ptrdiff_t round_up_div(ptrdiff_t a, ptrdiff_t b)
{
    return (a + b - 1) / b;
}

static ptrdiff_t round_up(ptrdiff_t a, ptrdiff_t b)
{
    return round_up_div(a, b) * b;
}

/* An odd number of cache lines: points one behind the other do not fall into the same few sets of the first cache. */
static ptrdiff_t odd_lines(ptrdiff_t elements, size_t size)
{
    const ptrdiff_t line = FOV_ALIGN / (ptrdiff_t)size;
    return (round_up_div(elements, line) | 1) * line;
}

static ptrdiff_t tiles_of_block(const fov_winograd_work *work, ptrdiff_t ldv)
{
    const size_t    share = work->packed_bytes / W_PER_V;
    const ptrdiff_t bytes = share < V_LEAST_BYTES ? V_LEAST_BYTES : share < V_MOST_BYTES ? (ptrdiff_t)share : V_MOST_BYTES;
    const ptrdiff_t most = bytes / (FOV_WINOGRAD_POINTS * ldv * (ptrdiff_t)work->v_size) / work->tiles;
    return (most > 0 ? most : 1) * work->tiles;
}

/* Fewer tiles a block make chunks enough for all threads; groups of panels, which transform the same tiles again, only where some
 * thread would have none. */
static void share_out(const fov_winograd_work *work, int threads, fov_winograd_layout *l)
{
    const ptrdiff_t wanted = threads > 1 ? (ptrdiff_t)threads * FOV_CPU_CHUNKS_PER_THREAD : 1;
    const ptrdiff_t each = round_up(round_up_div(l->tiles, wanted), work->tiles);
    if (l->block > each) l->block = each;
    if (l->block > l->tiles) l->block = l->tiles;
    if (l->block < 1) l->block = 1;
    l->blocks = round_up_div(l->tiles, l->block);
    l->groups = l->blocks < threads && l->blocks > 0 ? round_up_div(threads, l->blocks) : 1;
    if (l->groups > work->panels) l->groups = work->panels;
}

fov_winograd_layout fov_winograd_layout_of(const fov_winograd_work *work, const fov_view *out, int threads)
{
    const int64_t      *dim = out->shape.dim;
    fov_winograd_layout l = {.rows = round_up_div(dim[2], FOV_WINOGRAD_OUT), .columns = round_up_div(dim[3], FOV_WINOGRAD_OUT)};
    l.tiles = dim[0] * l.rows * l.columns;
    l.ldv = odd_lines(work->cin, work->v_size);
    l.block = tiles_of_block(work, l.ldv);
    share_out(work, threads, &l);
    l.v_point = odd_lines(l.block * l.ldv, work->v_size);
    l.m_point = odd_lines(l.block * work->panel_columns, SUM_BYTES);
    l.m_bytes = (size_t)(FOV_WINOGRAD_POINTS * l.v_point) * work->v_size;
    l.patch_bytes = l.m_bytes + (size_t)(FOV_WINOGRAD_POINTS * l.m_point) * SUM_BYTES;
    const size_t patch = (size_t)(FOV_WINOGRAD_POINTS * work->cin) * work->x_size + FOV_OVERREAD;
    l.thread_bytes = l.patch_bytes + (patch + FOV_ALIGN - 1) / FOV_ALIGN * FOV_ALIGN;
    return l;
}

fov_winograd_place fov_winograd_place_of(const fov_winograd_layout *layout, ptrdiff_t tile)
{
    const ptrdiff_t row = tile / layout->columns;
    return (fov_winograd_place){row / layout->rows, row % layout->rows * FOV_WINOGRAD_OUT,
                                tile % layout->columns * FOV_WINOGRAD_OUT};
}

static void put_pixel(unsigned char *to, const void *from, size_t bytes)
{
    if (from) memcpy(to, from, bytes);
    else memset(to, 0, bytes);
}

fov_winograd_source fov_winograd_source_of(const fov_pixels *image, ptrdiff_t n, ptrdiff_t y, ptrdiff_t x, const void *zero,
                                           unsigned char *patch)
{
    const ptrdiff_t pixel = image->c * image->size;
    unsigned char  *to = patch;
    if (y >= 0 && x >= 0 && y + FOV_WINOGRAD_IN <= image->h && x + FOV_WINOGRAD_IN <= image->w)
        return (fov_winograd_source){fov_pixel_at(image, (n * image->h + y) * image->w + x), image->w * image->ld * image->size,
                                     image->ld * image->size};
    for (ptrdiff_t i = y; i < y + FOV_WINOGRAD_IN; i++)
        for (ptrdiff_t j = x; j < x + FOV_WINOGRAD_IN; j++, to += pixel) {
            const bool in = (size_t)i < (size_t)image->h && (size_t)j < (size_t)image->w;
            put_pixel(to, in ? fov_pixel_at(image, (n * image->h + i) * image->w + j) : zero, (size_t)pixel);
        }
    return (fov_winograd_source){patch, FOV_WINOGRAD_IN * pixel, pixel};
}

static ptrdiff_t bounded(ptrdiff_t v, ptrdiff_t most)
{
    return v < 0 ? 0 : v < most ? v : most;
}

/* Pixels first .. last - 1 of a row. What is made wider may write more than that. */
static void widen_pixels(const fov_pixels *image, const unsigned char *row, ptrdiff_t first, ptrdiff_t last, fov_widen_run *widen,
                         float *to)
{
    const ptrdiff_t pixel = image->ld * image->size;
    if (image->ld == image->c && last > first) {
        widen((size_t)((last - first) * image->c), row + first * pixel, to);
        return;
    }
    for (ptrdiff_t j = first; j < last; j++, to += image->c) widen((size_t)image->c, row + j * pixel, to);
}

fov_winograd_source fov_winograd_source_wide(const fov_pixels *image, ptrdiff_t n, ptrdiff_t y, ptrdiff_t x, fov_widen_run *widen,
                                             unsigned char *patch)
{
    const ptrdiff_t c = image->c, row = FOV_WINOGRAD_IN * c, first = bounded(x, image->w),
                    last = bounded(x + FOV_WINOGRAD_IN, image->w);
    for (ptrdiff_t i = 0; i < FOV_WINOGRAD_IN; i++) {
        float     *to = (float *)(void *)patch + i * row;
        const bool in = (size_t)(y + i) < (size_t)image->h && first < last;
        if (in)
            widen_pixels(image, fov_pixel_at(image, (n * image->h + y + i) * image->w), first, last, widen, to + (first - x) * c);
        const ptrdiff_t left = in ? first - x : FOV_WINOGRAD_IN, right = in ? x + FOV_WINOGRAD_IN - last : 0;
        memset(to, 0, (size_t)(left * c) * sizeof *to);
        memset(to + row - right * c, 0, (size_t)(right * c) * sizeof *to);
    }
    return (fov_winograd_source){patch, row * (ptrdiff_t)sizeof(float), c * (ptrdiff_t)sizeof(float)};
}
