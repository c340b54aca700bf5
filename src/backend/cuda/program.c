// SPDX-License-Identifier: MIT
/* Making a program: steps record launches, wave by wave; products of a wave that the same kernel can make become one launch; a
 * stream captures them as a graph. Each launch may begin while the one before it ends (programmatic dependent launch): kernels wait
 * for each other before they touch memory (kernels/ptx.cuh, fov_depend_wait). */
#include "backend/cuda/program.h"

#include "backend/cuda/gemm_tile.h"
#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

enum { MAX_WAVE_PROBLEMS = 64, ELEMENT_THREADS = 256 };

/* A product that waits for others of its wave. */
typedef struct waiting {
    const char      *type;
    fov_gemm_problem problem;
    bool             launched;
} waiting;

/* A launch that will be captured. */
typedef struct recorded {
    CUfunction kernel;
    char       name[64];
    unsigned   grid[3], threads, cluster, shared_bytes;
    void      *params;
} recorded;

struct fov_recorder {
    fov_program *program;
    waiting     *waiting; /* MAX_WAVE_PROBLEMS */
    int          n_waiting;
    recorded    *launch;
    int          n_launch, cap_launch;
};

const fov_cuda_device *fov_recorder_device(const fov_recorder *recorder)
{
    return recorder->program->place->device;
}

/* ---------------------------------------------------------------- launches */

fov_status fov_record_launch(fov_recorder *recorder, const fov_launch *launch, fov_error *err)
{
    recorded   r = {.grid = {launch->grid[0], launch->grid[1], launch->grid[2]},
                    .threads = launch->threads,
                    .cluster = launch->cluster,
                    .shared_bytes = (unsigned)launch->shared_bytes};
    fov_status st = fov_cuda_kernel(fov_recorder_device(recorder), launch->kernel, launch->shared_bytes, &r.kernel, err);
    if (st) return st;
    if (recorder->n_launch == recorder->cap_launch) {
        const int larger = recorder->cap_launch ? 2 * recorder->cap_launch : 64;
        recorded *more = fov_realloc_array(recorder->launch, (size_t)larger, sizeof *more);
        if (!more) return fov_fail_memory(err, "the launches of a program");
        recorder->launch = more;
        recorder->cap_launch = larger;
    }
    r.params = fov_alloc(launch->params_bytes);
    if (!r.params) return fov_fail_memory(err, "the launches of a program");
    memcpy(r.params, launch->params, launch->params_bytes);
    snprintf(r.name, sizeof r.name, "%s", launch->kernel);
    recorder->launch[recorder->n_launch++] = r;
    return FOV_OK;
}

