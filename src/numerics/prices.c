// SPDX-License-Identifier: MIT
/*
 * A group's weights are the rows that make its channels and the columns that read them. Their exponents say at which
 * exponents of the group each of them is subnormal, so one pass over them prices every choice at once.
 */
#include "numerics/prices.h"

#include "base/alloc.h"
#include "base/half.h"

#include <math.h>
#include <string.h>

enum {
    SMALLEST_NORMAL = -14, /* exponent of binary16's smallest normal number; weights below are subnormal */
    LARGEST_WEIGHT = 14    /* weights stay below 2^15                                                    */
};

#define OVERFLOWS ((int64_t)1 << 40) /* a weight above the range, for each exponent that it is too large */
#define UNIT_ROUNDOFF 0x1p-11        /* of binary16                                                      */

/* ---------------------------------------------------------------- who is around a group */

static int group_of(const fov_scaling *s, const fov_strand *at)
{
    const fov_layer *layer = &s->layer[at->layer];
    return fov_scaling_group(s, at->makes ? layer->y : layer->x, at->channel);
}

static size_t count_strands(const fov_scaling *s)
{
    size_t count = 0;
    for (int l = 0; l < s->n_layer; l++) count += (size_t)s->layer[l].out + (size_t)(s->layer[l].per_group * s->layer[l].groups);
    return count;
}

/* Every strand once: to count those of each group, or to file them. */
static void walk_strands(fov_prices *c, bool file)
{
    const fov_scaling *s = c->s;
    for (int l = 0; l < s->n_layer; l++)
        for (int makes = 0; makes < 2; makes++) {
            const int count = makes ? s->layer[l].out : s->layer[l].per_group * s->layer[l].groups;
            for (int i = 0; i < count; i++) {
                const fov_strand at = {l, i, makes};
                const int        g = group_of(s, &at);
                if (file) c->strand[c->start[g]++] = at;
                else c->start[g + 1]++;
            }
        }
}

static void file_strands(fov_prices *c)
{
    const int n = c->s->channels.count;
    walk_strands(c, false);
    for (int g = 0; g < n; g++) c->start[g + 1] += c->start[g];
    walk_strands(c, true);
    for (int g = n; g > 0; g--) c->start[g] = c->start[g - 1]; /* filing has moved each start to its end */
    c->start[0] = 0;
}

static void find_prices(fov_prices *c)
{
    const fov_scaling *s = c->s;
    for (int l = 0; l < s->n_layer; l++)
        for (int o = 0; o < s->layer[l].out; o++) {
            const double reach = fov_layer_reach(s, &s->layer[l], o);
            c->price[c->row[l] + (size_t)o] = reach > 0 && isfinite(reach) ? FOV_COST_SHOWS / UNIT_ROUNDOFF / reach : 0;
        }
}

fov_status fov_prices_init(fov_prices *c, const fov_scaling *s, fov_error *err)
{
    size_t rows = 0;
    *c = (fov_prices){.s = s};
    c->row = fov_alloc_array((size_t)s->n_layer, sizeof *c->row);
    for (int l = 0; l < s->n_layer && c->row; rows += (size_t)s->layer[l++].out) c->row[l] = rows;
    c->strand = fov_alloc_array(count_strands(s), sizeof *c->strand);
    c->start = fov_calloc((size_t)s->channels.count + 2, sizeof *c->start);
    c->price = fov_alloc_array(rows, sizeof *c->price);
    if (!c->strand || !c->start || !c->price || !c->row) return fov_fail_memory(err, "choosing scales");
    file_strands(c);
    find_prices(c);
    return FOV_OK;
}

void fov_prices_clear(fov_prices *c)
{
    fov_free(c->strand);
    fov_free(c->start);
    fov_free(c->price);
    fov_free(c->row);
}

/* ---------------------------------------------------------------- what an exponent costs */

/* c->cost holds differences while weights are added: `cost` from exponent `from` on, to the end. */
static void cost_from(fov_prices *c, int from, int64_t cost)
{
    if (from > c->high) return;
    c->cost[from < c->low ? 0 : from - c->low] += cost;
}

/* A number that is 2^exponent when the group's exponent is 0. `rises`: with the group's, else against it. */
static void add_number(fov_prices *c, int exponent, bool rises, int64_t cost)
{
    if (rises) { /* subnormal below SMALLEST_NORMAL - exponent */
        cost_from(c, c->low, cost);
        cost_from(c, SMALLEST_NORMAL - exponent, -cost);
        for (int k = LARGEST_WEIGHT - exponent + 1; k <= c->high; k++) cost_from(c, k < c->low ? c->low : k, OVERFLOWS);
    } else { /* subnormal above exponent - SMALLEST_NORMAL */
        cost_from(c, exponent - SMALLEST_NORMAL + 1, cost);
        for (int k = c->low; k < exponent - LARGEST_WEIGHT; k++) {
            cost_from(c, c->low, OVERFLOWS);
            cost_from(c, k + 1, -OVERFLOWS);
        }
    }
}

