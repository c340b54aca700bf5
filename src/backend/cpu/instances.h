// SPDX-License-Identifier: MIT
/* A kernel has an instance for every number of rows that a tile may have: the last tile of an image costs what it computes.
 * INSTANCES_6(X, nv) is X(1, nv) X(2, nv) ... X(6, nv), to define them; NAMES_6(f, nv) is f_1x<nv>, f_2x<nv>, ..., for the table
 * that picks one. */
#ifndef FOVEA_BACKEND_CPU_INSTANCES_H
#define FOVEA_BACKEND_CPU_INSTANCES_H

#define INSTANCES_6(X, nv) X(1, nv) X(2, nv) X(3, nv) X(4, nv) X(5, nv) X(6, nv)
#define INSTANCES_12(X, nv) INSTANCES_6(X, nv) X(7, nv) X(8, nv) X(9, nv) X(10, nv) X(11, nv) X(12, nv)
#define INSTANCES_14(X, nv) INSTANCES_12(X, nv) X(13, nv) X(14, nv)

#define NAMES_6(f, nv) f##_1x##nv, f##_2x##nv, f##_3x##nv, f##_4x##nv, f##_5x##nv, f##_6x##nv
#define NAMES_12(f, nv) NAMES_6(f, nv), f##_7x##nv, f##_8x##nv, f##_9x##nv, f##_10x##nv, f##_11x##nv, f##_12x##nv
#define NAMES_14(f, nv) NAMES_12(f, nv), f##_13x##nv, f##_14x##nv

#endif