fov_status fov_record_filled(fov_recorder *recorder, const fov_cuda_launch *launch, const void *params, size_t params_bytes,
                             fov_error *err)
{
    return fov_record_launch(recorder,
                             &(fov_launch){.kernel = launch->kernel,
                                           .grid = {launch->blocks, 1, 1},
                                           .threads = launch->threads,
                                           .shared_bytes = launch->shared_bytes,
                                           .params_bytes = params_bytes,
                                           .params = params},
                             err);
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

/* Launch waiting products of the first's type that tile `tile` suits, as many as a launch takes. */
static fov_status launch_products(fov_recorder *recorder, int first, const fov_gemm_tile *tile, fov_error *err)
{
    fov_gemm_params params = {.problems = 0};
    int64_t         blocks = 0;
    for (int i = first; i < recorder->n_waiting && params.problems < FOV_GEMM_PROBLEMS; i++) {
        waiting *w = &recorder->waiting[i];
        if (w->launched || strcmp(w->type, recorder->waiting[first].type) != 0) continue;
        w->launched = true;
        fov_gemm_problem *problem = &params.problem[params.problems++];
        *problem = w->problem;
        problem->first_block = (int32_t)blocks;
        problem->tiles_n = (problem->end.channels + tile->channels - 1) / tile->channels;
        blocks += fov_gemm_blocks(problem, tile);
        if (blocks > INT32_MAX) return fov_fail(err, FOV_ERR_LIMIT, "the network is too large for a GPU at this input size");
    }
    char name[64];
    snprintf(name, sizeof name, "fov_conv_gemm_%s_%dx%d", recorder->waiting[first].type, tile->pixels, tile->channels);
    return fov_record_launch(recorder,
                             &(fov_launch){.kernel = name,
                                           .grid = {(unsigned)blocks, 1, 1},
                                           .threads = (unsigned)tile->threads,
                                           .shared_bytes = (size_t)tile->shared_bytes,
                                           .params_bytes = sizeof params,
                                           .params = &params},
                             err);
}

static fov_status end_wave(fov_recorder *recorder, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < recorder->n_waiting && !st; i++) {
        const fov_gemm_problem *alike[FOV_GEMM_PROBLEMS];
        int                     count = 0;
        if (recorder->waiting[i].launched) continue;
        for (int k = i; k < recorder->n_waiting && count < FOV_GEMM_PROBLEMS; k++)
            if (!recorder->waiting[k].launched && !strcmp(recorder->waiting[k].type, recorder->waiting[i].type))
                alike[count++] = &recorder->waiting[k].problem;
        st = launch_products(recorder, i, fov_gemm_tile_choose(alike, count, fov_recorder_device(recorder)->processors), err);
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

static fov_status record_calls(fov_recorder *recorder, const fov_call *calls, int count, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < count && !st; i++) {
        if (i && calls[i].wave != calls[i - 1].wave) st = end_wave(recorder, err);
        if (!st) st = calls[i].lowered->record(calls[i].lowered->impl, calls[i].in, calls[i].out, calls[i].scratch, recorder, err);
    }
    return st ? st : end_wave(recorder, err);
}

/* @param early the kernel may begin while the one before it ends */
static fov_status launch(const fov_place *place, recorded *r, bool early, fov_error *err)
{
    const fov_cuda_driver *driver = place->device->driver;
    void                  *params[] = {r->params};
    CUlaunchAttribute      attribute[2];
    unsigned               attributes = 0;
    if (early)
        attribute[attributes++] = (CUlaunchAttribute){.id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION,
                                                      .value = {.programmaticStreamSerializationAllowed = 1}};
    if (r->cluster > 1)
        attribute[attributes++] =
            (CUlaunchAttribute){.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, .value = {.clusterDim = {r->cluster, 1, 1}}};
    const CUlaunchConfig   config = {.gridDimX = r->grid[0],
                                     .gridDimY = r->grid[1],
                                     .gridDimZ = r->grid[2],
                                     .blockDimX = r->threads,
                                     .blockDimY = 1,
                                     .blockDimZ = 1,
                                     .sharedMemBytes = r->shared_bytes,
                                     .hStream = place->stream,
                                     .attrs = attribute,
                                     .numAttrs = attributes};
    return fov_cuda_check(driver, driver->LaunchKernelEx(&config, r->kernel, params, NULL), err, "kernel %s", r->name);
}

/* What is launched is captured, not run. */
static fov_status capture(const fov_recorder *recorder, CUgraph *graph, fov_error *err)
{
    const fov_place       *place = recorder->program->place;
    const fov_cuda_driver *driver = place->device->driver;
    fov_status             st =
        fov_cuda_check(driver, driver->StreamBeginCapture(place->stream, CU_STREAM_CAPTURE_MODE_RELAXED), err, "a graph");
    if (st) return st;
    for (int i = 0; i < recorder->n_launch && !st; i++)
        st = launch(place, &recorder->launch[i], i > 0 && place->device->capability >= 90, err);
    const CUresult ended = driver->StreamEndCapture(place->stream, graph);
    return st ? st : fov_cuda_check(driver, ended, err, "a graph");
}

static void recorder_clear(fov_recorder *recorder)
{
    for (int i = 0; i < recorder->n_launch; i++) fov_free(recorder->launch[i].params);
    fov_free(recorder->launch);
    fov_free(recorder->waiting);
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
    fov_status             st = capture(recorder, &program->captured, err);
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
    if (!st && ends) st = fov_cuda_ends_new(place, ends, &recorder.program->ends, err);
    if (!st) st = record_all(&recorder, calls, count, err);
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
