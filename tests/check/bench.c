// SPDX-License-Identifier: MIT
/* Speed of the lowered convolutions of both networks: best of many runs, and the share of the machine's peak. */
#include "check.h"

#include "backend/backend.h"
#include "base/alloc.h"
#include "base/cpu.h"

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

static fov_graph *layer_graph(check *t, const layer *l)
{
    const fov_shape shape = {4, {l->cout, l->cin / l->group, l->kernel, l->kernel}};
    const int64_t   pad = l->kernel / 2, pads[4] = {pad, pad, pad, pad}, strides[2] = {l->stride, l->stride};
    fov_graph      *graph = fov_graph_new();
    int    x = fov_graph_add_value(graph, "x", FOV_F32, NULL, NULL), y = fov_graph_add_value(graph, "y", FOV_F32, NULL, NULL);
    int    w = fov_graph_add_constant(graph, "w", FOV_F32, &shape, NULL, NULL, NULL);
    float *data = graph->value[w].data;
    for (int64_t i = 0; i < l->cout * l->cin / l->group * l->kernel * l->kernel; i++)
        data[i] = test_random_float(&t->random, -0.1F, 0.1F);
    fov_graph_add_node(graph, l->name, FOV_OP_Conv, (int[]){x, w}, 2, &y, 1, NULL);
    fov_node_set_ints(&graph->node[0], "pads", pads, 4, NULL);
    fov_node_set_ints(&graph->node[0], "strides", strides, 2, NULL);
    fov_node_set_int(&graph->node[0], "group", l->group, NULL);
    fov_node_set_float(&graph->node[0], "fused_slope", 0.1F, NULL);
    return graph;
}

static float *buffer(check *t, int64_t floats)
{
    float *data = fov_alloc_aligned((size_t)floats * sizeof *data + FOV_OVERREAD);
    if (!data) abort();
    for (int64_t i = 0; i < floats; i++) data[i] = test_random_float(&t->random, -1, 1);
    return data;
}

/* Best time of one run of the lowered layer. */
static double time_layer(check *t, const layer *l, const fov_lowered *lowered, fov_pool *pool)
{
    const int64_t   out_size = (l->size + l->stride - 1) / l->stride;
    float          *x = buffer(t, l->size * l->size * l->cin), *y = buffer(t, out_size * out_size * l->cout);
    const fov_view  in_view = fov_view_nhwc(1, l->cin, l->size, l->size, l->cin, x);
    const fov_view *in[2] = {&in_view, NULL};
    fov_view        out = fov_view_nhwc(1, l->cout, out_size, out_size, l->cout, y);
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
    fov_free_aligned(x);
    fov_free_aligned(y);
    return best;
}

int bench_layers(check *t, int threads)
{
    const double peak = peak_gflops(fov_cpu_features()) * threads;
    double       network_ms[2] = {0};
    fov_pool    *pool;
    fov_error    err = {0};
    if (fov_pool_new(threads, &pool, &err)) return fprintf(stderr, "%s\n", err.message), EXIT_FAILURE;
    printf("%s, %d thread(s), peak %.1f GFLOP/s\n", fov_cpu_brand(), threads, peak);
    printf("%-20s %-34s %9s %9s %7s\n", "layer", "kernel", "ms", "GFLOP/s", "peak");
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        const layer *l = &layers[i];
        if (t->filter && !strstr(l->name, t->filter)) continue;
        fov_graph  *graph = layer_graph(t, l);
        fov_lowered lowered;
        if (fov_backend_find("cpu")->lower(graph, &graph->node[0], &lowered, &err))
            return fprintf(stderr, "%s\n", err.message), EXIT_FAILURE;
        const int64_t out_size = (l->size + l->stride - 1) / l->stride;
        const double  flops = 2.0 * (double)(out_size * out_size * l->cout * (l->cin / l->group) * l->kernel * l->kernel);
        const double  seconds = time_layer(t, l, &lowered, pool);
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
