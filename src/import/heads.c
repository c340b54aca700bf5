// SPDX-License-Identifier: MIT
#include "import/heads.h"

#include "base/alloc.h"

#include <stdlib.h>

enum { MAX_FOUND = 64 };

const int fov_head_width[FOV_HEAD_KINDS] = {2, 4, 10};

/* Nodes stand in topological order, so one sweep from the back sees every reader of a value before its maker. */
void fov_heads_mark_tail(const fov_graph *graph, const fov_view *values, bool *needed)
{
    for (int i = 0; i < graph->n_output; i++) needed[graph->output[i]] = !values[graph->output[i]].data;
    for (int i = graph->n_node - 1; i >= 0; i--) {
        const fov_node *node = &graph->node[i];
        bool            wanted = false;
        for (int j = 0; j < node->n_out; j++) wanted |= node->out[j] != FOV_NONE && needed[node->out[j]];
        if (!wanted || node->dead || node->op == FOV_OP_Conv) continue;
        for (int j = 0; j < node->n_in; j++)
            if (node->in[j] != FOV_NONE && !values[node->in[j]].data) needed[node->in[j]] = true;
    }
}

/* ---------------------------------------------------------------- Convs nearest to the outputs */

typedef struct found {
    int     value;
    int64_t batch, channels, rows, columns;
} found;

static int compare_found(const void *a, const void *b)
{
    const found *x = a, *y = b;
    if (x->rows != y->rows) return x->rows > y->rows ? -1 : 1;
    if (x->columns != y->columns) return x->columns > y->columns ? -1 : 1;
    if (x->channels != y->channels) return x->channels < y->channels ? -1 : 1;
    return x->value - y->value;
}

static int collect(const fov_graph *graph, const fov_view *values, const bool *needed, found *list)
{
    int count = 0;
    for (int i = 0; i < graph->n_node && count < MAX_FOUND; i++) {
        const fov_node *node = &graph->node[i];
        if (node->dead || node->op != FOV_OP_Conv || !needed[node->out[0]]) continue;
        const int64_t *dim = values[node->out[0]].shape.dim;
        list[count++] = (found){node->out[0], dim[0], dim[1], dim[2], dim[3]};
    }
    qsort(list, (size_t)count, sizeof *list, compare_found);
    return count;
}

/* ---------------------------------------------------------------- levels */

static int same_size(const found *list, int count)
{
    int n = 1;
    while (n < count && list[n].rows == list[0].rows && list[n].columns == list[0].columns) n++;
    return n;
}

static fov_status fail_found(const found *list, int count, fov_error *err)
{
    fov_text text = {0};
    for (int i = 0; i < count; i += same_size(&list[i], count - i)) {
        fov_text_print(&text, "%s %lldx%lld cells:", i ? ";" : "", (long long)list[i].columns, (long long)list[i].rows);
        for (int k = 0; k < same_size(&list[i], count - i); k++)
            fov_text_print(&text, "%s %lld", k ? "," : "", (long long)list[i + k].channels);
    }
    fov_status st =
        fov_fail(err, FOV_ERR_UNSUPPORTED,
                 "the graph does not end in the heads of a RetinaFace: expected for every stride three Convs with 2, 4 and 10 "
                 "channels per anchor (two classes, box, five landmarks), at most %d strides; found Convs with these "
                 "channels before the outputs:%s",
                 FOV_MAX_LEVELS, text.data ? text.data : " none");
    fov_text_clear(&text);
    return st;
}

/* Widths are told apart by their ratio alone: 2 to 4 to 10. */
static bool read_level(const found *list, int count, fov_heads *heads)
{
    int64_t anchors = list[0].channels / fov_head_width[0];
    if (same_size(list, count) != FOV_HEAD_KINDS || heads->n_level == FOV_MAX_LEVELS) return false;
    if (anchors < 1 || anchors > FOV_MAX_ANCHORS) return false;

    fov_heads_level *level = &heads->level[heads->n_level++];
    *level = (fov_heads_level){.rows = list[0].rows, .columns = list[0].columns, .n_anchor = (int)anchors};
    for (int kind = 0; kind < FOV_HEAD_KINDS; kind++) {
        if (list[kind].channels != anchors * fov_head_width[kind]) return false;
        level->value[kind] = list[kind].value;
    }
    return true;
}

static fov_status read_stride(const fov_heads *heads, fov_heads_level *level, fov_error *err)
{
    int64_t stride = level->rows ? heads->height / level->rows : 0;
    if (stride < 1 || stride > INT32_MAX || stride * level->rows != heads->height || stride * level->columns != heads->width)
        return fov_fail(
            err, FOV_ERR_UNSUPPORTED,
            "an input of %lldx%lld pixels gives heads of %lldx%lld cells, no whole number of pixels a cell: export the graph at a "
            "size that is a multiple of its largest stride (32), or with open height and width",
            (long long)heads->width, (long long)heads->height, (long long)level->columns, (long long)level->rows);
    level->stride = (int)stride;
    return FOV_OK;
}

/* What follows reads as many images in a head as there are in the input. */
static fov_status check_batch(const fov_graph *graph, const found *list, int count, int64_t batch, fov_error *err)
{
    for (int i = 0; i < count; i++)
        if (list[i].batch != batch)
            return fov_fail(err, FOV_ERR_UNSUPPORTED,
                            "'%.200s' before the outputs has %lld images of the input's %lld: export a graph that answers for each "
                            "image of its input",
                            graph->value[list[i].value].name, (long long)list[i].batch, (long long)batch);
    return FOV_OK;
}

static fov_status read_levels(const found *list, int count, fov_heads *heads, fov_error *err)
{
    if (!count) return fail_found(list, count, err);
    for (int i = 0; i < count; i += FOV_HEAD_KINDS) {
        if (!read_level(&list[i], count - i, heads)) return fail_found(list, count, err);
        fov_status st = read_stride(heads, &heads->level[heads->n_level - 1], err);
        if (st) return st;
    }
    return FOV_OK;
}

fov_status fov_heads_find(const fov_graph *graph, const fov_view *values, const fov_view *input, fov_heads *heads, fov_error *err)
{
    found list[MAX_FOUND];
    bool *needed = fov_calloc((size_t)graph->n_value, sizeof *needed);
    if (!needed) return fov_fail_memory(err, "the search for the heads");
    fov_heads_mark_tail(graph, values, needed);
    bool bypass = needed[graph->input[0]];
    int  count = collect(graph, values, needed, list);
    fov_free(needed);
    *heads = (fov_heads){.batch = input->shape.dim[0], .height = input->shape.dim[2], .width = input->shape.dim[3]};
    if (bypass)
        return fov_fail(err, FOV_ERR_UNSUPPORTED,
                        "an output of the graph follows from the pixels without a Conv; this is no face detector");
    fov_status st = check_batch(graph, list, count, heads->batch, err);
    return st ? st : read_levels(list, count, heads, err);
}
