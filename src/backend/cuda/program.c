// SPDX-License-Identifier: MIT
/* Making a program: steps record launches, wave by wave; products of a wave that the same kernel can make become one launch; a
 * stream captures them as a graph. */
#include "backend/cuda/program.h"

#include "backend/cuda/capture.h"
#include "backend/cuda/gemm_tile.h"
#include "backend/cuda/tuner.h"
#include "base/alloc.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

enum { MAX_WAVE_PROBLEMS = 64, ELEMENT_THREADS = 256 };

/* A product that waits for others of its wave. */
typedef struct waiting {
    const char      *type;
    fov_gemm_problem problem;
    bool             launched;
} waiting;

struct fov_recorder {
    fov_program *program;
    waiting     *waiting; /* MAX_WAVE_PROBLEMS */
    int          n_waiting;
    fov_ready   *launch;
    int          n_launch, cap_launch;
    int          first_step; /* the launches before it make the input of photos that are not there yet */
    bool         alone;      /* the step at hand is its wave's only one */
    fov_ready   *draft;      /* the launches of all steps as they are without tuning, while there is tuning */
    int          n_draft;
    uint64_t     draft_digest; /* of their kernels and grids */
};

fov_place *fov_recorder_place(const fov_recorder *recorder)
{
    return recorder->program->place;
}

const fov_cuda_device *fov_recorder_device(const fov_recorder *recorder)
{
    return recorder->program->place->device;
}

bool fov_recorder_is_alone(const fov_recorder *recorder)
{
    return recorder->alone;
}

void fov_recorder_step(const fov_recorder *recorder, fov_text *name)
{
    fov_text_print(name, "program %016llx, launch %d: ", (unsigned long long)recorder->draft_digest,
                   recorder->n_launch - recorder->first_step);
}

int fov_recorder_around(const fov_recorder *recorder, int most, fov_ready *launches, int *at)
{
    const int own = recorder->n_launch - recorder->first_step, left = recorder->n_draft - own - 1;
    const int before = own < most ? own : most, after = left < 0 ? 0 : left < most ? left : most;
    for (int i = 0; i < before; i++) launches[i] = recorder->launch[recorder->n_launch - before + i];
    for (int i = 0; i < after; i++) launches[before + 1 + i] = recorder->draft[own + 1 + i];
    *at = before;
    return before + 1 + after;
}

/* ---------------------------------------------------------------- launches */

fov_status fov_record_launch(fov_recorder *recorder, const fov_launch *launch, fov_error *err)
{
    if (recorder->n_launch == recorder->cap_launch) {
        const int  larger = recorder->cap_launch ? 2 * recorder->cap_launch : 64;
        fov_ready *more = fov_realloc_array(recorder->launch, (size_t)larger, sizeof *more);
        if (!more) return fov_fail_memory(err, "the launches of a program");
        recorder->launch = more;
        recorder->cap_launch = larger;
    }
    fov_status st = fov_ready_make(fov_recorder_device(recorder), launch, &recorder->launch[recorder->n_launch], err);
    if (!st) recorder->n_launch++;
    return st;
}

fov_launch fov_launch_of(const fov_cuda_launch *launch, const void *params, size_t params_bytes)
{
    return (fov_launch){.kernel = launch->kernel,
                        .grid = {launch->blocks, 1, 1},
                        .threads = launch->threads,
                        .shared_bytes = launch->shared_bytes,
                        .params_bytes = params_bytes,
                        .params = params};
}

fov_status fov_record_filled(fov_recorder *recorder, const fov_cuda_launch *launch, const void *params, size_t params_bytes,
                             fov_error *err)
{
    const fov_launch filled = fov_launch_of(launch, params, params_bytes);
    return fov_record_launch(recorder, &filled, err);
}

fov_status fov_record_elements(fov_recorder *recorder, const char *kernel, int64_t count, const void *params, size_t params_bytes,
                               fov_error *err)
{
    const int64_t blocks = (count + ELEMENT_THREADS - 1) / ELEMENT_THREADS;
    if (blocks < 1) return FOV_OK;
    return fov_record_launch(recorder,
                             &(fov_launch){.kernel = kernel,
                                           .grid = {(unsigned)blocks, 1, 1},
                                           .threads = ELEMENT_THREADS,
                                           .params_bytes = params_bytes,
                                           .params = params},
                             err);
}

/* ---------------------------------------------------------------- products */

/* Products of one launch. */
typedef struct products {
    const char             *type;
    const fov_gemm_problem *problem[FOV_GEMM_PROBLEMS];
    int                     count;
    fov_gemm_params         params;
    fov_cuda_launch         filled;
} products;

