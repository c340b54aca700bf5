// SPDX-License-Identifier: MIT
/* Speed of the lowered convolutions of both networks: best of many runs, and the share of the machine's peak. */
#include "check.h"

#include "backend/backend.h"
#include "base/alloc.h"
#include "base/cpu.h"
#include "base/peak.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct layer {
    const char *name;
    int64_t     cin, cout, group, kernel, stride, size, times;
} layer;

static const layer layers[] = {
#define LAYER(name, cin, cout, group, kernel, stride, size, times) {#name, cin, cout, group, kernel, stride, size, times},
#include "layers.def"
#undef LAYER
};

static const double LAYER_SECONDS = 0.25; /* time spent on each */

/* One thread is timed by the processor time it got, so that other programs disturb less; several by the clock on the wall. */
static double now(int threads)
{
    struct timespec t;
    clock_gettime(threads > 1 ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Make a value one of a type, with whatever scale. */
static void set_type(fov_graph *graph, int value, fov_dtype dtype)
{
    const fov_quant quant = {.count = 1, .scale = &(float){dtype == FOV_I8 ? 0.001F : 0.02F}, .zero_point = &(int32_t){0}};
    if (fov_graph_set_storage(graph, value, dtype, dtype == FOV_U8 || dtype == FOV_I8 ? &quant : NULL, NULL)) abort();
}

/* Random numbers for a constant or an activation. */
static void fill(check *t, const fov_value *value, int64_t count, float largest, void *data)
{
    fov_view line = fov_view_dense(value->dtype, &(fov_shape){1, {count}}, data);
    line.quant = value->quant;
    for (int64_t i = 0; i < count; i++) fov_view_store_one(&line, &i, test_random_float(&t->random, -largest, largest));
}

static fov_graph *layer_graph(check *t, const layer *l, fov_dtype dtype)
{
    const fov_shape shape = {4, {l->cout, l->cin / l->group, l->kernel, l->kernel}};
    const int64_t   pad = l->kernel / 2, pads[4] = {pad, pad, pad, pad}, strides[2] = {l->stride, l->stride};
    const fov_dtype w_type = dtype == FOV_U8 ? FOV_I8 : dtype;
    fov_graph      *graph = fov_graph_new();
    int x = fov_graph_add_value(graph, "x", FOV_F32, NULL, NULL), y = fov_graph_add_value(graph, "y", FOV_F32, NULL, NULL);
    int w = fov_graph_add_constant(graph, "w", w_type, &shape, NULL, NULL, NULL);
    set_type(graph, x, dtype);
    set_type(graph, y, dtype);
    set_type(graph, w, w_type);
    fill(t, &graph->value[w], l->cout * l->cin / l->group * l->kernel * l->kernel, 0.1F, graph->value[w].data);
    fov_graph_add_node(graph, l->name, FOV_OP_Conv, (int[]){x, w}, 2, &y, 1, NULL);
    fov_node_set_ints(&graph->node[0], "pads", pads, 4, NULL);
    fov_node_set_ints(&graph->node[0], "strides", strides, 2, NULL);
    fov_node_set_int(&graph->node[0], "group", l->group, NULL);
    fov_node_set_float(&graph->node[0], "fused_slope", 0.1F, NULL);
    return graph;
}

/* An activation of random numbers; NHWC, dense. */
static fov_view buffer(check *t, const fov_value *value, int64_t c, int64_t size)
{
    const int64_t count = size * size * c;
    void         *data = fov_alloc_aligned((size_t)count * fov_dtype_size(value->dtype) + FOV_OVERREAD);
    if (!data) abort();
    fill(t, value, count, 1, data);
    fov_view view = fov_view_nhwc_of(value->dtype, 1, c, size, size, c, data);
    view.quant = value->quant;
    return view;
}

/* Best time of one run of the lowered layer. */
static double time_layer(check *t, const layer *l, const fov_graph *graph, const fov_lowered *lowered, fov_pool *pool)
{
    const int64_t   out_size = (l->size + l->stride - 1) / l->stride;
    const fov_node *node = &graph->node[0];
    const fov_view  in_view = buffer(t, &graph->value[node->in[0]], l->cin, l->size);
    const fov_view *in[2] = {&in_view, NULL};
    fov_view        out = buffer(t, &graph->value[node->out[0]], l->cout, out_size);
    size_t          bytes = lowered->scratch ? lowered->scratch(lowered->impl, in, &out, fov_pool_size(pool)) : 0;
    void           *scratch = fov_alloc_aligned(bytes);
    fov_error       err = {0};
    const int       threads = fov_pool_size(pool);
    double          best = 1e9, end = now(threads) + LAYER_SECONDS;
    for (int i = 0; i < 5 || now(threads) < end; i++) {
        double start = now(threads);
        if (lowered->run(lowered->impl, in, &out, scratch, pool, &err)) {
            fprintf(stderr, "%s: %s\n", l->name, err.message);
            exit(EXIT_FAILURE);
        }
        double seconds = now(threads) - start;
        if (seconds < best) best = seconds;
    }
    fov_free_aligned(scratch);
    fov_free_aligned(in_view.data);
    fov_free_aligned(out.data);
    return best;
}

int bench_layers(check *t, int threads, fov_dtype dtype)
{
    const fov_peak what = dtype == FOV_U8     ? FOV_PEAK_INT8
                          : dtype == FOV_BF16 ? FOV_PEAK_BF16
                          : dtype == FOV_F16  ? FOV_PEAK_FP16
                                              : FOV_PEAK_FP32;
    const double   peak = 2e-9 * fov_peak_macs(what, fov_cpu_features()) * threads;
    double         network_ms[2] = {0};
    fov_pool      *pool;
    fov_error      err = {0};
    if (fov_pool_new(threads, &pool, &err)) return fprintf(stderr, "%s\n", err.message), EXIT_FAILURE;
    printf("%s, %d thread(s), peak %.1f GFLOP/s\n", fov_cpu_brand(), threads, peak);
    printf("%-20s %-34s %9s %9s %7s\n", "layer", "kernel", "ms", "GFLOP/s", "peak");
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        const layer *l = &layers[i];
        if (t->filter && !strstr(l->name, t->filter)) continue;
        fov_graph  *graph = layer_graph(t, l, dtype);
        fov_lowered lowered;
        if (fov_backend_find("cpu")->lower(graph, &graph->node[0], &lowered, &err))
            return fprintf(stderr, "%s\n", err.message), EXIT_FAILURE;
        const int64_t out_size = (l->size + l->stride - 1) / l->stride;
        const double  flops = 2.0 * (double)(out_size * out_size * l->cout * (l->cin / l->group) * l->kernel * l->kernel);
        const double  seconds = time_layer(t, l, graph, &lowered, pool);
        printf("%-20s %-34s %9.3f %9.1f %6.1f%%\n", l->name, lowered.kernel, seconds * 1e3, flops / seconds * 1e-9,
               flops / seconds * 1e-7 / peak);
        network_ms[!strncmp(l->name, "r50", 3)] += seconds * 1e3 * (double)l->times;
        lowered.free(lowered.impl);
        fov_graph_free(graph);
    }
    printf("these layers as often as they occur: MobileNet-0.25 %.2f ms, ResNet-50 %.2f ms\n", network_ms[0], network_ms[1]);
    fov_pool_free(pool);
    return EXIT_SUCCESS;
}
