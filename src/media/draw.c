// SPDX-License-Identifier: MIT
/* Faces on a photo: a rounded box, five dots, a plate with the score. Each bright line lies on a wider dark one, so that it
 * reads on any background; sizes follow the picture, but never more than the face can bear. */
#include "media/digits.h"
#include "media/media.h"
#include "media/paint.h"

#include <math.h>
#include <stdio.h>

static const fov_ink BOX = {64, 255, 160, 1}, HALO = {8, 12, 20, 0.6F}, PLATE = {12, 16, 26, 0.78F}, TEXT = {255, 255, 255, 1};

/* Left eye, right eye, nose, left and right corner of the mouth. */
static const fov_ink DOTS[5] = {{255, 84, 84, 1}, {86, 176, 255, 1}, {255, 214, 51, 1}, {255, 128, 234, 1}, {98, 240, 240, 1}};

static const float DOT_HALO = 0.5F; /* of the dot's diameter */
static const float FARTHEST = 1e7F; /* coordinates beyond are as good as this: floats stay exact enough */

typedef struct style {
    float line;   /* width of the box's line, px       */
    float halo;   /* how much the dark one is wider    */
    float dot;    /* diameter of a landmark            */
    float text;   /* height of a digit                 */
    float corner; /* radius                            */
} style;

static float clamp(float value, float low, float high)
{
    return value < low ? low : value > high ? high : value;
}

static fov_round_box box_of(const fov_face *face)
{
    float x0 = clamp(face->box[0], -FARTHEST, FARTHEST), x1 = clamp(face->box[2], -FARTHEST, FARTHEST);
    float y0 = clamp(face->box[1], -FARTHEST, FARTHEST), y1 = clamp(face->box[3], -FARTHEST, FARTHEST);
    return (fov_round_box){fminf(x0, x1), fminf(y0, y1), fmaxf(x0, x1), fmaxf(y0, y1), 0};
}

static style style_of(const fov_photo *photo, const fov_round_box *box)
{
    const float picture = (float)(photo->width > photo->height ? photo->width : photo->height);
    const float side = sqrtf((box->x1 - box->x0) * (box->y1 - box->y0));
    const float widest = 1.2F + 0.0018F * picture;
    style       s;
    s.line = clamp(0.03F * side, 1.2F, widest);
    s.halo = clamp(0.9F * s.line, 1.4F, 5);
    s.dot = clamp(0.065F * side, 1.7F, 2.4F * widest);
    s.text = clamp(0.14F * side, fmaxf(7, 1.8F * widest), fmaxf(7, 5 * widest));
    s.corner = clamp(0.10F * side, 0, 5 * s.line);
    return s;
}

static void draw_box(fov_photo *photo, fov_round_box box, const style *s)
{
    box.corner = s->corner;
    fov_paint_outline(photo, &box, s->line + s->halo, HALO);
    fov_paint_outline(photo, &box, s->line, BOX);
}

static void draw_dots(fov_photo *photo, const fov_face *face, const style *s)
{
    for (int i = 0; i < 5; i++) {
        float       x = clamp(face->landmarks[i][0], -FARTHEST, FARTHEST), y = clamp(face->landmarks[i][1], -FARTHEST, FARTHEST);
        fov_segment point = {x, y, x, y};
        fov_paint_strokes(photo, &point, 1, s->dot + DOT_HALO * s->dot, HALO);
        fov_paint_strokes(photo, &point, 1, s->dot, DOTS[i]);
    }
}

/* Above the box if there is room, else inside its upper edge, and in any case inside the picture. */
static fov_round_box plate_of(const fov_photo *photo, const fov_round_box *box, const style *s, float width)
{
    const float pad = 0.45F * s->text, height = s->text + 2 * pad, edge = (s->line + s->halo) / 2;
    float       x = box->x0 - edge, y = box->y0 - edge - height - 1;
    if (y < 0) y = box->y0 + edge + 1;
    width += 2 * pad;
    x = fmaxf(0, fminf(x, (float)photo->width - width));
    y = fmaxf(0, fminf(y, (float)photo->height - height));
    return (fov_round_box){x, y, x + width, y + height, 0.3F * height};
}

static void draw_label(fov_photo *photo, const fov_face *face, const fov_round_box *box, const style *s)
{
    char        text[8];
    fov_segment segment[FOV_DIGITS_MAX_SEGMENTS];
    snprintf(text, sizeof text, "%.2f", (double)clamp(face->score, 0, 1));

    fov_round_box plate = plate_of(photo, box, s, fov_digits_width(text, s->text));
    const float   pad = 0.45F * s->text;
    int           count = fov_digits_strokes(text, plate.x0 + pad, plate.y0 + pad, s->text, segment);
    fov_paint_filled(photo, &plate, PLATE);
    fov_paint_strokes(photo, segment, count, fmaxf(1.1F, 0.14F * s->text), TEXT);
}

static bool is_finite(const fov_face *face)
{
    bool finite = isfinite(face->score);
    for (int i = 0; i < 4; i++) finite = finite && isfinite(face->box[i]);
    for (int i = 0; i < 5; i++) finite = finite && isfinite(face->landmarks[i][0]) && isfinite(face->landmarks[i][1]);
    return finite;
}

static fov_status check(const fov_faces *faces, const fov_photo *photo, fov_error *err)
{
    if (!faces || !photo || (faces->count && !faces->face))
        return fov_fail(err, FOV_ERR_ARGUMENT, "drawing faces needs faces and a photo, one is NULL");
    if (fov_photo_is_smaller(photo))
        return fov_fail(err, FOV_ERR_ARGUMENT,
                        "drawing faces needs all %d x %d pixels of the photo, of which %d x %d were decoded: load it without "
                        "fit_width and fit_height",
                        photo->full_width, photo->full_height, photo->width, photo->height);
    for (size_t i = 0; i < faces->count; i++)
        if (!is_finite(&faces->face[i]))
            return fov_fail(err, FOV_ERR_ARGUMENT, "face %zu of %zu has a coordinate or score that is not a finite number", i,
                            faces->count);
    return FOV_OK;
}

/* Worst first, so that the best lies on top; labels last, so that no line crosses a number. */
fov_status fov_faces_draw(const fov_faces *faces, fov_photo *photo, fov_error *err)
{
    fov_status st = check(faces, photo, err);
    if (st) return st;
    for (size_t i = faces->count; i-- > 0;) {
        fov_round_box box = box_of(&faces->face[i]);
        style         s = style_of(photo, &box);
        draw_box(photo, box, &s);
        draw_dots(photo, &faces->face[i], &s);
    }
    for (size_t i = faces->count; i-- > 0;) {
        fov_round_box box = box_of(&faces->face[i]);
        style         s = style_of(photo, &box);
        draw_label(photo, &faces->face[i], &box, &s);
    }
    return FOV_OK;
}
