// SPDX-License-Identifier: MIT
/* Heads -> faces, by the definitions in face/decode.c, face/candidates.c and face/suppress.c.
 *
 * The first kernel collects the candidates' keys in whatever order; the second, a block an image, sorts them, so that nothing
 * depends on that order. Up to FOV_FACES_SORTED candidates, which is what photos have, stay in shared memory; more take the same
 * way through global memory, and of more than are wanted the best are selected first, digit by digit of their keys.
 *
 * Suppression goes from warp to warp: each has 32 candidates in their order, tells who of them is kept, and all that come later
 * meet those. What is sequential so is a few instructions of one warp for each face.
 */
#include "backend/cuda/kernels/candidate.cuh"

enum {
    WARP = 32,
    THREADS = FOV_FACES_THREADS,
    SORTED = FOV_FACES_SORTED,
    WARPS = THREADS / WARP,
    FLOATS = FOV_FACES_FLOATS,
};

static_assert(SORTED == 2 * THREADS, "a thread has a pair of the keys that are sorted at once");

/* ---------------------------------------------------------------- priors */

typedef struct prior {
    const fov_faces_level *level;
    int64_t                cell;
    int                    anchor;
} prior;

static __device__ __forceinline__ prior prior_of(const fov_faces_params *p, uint32_t index)
{
    int k = 0;
    while (k + 1 < p->levels && index >= p->level[k + 1].first) k++;
    const fov_faces_level *level = &p->level[k];
    const uint32_t         place = index - level->first, cell = place / (uint32_t)level->anchors;
    prior                  at = {level, cell, (int)(place - cell * (uint32_t)level->anchors)};
    return at;
}

/* ---------------------------------------------------------------- collecting */

/** Images are the grid's y. */
FOV_KERNEL(fov_faces_collect, fov_faces_params, FOV_FACES_COLLECT_THREADS)
{
    fov_depend_launch();
    fov_depend_wait();
    const uint32_t index = blockIdx.x * FOV_FACES_COLLECT_THREADS + threadIdx.x, image = blockIdx.y;
    float          score = 0.0F;
    bool           takes = false;
    if (index < p.priors) {
        const prior  at = prior_of(&p, index);
        const float *from = at.level->scores + image * at.level->scores_image + at.cell * at.level->scores_ld + 2 * at.anchor;
        takes = fov_candidate_score(&p, from[0], from[1], &score);
    }
    fov_candidates_add(&p, image, takes, score, index);
}

/* ---------------------------------------------------------------- sorting
 *
 * A bitonic sorting network in which the lower place of a pair always gets the lesser key, so that it sorts any number of keys as
 * if infinitely large ones stood behind them: each stage starts by pairs that mirror each other in the middle of their block. */

static __device__ __forceinline__ void order(uint64_t *key, uint32_t count, uint32_t lower, uint32_t upper)
{
    if (upper >= count) return;
    const uint64_t a = key[lower], b = key[upper];
    if (a <= b) return;
    key[lower] = b;
    key[upper] = a;
}

/** Pair number `pair` of those of blocks of 2 * half keys that mirror each other. */
static __device__ __forceinline__ void order_mirrored(uint64_t *key, uint32_t count, uint32_t pair, uint32_t half)
{
    const uint32_t at = pair & (half - 1U), block = 2 * (pair - at);
    order(key, count, block + at, block + 2 * half - 1U - at);
}

/** Pair number `pair` of those that are `stride` apart. */
static __device__ __forceinline__ void order_apart(uint64_t *key, uint32_t count, uint32_t pair, uint32_t stride)
{
    const uint32_t lower = 2 * pair - (pair & (stride - 1U));
    order(key, count, lower, lower + stride);
}

/** Between two steps in shared memory: a warp's pairs lie within 64 keys as long as blocks are no larger. */
static __device__ __forceinline__ void step_wait(uint32_t block)
{
    if (block > 2 * WARP) __syncthreads();
    else __syncwarp();
}

/** The steps of strides `stride`, / 2, .. 1, on up to SORTED keys in shared memory. All threads, after a barrier; ends with none.
 */
