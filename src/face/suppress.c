// SPDX-License-Identifier: MIT
/* Non-maximum suppression: its definition, and the same for crowds.
 *
 * A crowd's faces are looked up by place. A kept box lies in the level of its longer side, 2^(level - 1) to 2^level pixels, and
 * there in the square cell of side 2^level that holds its top left corner; so a box that meets a candidate lies, in each level, in
 * one of few cells at and before the candidate. Of a level far below the candidate's size these would be many, but boxes so much
 * smaller than a candidate cannot reach the IoU, and a level with fewer boxes than cells is walked box by box. Cells share lists by
 * their hash: what a list has too much is told by overlaps(), which decides alone in any case. */
#include "face/face.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

enum {
    FEW = 256,          /* up to so many candidates the definition is as fast  */
    N_LEVEL = 25,       /* the last has no cells: sides from 2^23 pixels on    */
    FARTHEST = 1 << 30, /* cell from 0; those beyond are taken for the last    */
};

/* ---------------------------------------------------------------- definition */

static float area_of(const float *box)
{
    return (box[2] - box[0]) * (box[3] - box[1]);
}

static float smaller(float a, float b)
{
    return a < b ? a : b;
}

static float larger(float a, float b)
{
    return a > b ? a : b;
}

/* Never true of a box without area or with a coordinate that is no number. */
static bool overlaps(const float *a, const float *b, float iou)
{
    float w = smaller(a[2], b[2]) - larger(a[0], b[0]), h = smaller(a[3], b[3]) - larger(a[1], b[1]);
    if (w <= 0 || h <= 0) return false;
    float both = w * h;
    return both > iou * (area_of(a) + area_of(b) - both);
}

/* Every candidate meets only the faces kept so far, never the other candidates: count * most comparisons at worst. */
size_t fov_face_suppress_few(fov_face *face, size_t count, float iou, size_t most)
{
    size_t kept = 0;
    for (size_t i = 0; i < count && kept < most; i++) {
        bool dropped = false;
        for (size_t j = 0; j < kept && !dropped; j++) dropped = overlaps(face[i].box, face[j].box, iou);
        if (!dropped) face[kept++] = face[i];
    }
    return kept;
}

/* ---------------------------------------------------------------- kept faces by place */

/* Lists of kept faces: `head` starts one, `next` goes on, by 1 + index; 0 ends it. */
typedef struct places {
    const fov_face *face;
    size_t         *head, mask; /* of the cells, by their hash */
    size_t         *next;
    size_t          level_head[N_LEVEL], level_count[N_LEVEL];
    size_t         *level_next;
} places;

/* Columns and rows of cells, both inclusive. */
typedef struct cells {
    int64_t x0, y0, x1, y1;
} cells;

static double side_of(int level)
{
    return (double)(1U << level);
}

static int64_t cell_of(double place, int level)
{
    const double cell = floor(place / side_of(level));
    return cell < -FARTHEST ? -FARTHEST : cell > FARTHEST ? FARTHEST : (int64_t)cell;
}

/* The longer side is below 2^level. */
static int level_of(const float *box)
{
    int level;
    frexpf(larger(box[2] - box[0], box[3] - box[1]), &level);
    return level < 0 ? 0 : level < N_LEVEL - 1 ? level : N_LEVEL - 1;
}

static size_t *list_of(const places *p, int level, int64_t x, int64_t y)
{
    uint64_t hash = ((uint64_t)x * N_LEVEL + (uint64_t)level) * 0x9e3779b97f4a7c15U;
    hash = (hash ^ hash >> 32 ^ (uint64_t)y) * 0xbf58476d1ce4e5b9U;
    return &p->head[(hash ^ hash >> 32) & p->mask];
}

static void enter(places *p, size_t index)
{
    const float *box = p->face[index].box;
    const int    level = level_of(box);
    size_t      *list = list_of(p, level, cell_of((double)box[0], level), cell_of((double)box[1], level));
    p->next[index] = *list;
    *list = index + 1;
    p->level_next[index] = p->level_head[level];
    p->level_head[level] = index + 1;
    p->level_count[level]++;
}

/* Where the top left corners lie of the boxes of a level that meet a box. */
static cells cells_before(const float *box, int level)
{
    const double side = side_of(level);
    return (cells){cell_of((double)box[0] - side, level), cell_of((double)box[1] - side, level), cell_of((double)box[2], level),
                   cell_of((double)box[3], level)};
}

static bool meets_any(const places *p, const float *box, float iou, size_t first, const size_t *next)
{
    for (size_t at = first; at; at = next[at - 1])
        if (overlaps(box, p->face[at - 1].box, iou)) return true;
    return false;
}

static bool meets_level(const places *p, const float *box, float iou, int level)
{
    const cells  c = cells_before(box, level);
    const double count = (double)(c.x1 - c.x0 + 1) * (double)(c.y1 - c.y0 + 1);
    if (level == N_LEVEL - 1 || count > (double)p->level_count[level])
        return meets_any(p, box, iou, p->level_head[level], p->level_next);
    for (int64_t y = c.y0; y <= c.y1; y++)
        for (int64_t x = c.x0; x <= c.x1; x++)
            if (meets_any(p, box, iou, *list_of(p, level, x, y), p->next)) return true;
    return false;
}

/* Of a box at most `most` large, IoU with one of this area is at most the ratio; with a margin for what overlaps() rounds. */
static bool too_small(double most, double area, float iou)
{
    return most < 0.999 * (double)iou * area;
}

static bool meets(const places *p, const float *box, float iou)
{
    const double area = (double)area_of(box);
    for (int level = 0; level < N_LEVEL; level++) {
        if (!p->level_count[level]) continue;
        if (level < N_LEVEL - 1 && too_small(side_of(level) * side_of(level), area, iou)) continue;
        if (meets_level(p, box, iou, level)) return true;
    }
    return false;
}

/* ---------------------------------------------------------------- crowds */

static fov_status reserve(fov_face_buffer *buffer, size_t count, size_t n_list, fov_error *err)
{
    const size_t need = n_list + 2 * count;
    if (need > buffer->cap_place) {
        size_t *more = fov_realloc_array(buffer->place, need, sizeof *more);
        if (!more) return fov_fail_memory(err, "the places of faces");
        buffer->place = more;
        buffer->cap_place = need;
    }
    memset(buffer->place, 0, n_list * sizeof *buffer->place);
    return FOV_OK;
}

fov_status fov_face_suppress(fov_face_buffer *buffer, size_t count, float iou, size_t most, size_t *kept, fov_error *err)
{
    fov_face *face = buffer->candidate;
    size_t    n_list = FEW;
    *kept = 0;
    if (count <= FEW) {
        *kept = fov_face_suppress_few(face, count, iou, most);
        return FOV_OK;
    }
    while (n_list < count) n_list *= 2;
    fov_status st = reserve(buffer, count, n_list, err);
    if (st) return st;
    places p = {.face = face, .head = buffer->place, .mask = n_list - 1};
    p.next = buffer->place + n_list;
    p.level_next = p.next + count;
    for (size_t i = 0; i < count && *kept < most; i++) {
        const float *box = face[i].box;
        const bool   proper = box[2] > box[0] && box[3] > box[1]; /* any other meets nothing */
        if (proper && meets(&p, box, iou)) continue;
        face[*kept] = face[i];
        if (proper) enter(&p, *kept);
        ++*kept;
    }
    return FOV_OK;
}