static fov_status fill_products(products *p, int tile, fov_launch *launch, fov_error *err)
{
    fov_status st = fov_gemm_fill(p->type, p->problem, p->count, tile, &p->params, &p->filled, err);
    if (!st) *launch = fov_launch_of(&p->filled, &p->params, sizeof p->params);
    return st;
}

static fov_status make_products(void *context, int index, fov_candidate *candidate, fov_error *err)
{
    fov_status st = fill_products(context, index, &candidate->launch, err);
    if (!st) snprintf(candidate->name, sizeof candidate->name, "%s", candidate->launch.kernel);
    return st;
}

static void print_products(const products *p, fov_text *text)
{
    fov_text_print(text, "products %s", p->type);
    for (int i = 0; i < p->count; i++) fov_gemm_describe(p->problem[i], text);
}

static fov_status choose_tile(fov_recorder *recorder, products *p, int *tile, fov_error *err)
{
    fov_place *place = recorder->program->place;
    fov_text   step = {0};
    *tile = fov_gemm_tile_choose(p->problem, p->count, place->device->processors);
    if (!fov_tuner_is_on(place)) return FOV_OK;
    print_products(p, &step);
    return fov_tuner_choose(recorder, &step, make_products, p, FOV_GEMM_TILES, tile, err);
}

static fov_status launch_products(fov_recorder *recorder, products *p, fov_error *err)
{
    fov_launch launch;
    int        tile;
    fov_status st = choose_tile(recorder, p, &tile, err);
    if (!st) st = fill_products(p, tile, &launch, err);
    return st ? st : fov_record_launch(recorder, &launch, err);
}

/* Waiting products of the first's type, as many as a launch takes. */
static void take_alike(fov_recorder *recorder, int first, products *p)
{
    *p = (products){.type = recorder->waiting[first].type};
    for (int i = first; i < recorder->n_waiting && p->count < FOV_GEMM_PROBLEMS; i++) {
        waiting *w = &recorder->waiting[i];
        if (w->launched || strcmp(w->type, p->type) != 0) continue;
        w->launched = true;
        p->problem[p->count++] = &w->problem;
    }
}

static fov_status end_wave(fov_recorder *recorder, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < recorder->n_waiting && !st; i++) {
        products alike;
        if (recorder->waiting[i].launched) continue;
        take_alike(recorder, i, &alike);
        st = launch_products(recorder, &alike, err);
    }
    recorder->n_waiting = 0;
    return st;
}

fov_status fov_record_gemm(fov_recorder *recorder, const char *type, const fov_gemm_problem *problem, fov_error *err)
{
    if (recorder->n_waiting == MAX_WAVE_PROBLEMS) {
        fov_status st = end_wave(recorder, err);
        if (st) return st;
    }
    recorder->waiting[recorder->n_waiting++] = (waiting){.type = type, .problem = *problem};
    return FOV_OK;
}

/* ---------------------------------------------------------------- constants */

fov_status fov_record_constant(fov_recorder *recorder, const void *data, size_t bytes, const void **address, fov_error *err)
{
    fov_program           *program = recorder->program;
    const fov_cuda_device *device = fov_recorder_device(recorder);
    void                  *memory;
    if (program->n_constant == program->cap_constant) {
        const int larger = program->cap_constant ? 2 * program->cap_constant : 16;
        void    **more = fov_realloc_array(program->constant, (size_t)larger, sizeof *more);
        if (!more) return fov_fail_memory(err, "the constants of a program");
        program->constant = more;
        program->cap_constant = larger;
    }
    fov_status st = fov_cuda_alloc(device, bytes ? bytes : 1, "tables", &memory, err);
    if (st) return st;
    program->constant[program->n_constant++] = memory;
    *address = memory;
    return fov_cuda_upload(device, memory, data, bytes, err);
}

/* The views of a plan that stand for what runs elsewhere have addresses of the place. The driver calls an address that it never
 * gave out an invalid value; any other failure says nothing of the address, which then must not be read. */
fov_status fov_record_is_known(const fov_recorder *recorder, const fov_view *view, bool *known, fov_error *err)
{
    unsigned               kind = 0;
    const fov_cuda_driver *driver = fov_recorder_device(recorder)->driver;
    const CUdeviceptr      address = (CUdeviceptr)(uintptr_t)view->data;
    const CUresult         result = driver->PointerGetAttribute(&kind, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, address);
    *known = result == CUDA_ERROR_INVALID_VALUE || (!result && kind != CU_MEMORYTYPE_DEVICE);
    return *known ? FOV_OK : fov_cuda_check(driver, result, err, "the memory of a tensor");
}

