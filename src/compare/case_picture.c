// SPDX-License-Identifier: MIT
/* The part of a photo that a report shows: where faces differ, with something around, made small. */
#include "base/alloc.h"
#include "compare/comparison.h"
#include "compare/match.h"
#include "media/media.h"

#include <math.h>

enum { LONG_SIDE = 640, QUALITY = 82 };
#define MARGIN 1.5F     /* box sizes around the faces that differ                     */
#define LEAST_PART 0.3F /* of the photo's sides: less shows a face without its place  */
#define FLATTEST 0.5F   /* shorter side by longer                                     */

typedef struct part {
    float x0, y0, x1, y1;
} part;

static void cover(part *p, const fov_face *face)
{
    const float around = MARGIN * fov_box_size(face->box);
    p->x0 = fminf(p->x0, face->box[0] - around);
    p->y0 = fminf(p->y0, face->box[1] - around);
    p->x1 = fmaxf(p->x1, face->box[2] + around);
    p->y1 = fmaxf(p->y1, face->box[3] + around);
}

/* Faces that only one engine shows; where there are none, the one that differs most. */
static part interesting(const fov_case *item)
{
    part       p = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    const bool any = item->lost + item->gained;
    for (size_t i = 0; i < item->marks; i++) {
        const fov_mark *mark = item->mark + i;
        if (any ? mark->in_a == mark->in_b : i != item->clearest) continue;
        cover(&p, mark->in_a ? &mark->a : &mark->b);
    }
    return p;
}

/* An interval of at least `least` around the same middle, moved and cut to lie in 0 .. side. */
static void widen(float *low, float *high, float least, float side)
{
    float middle = (fmaxf(*low, 0) + fminf(*high, side)) / 2, half = fmaxf(fminf(*high, side) - fmaxf(*low, 0), least) / 2;
    half = fminf(half, side / 2);
    middle = fminf(fmaxf(middle, half), side - half);
    *low = floorf(middle - half);
    *high = fminf(side, ceilf(middle + half));
}

static part choose_part(const fov_case *item, const fov_image *image)
{
    const float w = (float)image->width, h = (float)image->height;
    part        p = interesting(item);
    widen(&p.x0, &p.x1, fmaxf(LEAST_PART * w, 1), w);
    widen(&p.y0, &p.y1, fmaxf(LEAST_PART * h, 1), h);
    widen(&p.x0, &p.x1, FLATTEST * (p.y1 - p.y0), w);
    widen(&p.y0, &p.y1, FLATTEST * (p.x1 - p.x0), h);
    return p;
}

/* First pixel of the photo that pixel `i` of `count` is made of. */
static int source_of(float low, float high, int i, int count)
{
    return (int)low + (int)((int64_t)i * (int64_t)(high - low) / count);
}

/* Mean of the pixels under each: good enough for looking. */
static void shrink_row(const fov_image *image, const part *p, int y0, int y1, uint32_t *sum, uint8_t *rgb, fov_photo *out, int row)
{
    const int from = (int)p->x0, columns = (int)p->x1 - from;
    for (int i = 0; i < 3 * columns; i++) sum[i] = 0;
    for (int y = y0; y < y1; y++) {
        fov_image_row_rgb(image, y, rgb);
        for (int i = 0; i < 3 * columns; i++) sum[i] += rgb[3 * from + i];
    }
    for (int x = 0; x < out->width; x++) {
        const int      x0 = source_of(p->x0, p->x1, x, out->width) - from, next = source_of(p->x0, p->x1, x + 1, out->width) - from;
        const int      x1 = next > x0 ? next : x0 + 1;
        const uint32_t area = (uint32_t)(x1 - x0) * (uint32_t)(y1 - y0);
        for (int c = 0; c < 3; c++) {
            uint32_t all = area / 2;
            for (int i = x0; i < x1; i++) all += sum[3 * i + c];
            out->pixels[3 * ((ptrdiff_t)row * out->width + x) + c] = (uint8_t)(all / area);
        }
    }
}

static fov_status shrink(const fov_image *image, const part *p, fov_photo *out, fov_error *err)
{
    uint8_t  *rgb = fov_alloc_array((size_t)image->width, 3);
    uint32_t *sum = fov_alloc_array((size_t)image->width, 3 * sizeof *sum);
    for (int y = 0; y < out->height && rgb && sum; y++) {
        const int y0 = source_of(p->y0, p->y1, y, out->height), next = source_of(p->y0, p->y1, y + 1, out->height);
        shrink_row(image, p, y0, next > y0 ? next : y0 + 1, sum, rgb, out, y);
    }
    const fov_status st = rgb && sum ? FOV_OK : fov_fail_memory(err, "a small picture");
    fov_free(rgb);
    fov_free(sum);
    return st;
}

/* Small parts are not enlarged here: the page does that. */
fov_status fov_case_picture(fov_case *item, const fov_image *image, fov_error *err)
{
    const part  p = choose_part(item, image);
    const float w = p.x1 - p.x0, h = p.y1 - p.y0, zoom = fminf(1, LONG_SIDE / fmaxf(w, h));
    fov_photo  *small = NULL;
    fov_status  st = fov_photo_new((int)fmaxf(1, w * zoom), (int)fmaxf(1, h * zoom), &small, err);
    if (!st) st = shrink(image, &p, small, err);
    if (!st) {
        const fov_image pixels = fov_photo_image(small);
        item->left = p.x0;
        item->top = p.y0;
        item->zoom = (float)small->width / w;
        item->width = small->width;
        item->height = small->height;
        st = fov_jpeg_encode(&pixels, QUALITY, &item->jpeg, err);
    }
    fov_photo_free(small);
    return st;
}