/* Of a finite number: floor(log2 |w|), for subnormal ones of FP32 an upper bound, which is far below all that counts here. */
static int exponent_of(float w)
{
    return (int)(fov_bits_from_float(w) >> 23 & 255U) - 127;
}

/* What it costs to leave a weight subnormal. */
static int64_t cost_of(float w, double price)
{
    const double shows = price * fabs((double)w);
    return 1 + (int64_t)(shows < 0x1p30 ? shows : 0x1p30);
}

static void add_weight(fov_prices *c, float w, int other, bool rises, double price)
{
    if (w != 0 && isfinite(w)) add_number(c, exponent_of(w) + other, rises, cost_of(w, price));
}

static void add_row(fov_prices *c, const fov_strand *at)
{
    const fov_scaling *s = c->s;
    const fov_layer   *layer = &s->layer[at->layer];
    const float       *w = layer->w + (size_t)at->channel * (size_t)layer->per_group * (size_t)layer->taps;
    const double       price = c->price[c->row[at->layer] + (size_t)at->channel];
    const int          g = fov_scaling_group(s, layer->y, at->channel);
    if (layer->b) add_weight(c, layer->b[at->channel], 0, true, price);
    for (int i = 0; i < layer->per_group; i++) {
        const int from = fov_scaling_group(s, layer->x, fov_layer_input(layer, at->channel, i));
        for (int t = 0; t < layer->taps && from != g; t++)
            add_weight(c, w[i * layer->taps + t], -s->exponent[from], true, price * (double)s->magnitude[from]);
    }
}

static void add_column(fov_prices *c, const fov_strand *at)
{
    const fov_scaling *s = c->s;
    const fov_layer   *layer = &s->layer[at->layer];
    const int          per = layer->out / layer->groups, first = at->channel / layer->per_group * per;
    const int          g = fov_scaling_group(s, layer->x, at->channel);
    for (int o = first; o < first + per; o++) {
        const size_t at_w = ((size_t)o * (size_t)layer->per_group + (size_t)(at->channel % layer->per_group)) * (size_t)layer->taps;
        const double price = c->price[c->row[at->layer] + (size_t)o] * (double)s->magnitude[g];
        const int    to = fov_scaling_group(s, layer->y, o);
        for (int t = 0; t < layer->taps && to != g; t++) add_weight(c, layer->w[at_w + (size_t)t], s->exponent[to], false, price);
    }
}

void fov_prices_of_group(fov_prices *c, int g)
{
    memset(c->cost, 0, sizeof c->cost);
    for (int i = c->start[g]; i < c->start[g + 1]; i++)
        if (c->strand[i].makes) add_row(c, &c->strand[i]);
        else add_column(c, &c->strand[i]);
    for (int k = 1; k <= c->high - c->low; k++) c->cost[k] += c->cost[k - 1];
}

/* What all weights cost at the exponents chosen. */
static int64_t cost_of_weight(float w, int exponent, double price)
{
    if (w == 0 || !isfinite(w)) return 0;
    exponent += exponent_of(w);
    if (exponent > LARGEST_WEIGHT) return OVERFLOWS * (exponent - LARGEST_WEIGHT);
    return exponent < SMALLEST_NORMAL ? cost_of(w, price) : 0;
}

static int64_t cost_of_layer(const fov_prices *c, int l)
{
    const fov_scaling *s = c->s;
    const fov_layer   *layer = &s->layer[l];
    const float       *w = layer->w;
    int64_t            cost = 0;
    for (int o = 0; o < layer->out; o++) {
        const double price = c->price[c->row[l] + (size_t)o];
        const int    up = s->exponent[fov_scaling_group(s, layer->y, o)];
        if (layer->b) cost += cost_of_weight(layer->b[o], up, price);
        for (int i = 0; i < layer->per_group; i++) {
            const int    from = fov_scaling_group(s, layer->x, fov_layer_input(layer, o, i)), by = up - s->exponent[from];
            const double meets = price * (double)s->magnitude[from];
            for (int t = 0; t < layer->taps; t++) cost += cost_of_weight(*w++, by, meets);
        }
    }
    return cost;
}

int64_t fov_prices_total(const fov_prices *c)
{
    int64_t cost = 0;
    for (int l = 0; l < c->s->n_layer; l++) cost += cost_of_layer(c, l);
    return cost;
}
