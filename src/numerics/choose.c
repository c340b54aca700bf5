// SPDX-License-Identifier: MIT
/*
 * Exponents by coordinate descent: group after group takes the exponent that leaves the fewest subnormal weights around it while
 * all others keep theirs, until no group can gain. Moves are made only for a gain and the order is fixed, so the result is the
 * same everywhere, the sum of costs falls with every move, and what is chosen once is not changed by choosing again.
 *
 * A group's weights are the rows that make its channels and the columns that read them. Their exponents say at which
 * exponents of the group each of them is subnormal, so one pass over them prices every choice at once.
 */
#include "numerics/scaling.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SMALLEST_NORMAL = -14, /* exponent of binary16's smallest normal number; weights below are subnormal       */
    LARGEST_WEIGHT = 14,   /* weights stay below 2^15, activations below 2^12: 16 times room for other pictures */
    LARGEST_ACTIVATION = 12,
    SMALLEST_ACTIVATION = -4, /* flushing what is subnormal of a channel then changes it by 2^-10 of its largest */
    WIDEST = 320,             /* exponents of finite floats */
    MOST_SWEEPS = 64
};

#define SHOWS 4096.0                 /* what a weight costs beside 1 whose loss is as large as rounding the channel to FP16 */
#define OVERFLOWS ((int64_t)1 << 40) /* a weight above the range, for each exponent that it is too large */
#define UNIT_ROUNDOFF 0x1p-11        /* of binary16 */

/* A row or a column of a layer's weights. */
typedef struct strand {
    int  layer, channel;
    bool makes; /* a row, which makes the channel, with its bias; else a column, which reads it */
} strand;

typedef struct chooser {
    fov_scaling *s;
    strand      *strand; /* those of group g are at start[g] .. start[g + 1] */
    int         *start;
    double      *price; /* of each channel of a layer's output: what share 1 of its reach costs; at row[layer] + o */
    size_t      *row;
    int          low, high; /* exponents that the group may take */
    int64_t      cost[WIDEST];
} chooser;

/* ---------------------------------------------------------------- who is around a group */

static int group_of(const fov_scaling *s, const strand *at)
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
static void walk_strands(chooser *c, bool file)
{
    const fov_scaling *s = c->s;
    for (int l = 0; l < s->n_layer; l++)
        for (int makes = 0; makes < 2; makes++) {
            const int count = makes ? s->layer[l].out : s->layer[l].per_group * s->layer[l].groups;
            for (int i = 0; i < count; i++) {
                const strand at = {l, i, makes};
                const int    g = group_of(s, &at);
                if (file) c->strand[c->start[g]++] = at;
                else c->start[g + 1]++;
            }
        }
}

static void file_strands(chooser *c)
{
    const int n = c->s->channels.count;
    walk_strands(c, false);
    for (int g = 0; g < n; g++) c->start[g + 1] += c->start[g];
    walk_strands(c, true);
    for (int g = n; g > 0; g--) c->start[g] = c->start[g - 1]; /* filing has moved each start to its end */
    c->start[0] = 0;
}

static void find_prices(chooser *c)
{
    const fov_scaling *s = c->s;
    for (int l = 0; l < s->n_layer; l++)
        for (int o = 0; o < s->layer[l].out; o++) {
            const double reach = fov_layer_reach(s, &s->layer[l], o);
            c->price[c->row[l] + (size_t)o] = reach > 0 && isfinite(reach) ? SHOWS / UNIT_ROUNDOFF / reach : 0;
        }
}

static fov_status chooser_init(chooser *c, fov_scaling *s, fov_error *err)
{
    size_t rows = 0;
    *c = (chooser){.s = s};
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

static void chooser_clear(chooser *c)
{
    fov_free(c->strand);
    fov_free(c->start);
    fov_free(c->price);
    fov_free(c->row);
}

/* ---------------------------------------------------------------- what an exponent costs */

/* c->cost holds differences while weights are added: `cost` from exponent `from` on, to the end. */
static void cost_from(chooser *c, int from, int64_t cost)
{
    if (from > c->high) return;
    c->cost[from < c->low ? 0 : from - c->low] += cost;
}

/* A number that is 2^exponent when the group's exponent is 0. `rises`: with the group's, else against it. */
static void add_number(chooser *c, int exponent, bool rises, int64_t cost)
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

static void add_weight(chooser *c, float w, int other, bool rises, double price)
{
    int exponent;
    if (w == 0 || !isfinite(w)) return;
    frexpf(w, &exponent);
    add_number(c, exponent - 1 + other, rises, 1 + (int64_t)fmin(price * fabs((double)w), 0x1p30));
}

static void add_row(chooser *c, const strand *at)
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

static void add_column(chooser *c, const strand *at)
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

/* Exponents that keep what the group holds in FP16's range with room, and out of its subnormals; 0 always is allowed. */
static void set_window(chooser *c, int g)
{
    int exponent;
    frexpf(c->s->magnitude[g], &exponent); /* magnitude < 2^exponent <= 2 * magnitude */
    c->low = SMALLEST_ACTIVATION - (exponent - 1);
    c->high = LARGEST_ACTIVATION - exponent;
    if (c->low > 0) c->low = 0;
    if (c->high < 0) c->high = 0;
    if (c->high - c->low >= WIDEST) c->high = c->low + WIDEST - 1;
}

/* The cheapest exponent: the present one unless another costs less, then the one closest to 0. */
static int cheapest(const chooser *c, int now)
{
    int best = now;
    for (int k = c->low; k <= c->high; k++) {
        const int64_t cost = c->cost[k - c->low], least = c->cost[best - c->low];
        if (cost < least || (cost == least && best != now && abs(k) < abs(best))) best = k;
    }
    return best;
}

static bool improve(chooser *c, int g)
{
    set_window(c, g);
    memset(c->cost, 0, sizeof c->cost);
    for (int i = c->start[g]; i < c->start[g + 1]; i++)
        if (c->strand[i].makes) add_row(c, &c->strand[i]);
        else add_column(c, &c->strand[i]);
    for (int k = 1; k <= c->high - c->low; k++) c->cost[k] += c->cost[k - 1];
    const int best = cheapest(c, c->s->exponent[g]);
    if (best == c->s->exponent[g]) return false;
    c->s->exponent[g] = best;
    return true;
}

fov_status fov_scaling_choose(fov_scaling *s, fov_error *err)
{
    chooser    c;
    fov_status st = chooser_init(&c, s, err);
    bool       moved = !st;
    for (int sweep = 0; moved && sweep < MOST_SWEEPS; sweep++) {
        moved = false;
        for (int g = 0; g < s->channels.count; g++)
            if (s->group[g] == g && !s->pinned[g] && c.start[g] < c.start[g + 1]) moved |= improve(&c, g);
    }
    chooser_clear(&c);
    return st;
}
