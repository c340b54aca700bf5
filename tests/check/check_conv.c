// SPDX-License-Identifier: MIT
/* Conv of all storage types against its definition: U8 with I8 weights to the bit, floats to the rounding of what they are stored
 * as. */
#include "conv_case.h"

#include "backend/backend.h"
#include "backend/cpu/lower.h"
#include "base/alloc.h"
#include "base/cpu.h"
#include "half_sum.h"
#include "winograd_bound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 250, POOLS = 3, MOST_FACTOR = 4 * FOV_HALF_RUN /* of sums in halves: inputs and weights are -1 .. 1 */ };

/* ---------------------------------------------------------------- comparing */

static fov_view dense(fov_dtype dtype, const fov_view *like)
{
    size_t count;
    fov_shape_count(&like->shape, &count);
    fov_view view = fov_view_dense(dtype, &like->shape, fov_alloc_array(count, fov_dtype_size(dtype)));
    view.quant = dtype == like->dtype ? like->quant : NULL;
    return view;
}

static void run_definition(check *t, const conv_case *k, const fov_view *views, fov_view *out)
{
    const fov_view *in[MAX_IN] = {0};
    fov_error       err = {0};
    for (int i = 0; i < MAX_IN; i++) in[i] = k->present[i] ? &views[i] : NULL;
    const fov_op_call call = {
        .node = &k->graph->node[0], .opset = k->graph->opset, .in = in, .out = out, .n_in = MAX_IN, .n_out = 1};
    void *scratch = fov_alloc(fov_op_run_scratch(&call) + 1);
    if (fov_op_run(&call, scratch, &err)) check_fail(t, "the definition: %s", err.message);
    fov_free(scratch);
}

/* The convolution of magnitudes: how large the terms of each sum are together. */
static void run_magnitudes(check *t, const conv_case *k, fov_view *out)
{
    fov_view views[MAX_IN] = {0};
    for (int i = 0; i < MAX_IN; i++) {
        size_t count;
        if (!k->present[i]) continue;
        views[i] = dense(FOV_F32, &k->in[i]);
        fov_view_load_f32(&k->in[i], &views[i]);
        fov_shape_count(&views[i].shape, &count);
        for (size_t j = 0; j < count; j++) ((float *)views[i].data)[j] = fabsf(((float *)views[i].data)[j]);
    }
    run_definition(t, k, views, out);
    for (int i = 0; i < MAX_IN; i++) fov_free(views[i].data);
}

static bool same_bits(const fov_view *got, const fov_view *want, const int64_t *at)
{
    const float g = fov_view_load_one(got, at), e = fov_view_load_one(want, at);
    return !memcmp(&g, &e, sizeof g);
}

/* Two roundings to the output's type may fall apart by one step where the sums before them differ. */
static bool near_enough(const conv_case *k, const fov_view *got, const fov_view *want, float magnitude, const int64_t *at)
{
    const float g = fov_view_load_one(got, at), e = fov_view_load_one(want, at);
    float       sums = (float)(k->terms + 2) * 0x1p-23F * magnitude + 0x1p-120F;
    const float step = k->out.quant ? 1.01F * fov_quant_scale(k->out.quant, at[1]) : 2 * k->rounding * fabsf(e) + 0x1p-24F;
    if (k->halves) sums += (float)half_sum_bound(k->terms, (double)magnitude, 2 * (double)k->terms, MOST_FACTOR);
    return fabsf(g - e) <= sums + (k->rounding > 0 || k->out.quant ? step : 0);
}

static void compare(check *t, const conv_case *k, const fov_view *got, const fov_view *want, const fov_view *magnitude)
{
    const int64_t *d = got->shape.dim;
    for (int64_t i = 0; i < d[0] * d[1] * d[2] * d[3]; i++) {
        const int64_t at[4] = {i / (d[1] * d[2] * d[3]), i / (d[2] * d[3]) % d[1], i / d[3] % d[2], i % d[3]};
        const float   m = k->int8 ? 0 : ((const float *)magnitude->data)[i];
        if (k->int8 ? !same_bits(got, want, at) : !near_enough(k, got, want, m, at))
            check_fail(t, "element %lld,%lld,%lld,%lld is %.9g, should be %.9g", (long long)at[0], (long long)at[1],
                       (long long)at[2], (long long)at[3], (double)fov_view_load_one(got, at), (double)fov_view_load_one(want, at));
    }
}

/* ---------------------------------------------------------------- running */

/* An output among guards: bytes of 0xa5 that must stay. */
typedef struct place {
    unsigned char *block;
    size_t         bytes;
    fov_view       view;
} place;

static place make_place(check *t, const conv_case *k)
{
    const int64_t *d = k->out.shape.dim, ld = d[1] + (test_random_int(&t->random, 0, 1) ? test_random_int(&t->random, 1, 20) : 0);
    const size_t   size = fov_dtype_size(k->out.dtype), front = (size_t)test_random_int(&t->random, 1, 15) * size;
    place          p = {.bytes = front + (size_t)(d[0] * d[2] * d[3] * ld) * size + PLENTY};
    p.block = fov_alloc_aligned(p.bytes);
    memset(p.block, 0xa5, p.bytes);
    p.view = fov_view_nhwc_of(k->out.dtype, d[0], d[1], d[2], d[3], ld, p.block + front);
    p.view.quant = k->out.quant;
    return p;
}

