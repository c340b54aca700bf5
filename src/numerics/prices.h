// SPDX-License-Identifier: MIT
/* What exponents of channel groups cost: how many weights they leave subnormal, and how much those show. */
#ifndef FOVEA_NUMERICS_PRICES_H
#define FOVEA_NUMERICS_PRICES_H

#include "numerics/scaling.h"

enum { FOV_WIDEST_WINDOW = 320 }; /* exponents of finite floats */

/** What a weight costs beside 1 when its loss alone is as large as rounding its channel to FP16 may be. */
#define FOV_COST_SHOWS 4096

/* A row or a column of a layer's weights. */
typedef struct fov_strand {
    int  layer, channel;
    bool makes; /* a row, which makes the channel, with its bias; else a column, which reads it */
} fov_strand;

typedef struct fov_prices {
    const fov_scaling *s;
    fov_strand        *strand; /* those of group g are at start[g] .. start[g + 1] */
    int               *start;
    double            *price; /* of channel o of layer l at row[l] + o: what the whole of its reach costs */
    size_t            *row;
    int                low, high; /* exponents that are priced */
    int64_t            cost[FOV_WIDEST_WINDOW];
} fov_prices;

/** @param prices out: release with fov_prices_clear(), after a failure too */
fov_status fov_prices_init(fov_prices *prices, const fov_scaling *scaling, fov_error *err);
void       fov_prices_clear(fov_prices *prices);

/** Price every exponent low .. high of a group, all others being as they are: cost[k - low]. */
void fov_prices_of_group(fov_prices *prices, int group);
/** What all weights cost at the exponents that the scaling has. Below FOV_COST_SHOWS no weight that is left matters. */
int64_t fov_prices_total(const fov_prices *prices);

#endif
