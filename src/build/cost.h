// SPDX-License-Identifier: MIT
/* What layers cost in each precision on this machine, relative to each other: enough to rank assignments without timing any. */
#ifndef FOVEA_BUILD_COST_H
#define FOVEA_BUILD_COST_H

#include "build/compile.h"

/** Time of a multiply-accumulate in this type, FP32 = 1. */
double fov_cost_of(fov_dtype type);
/** Multiply-accumulates of every node at 640x640. @param macs out: n_node; 0 for what is no typed Conv */
fov_status fov_cost_macs(const fov_graph *graph, double *macs, fov_error *err);
/** Of a whole assignment. */
double fov_cost_total(const double *macs, const fov_dtype *types, int n_node);

#endif