static bool guards_intact(const place *p)
{
    const int64_t *d = p->view.shape.dim, ld = p->view.stride[3];
    const size_t   size = fov_dtype_size(p->view.dtype), front = (size_t)((unsigned char *)p->view.data - p->block);
    for (size_t i = 0; i < p->bytes; i++) {
        const int64_t element = i < front ? -1 : (int64_t)((i - front) / size);
        const bool    output = element >= 0 && element < d[0] * d[2] * d[3] * ld && element % ld < d[1];
        if (!output && p->block[i] != 0xa5) return false;
    }
    return true;
}

static void run_lowered(check *t, const conv_case *k, const fov_lowered *lowered, fov_pool *pool, fov_view *out)
{
    const fov_view *in[MAX_IN] = {&k->in[X], NULL, NULL, k->present[RESIDUAL] ? &k->in[RESIDUAL] : NULL};
    fov_error       err = {0};
    const size_t    bytes = lowered->scratch ? lowered->scratch(lowered->impl, in, out, fov_pool_size(pool)) : 0;
    void           *scratch = bytes ? fov_alloc_aligned(bytes) : NULL;
    if (bytes) memset(scratch, 0xff, bytes); /* not-a-numbers in whatever is read and was not written */
    if (lowered->run(lowered->impl, in, out, scratch, pool, &err)) check_fail(t, "%s", err.message);
    fov_free_aligned(scratch);
}

/* The output in the residual's memory. */
static void check_in_place(check *t, conv_case *k, const fov_lowered *lowered, fov_pool *pool, const fov_view *want,
                           const fov_view *magnitude)
{
    fov_view out = k->in[RESIDUAL];
    out.dtype = k->out.dtype;
    out.quant = k->out.quant;
    run_lowered(t, k, lowered, pool, &out);
    compare(t, k, &out, want, magnitude);
}

static fov_status lower(const conv_case *k, const fov_kernels *kernels, fov_lowered *lowered, fov_error *err)
{
    const fov_node *node = &k->graph->node[0];
    return kernels ? fov_cpu_conv(k->graph, node, kernels, lowered, err)
                   : fov_backend_find("cpu")->lower(k->graph, node, lowered, err);
}

static bool adds_up_in_halves(const char *kernel)
{
    return strstr(kernel, "f16_avx512fp16") || strstr(kernel, "f16_emulated");
}

/* @return whether it ran by Winograd */
static bool check_case(check *t, conv_case *k, const fov_kernels *kernels, fov_pool *const *pools)
{
    fov_lowered lowered = {0};
    fov_error   err = {0};
    fov_view    want = dense(k->out.dtype, &k->out), magnitude = dense(FOV_F32, &k->out);
    place       places[POOLS];
    run_definition(t, k, k->in, &want);
    if (!k->int8) run_magnitudes(t, k, &magnitude);
    if (lower(k, kernels, &lowered, &err)) check_fail(t, "%s", err.message);
    k->halves = adds_up_in_halves(lowered.kernel);
    const bool winograd = strstr(lowered.kernel, "winograd");
    if (winograd && !k->int8) {
        winograd_add_magnitudes(&k->in[X], &k->in[W], &k->graph->node[0], &magnitude);
        k->terms = winograd_roundings(k->in[X].shape.dim[1]);
    }
    for (int i = 0; i < POOLS && !t->failing; i++) {
        places[i] = make_place(t, k);
        run_lowered(t, k, &lowered, pools[i], &places[i].view);
        compare(t, k, &places[i].view, &want, &magnitude);
        if (!guards_intact(&places[i])) check_fail(t, "wrote outside of its output");
        fov_free_aligned(places[i].block);
    }
    if (!strcmp(lowered.kernel, "definition")) check_fail(t, "the definition serves");
    if (lowered.in_place) check_in_place(t, k, &lowered, pools[2], &want, &magnitude);
    if (t->failing) printf("# in %s\n", lowered.kernel);
    if (lowered.free) lowered.free(lowered.impl);
    fov_free(want.data);
    fov_free(magnitude.data);
    return winograd;
}

/* Of floats check_lowering.c sees to it. */
static bool has_winograd(const check *t, fov_dtype x_type)
{
    return x_type == FOV_U8 && t->now.winograd_int8.name && !t->now.tile_int8.kernel[0].nr;
}

void check_conv_with(check *t, const char *name, fov_dtype x_type, const fov_kernels *kernels)
{
    fov_pool *pools[POOLS];
    if (!check_begin(t, name)) return;
    for (int i = 0; i < POOLS; i++) fov_pool_new(i + 1, &pools[i], NULL);
    fov_cpu_limit(t->level_name, NULL);
    int winograd = 0;
    for (int i = 0; i < CASES && !t->failing; i++) {
        conv_case k = {.graph = fov_graph_new()};
        if (conv_case_make(t, &k, x_type)) winograd += check_case(t, &k, kernels, pools);
        if (t->failing) {
            char *text = fov_graph_dump(k.graph);
            printf("# %s", text);
            fov_free(text);
        }
        conv_case_clear(&k);
    }
    fov_cpu_limit(NULL, NULL);
    if (!winograd && !t->failing && has_winograd(t, x_type)) check_fail(t, "none of %d cases ran by Winograd", CASES);
    for (int i = 0; i < POOLS; i++) fov_pool_free(pools[i]);
    check_end(t);
}

void check_conv(check *t)
{
    static const fov_dtype types[] = {FOV_F32, FOV_F16, FOV_BF16, FOV_U8};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char name[64];
        snprintf(name, sizeof name, "lowering Conv of %s", fov_dtype_name(types[i]));
        check_conv_with(t, name, types[i], NULL);
    }
}
