// SPDX-License-Identifier: MIT
/* Structure can mislead: anchors may come in another order, boxes may be decoded with other variances. So the tail is run on
 * random heads, and every column of every output is compared with all that we know how to make of these heads. */
#include "import/heads.h"
#include "import/heads_anchors.h"
#include "import/heads_columns.h"

#include "base/text.h"
#include "graph/op.h"

#include <math.h>
#include <string.h>

/* Room for priors in half precision; a shift of half a cell is ten times as much at any usual size. */
#define TOLERANCE 5e-4

enum {
    ALL_RAW_LANDMARKS = 0x3ff,
    ALL_RAW_BOX = 0xf,
    FACE = 2,
};

typedef struct proof {
    const fov_heads    *heads;
    const fov_settings *settings;
    const fov_tail     *tail;
    const fov_view     *values; /* of the tail, run on random heads */
    fov_column          form[FOV_COLUMN_FORMS];
    uint32_t            seen[FOV_MAX_LEVELS][FOV_HEAD_KINDS][2]; /* channels found, [0] raw (scores: any), [1] decoded */
    fov_error          *err;
} proof;

/* ---------------------------------------------------------------- random heads */

static float random_unit(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15U; /* SplitMix64 */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return (float)((z ^ z >> 31) >> 40) * 0x1p-23F - 1;
}

static void fill_random(const fov_tail *tail)
{
    uint64_t state = 1;
    for (int i = 0; i < tail->graph->n_input; i++) {
        size_t count = 0;
        float *data = tail->input[i].data;
        fov_shape_count(&tail->input[i].shape, &count);
        for (size_t k = 0; k < count; k++) data[k] = 2 * random_unit(&state);
    }
}

/* ---------------------------------------------------------------- one output */

static bool is_column(const proof *p, const float *data, const fov_layout *layout, int64_t column, const fov_column *form)
{
    const int64_t size = layout->n_row * layout->n_column;
    for (int64_t n = 0; n < p->heads->batch; n++)
        for (int64_t row = 0; row < layout->n_row; row++) {
            double want = fov_column_predict(form, p->heads, p->settings, p->tail, n, fov_layout_prior(p->heads, layout, row));
            double got = (double)data[n * size + fov_layout_index(p->heads, layout, row, column)];
            if (!(fabs(got - want) <= TOLERANCE * (1 + fabs(want)))) return false;
        }
    return true;
}

static const fov_column *find_form(const proof *p, const float *data, const fov_layout *layout, int64_t column)
{
    for (int i = 0; i < FOV_COLUMN_FORMS; i++)
        if (is_column(p, data, layout, column, &p->form[i])) return &p->form[i];
    return NULL;
}

static void note(proof *p, unsigned levels, const fov_column *form)
{
    bool decoded = form->form == FOV_COLUMN_CORNER || form->form == FOV_COLUMN_CENTRE || form->form == FOV_COLUMN_POINT;
    int  bit = form->channel + (form->form == FOV_COLUMN_CENTRE ? 4 : 0);
    for (int k = 0; k < p->heads->n_level; k++)
        if (levels >> k & 1) p->seen[k][form->kind][decoded] |= 1U << bit;
}

static bool try_layout(proof *p, const float *data, const fov_layout *layout)
{
    const fov_column *form[FOV_MAX_COLUMNS];
    for (int64_t c = 0; c < layout->n_column; c++)
        if (!(form[c] = find_form(p, data, layout, c))) return false;
    for (int64_t c = 0; c < layout->n_column; c++) note(p, layout->levels, form[c]);
    return true;
}

static bool prove_output(proof *p, const fov_view *view, uint32_t reach)
{
    fov_layout layout = {.levels = fov_tail_levels(reach)};
    size_t     count = 0;
    fov_shape_count(&view->shape, &count);
    layout.n_row = fov_layout_rows(p->heads, layout.levels);
    layout.n_column = layout.n_row ? (int64_t)count / p->heads->batch / layout.n_row : 0;
    if (view->dtype != FOV_F32 || layout.n_column < 1 || layout.n_column > FOV_MAX_COLUMNS ||
        layout.n_column * layout.n_row * p->heads->batch != (int64_t)count)
        return false;
    const bool one_level = !(layout.levels & (layout.levels - 1));
    for (layout.order = FOV_LAYOUT_ROWS; layout.order <= (one_level ? FOV_LAYOUT_PLANES : FOV_LAYOUT_COLUMNS); layout.order++) {
        layout.coarse_first = false;
        if (try_layout(p, view->data, &layout)) return true;
        layout.coarse_first = !one_level;
        if (layout.coarse_first && try_layout(p, view->data, &layout)) return true;
    }
    return false;
}

/* ---------------------------------------------------------------- all outputs */

/* A message is one line. */
static void print_in_a_line(const fov_settings *settings, fov_text *line)
{
    fov_text text = {0};
    fov_settings_print(settings, &text);
    for (const char *at = text.data; at && *at;) {
        const size_t length = strcspn(at, "\n");
        if (line->size) fov_text_add(line, "; ", 2);
        fov_text_add(line, at, length);
        at += length + (at[length] == '\n');
    }
    fov_text_clear(&text);
}

