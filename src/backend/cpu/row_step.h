// SPDX-License-Identifier: MIT
/* Rows of a tile that lie a constant step apart. Fourteen pointers do not fit the registers of a processor, and pointers that are
 * fetched from memory cost as much as the data: five numbers and the addressing modes make all of them. */
#ifndef FOVEA_BACKEND_CPU_ROW_STEP_H
#define FOVEA_BACKEND_CPU_ROW_STEP_H

#include "backend/cpu/unroll.h"

#include <stddef.h>

typedef struct row_steps {
    ptrdiff_t one, three, five;
} row_steps;

static inline row_steps row_steps_of(ptrdiff_t step)
{
    return (row_steps){step, 3 * step, 5 * step};
}

/* Compilers would make these sums once, outside of the loop, and keep them where there is room: in memory. */
#define ROW_STEPS_HIDE(s) __asm__("" : "+r"((s).one), "+r"((s).three), "+r"((s).five))

/* Row i < 14. @param first row 0 @param seventh row 7 */
FOV_ALWAYS_INLINE const unsigned char *row_at(const unsigned char *first, const unsigned char *seventh, const row_steps *s,
                                              const int i)
{
    const unsigned char *from = i < 7 ? first : seventh;
    switch (i % 7) {
    case 0:
        return from;
    case 1:
        return from + s->one;
    case 2:
        return from + 2 * s->one;
    case 3:
        return from + s->three;
    case 4:
        return from + 4 * s->one;
    case 5:
        return from + s->five;
    default:
        return from + 2 * s->three;
    }
}

#endif
