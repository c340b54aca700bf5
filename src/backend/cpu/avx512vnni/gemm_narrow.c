// SPDX-License-Identifier: MIT
/* Eight columns: a vector holds them for two rows, the weights once in each half, so that no lane is idle where a layer has 8
 * channels, or 8 are left of 20 or 24. */
#include "backend/cpu/avx512vnni/avx512vnni.h"

#include "backend/cpu/instances.h"
#include "backend/cpu/row_step.h"
#include "backend/cpu/unroll.h"

#include <immintrin.h>
#include <string.h>

enum { MAX_ROWS = 14, COLUMNS = 8, COLUMN_BYTES = 4 * COLUMNS, GROUP_BYTES = 4, SECOND_HALF = 0xff00 };

static inline int group_at(const unsigned char *p)
{
    int bytes;
    memcpy(&bytes, p, sizeof bytes);
    return bytes;
}

/* A group of one row in the first half of the lanes, a group of the next row in the others. */
static inline __m512i two_groups(const unsigned char *first, const unsigned char *second)
{
    return _mm512_mask_set1_epi32(_mm512_set1_epi32(group_at(first)), SECOND_HALF, group_at(second));
}

static inline __m512i twice(const unsigned char *w)
{
    return _mm512_broadcast_i64x4(_mm256_load_si256((const __m256i *)(const void *)w));
}

static inline void store_pair(unsigned char *to, __m512i sums, int rows)
{
    if (rows > 1) _mm512_storeu_si512(to, sums);
    else _mm256_storeu_si256((__m256i *)(void *)to, _mm512_castsi512_si256(sums));
}

FOV_ALWAYS_INLINE void start_pairs(const fov_gemm_dot_call *call, const int m, __m512i s[MAX_ROWS / 2])
{
    FOV_UNROLL
    for (int i = 0; i < m; i += 2) s[i / 2] = twice(call->w);
}

FOV_ALWAYS_INLINE void finish_pairs(const fov_gemm_dot_call *call, const int m, const __m512i s[MAX_ROWS / 2])
{
    FOV_UNROLL
    for (int i = 0; i < m; i += 2) store_pair((unsigned char *)call->sum + COLUMN_BYTES * i, s[i / 2], m - i);
}

/* The last row of an odd number stands in both halves. */
FOV_ALWAYS_INLINE void dot_pairs(const fov_gemm_dot_call *call, const int m)
{
    const unsigned char *w = (const unsigned char *)call->w + COLUMN_BYTES;
    __m512i              s[MAX_ROWS / 2];
    start_pairs(call, m, s);
    for (size_t tap = 0; tap < call->taps; tap++) {
        const void *const   *rows = call->a + tap * call->lda;
        const unsigned char *a[MAX_ROWS + 1];
        FOV_UNROLL
        for (int i = 0; i < m; i++) a[i] = (const unsigned char *)rows[i] + call->a_offset;
        a[m] = a[m - 1]; /* cppcheck-suppress uninitvar ; m >= 1 */
        for (size_t k = 0; k < call->groups; k++, w += COLUMN_BYTES) {
            const __m512i b = twice(w);
            FOV_UNROLL
            for (int i = 0; i < m; i += 2)
                s[i / 2] = _mm512_dpbusd_epi32(s[i / 2], two_groups(a[i] + GROUP_BYTES * k, a[i + 1] + GROUP_BYTES * k), b);
        }
    }
    finish_pairs(call, m, s);
}

/* The same of rows at a constant step. */
FOV_ALWAYS_INLINE void dot_pairs_step(const fov_gemm_dot_call *call, const int m)
{
    const unsigned char *w = (const unsigned char *)call->w + COLUMN_BYTES;
    row_steps            step = row_steps_of(call->a_step);
    __m512i              s[MAX_ROWS / 2];
    start_pairs(call, m, s);
    for (size_t tap = 0; tap < call->taps; tap++) {
        const unsigned char *first = (const unsigned char *)call->a[tap * call->lda] + call->a_offset;
        const unsigned char *seventh = first + 7 * call->a_step, *end = first + GROUP_BYTES * call->groups;
        for (; first < end; first += GROUP_BYTES, seventh += GROUP_BYTES, w += COLUMN_BYTES) {
            const __m512i b = twice(w);
            ROW_STEPS_HIDE(step);
            FOV_UNROLL
            for (int i = 0; i < m; i += 2) {
                const int other = i + 1 < m ? i + 1 : i;
                s[i / 2] = _mm512_dpbusd_epi32(
                    s[i / 2], two_groups(row_at(first, seventh, &step, i), row_at(first, seventh, &step, other)), b);
            }
        }
    }
    finish_pairs(call, m, s);
}

#define PAIRS(m, nv)                                                                                                               \
    static void pairs_##m##x##nv(const fov_gemm_dot_call *call)                                                                    \
    {                                                                                                                              \
        dot_pairs(call, m);                                                                                                        \
    }                                                                                                                              \
    static void pairs_step_##m##x##nv(const fov_gemm_dot_call *call)                                                               \
    {                                                                                                                              \
        dot_pairs_step(call, m);                                                                                                   \
    }
INSTANCES_14(PAIRS, 1)

static void gemm_u8_14x8(const fov_gemm_dot_call *call)
{
    typedef void                 pairs_function(const fov_gemm_dot_call *);
    static pairs_function *const pairs[] = {NAMES_14(pairs, 1)}, *const steps[] = {NAMES_14(pairs_step, 1)};
    (call->a_step ? steps[call->m - 1] : pairs[call->m - 1])(call);
}

void fov_gemm_narrow_avx512vnni(fov_kernels *kernels)
{
    kernels->gemm_int8[2] = (fov_gemm_dot){"u8_avx512vnni_14x8", MAX_ROWS, COLUMNS, FOV_GROUP_U8, gemm_u8_14x8};
}