static __device__ __forceinline__ void merge_shared(uint64_t *key, uint32_t count, uint32_t stride)
{
    for (; stride > 0; stride /= 2) {
        order_apart(key, count, threadIdx.x, stride);
        step_wait(2 * stride);
    }
}

static __device__ __forceinline__ void sort_shared(uint64_t *key, uint32_t count)
{
    for (uint32_t half = 1; half < count; half *= 2) {
        if (2 * half > 2 * WARP) __syncthreads();
        order_mirrored(key, count, threadIdx.x, half);
        step_wait(2 * half);
        merge_shared(key, count, half / 2);
    }
    __syncthreads();
}

static __device__ __forceinline__ void copy_keys(uint64_t *to, const uint64_t *from, uint32_t count)
{
    for (uint32_t i = threadIdx.x; i < count; i += THREADS) to[i] = from[i];
    __syncthreads();
}

/** By way of shared memory, SORTED keys at a time: sort them, or only do the steps from stride SORTED / 2 on. */
static __device__ __attribute__((noinline)) void sort_pieces(uint64_t *key, uint32_t count, uint64_t *shared, bool merge)
{
    for (uint32_t first = 0; first < count; first += SORTED) {
        const uint32_t piece = min(count - first, (uint32_t)SORTED);
        copy_keys(shared, key + first, piece);
        if (merge) merge_shared(shared, piece, SORTED / 2);
        else sort_shared(shared, piece);
        __syncthreads();
        copy_keys(key + first, shared, piece);
    }
}

/** Any number of keys in global memory. */
static __device__ __attribute__((noinline)) void sort_large(uint64_t *key, uint32_t count, uint64_t *shared)
{
    sort_pieces(key, count, shared, false);
    for (uint32_t half = SORTED; half < count; half *= 2) {
        const uint32_t pairs = ((count - 1U) / (2 * half) + 1U) * half;
        for (uint32_t pair = threadIdx.x; pair < pairs; pair += THREADS) order_mirrored(key, count, pair, half);
        __syncthreads();
        for (uint32_t stride = half / 2; stride >= SORTED; stride /= 2) {
            for (uint32_t pair = threadIdx.x; pair < pairs; pair += THREADS) order_apart(key, count, pair, stride);
            __syncthreads();
        }
        sort_pieces(key, count, shared, true);
    }
}

/* ---------------------------------------------------------------- the best of too many */

/** How many of the keys whose digits above `shift` are the prefix's have which digit there. */
static __device__ __forceinline__ void count_digits(const uint64_t *key, uint32_t count, uint64_t prefix, int shift,
                                                    uint32_t *digits)
{
    const uint64_t above = shift == 56 ? 0 : ~(uint64_t)0 << (shift + 8);
    for (uint32_t i = threadIdx.x; i < FOV_FACES_DIGITS; i += THREADS) digits[i] = 0;
    __syncthreads();
    for (uint32_t i = threadIdx.x; i - threadIdx.x % WARP < count; i += THREADS) {
        const uint64_t k = i < count ? key[i] : 0;
        const bool     counts = i < count && ((k ^ prefix) & above) == 0;
        const uint32_t digit = (uint32_t)(k >> shift) & 255U;
        /* Scores share their first digits: a warp that counts the same 32 times adds once. */
        const uint32_t first = __shfl_sync(FOV_ALL_LANES, digit, 0);
        const bool     alike = __all_sync(FOV_ALL_LANES, counts && digit == first);
        if (alike && fov_lane_of_thread() == 0) atomicAdd(&digits[digit], (uint32_t)WARP);
        if (!alike && counts) atomicAdd(&digits[digit], 1U);
    }
    __syncthreads();
}

/** The `most`-th least of more keys than that, which all differ. */
static __device__ __forceinline__ uint64_t last_of_best(const uint64_t *key, uint32_t count, uint32_t most, fov_faces_shared *s)
{
    uint64_t prefix = 0;
    if (threadIdx.x == 0) s->rest = most;
    for (int shift = 56; shift >= 0; shift -= 8) {
        count_digits(key, count, prefix, shift, s->digits);
        if (threadIdx.x == 0) {
            uint32_t digit = 0, rest = s->rest;
            for (; rest > s->digits[digit]; digit++) rest -= s->digits[digit];
            s->digit = digit;
            s->rest = rest;
        }
        __syncthreads();
        prefix |= (uint64_t)s->digit << shift;
    }
    return prefix;
}