static fov_status fail_output(const proof *p, int value, uint32_t reach)
{
    const char    *name = p->tail->graph->value[value].name;
    const unsigned kinds = fov_tail_kinds(reach);
    char           shape[128];
    fov_shape_print(&p->values[value].shape, shape, sizeof shape);
    if (kinds == 1U << FOV_HEAD_SCORES)
        return fov_fail(
            p->err, FOV_ERR_UNSUPPORTED,
            "output '%s' (%s) is neither the two classes of every anchor nor their softmax, in the order level, row, column, "
            "anchor, {background, face}: this is another way to score than RetinaFace's",
            name, shape);
    if (kinds == 1U << FOV_HEAD_BOXES || kinds == 1U << FOV_HEAD_LANDMARKS) {
        fov_text text = {0};
        print_in_a_line(p->settings, &text);
        fov_status st =
            fov_fail(p->err, FOV_ERR_UNSUPPORTED,
                     "output '%s' (%s) is decoded with other anchors or variances than the settings say, or in an order or form "
                     "that is not known here: pass the right `anchors` and `variances`. They are: %s",
                     name, shape, text.data ? text.data : "");
        fov_text_clear(&text);
        return st;
    }
    return fov_fail(
        p->err, FOV_ERR_UNSUPPORTED,
        "output '%s' (%s) mixes heads in a way that is not known here: export boxes, scores and landmarks as they leave the "
        "network, without decoding or selection",
        name, shape);
}

static fov_status prove_outputs(proof *p)
{
    const fov_graph *tail = p->tail->graph;
    for (int i = 0; i < tail->n_output; i++) {
        int value = tail->output[i];
        if (!p->tail->reach[value]) continue; /* a constant, such as the priors */
        if (!prove_output(p, &p->values[value], p->tail->reach[value])) return fail_output(p, value, p->tail->reach[value]);
    }
    return FOV_OK;
}

static fov_status check_complete(const proof *p)
{
    static const char *const names[FOV_HEAD_KINDS] = {"score of the face", "four numbers of the box",
                                                      "ten numbers of the landmarks"};
    for (int k = 0; k < p->heads->n_level; k++) {
        const uint32_t(*seen)[2] = p->seen[k];
        const uint32_t box = seen[FOV_HEAD_BOXES][1];
        const bool     all[FOV_HEAD_KINDS] = {
            seen[FOV_HEAD_SCORES][0] & FACE,
            seen[FOV_HEAD_BOXES][0] == ALL_RAW_BOX || (box & ALL_RAW_BOX) == ALL_RAW_BOX || box >> 4 == ALL_RAW_BOX,
            seen[FOV_HEAD_LANDMARKS][0] == ALL_RAW_LANDMARKS || seen[FOV_HEAD_LANDMARKS][1] == ALL_RAW_LANDMARKS,
        };
        for (int kind = 0; kind < FOV_HEAD_KINDS; kind++)
            if (!all[kind])
                return fov_fail(p->err, FOV_ERR_UNSUPPORTED,
                                "no output of the graph gives the %s at stride %d: export all three heads", names[kind],
                                p->heads->level[k].stride);
    }
    return FOV_OK;
}

static fov_status prove(const fov_tail *tail, const fov_heads *heads, const fov_settings *settings, fov_error *err)
{
    proof     p = {.heads = heads, .settings = settings, .tail = tail, .err = err};
    fov_view *values;
    fill_random(tail);
    fov_status st = fov_tail_run(tail, &values, err);
    if (st) return st;
    p.values = values;
    fov_columns_list(p.form);
    st = prove_outputs(&p);
    if (!st) st = check_complete(&p);
    fov_values_free(tail->graph, values);
    return st;
}

/* ---------------------------------------------------------------- settings */

static bool fits(const fov_heads *heads, const fov_settings *settings)
{
    if (heads->n_level != settings->n_level) return false;
    for (int k = 0; k < heads->n_level; k++)
        if (heads->level[k].stride != settings->level[k].stride || heads->level[k].n_anchor != settings->level[k].n_anchor)
            return false;
    return true;
}

static fov_status fail_fit(const fov_heads *heads, const fov_settings *settings, fov_error *err)
{
    fov_text text = {0};
    for (int k = 0; k < heads->n_level; k++)
        fov_text_print(&text, "%s%d at stride %d", k ? ", " : "", heads->level[k].n_anchor, heads->level[k].stride);
    fov_text_print(&text, "; the settings have");
    for (int k = 0; k < settings->n_level; k++)
        fov_text_print(&text, "%s %d at stride %d", k ? "," : "", settings->level[k].n_anchor, settings->level[k].stride);
    fov_status st =
        fov_fail(err, FOV_ERR_UNSUPPORTED, "the graph has these anchors a cell: %s: pass the right `anchors` and `strides`",
                 text.data ? text.data : "");
    fov_text_clear(&text);
    return st;
}

fov_status fov_heads_prove(const fov_graph *graph, const fov_view *values, const fov_heads *heads, fov_settings *settings,
                           fov_error *err)
{
    fov_tail     tail;
    fov_settings read = *settings;
    fov_status   st = fov_tail_cut(graph, values, heads, &tail, err);
    if (st) goto done;
    bool fit = fits(heads, settings);
    if (fit && !(st = prove(&tail, heads, settings, err))) goto done;
    if (st && st != FOV_ERR_UNSUPPORTED) goto done;

    bool       found = false;
    fov_status read_st = fov_heads_read_anchors(&tail, heads, &read, &found, err);
    if (read_st) st = read_st;
    else if (found && !(st = prove(&tail, heads, &read, err))) *settings = read;
    else if (!fit && !found) st = fail_fit(heads, settings, err);
done:
    fov_tail_clear(&tail);
    return st;
}
