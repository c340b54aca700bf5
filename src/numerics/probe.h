// SPDX-License-Identifier: MIT
/* How large the channels of a network get: its graph run by the definitions on a made-up picture. */
#ifndef FOVEA_NUMERICS_PROBE_H
#define FOVEA_NUMERICS_PROBE_H

#include "graph/graph.h"
#include "models/settings.h"

/** Channels of values, numbered through: channel c of value v is first[v] + c. */
typedef struct fov_channels {
    int   *first;     /* n_value + 1; a value that is not (n, c, h, w) floats has no channels */
    float *magnitude; /* largest that was seen; infinite when something was not finite        */
    int    count;
} fov_channels;

/**
 * Run the graph once, on a picture of blocks of random colours: edges of every contrast and scale, the same each time.
 * Magnitudes are exact in this sense: scaling a channel by a power of two scales its magnitude by just that.
 * @param channels out: release with fov_channels_clear()
 */
fov_status fov_channels_probe(const fov_graph *graph, const fov_settings *settings, fov_channels *channels, fov_error *err);
void       fov_channels_clear(fov_channels *channels);

static inline int fov_channels_of(const fov_channels *channels, int value)
{
    return channels->first[value + 1] - channels->first[value];
}

#endif