/** Copy the least `most` of more keys, in no order. */
static __device__ __attribute__((noinline)) void select_best(const uint64_t *key, uint32_t count, uint64_t *best, uint32_t most,
                                                             fov_faces_shared *s)
{
    const uint64_t last = last_of_best(key, count, most, s);
    if (threadIdx.x == 0) s->taken = 0;
    __syncthreads();
    for (uint32_t i = threadIdx.x; i - threadIdx.x % WARP < count; i += THREADS) {
        const bool     takes = i < count && key[i] <= last;
        const uint32_t place = fov_take_place(takes, &s->taken);
        if (takes) best[place] = key[i];
    }
    __syncthreads();
}

/* ---------------------------------------------------------------- decoding */

/** A candidate, about to be decoded. */
typedef struct decoder {
    const float *box, *landmark; /* of its anchor */
    float        centre[2], side, step;
    fov_mapping  mapping;
} decoder;

static __device__ __forceinline__ decoder decoder_of(const fov_faces_params *p, uint32_t image, uint64_t key)
{
    const prior            at = prior_of(p, (uint32_t)key);
    const fov_faces_level *level = at.level;
    const uint32_t         row = (uint32_t)at.cell / (uint32_t)level->columns;
    const float            column = (float)((uint32_t)at.cell - row * (uint32_t)level->columns);
    decoder                d;
    d.box = level->boxes + image * level->boxes_image + at.cell * level->boxes_ld + 4 * at.anchor;
    d.landmark = level->landmarks + image * level->landmarks_image + at.cell * level->landmarks_ld + 10 * at.anchor;
    d.centre[0] = __fmul_rn(__fadd_rn(column, 0.5F), level->stride);
    d.centre[1] = __fmul_rn(__fadd_rn((float)row, 0.5F), level->stride);
    d.side = level->side[at.anchor];
    d.step = __fmul_rn(p->variance[0], d.side);
    d.mapping = p->mapping[image];
    return d;
}

/** Of x, which is axis 0, or of y. */
static __device__ __forceinline__ float along(const float *of, int axis)
{
    return axis ? of[1] : of[0];
}

/** From the network's input to the photo. */
static __device__ __forceinline__ float mapped(const decoder *d, float v, int axis)
{
    return __fmul_rn(__fsub_rn(v, along(d->mapping.offset, axis)), along(d->mapping.scale, axis));
}

static __device__ __forceinline__ float moved(const decoder *d, float by, int axis)
{
    return __fadd_rn(along(d->centre, axis), __fmul_rn(d->step, by));
}

/** The sides of the box across an axis. */
static __device__ __forceinline__ void decode_axis(const fov_faces_params *p, const decoder *d, int axis, float *low, float *high)
{
    const float middle = moved(d, d->box[axis], axis);
    const float half = __fmul_rn(__fmul_rn(0.5F, d->side), fov_exponential(__fmul_rn(p->variance[1], d->box[2 + axis])));
    *low = mapped(d, __fsub_rn(middle, half), axis);
    *high = mapped(d, __fadd_rn(middle, half), axis);
}

/** Landmark coordinate `i` of 10. */
static __device__ __forceinline__ float decode_landmark(const decoder *d, int i)
{
    return mapped(d, moved(d, d->landmark[i], i % 2), i % 2);
}

/** @return fov_candidate_is_finite() of it */
static __device__ __forceinline__ bool decode_box(const fov_faces_params *p, uint32_t image, uint64_t key, float4 *box)
{
    const decoder d = decoder_of(p, image, key);
    decode_axis(p, &d, 0, &box->x, &box->z);
    decode_axis(p, &d, 1, &box->y, &box->w);
    float sum = __fadd_rn(__fadd_rn(__fadd_rn(box->x, box->y), box->z), box->w);
#pragma unroll
    for (int i = 0; i < 10; i += 2) sum = __fadd_rn(sum, __fadd_rn(decode_landmark(&d, i), decode_landmark(&d, i + 1)));
    return (__float_as_uint(sum) & 0x7f800000U) != 0x7f800000U;
}