static fov_status record_quant(fov_recorder *recorder, const fov_quant *quant, fov_tensor *tensor, fov_error *err)
{
    const size_t count = (size_t)quant->count;
    const void  *scale, *zero_point;
    fov_status   st = fov_record_constant(recorder, quant->scale, count * sizeof *quant->scale, &scale, err);
    if (!st) st = fov_record_constant(recorder, quant->zero_point, count * sizeof *quant->zero_point, &zero_point, err);
    if (st) return st;
    tensor->scale = scale;
    tensor->zero_point = zero_point;
    tensor->per_channel = count > 1;
    return FOV_OK;
}

fov_status fov_record_tensor(fov_recorder *recorder, const fov_view *view, fov_tensor *tensor, int64_t *dim, fov_error *err)
{
    const int   lead = FOV_MAX_RANK - view->shape.rank;
    const void *data = view->data;
    size_t      count;
    bool        known;
    fov_status  st = fov_record_is_known(recorder, view, &known, err);
    *tensor = (fov_tensor){.dtype = (int32_t)view->dtype};
    for (int i = 0; i < FOV_MAX_RANK; i++) {
        tensor->stride[i] = i < lead ? 0 : view->stride[i - lead];
        if (dim) dim[i] = i < lead ? 1 : view->shape.dim[i - lead];
    }
    if (!st && known) { /* what is known is dense */
        fov_shape_count(&view->shape, &count);
        st = fov_record_constant(recorder, view->data, count * fov_dtype_size(view->dtype), &data, err);
    }
    tensor->data = (void *)(uintptr_t)data;
    return st || view->dtype != FOV_U8 ? st : record_quant(recorder, view->quant, tensor, err);
}

/* ---------------------------------------------------------------- programs */

/* Step number `i`, unless it is part of the end. */
static fov_status record_call(fov_recorder *recorder, const fov_call *calls, int i, fov_error *err)
{
    const fov_cuda_ends *ends = recorder->program->ends;
    const fov_call      *call = &calls[i];
    if (ends && fov_cuda_heads_have(&ends->heads, i)) return FOV_OK;
    return call->lowered->record(call->lowered->impl, call->in, call->out, call->scratch, recorder, err);
}

static fov_status record_calls(fov_recorder *recorder, const fov_call *calls, int count, fov_error *err)
{
    fov_status st = FOV_OK;
    recorder->first_step = recorder->n_launch;
    for (int i = 0; i < count && !st; i++) {
        const bool begins = i == 0 || calls[i].wave != calls[i - 1].wave;
        recorder->alone = begins && (i + 1 == count || calls[i + 1].wave != calls[i].wave);
        if (begins) st = end_wave(recorder, err);
        if (!st) st = record_call(recorder, calls, i, err);
    }
    return st ? st : end_wave(recorder, err);
}

static void clear_launches(fov_ready *launches, int count)
{
    for (int i = 0; i < count; i++) fov_ready_clear(&launches[i]);
    fov_free(launches);
}

static void recorder_clear(fov_recorder *recorder)
{
    clear_launches(recorder->launch, recorder->n_launch);
    clear_launches(recorder->draft, recorder->n_draft);
    fov_free(recorder->waiting);
}

static uint64_t digest_of(const fov_ready *launches, int count)
{
    uint64_t digest = 0;
    for (int i = 0; i < count; i++) {
        digest = XXH3_64bits_withSeed(launches[i].name, strlen(launches[i].name), digest);
        digest = XXH3_64bits_withSeed(launches[i].grid, sizeof launches[i].grid, digest);
    }
    return digest;
}

/* What is measured is measured among the others of the program. */
static fov_status make_draft(fov_recorder *recorder, const fov_call *calls, int count, fov_error *err)
{
    fov_status st = record_calls(recorder, calls, count, err);
    recorder->draft = recorder->launch;
    recorder->n_draft = recorder->n_launch;
    recorder->draft_digest = digest_of(recorder->draft, recorder->n_draft);
    recorder->launch = NULL;
    recorder->n_launch = recorder->cap_launch = 0;
    return st;
}

static fov_status record_all(fov_recorder *recorder, const fov_call *calls, int count, fov_error *err)
{
    fov_cuda_ends *ends = recorder->program->ends;
    fov_status     st = ends ? fov_cuda_ends_record_first(ends, recorder, err) : FOV_OK;
    if (!st) st = record_calls(recorder, calls, count, err);
    return st || !ends ? st : fov_cuda_ends_record_last(ends, recorder, err);
}

