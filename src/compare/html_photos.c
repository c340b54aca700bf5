// SPDX-License-Identifier: MIT
/* The photos with the largest differences, as A sees them and as B does. */
#include "compare/html.h"

#include <math.h>
#include <stdio.h>

#define FAR 1e7F /* a coordinate that is no place in any photo */

enum { CROWD = 5 }; /* labels of more faces than this are smaller */

typedef struct frame { /* of the picture, in its pixels */
    const fov_case *item;
    bool            b;    /* B's side */
    float           text; /* height of letters */
} frame;

static const char *class_of(const fov_mark *mark)
{
    return mark->in_a && mark->in_b ? "m" : mark->in_a ? "l" : "g";
}

static bool is_missing(const frame *f, const fov_mark *mark)
{
    return f->b ? !mark->in_b : !mark->in_a;
}

/* What this side saw, and where it saw nothing, what the other did. */
static const fov_face *face_of(const frame *f, const fov_mark *mark)
{
    const fov_face *own = f->b ? &mark->b : &mark->a, *other = f->b ? &mark->a : &mark->b;
    return own->score > 0 ? own : other;
}

static void print_box(fov_text *html, const frame *f, const fov_face *face, const char *kind)
{
    const fov_case *item = f->item;
    fov_text_print(html, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.1f\"/>", kind,
                   (double)((face->box[0] - item->left) * item->zoom), (double)((face->box[1] - item->top) * item->zoom),
                   (double)fmaxf(0, (face->box[2] - face->box[0]) * item->zoom),
                   (double)fmaxf(0, (face->box[3] - face->box[1]) * item->zoom), (double)(f->text / 6));
}

/* Where there is room for them. */
static void print_landmarks(fov_text *html, const frame *f, const fov_face *face, const char *kind)
{
    const fov_case *item = f->item;
    if ((face->box[2] - face->box[0]) * item->zoom < 2.5F * f->text) return;
    for (int i = 0; i < 5; i++) {
        const float x = (face->landmarks[i][0] - item->left) * item->zoom, y = (face->landmarks[i][1] - item->top) * item->zoom;
        if (!(fabsf(x) < FAR && fabsf(y) < FAR)) continue;
        fov_text_print(html, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>", kind, (double)x, (double)y,
                       (double)(f->text / 8));
    }
}

static void print_label(fov_text *html, const frame *f, const fov_mark *mark, const fov_face *face)
{
    const fov_case *item = f->item;
    const float     score = f->b ? mark->b.score : mark->a.score, x = (face->box[0] - item->left) * item->zoom,
                above = (face->box[1] - item->top) * item->zoom - f->text * 0.35F,
                below = (face->box[3] - item->top) * item->zoom + f->text * 1.05F;
    char words[32] = "none";
    if (score > 0) snprintf(words, sizeof words, ".%03d", (int)fminf(999, rintf(score * 1000))); /* no 0: room is short */
    fov_text_print(html, "<text x=\"%.1f\" y=\"%.1f\" style=\"font-size: %.1fpx; stroke-width: %.1fpx\">%s</text>",
                   (double)fmaxf(2, fminf(x, (float)item->width - 2.6F * f->text)), (double)(above > f->text ? above : below),
                   (double)f->text, (double)(f->text / 5), words);
}

static bool is_drawable(const fov_face *face)
{
    for (int i = 0; i < 4; i++)
        if (!(fabsf(face->box[i]) < FAR)) return false;
    return true;
}

static void print_mark(fov_text *html, const frame *f, const fov_mark *mark)
{
    const fov_face *face = face_of(f, mark);
    char            kind[16];
    if (!is_drawable(face)) return;
    snprintf(kind, sizeof kind, "%s%s", class_of(mark), is_missing(f, mark) ? " miss" : "");
    fov_text_print(html, "<g><title>score %.4f by A, %.4f by B</title>", (double)mark->a.score, (double)mark->b.score);
    print_box(html, f, face, "under");
    print_box(html, f, face, kind);
    print_landmarks(html, f, face, kind);
    if (mark->in_a != mark->in_b || mark == f->item->mark + f->item->clearest) print_label(html, f, mark, face);
    fov_text_print(html, "</g>\n");
}

/* The picture is in the page once; B's side points at A's. */
static void print_side(fov_text *html, const fov_case *item, size_t number, bool b)
{
    const int   longer = item->width > item->height ? item->width : item->height;
    const bool  crowded = item->lost + item->gained > CROWD;
    const frame f = {item, b, fmaxf(4, (float)longer / (crowded ? 44 : 32))};
    fov_text_print(html, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"as %s sees it\">\n", item->width, item->height,
                   b ? "B" : "A");
    if (b) {
        fov_text_print(html, "<use href=\"#photo%zu\"/>\n", number);
    } else {
        fov_text_print(html, "<image id=\"photo%zu\" width=\"%d\" height=\"%d\" href=\"data:image/jpeg;base64,", number,
                       item->width, item->height);
        fov_html_base64(html, &item->jpeg);
        fov_text_print(html, "\"/>\n");
    }
    for (int differing = 0; differing < 2; differing++) /* those that differ on top */
        for (size_t i = 0; i < item->marks; i++)
            if ((item->mark[i].in_a != item->mark[i].in_b) == (bool)differing) print_mark(html, &f, &item->mark[i]);
    fov_text_print(html, "</svg>\n");
}

static void print_case(fov_text *html, const fov_case *item, size_t number)
{
    fov_text_print(html, "<figure>\n<figcaption><h3>");
    fov_html_escape(html, item->name);
    fov_text_print(html,
                   "</h3><span class=\"muted\">%zu lost, %zu gained; scores differ by up to %.4f, landmarks by up to %.2f px</span>"
                   "</figcaption>\n<div class=\"pair\">\n",
                   item->lost, item->gained, item->score_max, item->landmark_px_max);
    print_side(html, item, number, false);
    print_side(html, item, number, true);
    fov_text_print(html, "</div>\n</figure>\n");
}

void fov_html_photos(fov_text *html, const fov_comparison *c)
{
    if (!c->n_worst) return;
    fov_text_print(html,
                   "<section>\n<h2>Photos that differ most</h2>\n<p class=\"muted\">The part with the differences, as A sees it on "
                   "the left and as B on the right.</p>\n<ul class=\"key\"><li style=\"color: var(--muted)\"><i></i><span>white: "
                   "found by both</span></li><li class=\"lost\"><i></i><span>lost: A alone</span></li><li class=\"gained\"><i></i>"
                   "<span>gained: B alone</span></li><li><span>dashed: not found on this side, with the score it has there</span>"
                   "</li></ul>\n");
    for (size_t i = 0; i < c->n_worst; i++) print_case(html, &c->worst[i], i + 1);
    fov_text_print(html, "</section>\n");
}
