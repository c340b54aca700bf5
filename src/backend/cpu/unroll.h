// SPDX-License-Identifier: MIT
#ifndef FOVEA_BACKEND_CPU_UNROLL_H
#define FOVEA_BACKEND_CPU_UNROLL_H

/** Before a loop whose bounds are constants once it is inlined: unroll it, so that arrays it indexes can live in registers. */
#if defined(__clang__)
#define FOV_UNROLL _Pragma("clang loop unroll(full)")
#else
#define FOV_UNROLL _Pragma("GCC unroll 16")
#endif

#define FOV_ALWAYS_INLINE static inline __attribute__((always_inline))

#endif
