// SPDX-License-Identifier: MIT
#include "import/heads_columns.h"

#include <math.h>

static void add_forms(fov_column **next, fov_column form, int count)
{
    for (form.channel = 0; form.channel < count; form.channel++) *(*next)++ = form;
}

void fov_columns_list(fov_column *list)
{
    add_forms(&list, (fov_column){FOV_HEAD_SCORES, FOV_COLUMN_RAW, 0, false}, 2);
    add_forms(&list, (fov_column){FOV_HEAD_SCORES, FOV_COLUMN_SOFTMAX, 0, false}, 2);
    add_forms(&list, (fov_column){FOV_HEAD_BOXES, FOV_COLUMN_RAW, 0, false}, 4);
    add_forms(&list, (fov_column){FOV_HEAD_LANDMARKS, FOV_COLUMN_RAW, 0, false}, 10);
    for (int pixels = 0; pixels < 2; pixels++) {
        add_forms(&list, (fov_column){FOV_HEAD_BOXES, FOV_COLUMN_CORNER, 0, pixels}, 4);
        add_forms(&list, (fov_column){FOV_HEAD_BOXES, FOV_COLUMN_CENTRE, 0, pixels}, 4);
        add_forms(&list, (fov_column){FOV_HEAD_LANDMARKS, FOV_COLUMN_POINT, 0, pixels}, 10);
    }
}

/* ---------------------------------------------------------------- prediction */

static double raw(const fov_heads *heads, const fov_tail *tail, fov_head_kind kind, int64_t n, fov_prior p, int channel)
{
    const fov_view *view = &tail->input[p.level * FOV_HEAD_KINDS + (int)kind];
    const int64_t   columns = heads->level[p.level].columns, cells = heads->level[p.level].rows * columns;
    const int64_t   plane = n * view->shape.dim[1] + (int64_t)p.anchor * fov_head_width[kind] + channel;
    return (double)((const float *)view->data)[plane * cells + p.row * columns + p.column];
}

static double centre(const fov_heads *heads, fov_prior p, int axis)
{
    return ((double)(axis ? p.row : p.column) + 0.5) * heads->level[p.level].stride;
}

/* Pixels, from the prior: centre + v0 * loc * side; side * exp(v1 * loc). */
static double decode(const fov_column *c, const fov_heads *heads, const fov_settings *s, const fov_tail *tail, int64_t n,
                     fov_prior p)
{
    const double side = (double)s->level[p.level].side[p.anchor];
    const int    axis = c->channel % 2;
    const int    from = c->form == FOV_COLUMN_POINT ? c->channel : axis;
    const double middle = centre(heads, p, axis) + (double)s->variance[0] * side * raw(heads, tail, c->kind, n, p, from);
    if (c->form == FOV_COLUMN_POINT || (c->form == FOV_COLUMN_CENTRE && c->channel < 2)) return middle;
    const double size = side * exp((double)s->variance[1] * raw(heads, tail, c->kind, n, p, axis + 2));
    if (c->form == FOV_COLUMN_CENTRE) return size;
    return c->channel < 2 ? middle - size / 2 : middle + size / 2;
}

double fov_column_predict(const fov_column *c, const fov_heads *heads, const fov_settings *s, const fov_tail *tail, int64_t n,
                          fov_prior p)
{
    if (c->form == FOV_COLUMN_RAW) return raw(heads, tail, c->kind, n, p, c->channel);
    if (c->form == FOV_COLUMN_SOFTMAX) {
        double other = raw(heads, tail, c->kind, n, p, 1 - c->channel);
        return 1 / (1 + exp(other - raw(heads, tail, c->kind, n, p, c->channel)));
    }
    double pixels = decode(c, heads, s, tail, n, p);
    return c->pixels ? pixels : pixels / (double)(c->channel % 2 ? heads->height : heads->width);
}

/* ---------------------------------------------------------------- layout */

int64_t fov_layout_rows(const fov_heads *heads, unsigned levels)
{
    int64_t rows = 0;
    for (int k = 0; k < heads->n_level; k++)
        if (levels >> k & 1) rows += heads->level[k].rows * heads->level[k].columns * heads->level[k].n_anchor;
    return rows;
}

fov_prior fov_layout_prior(const fov_heads *heads, const fov_layout *layout, int64_t row)
{
    for (int i = 0; i < heads->n_level; i++) {
        const int              k = layout->coarse_first ? heads->n_level - 1 - i : i;
        const fov_heads_level *level = &heads->level[k];
        const int64_t          here = fov_layout_rows(heads, layout->levels & 1U << k);
        const int64_t          cell = row / level->n_anchor;
        if (row < here) return (fov_prior){k, (int)(row % level->n_anchor), cell / level->columns, cell % level->columns};
        row -= here;
    }
    return (fov_prior){0};
}

int64_t fov_layout_index(const fov_heads *heads, const fov_layout *layout, int64_t row, int64_t column)
{
    if (layout->order == FOV_LAYOUT_ROWS) return row * layout->n_column + column;
    if (layout->order == FOV_LAYOUT_COLUMNS) return column * layout->n_row + row;
    const fov_prior        p = fov_layout_prior(heads, layout, row);
    const fov_heads_level *level = &heads->level[p.level];
    return ((p.anchor * layout->n_column + column) * level->rows + p.row) * level->columns + p.column;
}