static fov_status make_graph(fov_recorder *recorder, fov_error *err)
{
    fov_program           *program = recorder->program;
    const fov_cuda_driver *driver = program->place->device->driver;
    fov_status             st = fov_capture(program->place, recorder->launch, recorder->n_launch, 1, &program->captured, err);
    if (!st) st = fov_cuda_check(driver, driver->GraphInstantiate(&program->graph, program->captured, 0), err, "a graph");
    if (!st && program->ends) return fov_cuda_ends_find(program->ends, program->captured, err);
    if (program->captured) driver->GraphDestroy(program->captured);
    program->captured = NULL;
    return st;
}

/* @param ends NULL: none */
static fov_status compile(fov_place *place, const fov_call *calls, int count, const fov_ends *ends, fov_program **out,
                          fov_error *err)
{
    fov_recorder recorder = {.program = fov_calloc(1, sizeof *recorder.program),
                             .waiting = fov_alloc_array(MAX_WAVE_PROBLEMS, sizeof *recorder.waiting)};
    fov_status   st = fov_cuda_device_use(place->device, err);
    *out = NULL;
    if (!recorder.program || !recorder.waiting) st = fov_fail_memory(err, "a program");
    if (recorder.program) recorder.program->place = place;
    if (!st && ends) st = fov_cuda_ends_new(place, calls, count, ends, &recorder.program->ends, err);
    if (!st && place->options.tune_seconds > 0) st = make_draft(&recorder, calls, count, err);
    fov_tuner_begin(place);
    if (!st) st = record_all(&recorder, calls, count, err);
    fov_tuner_end(place);
    if (!st) st = make_graph(&recorder, err);
    recorder_clear(&recorder);
    if (st) fov_program_free(recorder.program);
    else *out = recorder.program;
    return st;
}

fov_status fov_program_compile(fov_place *place, const fov_call *calls, int count, fov_program **out, fov_error *err)
{
    return compile(place, calls, count, NULL, out, err);
}

fov_status fov_program_compile_faces(fov_place *place, const fov_call *calls, int count, const fov_ends *ends, fov_program **out,
                                     fov_error *err)
{
    return compile(place, calls, count, ends, out, err);
}

fov_status fov_program_run(fov_program *program, double *seconds, fov_error *err)
{
    fov_place             *place = program->place;
    const fov_cuda_driver *driver = place->device->driver;
    float                  ms = 0;
    fov_status             st = fov_cuda_device_use(place->device, err);
    if (!st && seconds) st = fov_cuda_check(driver, driver->EventRecord(place->start, place->stream), err, "an event");
    if (!st) st = fov_cuda_check(driver, driver->GraphLaunch(program->graph, place->stream), err, "the network");
    if (!st && seconds) st = fov_cuda_check(driver, driver->EventRecord(place->end, place->stream), err, "an event");
    if (!st) st = fov_cuda_check(driver, driver->StreamSynchronize(place->stream), err, "the network");
    if (st) driver->StreamSynchronize(place->stream); /* nothing works on in memory that the caller has back */
    if (!st && seconds) st = fov_cuda_check(driver, driver->EventElapsedTime(&ms, place->start, place->end), err, "an event");
    if (seconds) *seconds = (double)ms * 1e-3;
    return st;
}

/* What was asked of the stream before a failure may still read the staged photos. */
fov_status fov_program_start(fov_program *program, const fov_remote_photo *photo, const fov_detect_options *options, fov_pool *pool,
                             fov_error *err)
{
    const fov_place       *place = program->place;
    const fov_cuda_driver *driver = place->device->driver;
    fov_status             st = fov_cuda_device_use(place->device, err);
    if (st) return st;
    st = fov_cuda_ends_give(program->ends, program->graph, photo, options, pool, err);
    if (!st) st = fov_cuda_check(driver, driver->GraphLaunch(program->graph, place->stream), err, "the network");
    if (st) driver->StreamSynchronize(place->stream);
    return st;
}

fov_status fov_program_finish(fov_program *program, fov_faces *faces, fov_error *err)
{
    const fov_place       *place = program->place;
    const fov_cuda_driver *driver = place->device->driver;
    fov_status             st = fov_cuda_device_use(place->device, err);
    if (!st) st = fov_cuda_check(driver, driver->StreamSynchronize(place->stream), err, "the network");
    if (!st) fov_cuda_ends_take(program->ends, faces);
    return st;
}

void fov_program_free(fov_program *program)
{
    if (!program) return;
    if (program->graph || program->captured) fov_cuda_device_use(program->place->device, NULL);
    if (program->graph) program->place->device->driver->GraphExecDestroy(program->graph);
    if (program->captured) program->place->device->driver->GraphDestroy(program->captured);
    fov_cuda_ends_free(program->ends);
    for (int i = 0; i < program->n_constant; i++) fov_cuda_free(program->place->device, program->constant[i]);
    fov_free(program->constant);
    fov_free(program);
}