/* ---------------------------------------------------------------- suppression */

/** The candidates of an image, best first, in shared or in global memory. */
typedef struct candidates {
    uint64_t *key;   /* those kept move to the front */
    float4   *box;   /* likewise */
    uint32_t *alive; /* may still be kept, a bit each; word w is read and written by warp w % WARPS alone */
    uint32_t  count;
} candidates;

static __device__ __forceinline__ float area_of(float4 box)
{
    return __fmul_rn(__fsub_rn(box.z, box.x), __fsub_rn(box.w, box.y));
}

static __device__ __forceinline__ bool overlaps(float4 a, float4 b, float iou)
{
    const float w = __fsub_rn(a.z < b.z ? a.z : b.z, a.x > b.x ? a.x : b.x);
    const float h = __fsub_rn(a.w < b.w ? a.w : b.w, a.y > b.y ? a.y : b.y);
    if (w <= 0 || h <= 0) return false;
    const float both = __fmul_rn(w, h);
    return both > __fmul_rn(iou, __fsub_rn(__fadd_rn(area_of(a), area_of(b)), both));
}

static __device__ __forceinline__ void decode_boxes(const fov_faces_params *p, uint32_t image, const candidates *c)
{
    for (uint32_t i = threadIdx.x; i - threadIdx.x % WARP < c->count; i += THREADS) {
        bool finite = false;
        if (i < c->count) finite = decode_box(p, image, c->key[i], &c->box[i]);
        const uint32_t votes = __ballot_sync(FOV_ALL_LANES, finite);
        if (fov_lane_of_thread() == 0) c->alive[i / WARP] = votes;
    }
    __syncthreads();
}

/** Of 32 candidates, a lane each, those that are kept, and at most `most`. One warp. */
static __device__ __forceinline__ uint32_t keep_of_warp(uint32_t alive, float4 box, uint32_t most, float iou)
{
    uint32_t keep = 0;
    while (alive && most > 0) {
        const int    first = __ffs((int)alive) - 1;
        const float4 kept = make_float4(__shfl_sync(FOV_ALL_LANES, box.x, first), __shfl_sync(FOV_ALL_LANES, box.y, first),
                                        __shfl_sync(FOV_ALL_LANES, box.z, first), __shfl_sync(FOV_ALL_LANES, box.w, first));
        keep |= 1U << first;
        alive &= ~(__ballot_sync(FOV_ALL_LANES, overlaps(box, kept, iou)) | 1U << first);
        most--;
    }
    return keep;
}

/** A warp's turn: those of its 32 candidates that are kept move behind those kept before, and their boxes into `round`. */
static __device__ __forceinline__ void take_turn(const candidates *c, uint32_t word, uint32_t kept, uint32_t most, float iou,
                                                 fov_faces_round *round)
{
    const uint32_t alive = c->alive[word], lane = fov_lane_of_thread(), at = word * WARP + lane;
    const float4   box = at < c->count ? c->box[at] : make_float4(0.0F, 0.0F, 0.0F, 0.0F);
    const uint64_t key = at < c->count ? c->key[at] : 0;
    const uint32_t keep = keep_of_warp(alive, box, most - kept, iou), place = (uint32_t)__popc(keep & ((1U << lane) - 1U));
    __syncwarp();
    if (keep >> lane & 1U) {
        c->key[kept + place] = key;
        c->box[kept + place] = box;
        *(float4 *)round->box[place] = box;
    }
    if (lane == 0) round->count = (uint32_t)__popc(keep);
}

/** Of the warp's candidates that are alive, those that come after `word`, meet what was kept of it. */
static __device__ __forceinline__ void meet(const candidates *c, uint32_t word, const fov_faces_round *round, float iou)
{
    const uint32_t words = (c->count + WARP - 1U) / WARP, lane = fov_lane_of_thread(), warp = threadIdx.x / WARP;
    for (uint32_t w = word + 1U + (warp - word - 1U) % WARPS; w < words; w += WARPS) {
        const uint32_t bits = c->alive[w];
        if (!bits) continue;
        bool dropped = !(bits >> lane & 1U);
        if (!dropped) {
            const float4 box = c->box[w * WARP + lane];
#pragma unroll 4
            for (uint32_t i = 0; i < round->count; i++) dropped |= overlaps(box, *(const float4 *)round->box[i], iou);
        }
        const uint32_t left = __ballot_sync(FOV_ALL_LANES, !dropped);
        if (lane == 0) c->alive[w] = left;
        __syncwarp();
    }
}

