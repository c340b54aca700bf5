// SPDX-License-Identifier: MIT
/*
 * Exponents by coordinate descent: group after group takes the exponent that leaves the fewest subnormal weights around it while
 * all others keep theirs, until no group can gain. Moves are made only for a gain and the order is fixed, so the result is the
 * same everywhere, and the sum of costs falls with every move.
 *
 * The descent starts from the network as it is, which changes no more than it must. Should that leave a weight that matters, it
 * starts anew from networks whose groups are all of one size, which do not depend on how the channels came scaled.
 */
#include "numerics/prices.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LARGEST_ACTIVATION = 12,  /* activations stay below 2^12: 16 times room for other pictures                        */
    SMALLEST_ACTIVATION = -4, /* flushing what is subnormal of a channel then changes it by 2^-10 of its largest value */
    MOST_SWEEPS = 64
};

/* Exponents that keep what the group holds in FP16's range with room, and out of its subnormals; 0 always is allowed. */
static void set_window(fov_prices *c, int g)
{
    int exponent;
    frexpf(c->s->magnitude[g], &exponent); /* magnitude < 2^exponent <= 2 * magnitude */
    c->low = SMALLEST_ACTIVATION - (exponent - 1);
    c->high = LARGEST_ACTIVATION - exponent;
    if (c->low > 0) c->low = 0;
    if (c->high < 0) c->high = 0;
    if (c->high - c->low >= FOV_WIDEST_WINDOW) c->high = c->low + FOV_WIDEST_WINDOW - 1;
}

/* The cheapest exponent: the present one unless another costs less, then the one closest to 0. */
static int cheapest(const fov_prices *c, int now)
{
    int best = now;
    for (int k = c->low; k <= c->high; k++) {
        const int64_t cost = c->cost[k - c->low], least = c->cost[best - c->low];
        if (cost < least || (cost == least && best != now && abs(k) < abs(best))) best = k;
    }
    return best;
}

static bool improve(fov_scaling *s, fov_prices *c, int g)
{
    set_window(c, g);
    fov_prices_of_group(c, g);
    const int best = cheapest(c, s->exponent[g]);
    if (best == s->exponent[g]) return false;
    s->exponent[g] = best;
    return true;
}

static void descend(fov_scaling *s, fov_prices *c)
{
    bool moved = true;
    for (int sweep = 0; moved && sweep < MOST_SWEEPS; sweep++) {
        moved = false;
        for (int g = 0; g < s->channels.count; g++)
            if (s->group[g] == g && !s->pinned[g] && c->start[g] < c->start[g + 1]) moved |= improve(s, c, g);
    }
}

/* ---------------------------------------------------------------- where to start from */

/* All groups of about the same magnitude, 2^size: a start that does not depend on how the channels came scaled. */
static void start_even(fov_scaling *s, fov_prices *c, int size)
{
    for (int g = 0; g < s->channels.count; g++) {
        int exponent;
        if (s->group[g] != g || s->pinned[g]) continue;
        set_window(c, g);
        frexpf(s->magnitude[g], &exponent);
        s->exponent[g] = size - exponent;
        if (s->exponent[g] < c->low) s->exponent[g] = c->low;
        if (s->exponent[g] > c->high) s->exponent[g] = c->high;
    }
}

/* Descend from where the network is and, if that is not enough, from even starts; keep the best, of equals the first. */
static void try_starts(fov_scaling *s, fov_prices *c, int *best)
{
    static const int sizes[] = {0, 3, 6};
    const size_t     bytes = (size_t)s->channels.count * sizeof *best;
    descend(s, c);
    int64_t least = fov_prices_total(c);
    memcpy(best, s->exponent, bytes);
    for (size_t i = 0; least >= FOV_COST_SHOWS && i < sizeof sizes / sizeof *sizes; i++) {
        start_even(s, c, sizes[i]);
        descend(s, c);
        const int64_t cost = fov_prices_total(c);
        if (cost < least) {
            least = cost;
            memcpy(best, s->exponent, bytes);
        }
    }
    memcpy(s->exponent, best, bytes);
}

fov_status fov_scaling_choose(fov_scaling *s, fov_error *err)
{
    fov_prices c;
    fov_status st = fov_prices_init(&c, s, err);
    int       *best = fov_alloc_array((size_t)s->channels.count, sizeof *best);
    if (!st && !best) st = fov_fail_memory(err, "choosing scales");
    if (!st) try_starts(s, &c, best);
    fov_free(best);
    fov_prices_clear(&c);
    return st;
}
