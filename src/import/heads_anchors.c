// SPDX-License-Identifier: MIT
#include "import/heads_anchors.h"

#include "graph/op.h"
#include "import/heads_columns.h"

#include <math.h>

enum { MAX_SIDE = 65536 };

/* What is tried on one output: boxes as corners or as centre and size, in pixels or in 0..1. */
typedef struct trial {
    const fov_heads *heads;
    fov_layout       layout;
    bool             corners, pixels;
    const float     *zero, *one; /* the output for heads of 0 and of 1 */
} trial;

typedef struct box {
    double x, y, w, h; /* centre and size, pixels */
} box;

static box read_box(const trial *t, const float *data, int64_t row)
{
    const double sx = t->pixels ? 1 : (double)t->heads->width, sy = t->pixels ? 1 : (double)t->heads->height;
    double       v[4];
    for (int i = 0; i < 4; i++) v[i] = (double)data[fov_layout_index(t->heads, &t->layout, row, i)] * (i % 2 ? sy : sx);
    if (!t->corners) return (box){v[0], v[1], v[2], v[3]};
    return (box){(v[0] + v[2]) / 2, (v[1] + v[3]) / 2, v[2] - v[0], v[3] - v[1]};
}

static bool is_square_on_cell(const trial *t, box b, fov_prior p)
{
    const double stride = t->heads->level[p.level].stride, slack = 0.05;
    return fabs(b.x - ((double)p.column + 0.5) * stride) <= slack * stride &&
           fabs(b.y - ((double)p.row + 0.5) * stride) <= slack * stride && b.w > 0 && b.w <= MAX_SIDE &&
           fabs(b.w - b.h) <= slack * b.w;
}

/* A mean of rounded numbers -> the number that somebody once typed. */
static float tidy(double value, double step)
{
    double near = round(value / step) * step;
    return (float)(fabs(near - value) <= 2e-3 * value ? near : value);
}

static bool read_trial(const trial *t, fov_settings *settings)
{
    double side[FOV_MAX_LEVELS][FOV_MAX_ANCHORS] = {0}, shift = 0, growth = 0;
    for (int64_t row = 0; row < t->layout.n_row; row++) {
        const fov_prior        p = fov_layout_prior(t->heads, &t->layout, row);
        const fov_heads_level *level = &t->heads->level[p.level];
        const box              at_zero = read_box(t, t->zero, row), at_one = read_box(t, t->one, row);
        if (!is_square_on_cell(t, at_zero, p)) return false;
        side[p.level][p.anchor] += at_zero.w / (double)(level->rows * level->columns);
        shift += (at_one.x - at_zero.x) / at_zero.w / (double)t->layout.n_row;
        growth += log(at_one.w / at_zero.w) / (double)t->layout.n_row;
    }
    if (!(shift > 0 && isfinite(shift) && growth > 0 && isfinite(growth))) return false;
    settings->variance[0] = tidy(shift, 0.01);
    settings->variance[1] = tidy(growth, 0.01);
    for (int k = 0; k < t->heads->n_level; k++) {
        fov_level *level = &settings->level[k];
        if (!(t->layout.levels >> k & 1)) continue;
        *level = (fov_level){.stride = t->heads->level[k].stride, .n_anchor = t->heads->level[k].n_anchor};
        for (int a = 0; a < level->n_anchor; a++) level->side[a] = tidy(side[k][a], 1);
    }
    return true;
}

static bool read_output(const fov_heads *heads, const fov_view *zero, const fov_view *one, unsigned levels, fov_settings *settings)
{
    trial  t = {.heads = heads, .zero = zero->data, .one = one->data};
    size_t count = 0;
    fov_shape_count(&zero->shape, &count);
    t.layout = (fov_layout){.order = FOV_LAYOUT_ROWS, .levels = levels, .n_row = fov_layout_rows(heads, levels), .n_column = 4};
    if (zero->dtype != FOV_F32 || (int64_t)count != heads->batch * t.layout.n_row * t.layout.n_column) return false;
    for (int form = 0; form < 4; form++) {
        t.corners = form & 1;
        t.pixels = form & 2;
        if (read_trial(&t, settings)) return true;
    }
    return false;
}

static void fill(const fov_tail *tail, float value)
{
    for (int i = 0; i < tail->graph->n_input; i++) {
        size_t count = 0;
        fov_shape_count(&tail->input[i].shape, &count);
        for (size_t k = 0; k < count; k++) ((float *)tail->input[i].data)[k] = value;
    }
}

fov_status fov_heads_read_anchors(const fov_tail *tail, const fov_heads *heads, fov_settings *settings, bool *found, fov_error *err)
{
    fov_view  *zero = NULL, *one = NULL;
    fov_status st;
    unsigned   covered = 0;
    *found = false;
    fill(tail, 0);
    if ((st = fov_tail_run(tail, &zero, err))) return st;
    fill(tail, 1);
    if ((st = fov_tail_run(tail, &one, err))) goto done;
    settings->n_level = heads->n_level;
    for (int i = 0; i < tail->graph->n_output; i++) {
        const int      value = tail->graph->output[i];
        const unsigned levels = fov_tail_levels(tail->reach[value]);
        if (fov_tail_kinds(tail->reach[value]) == 1U << FOV_HEAD_BOXES &&
            read_output(heads, &zero[value], &one[value], levels, settings))
            covered |= levels;
    }
    *found = covered == (1U << heads->n_level) - 1;
done:
    fov_values_free(tail->graph, zero);
    fov_values_free(tail->graph, one);
    return st;
}