/** As fov_face_suppress_few(). @return how many are kept, the same to all threads; they are the first ones then */
static __device__ __forceinline__ uint32_t suppress(const candidates *c, float iou, uint32_t most, fov_faces_shared *s)
{
    uint32_t kept = 0;
    for (uint32_t word = 0; word * WARP < c->count && kept < most; word++) {
        fov_faces_round *round = &s->round[word % 2];
        if (threadIdx.x / WARP == word % WARPS) take_turn(c, word, kept, most, iou, round);
        __syncthreads();
        kept += round->count;
        if (round->count) meet(c, word, round, iou);
    }
    return kept;
}

/* ---------------------------------------------------------------- an image */

/** More than shared memory has room for: the best of them, or all. */
static __device__ __forceinline__ candidates sorted_large(const fov_faces_params *p, uint32_t image, uint32_t found,
                                                          fov_faces_shared *s)
{
    uint64_t  *key = p->key + (uint64_t)image * p->priors;
    candidates c = {s->key, (float4 *)s->box, s->alive, found};
    if (found > p->top_k) {
        uint64_t *best = p->best + (uint64_t)image * p->top_k;
        select_best(key, found, best, p->top_k, s);
        key = best;
        c.count = p->top_k;
    }
    if (c.count > SORTED) {
        sort_large(key, c.count, s->key);
        c.key = key;
        c.box = (float4 *)p->box + (uint64_t)image * p->top_k;
        c.alive = p->alive + (uint64_t)image * ((p->top_k + WARP - 1U) / WARP);
    } else {
        copy_keys(s->key, key, c.count);
        sort_shared(s->key, c.count);
    }
    return c;
}

/** The best candidates in their order. */
static __device__ __forceinline__ candidates sorted(const fov_faces_params *p, uint32_t image, fov_faces_shared *s)
{
    const uint64_t *key = p->key + (uint64_t)image * p->priors;
    const uint32_t  found = p->found[image], i = threadIdx.x;
    const uint64_t  first = i < p->priors ? key[i] : 0, second = i + THREADS < p->priors ? key[i + THREADS] : 0; /* not waiting */
    if (found > SORTED) return sorted_large(p, image, found, s);
    if (i < found) s->key[i] = first;
    if (i + THREADS < found) s->key[i + THREADS] = second;
    __syncthreads();
    sort_shared(s->key, found);
    const candidates c = {s->key, (float4 *)s->box, s->alive, min(found, p->top_k)};
    return c;
}

/** Number `i` of candidate number `at` as a fov_face. */
static __device__ __forceinline__ float face_float(const fov_faces_params *p, uint32_t image, const candidates *c, uint32_t at,
                                                   uint32_t i)
{
    const uint64_t key = c->key[at];
    if (i < 4) return ((const float *)&c->box[at])[i];
    if (i == 4) return __uint_as_float(~(uint32_t)(key >> 32));
    const decoder d = decoder_of(p, image, key);
    return decode_landmark(&d, (int)i - 5);
}

/** Images are the grid's x; a block is FOV_FACES_THREADS. */
FOV_KERNEL(fov_faces_keep, fov_faces_params, FOV_FACES_THREADS)
{
    fov_depend_launch();
    fov_depend_wait();
    fov_faces_shared *s = (fov_faces_shared *)fov_shared();
    const uint32_t    image = blockIdx.x;
    const candidates  c = sorted(&p, image, s);
    decode_boxes(&p, image, &c);
    const uint32_t kept = suppress(&c, p.iou, p.max_faces, s);

    float *out = (float *)(p.face + (uint64_t)image * p.max_faces);
    for (uint32_t i = threadIdx.x; i < kept * FLOATS; i += THREADS) out[i] = face_float(&p, image, &c, i / FLOATS, i % FLOATS);
    if (threadIdx.x > 0) return;
    p.count[image] = kept;
    p.found[image] = 0;
}
