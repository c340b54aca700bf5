// SPDX-License-Identifier: MIT
/* Precision over recall: a panel per setting, a line per engine, and below them who is who with the average precisions. */
#include "base/alloc.h"
#include "eval/canvas.h"
#include "eval/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PANEL = 300, LEFT = 50, TOP = 36, GAP = 50, BELOW = 60, ROW = 18, RIGHT = 20, MAX_NAME = 30, N_COLOURS = 12 };

static const float NEAR = 0.25F; /* of a pixel: points that are nearer to the last one are not drawn */

static const fov_ink black = {32, 32, 32, 1}, gray = {220, 220, 220, 1};

/* Told apart also without red or green: Okabe and Ito's, then darker ones. */
static const fov_ink colours[N_COLOURS] = {{0, 114, 178, 1},  {213, 94, 0, 1},   {0, 158, 115, 1}, {204, 121, 167, 1},
                                           {230, 159, 0, 1},  {86, 180, 233, 1}, {0, 0, 0, 1},     {150, 140, 20, 1},
                                           {110, 60, 160, 1}, {130, 30, 30, 1},  {0, 90, 70, 1},   {120, 120, 120, 1}};

static float panel_x(int setting)
{
    return (float)(LEFT + setting * (PANEL + GAP));
}

static fov_point at(int setting, double recall, double precision)
{
    return (fov_point){panel_x(setting) + (float)recall * PANEL, TOP + (1 - (float)precision) * PANEL};
}

static void draw_line(fov_canvas *c, fov_point from, fov_point to, float width, fov_ink ink)
{
    const fov_point ends[2] = {from, to};
    c->format->line(c, ends, 2, width, ink);
}

static void draw_grid(fov_canvas *c, int setting)
{
    for (int i = 0; i <= 5; i++) {
        char      number[8];
        double    value = 0.2 * i;
        fov_point below = at(setting, value, 0), left = at(setting, 0, value);
        draw_line(c, below, at(setting, value, 1), 1, gray);
        draw_line(c, left, at(setting, 1, value), 1, gray);
        snprintf(number, sizeof number, "%.1f", value);
        c->format->words(c, (fov_point){below.x, below.y + 16}, FOV_ALIGN_MIDDLE, black, number);
        c->format->words(c, (fov_point){left.x - 6, left.y + FOV_CANVAS_CAPITAL / 2}, FOV_ALIGN_RIGHT, black, number);
    }
    draw_line(c, at(setting, 0, 0), at(setting, 1, 0), 1.5F, black);
    draw_line(c, at(setting, 0, 0), at(setting, 0, 1), 1.5F, black);
}

static void draw_panel(fov_canvas *c, int setting, const char *name)
{
    const float x = panel_x(setting);
    draw_grid(c, setting);
    c->format->words(c, (fov_point){x, TOP - 10}, FOV_ALIGN_LEFT, black, "precision");
    c->format->words(c, (fov_point){x + PANEL / 2.0F, TOP - 10}, FOV_ALIGN_MIDDLE, black, name);
    c->format->words(c, (fov_point){x + PANEL, TOP + PANEL + 32}, FOV_ALIGN_RIGHT, black, "recall");
}

/* Thresholds that nothing reaches have no precision. */
static void draw_curve(fov_canvas *c, int setting, const fov_wider_curve *curve, fov_ink ink)
{
    fov_point point[FOV_WIDER_STEPS];
    size_t    n = 0;
    for (int k = 0; k < FOV_WIDER_STEPS; k++) {
        if (!curve->counted[k]) continue;
        fov_point p = at(setting, curve->recall[k], curve->precision[k]);
        /* cppcheck-suppress uninitvar ; n of them are set */
        if (n && hypotf(p.x - point[n - 1].x, p.y - point[n - 1].y) < NEAR) continue;
        point[n++] = p;
    }
    if (n == 1) point[n++] = point[0];
    if (n) c->format->line(c, point, n, 1.5F, ink);
}

static void draw_row(fov_canvas *c, const fov_evaluation *e, size_t engine)
{
    const fov_evaluated *who = &e->engine[engine];
    const fov_ink        ink = colours[engine % N_COLOURS];
    const float          y = (float)(TOP + PANEL + BELOW) + (float)ROW * (float)engine, middle = y - FOV_CANVAS_CAPITAL / 2;
    char                 text[MAX_NAME + 1];
    snprintf(text, sizeof text, "%s", who->name);
    if (strlen(who->name) > MAX_NAME) snprintf(text + MAX_NAME - 2, sizeof "..", "..");
    draw_line(c, (fov_point){LEFT, middle}, (fov_point){LEFT + 18, middle}, 3, ink);
    c->format->words(c, (fov_point){LEFT + 26, y}, FOV_ALIGN_LEFT, black, text);
    for (int s = 0; s < e->settings; s++) {
        snprintf(text, sizeof text, "%.2f", 100 * who->curve[s].ap);
        c->format->words(c, (fov_point){panel_x(s) + PANEL, y}, FOV_ALIGN_RIGHT, black, text);
    }
}

static void draw(fov_canvas *c, const fov_evaluation *e)
{
    for (int s = 0; s < e->settings; s++) draw_panel(c, s, e->setting[s]);
    for (size_t i = e->count; i-- > 0;) /* the first on top: it is what the others are compared with */
        for (int s = 0; s < e->settings; s++) draw_curve(c, s, &e->engine[i].curve[s], colours[i % N_COLOURS]);
    for (size_t i = 0; i < e->count; i++) draw_row(c, e, i);
}

/* By the ending of `path`. @return NULL: none is written in that */
static const fov_canvas_format *format_of(const char *path)
{
    static const fov_canvas_format *const all[] = {&fov_canvas_svg, &fov_canvas_png};
    const char                           *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof all / sizeof *all; i++)
        if (!strcasecmp(dot, all[i]->ending)) return all[i];
    return NULL;
}

fov_status fov_evaluation_save_curves(const fov_evaluation *e, const char *path, fov_error *err)
{
    fov_canvas c = {.format = format_of(path),
                    .width = LEFT + e->settings * (PANEL + GAP) - GAP + RIGHT,
                    .height = TOP + PANEL + BELOW + ROW * (int)e->count};
    fov_buffer file = {0};
    if (!c.format) return fov_fail(err, FOV_ERR_ARGUMENT, "%s: curves are drawn into .svg or .png", path);
    fov_status st = c.format->begin(&c, err);
    if (!st) {
        draw(&c, e);
        st = c.format->end(&c, &file, err);
    }
    if (!st) st = fov_file_write(path, file.data, file.size, err);
    fov_buffer_clear(&file);
    fov_text_clear(&c.text);
    fov_photo_free(c.photo);
    return st;
}
