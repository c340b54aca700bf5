// SPDX-License-Identifier: MIT
/* A driver without a GPU: what Fovea calls of CUDA's driver API, over the host's memory and the emulator. Built as libcuda.so.1,
 * which tests put in the way of the real one.
 *
 * What is asked of a stream is kept and done when somebody waits for it, as late as a GPU might: so a result that is read without
 * waiting is not there yet, and memory that is changed or freed too early is missed.
 *
 * The environment makes it fail:
 *  FAKE_CUDA_DEVICES     how many GPUs there are; 1
 *  FAKE_CUDA_VERSION     of the driver, as cuDriverGetVersion(); that of cuda.h
 *  FAKE_CUDA_CAPABILITY  10 * major + minor; 90
 *  FAKE_CUDA_MEMORY      bytes of a GPU; 8 GiB
 *  FAKE_CUDA_FAIL_INIT   what cuInit() returns
 *  FAKE_CUDA_LOST        name of a file: once it is there, the GPUs are gone, as with a cable that was pulled
 *  FAKE_CUDA_READS       name of a file that a thread of the driver's tries to read again and again, and prints how that went */
#define __CUDA_API_VERSION_INTERNAL
#include <cuda.h>

#include "emulator.h"
#include "fake_driver.h"
#include "tensor_map.h"

#include <algorithm>
#include <errno.h>
#include <fcntl.h>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stdio.h>
#include <stdlib.h>
#include <string>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

enum { MOST_DEVICES = 64, SHARED_BYTES = 48 << 10, SHARED_OPTIN_BYTES = 227 << 10 };

typedef std::function<void()> work;

struct function {
    const emulator_kernel *kernel;
    size_t                 shared_bytes; /* the most a launch may ask for */
};

struct CUctx_st {
    int                         device;
    int                         retained;
    std::map<uintptr_t, size_t> memory; /* device memory: address, bytes */
    size_t                      memory_bytes;
};

struct CUmod_st {
    CUcontext                       context;
    std::map<std::string, function> functions;
};

/** A kernel with all that it is launched with. The parameters are a copy of its own. */
struct launching {
    CUfunction            kernel;
    dim3                  grid, block;
    size_t                shared_bytes;
    bool                  early;
    std::shared_ptr<void> params;
};

struct CUgraphNode_st {
    CUgraph   graph;
    size_t    step;
    launching what;
};

struct CUgraph_st {
    std::vector<work>                            steps;
    std::vector<std::unique_ptr<CUgraphNode_st>> kernels;
    CUstreamCaptureMode                          mode = CU_STREAM_CAPTURE_MODE_GLOBAL; /* while it is being captured */
    std::thread::id                              thread;                               /* that began to */
};

struct CUgraphExec_st {
    CUgraph           from;
    std::vector<work> steps;
};

struct CUstream_st {
    CUcontext         context;
    bool              waits_for_default; /* not CU_STREAM_NON_BLOCKING */
    std::vector<work> queue;
    CUgraph           capture; /* NULL: none */
    bool              origin;  /* of the capture */
    bool              joined;  /* what the capture took from here is waited for by another of its streams */
};

struct CUevent_st {
    CUcontext context;
    CUstream  stream; /* where it was recorded last; NULL: nowhere */
    CUgraph   capture;
    bool      done, timed;
    double    ms;
};

/* Everything below is behind one lock. */
static std::mutex                  lock;
static bool                        started;
static CUctx_st                    contexts[MOST_DEVICES];
static std::set<CUstream>          streams;
static std::set<CUevent>           events;
static std::map<uintptr_t, size_t> pinned;
static thread_local CUcontext      in_use;

static uint64_t calls, fail_at; /* fake_driver.h */
static CUresult fail_with;

static bool lost(void)
{
    const char *file = getenv("FAKE_CUDA_LOST");
    return file && !access(file, F_OK);
}

/* How a function begins. Those that only give something back never fail on request. */
#define LOCK() std::lock_guard<std::mutex> hold(lock)
#define NEED_CONTEXT()                                                                                                             \
    if (!in_use || !in_use->retained) return CUDA_ERROR_INVALID_CONTEXT
#define ENTER()                                                                                                                    \
    LOCK();                                                                                                                        \
    if (!started) return CUDA_ERROR_NOT_INITIALIZED;                                                                               \
    if (++calls == fail_at) return fail_with;                                                                                      \
    if (lost()) return CUDA_ERROR_DEVICE_UNAVAILABLE
#define ENTER_CONTEXT()                                                                                                            \
    ENTER();                                                                                                                       \
    NEED_CONTEXT()
#define REQUIRE(condition)                                                                                                         \
    if (!(condition)) return CUDA_ERROR_INVALID_VALUE

static size_t setting(const char *name, size_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? (size_t)strtoull(text, nullptr, 10) : otherwise;
}

static int device_count(void)
{
    return (int)std::min(setting("FAKE_CUDA_DEVICES", 1), (size_t)MOST_DEVICES);
}

static int capability(void)
{
    return (int)setting("FAKE_CUDA_CAPABILITY", 90);
}

static size_t memory_bytes(void)
{
    return setting("FAKE_CUDA_MEMORY", (size_t)8 << 30);
}

/* ---- memory */

/** Whether all of the bytes are in one block of `blocks`. */
static bool inside(const std::map<uintptr_t, size_t> &blocks, uintptr_t at, size_t bytes)
{
    auto block = blocks.upper_bound(at);
    if (block == blocks.begin()) return false;
    --block;
    return at - block->first <= block->second && bytes <= block->second - (at - block->first);
}

static bool on_device(CUdeviceptr at, size_t bytes)
{
    return inside(in_use->memory, (uintptr_t)at, bytes);
}

static bool on_host(const void *at)
{
    return at && !on_device((CUdeviceptr)(uintptr_t)at, 1); /* what begins where a block ends is not of it */
}

/** Blocks of their own, so that a sanitizer sees who goes beyond one. */
static CUresult allocate(CUdeviceptr *memory, size_t bytes)
{
    void *block = nullptr;
    REQUIRE(memory && bytes);
    if (bytes > memory_bytes() || in_use->memory_bytes > memory_bytes() - bytes) return CUDA_ERROR_OUT_OF_MEMORY;
    if (posix_memalign(&block, 256, bytes)) return CUDA_ERROR_OUT_OF_MEMORY;
    memset(block, 0xff, bytes);
    in_use->memory[(uintptr_t)block] = bytes;
    in_use->memory_bytes += bytes;
    *memory = (CUdeviceptr)(uintptr_t)block;
    return CUDA_SUCCESS;
}

static void release(CUcontext context, CUdeviceptr memory)
{
    const auto block = context->memory.find((uintptr_t)memory);
    if (block == context->memory.end()) return;
    context->memory_bytes -= block->second;
    context->memory.erase(block);
    free((void *)(uintptr_t)memory);
}

/* ---- streams */

/** The default stream is the context's. */
static CUstream default_stream(void)
{
    static CUstream_st per_device[MOST_DEVICES];
    CUstream           s = &per_device[in_use->device];
    s->context = in_use;
    s->waits_for_default = true;
    return s;
}

static CUstream stream_of(CUstream given)
{
    return given && given != CU_STREAM_LEGACY ? given : default_stream();
}

static bool known(CUstream s)
{
    return s == default_stream() || streams.count(s) != 0;
}

/** Do all that was asked of the stream. */
static void drain(CUstream s)
{
    std::vector<work> now;
    now.swap(s->queue);
    for (const work &step : now) step();
}

static void drain_all(CUcontext context)
{
    for (CUstream s : streams)
        if (s->context == context) drain(s);
    drain(default_stream());
}

/** What the default stream waits for, and what waits for it. */
static void drain_blocking(void)
{
    for (CUstream s : streams)
        if (s->context == in_use && s->waits_for_default) drain(s);
    drain(default_stream());
}

static bool capturing(void)
{
    for (CUstream s : streams)
        if (s->capture) return true;
    return false;
}

/* Whether a copy on the default stream, which waits for no stream but those that wait for it, may not be made beside a capture: one
 * forbids it in all threads, in the one that began it, or, relaxed, in none. */
static bool copies_forbidden(void)
{
    for (CUstream s : streams) {
        if (!s->capture) continue;
        const CUgraph_st &c = *s->capture;
        const bool        here = c.mode == CU_STREAM_CAPTURE_MODE_THREAD_LOCAL && c.thread == std::this_thread::get_id();
        if (s->waits_for_default || c.mode == CU_STREAM_CAPTURE_MODE_GLOBAL || here) return true;
    }
    return false;
}

static CUresult ask(CUstream given, const work &step)
{
    CUstream s = stream_of(given);
    if (!known(s)) return CUDA_ERROR_INVALID_HANDLE;
    s->joined = false;
    if (s->capture) {
        s->capture->steps.push_back(step);
        return CUDA_SUCCESS;
    }
    if (s == default_stream()) drain_blocking();
    else if (s->waits_for_default) drain(default_stream());
    s->queue.push_back(step);
    return CUDA_SUCCESS;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

extern "C" {
#pragma GCC visibility push(default)

void fake_driver_fail(uint64_t call, int result)
{
    LOCK();
    calls = 0;
    fail_at = call;
    fail_with = (CUresult)result;
}

uint64_t fake_driver_calls(void)
{
    LOCK();
    return calls;
}

/* ---- the driver and its devices */

/* As NVIDIA's driver does it, which does not start where it cannot. */
static bool can_name_threads(void)
{
    const std::string path = "/proc/self/task/" + std::to_string(gettid()) + "/comm";
    const int         fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

static void read_for_ever(const char *path)
{
    for (int before = -1;; usleep(10000)) {
        const int fd = open(path, O_RDONLY | O_CLOEXEC), now = fd < 0 ? errno : 0;
        if (now != before) dprintf(STDERR_FILENO, "the driver's thread reads %s: %s\n", path, strerror(now));
        before = now;
        if (fd >= 0) close(fd);
    }
}

CUresult CUDAAPI cuInit(unsigned flags)
{
    LOCK();
    const CUresult fails = (CUresult)setting("FAKE_CUDA_FAIL_INIT", 0);
    REQUIRE(flags == 0);
    if (fails) return fails;
    if (device_count() == 0) return CUDA_ERROR_NO_DEVICE;
    if (!can_name_threads()) return CUDA_ERROR_OPERATING_SYSTEM;
    if (const char *path = getenv("FAKE_CUDA_READS"); path && !started) std::thread(read_for_ever, path).detach();
    started = true;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDriverGetVersion(int *version)
{
    REQUIRE(version);
    *version = (int)setting("FAKE_CUDA_VERSION", CUDA_VERSION);
    return CUDA_SUCCESS;
}

static const struct {
    CUresult    result;
    const char *name, *words;
} errors[] = {
#define ERROR(result, words)                                                                                                       \
    {                                                                                                                              \
        result, #result, words                                                                                                     \
    }
    ERROR(CUDA_SUCCESS, "no error"),
    ERROR(CUDA_ERROR_INVALID_VALUE, "invalid argument"),
    ERROR(CUDA_ERROR_OUT_OF_MEMORY, "out of memory"),
    ERROR(CUDA_ERROR_NOT_INITIALIZED, "initialization error"),
    ERROR(CUDA_ERROR_NO_DEVICE, "no CUDA-capable device is detected"),
    ERROR(CUDA_ERROR_INVALID_DEVICE, "invalid device ordinal"),
    ERROR(CUDA_ERROR_INVALID_IMAGE, "device kernel image is invalid"),
    ERROR(CUDA_ERROR_INVALID_CONTEXT, "invalid device context"),
    ERROR(CUDA_ERROR_NO_BINARY_FOR_GPU, "no kernel image is available for execution on the device"),
    ERROR(CUDA_ERROR_INVALID_HANDLE, "invalid resource handle"),
    ERROR(CUDA_ERROR_NOT_FOUND, "named symbol not found"),
    ERROR(CUDA_ERROR_NOT_READY, "device not ready"),
    ERROR(CUDA_ERROR_LAUNCH_FAILED, "unspecified launch failure"),
    ERROR(CUDA_ERROR_NOT_SUPPORTED, "operation not supported"),
    ERROR(CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, "system has unsupported display driver / cuda driver combination"),
    ERROR(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "operation not permitted when stream is capturing"),
    ERROR(CUDA_ERROR_STREAM_CAPTURE_UNJOINED, "capturing stream has unjoined work"),
    ERROR(CUDA_ERROR_ILLEGAL_STATE, "the operation cannot be performed in the present state"),
    ERROR(CUDA_ERROR_UNKNOWN, "unknown error"),
#undef ERROR
};

CUresult CUDAAPI cuGetErrorName(CUresult result, const char **name)
{
    for (const auto &row : errors)
        if (row.result == result) return *name = row.name, CUDA_SUCCESS;
    *name = nullptr;
    return CUDA_ERROR_INVALID_VALUE;
}

CUresult CUDAAPI cuGetErrorString(CUresult result, const char **words)
{
    for (const auto &row : errors)
        if (row.result == result) return *words = row.words, CUDA_SUCCESS;
    *words = nullptr;
    return CUDA_ERROR_INVALID_VALUE;
}

CUresult CUDAAPI cuDeviceGetCount(int *count)
{
    ENTER();
    *count = device_count();
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGet(CUdevice *device, int index)
{
    ENTER();
    if (index < 0 || index >= device_count()) return CUDA_ERROR_INVALID_DEVICE;
    *device = index;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetName(char *name, int bytes, CUdevice device)
{
    ENTER();
    REQUIRE(device < device_count() && bytes > 0);
    snprintf(name, (size_t)bytes, "Emulated GPU");
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device)
{
    ENTER();
    REQUIRE(device < device_count());
    memset(uuid, device + 1, sizeof *uuid);
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
    ENTER();
    REQUIRE(device < device_count());
    *bytes = memory_bytes();
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device)
{
    static const struct {
        CUdevice_attribute attribute;
        int                value;
    } rows[] = {
        {CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 132},
        {CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 1024},
        {CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR, 2048},
        {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, SHARED_BYTES},
        {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, SHARED_OPTIN_BYTES},
        {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR, SHARED_OPTIN_BYTES + 1024},
        {CU_DEVICE_ATTRIBUTE_WARP_SIZE, 32},
        {CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, 50 << 20},
        {CU_DEVICE_ATTRIBUTE_CLOCK_RATE, 1785000},
        {CU_DEVICE_ATTRIBUTE_COMPUTE_MODE, CU_COMPUTEMODE_DEFAULT},
        {CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING, 1},
        {CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED, 1},
    };
    ENTER();
    REQUIRE(device < device_count());
    if (attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) return *value = capability() / 10, CUDA_SUCCESS;
    if (attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR) return *value = capability() % 10, CUDA_SUCCESS;
    for (const auto &row : rows)
        if (row.attribute == attribute) return *value = row.value, CUDA_SUCCESS;
    return CUDA_ERROR_INVALID_VALUE;
}

/* ---- contexts */

CUresult CUDAAPI cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
    ENTER();
    if (device < 0 || device >= device_count()) return CUDA_ERROR_INVALID_DEVICE;
    *context = &contexts[device];
    (*context)->device = device;
    (*context)->retained++;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDevicePrimaryCtxRelease_v2(CUdevice device)
{
    ENTER();
    if (device < 0 || device >= device_count()) return CUDA_ERROR_INVALID_DEVICE;
    if (!contexts[device].retained) return CUDA_ERROR_INVALID_CONTEXT;
    contexts[device].retained--;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuCtxSetCurrent(CUcontext context)
{
    ENTER();
    in_use = context;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuCtxSynchronize(void)
{
    ENTER_CONTEXT();
    if (capturing()) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    drain_all(in_use);
    return CUDA_SUCCESS;
}

/* ---- kernels */

CUresult CUDAAPI cuModuleLoadData(CUmodule *module, const void *image)
{
    ENTER_CONTEXT();
    REQUIRE(image);
    if (capability() < 75) return CUDA_ERROR_NO_BINARY_FOR_GPU;
    *module = new CUmod_st{in_use, {}};
    for (const emulator_kernel *k = emulator_kernels; k; k = k->next) (*module)->functions[k->name] = {k, SHARED_BYTES};
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuModuleUnload(CUmodule module)
{
    LOCK();
    NEED_CONTEXT();
    drain_all(in_use);
    delete module;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuModuleGetFunction(CUfunction *kernel, CUmodule module, const char *name)
{
    ENTER_CONTEXT();
    const auto found = module->functions.find(name);
    if (found == module->functions.end()) return CUDA_ERROR_NOT_FOUND;
    *kernel = (CUfunction)&found->second;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuFuncSetAttribute(CUfunction kernel, CUfunction_attribute attribute, int value)
{
    ENTER_CONTEXT();
    if (attribute == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT) return CUDA_SUCCESS;
    REQUIRE(attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES && value >= 0 && value <= SHARED_OPTIN_BYTES);
    ((function *)kernel)->shared_bytes = (size_t)value;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction kernel)
{
    ENTER_CONTEXT();
    const function *f = (const function *)kernel;
    if (attribute == CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK) *value = (int)f->kernel->threads;
    else if (attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) *value = (int)f->shared_bytes;
    else if (attribute == CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES || attribute == CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES) *value = 0;
    else if (attribute == CU_FUNC_ATTRIBUTE_NUM_REGS) *value = 64;
    else if (attribute == CU_FUNC_ATTRIBUTE_BINARY_VERSION) *value = capability();
    else return CUDA_ERROR_INVALID_VALUE;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction kernel, int threads, size_t shared_bytes)
{
    ENTER_CONTEXT();
    REQUIRE(kernel && threads > 0);
    *blocks = (int)std::min((size_t)(2048 / threads), (size_t)(SHARED_OPTIN_BYTES + 1024) / (shared_bytes + 1024));
    return CUDA_SUCCESS;
}

/** The parameters are copied now, as a driver does: their memory may be gone when the kernel runs. */
static CUresult prepare(launching *l, void **params, void **extra)
{
    const function *f = (const function *)l->kernel;
    REQUIRE(f && params && params[0] && !extra);
    REQUIRE(l->grid.x && l->grid.y && l->grid.z && l->grid.x <= INT32_MAX && l->grid.y <= 65535 && l->grid.z <= 65535);
    REQUIRE(l->block.x && l->block.y && l->block.z && l->block.z <= 64);
    REQUIRE((uint64_t)l->block.x * l->block.y * l->block.z <= f->kernel->threads);
    REQUIRE(l->shared_bytes <= f->shared_bytes);
    l->params = std::shared_ptr<void>(aligned_alloc(128, (f->kernel->params_bytes + 127) / 128 * 128), free);
    if (!l->params) return CUDA_ERROR_OUT_OF_MEMORY;
    memcpy(l->params.get(), params[0], f->kernel->params_bytes);
    return CUDA_SUCCESS;
}

static work work_of(const launching &l)
{
    return [l] { emulator_launch(((const function *)l.kernel)->kernel, l.grid, l.block, l.shared_bytes, l.early, l.params.get()); };
}

static CUresult launch(CUstream s, CUfunction kernel, dim3 grid, dim3 block, size_t shared_bytes, bool early, void **params,
                       void **extra)
{
    launching      l = {kernel, grid, block, shared_bytes, early, nullptr};
    const CUresult failed = prepare(&l, params, extra);
    if (failed) return failed;
    CUgraph graph = stream_of(s)->capture;
    if (graph) graph->kernels.emplace_back(new CUgraphNode_st{graph, graph->steps.size(), l});
    return ask(s, work_of(l));
}

CUresult CUDAAPI cuLaunchKernel(CUfunction kernel, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                                unsigned block_y, unsigned block_z, unsigned shared_bytes, CUstream s, void **params, void **extra)
{
    ENTER_CONTEXT();
    return launch(s, kernel, {grid_x, grid_y, grid_z}, {block_x, block_y, block_z}, shared_bytes, false, params, extra);
}

CUresult CUDAAPI cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction kernel, void **params, void **extra)
{
    ENTER_CONTEXT();
    bool early = false;
    REQUIRE(config);
    for (unsigned i = 0; i < config->numAttrs; i++) {
        const CUlaunchAttribute *a = &config->attrs[i];
        if (a->id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION &&
            a->value.clusterDim.x * a->value.clusterDim.y * a->value.clusterDim.z != 1)
            return CUDA_ERROR_NOT_SUPPORTED;
        if (a->id == CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION)
            early = a->value.programmaticStreamSerializationAllowed != 0;
    }
    return launch(config->hStream, kernel, {config->gridDimX, config->gridDimY, config->gridDimZ},
                  {config->blockDimX, config->blockDimY, config->blockDimZ}, config->sharedMemBytes, early, params, extra);
}

/** No emulated kernel takes such a map. */
CUresult CUDAAPI cuTensorMapEncodeIm2col(CUtensorMap *, CUtensorMapDataType, cuuint32_t, void *, const cuuint64_t *,
                                         const cuuint64_t *, const int *, const int *, cuuint32_t, cuuint32_t, const cuuint32_t *,
                                         CUtensorMapInterleave, CUtensorMapSwizzle, CUtensorMapL2promotion, CUtensorMapFloatOOBfill)
{
    return CUDA_ERROR_NOT_SUPPORTED;
}

CUresult CUDAAPI cuTensorMapEncodeTiled(CUtensorMap *map, CUtensorMapDataType dtype, cuuint32_t rank, void *address,
                                        const cuuint64_t *dims, const cuuint64_t *strides, const cuuint32_t *box,
                                        const cuuint32_t *element_strides, CUtensorMapInterleave interleave,
                                        CUtensorMapSwizzle swizzle, CUtensorMapL2promotion promotion, CUtensorMapFloatOOBfill fill)
{
    (void)promotion;
    ENTER();
    REQUIRE((uintptr_t)map % 64 == 0 && (uintptr_t)address % 16 == 0 && rank >= 1 && rank <= EMULATOR_MAP_RANK);
    REQUIRE(interleave == CU_TENSOR_MAP_INTERLEAVE_NONE);
    emulator_tensor_map to = {};
    to.address = address;
    to.rank = (uint8_t)rank;
    to.dtype = (uint8_t)dtype;
    to.swizzle = (uint8_t)swizzle;
    to.fill = (uint8_t)fill;
    for (cuuint32_t i = 0; i < rank; i++) {
        REQUIRE(dims[i] >= 1 && dims[i] <= (cuuint64_t)1 << 32 && box[i] >= 1 && box[i] <= 256);
        REQUIRE(element_strides[i] >= 1 && element_strides[i] <= 8);
        if (i) REQUIRE(strides[i - 1] % 16 == 0 && strides[i - 1] < (cuuint64_t)1 << 40);
        to.dims[i] = dims[i];
        to.box[i] = (uint16_t)box[i];
        to.element_strides[i] = (uint8_t)element_strides[i];
        if (i) to.strides[i - 1] = strides[i - 1];
    }
    memset(map, 0, sizeof *map);
    memcpy(map, &to, sizeof to);
    return CUDA_SUCCESS;
}

/* ---- memory */

CUresult CUDAAPI cuMemGetInfo_v2(size_t *free_bytes, size_t *total)
{
    ENTER_CONTEXT();
    *total = memory_bytes();
    *free_bytes = *total - std::min(*total, in_use->memory_bytes);
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemAlloc_v2(CUdeviceptr *memory, size_t bytes)
{
    ENTER_CONTEXT();
    return allocate(memory, bytes);
}

/** Waits for the device first, as the real one does. */
CUresult CUDAAPI cuMemFree_v2(CUdeviceptr memory)
{
    LOCK();
    NEED_CONTEXT();
    if (!memory) return CUDA_SUCCESS;
    REQUIRE(in_use->memory.count((uintptr_t)memory));
    drain_all(in_use);
    release(in_use, memory);
    return CUDA_SUCCESS;
}

/** Sooner than the stream would, which nobody sees. */
CUresult CUDAAPI cuMemAllocAsync(CUdeviceptr *memory, size_t bytes, CUstream s)
{
    ENTER_CONTEXT();
    if (stream_of(s)->capture) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    return allocate(memory, bytes);
}

CUresult CUDAAPI cuMemFreeAsync(CUdeviceptr memory, CUstream s)
{
    LOCK();
    NEED_CONTEXT();
    const CUcontext context = in_use;
    REQUIRE(in_use->memory.count((uintptr_t)memory));
    if (stream_of(s)->capture) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    return ask(s, [=] { release(context, memory); });
}

/** Tells device memory from all other. */
CUresult CUDAAPI cuPointerGetAttribute(void *value, CUpointer_attribute attribute, CUdeviceptr pointer)
{
    ENTER_CONTEXT();
    REQUIRE(value && attribute == CU_POINTER_ATTRIBUTE_MEMORY_TYPE && on_device(pointer, 1));
    *(unsigned *)value = CU_MEMORYTYPE_DEVICE;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemAllocHost_v2(void **memory, size_t bytes)
{
    ENTER_CONTEXT();
    REQUIRE(memory && bytes);
    if (posix_memalign(memory, 4096, bytes)) return CUDA_ERROR_OUT_OF_MEMORY;
    pinned[(uintptr_t)*memory] = bytes;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemFreeHost(void *memory)
{
    LOCK();
    NEED_CONTEXT();
    REQUIRE(pinned.erase((uintptr_t)memory));
    drain_all(in_use);
    free(memory);
    return CUDA_SUCCESS;
}

/* ---- copies. `CUdeviceptr` is checked when the copy is asked for, the host's memory when it is done, by a sanitizer. */

#define AT(pointer) ((void *)(uintptr_t)(pointer))

CUresult CUDAAPI cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes)
{
    ENTER_CONTEXT();
    REQUIRE(on_device(to, bytes) && on_host(from));
    if (copies_forbidden()) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    drain_blocking();
    memcpy(AT(to), from, bytes);
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes)
{
    ENTER_CONTEXT();
    REQUIRE(on_device(from, bytes) && on_host(to));
    if (copies_forbidden()) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    drain_blocking();
    memcpy(to, AT(from), bytes);
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes)
{
    ENTER_CONTEXT();
    REQUIRE(on_device(to, bytes) && on_device(from, bytes));
    return ask(nullptr, [=] { memmove(AT(to), AT(from), bytes); });
}

/** From memory that is not pinned, the driver reads before it returns. */
CUresult CUDAAPI cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream s)
{
    ENTER_CONTEXT();
    REQUIRE(on_device(to, bytes) && on_host(from));
    if (inside(pinned, (uintptr_t)from, bytes)) return ask(s, [=] { memcpy(AT(to), from, bytes); });
    const std::vector<unsigned char> now((const unsigned char *)from, (const unsigned char *)from + bytes);
    return ask(s, [=] { memcpy(AT(to), now.data(), bytes); });
}

CUresult CUDAAPI cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream s)
{
    ENTER_CONTEXT();
    REQUIRE(on_device(from, bytes) && on_host(to));
    return ask(s, [=] { memcpy(to, AT(from), bytes); });
}

CUresult CUDAAPI cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream s)
{
    ENTER_CONTEXT();
    REQUIRE(on_device(to, bytes) && on_device(from, bytes));
    return ask(s, [=] { memmove(AT(to), AT(from), bytes); });
}

/** One side of a copy of rows; NULL where it is not what it is said to be. */
static unsigned char *rows_at(CUmemorytype type, const void *host, CUdeviceptr device, size_t x_bytes, size_t y, size_t pitch,
                              size_t width, size_t height)
{
    const size_t bytes = (y + height - 1) * pitch + x_bytes + width;
    if (type == CU_MEMORYTYPE_HOST && on_host(host)) return (unsigned char *)host + y * pitch + x_bytes;
    if (type == CU_MEMORYTYPE_DEVICE && on_device(device, bytes)) return (unsigned char *)AT(device) + y * pitch + x_bytes;
    return nullptr;
}

CUresult CUDAAPI cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *c, CUstream s)
{
    ENTER_CONTEXT();
    const size_t width = c->WidthInBytes, height = c->Height;
    REQUIRE(width && height);
    const size_t   from_pitch = c->srcPitch ? c->srcPitch : width, to_pitch = c->dstPitch ? c->dstPitch : width;
    unsigned char *from = rows_at(c->srcMemoryType, c->srcHost, c->srcDevice, c->srcXInBytes, c->srcY, from_pitch, width, height);
    unsigned char *to = rows_at(c->dstMemoryType, c->dstHost, c->dstDevice, c->dstXInBytes, c->dstY, to_pitch, width, height);
    REQUIRE(from && to && from_pitch >= width && to_pitch >= width);
    if (c->srcMemoryType == CU_MEMORYTYPE_HOST && !inside(pinned, (uintptr_t)from, width)) {
        std::vector<unsigned char> now(width * height);
        for (size_t y = 0; y < height; y++) memcpy(now.data() + y * width, from + y * from_pitch, width);
        return ask(s, [=] {
            for (size_t y = 0; y < height; y++) memcpy(to + y * to_pitch, now.data() + y * width, width);
        });
    }
    return ask(s, [=] {
        for (size_t y = 0; y < height; y++) memmove(to + y * to_pitch, from + y * from_pitch, width);
    });
}

CUresult CUDAAPI cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count, CUstream s)
{
    ENTER_CONTEXT();
    REQUIRE(on_device(to, count));
    return ask(s, [=] { memset(AT(to), value, count); });
}

CUresult CUDAAPI cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count, CUstream s)
{
    ENTER_CONTEXT();
    REQUIRE(to % 4 == 0 && on_device(to, count * 4));
    return ask(s, [=] { std::fill_n((unsigned *)AT(to), count, value); });
}

/* ---- streams */

CUresult CUDAAPI cuStreamCreate(CUstream *s, unsigned flags)
{
    ENTER_CONTEXT();
    REQUIRE(flags <= CU_STREAM_NON_BLOCKING);
    *s = new CUstream_st{in_use, flags != CU_STREAM_NON_BLOCKING, {}, nullptr, false, true};
    streams.insert(*s);
    return CUDA_SUCCESS;
}

/** What was asked of it is still done. */
CUresult CUDAAPI cuStreamDestroy_v2(CUstream s)
{
    LOCK();
    NEED_CONTEXT();
    if (!streams.count(s)) return CUDA_ERROR_INVALID_HANDLE;
    drain(s);
    for (CUevent e : events)
        if (e->stream == s) e->stream = nullptr;
    streams.erase(s);
    delete s;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuStreamSynchronize(CUstream given)
{
    ENTER_CONTEXT();
    CUstream s = stream_of(given);
    if (!known(s)) return CUDA_ERROR_INVALID_HANDLE;
    if (s->capture) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    drain(s);
    return CUDA_SUCCESS;
}

/** Who asks again and again gets there. */
CUresult CUDAAPI cuStreamQuery(CUstream given)
{
    ENTER_CONTEXT();
    CUstream s = stream_of(given);
    if (!known(s)) return CUDA_ERROR_INVALID_HANDLE;
    if (s->capture) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (s->queue.empty()) return CUDA_SUCCESS;
    drain(s);
    return CUDA_ERROR_NOT_READY;
}

CUresult CUDAAPI cuStreamBeginCapture_v2(CUstream s, CUstreamCaptureMode mode)
{
    ENTER_CONTEXT();
    if (!streams.count(s)) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (s->capture) return CUDA_ERROR_ILLEGAL_STATE;
    s->capture = new CUgraph_st;
    s->capture->mode = mode;
    s->capture->thread = std::this_thread::get_id();
    s->origin = true;
    return CUDA_SUCCESS;
}

/** It has ended where this fails, too. */
CUresult CUDAAPI cuStreamEndCapture(CUstream s, CUgraph *graph)
{
    LOCK();
    if (!started) return CUDA_ERROR_NOT_INITIALIZED;
    const bool fails = ++calls == fail_at;
    NEED_CONTEXT();
    bool joined = true;
    *graph = nullptr;
    if (!streams.count(s) || !s->capture || !s->origin) return fails ? fail_with : CUDA_ERROR_ILLEGAL_STATE;
    CUgraph captured = s->capture;
    for (CUstream other : streams) {
        if (other->capture != captured) continue;
        if (!other->origin && !other->joined) joined = false;
        other->capture = nullptr;
        other->origin = false;
    }
    for (CUevent e : events)
        if (e->capture == captured) e->capture = nullptr;
    if (!joined || fails) {
        delete captured;
        return fails ? fail_with : CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
    }
    *graph = captured;
    return CUDA_SUCCESS;
}

/* ---- graphs: steps in the order in which they were asked for, which every dependency agrees with */

CUresult CUDAAPI cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph, unsigned long long)
{
    ENTER_CONTEXT();
    REQUIRE(exec && graph);
    *exec = new CUgraphExec_st{graph, graph->steps};
    return CUDA_SUCCESS;
}

/** Kernels only, in an order that nobody may rely on. */
CUresult CUDAAPI cuGraphGetNodes(CUgraph graph, CUgraphNode *nodes, size_t *count)
{
    ENTER_CONTEXT();
    REQUIRE(graph && count);
    const size_t all = graph->kernels.size();
    for (size_t i = 0; nodes && i < std::min(*count, all); i++) nodes[i] = graph->kernels[all - 1 - i].get();
    if (!nodes) *count = all;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGraphKernelNodeGetParams_v2(CUgraphNode node, CUDA_KERNEL_NODE_PARAMS_v2 *params)
{
    ENTER_CONTEXT();
    REQUIRE(node && params);
    const launching &l = node->what;
    *params = {};
    params->func = l.kernel;
    params->gridDimX = l.grid.x;
    params->gridDimY = l.grid.y;
    params->gridDimZ = l.grid.z;
    params->blockDimX = l.block.x;
    params->blockDimY = l.block.y;
    params->blockDimZ = l.block.z;
    params->sharedMemBytes = (unsigned)l.shared_bytes;
    return CUDA_SUCCESS;
}

/** What was launched before keeps its parameters. */
CUresult CUDAAPI cuGraphExecKernelNodeSetParams_v2(CUgraphExec exec, CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS_v2 *params)
{
    ENTER_CONTEXT();
    REQUIRE(exec && node && params && exec->from == node->graph);
    launching      l = {params->func,
                        {params->gridDimX, params->gridDimY, params->gridDimZ},
                        {params->blockDimX, params->blockDimY, params->blockDimZ},
                        params->sharedMemBytes,
                        node->what.early,
                        nullptr};
    const CUresult failed = prepare(&l, params->kernelParams, params->extra);
    if (failed) return failed;
    exec->steps[node->step] = work_of(l);
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGraphUpload(CUgraphExec exec, CUstream s)
{
    ENTER_CONTEXT();
    REQUIRE(exec);
    return ask(s, [] {});
}

CUresult CUDAAPI cuGraphLaunch(CUgraphExec exec, CUstream s)
{
    ENTER_CONTEXT();
    REQUIRE(exec);
    for (const work &step : exec->steps)
        if (const CUresult failed = ask(s, step)) return failed;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGraphExecDestroy(CUgraphExec exec)
{
    LOCK();
    REQUIRE(exec);
    delete exec;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGraphDestroy(CUgraph graph)
{
    LOCK();
    REQUIRE(graph);
    delete graph;
    return CUDA_SUCCESS;
}

/* ---- events */

CUresult CUDAAPI cuEventCreate(CUevent *e, unsigned flags)
{
    ENTER_CONTEXT();
    *e = new CUevent_st{in_use, nullptr, nullptr, true, !(flags & CU_EVENT_DISABLE_TIMING), 0};
    events.insert(*e);
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuEventDestroy_v2(CUevent e)
{
    LOCK();
    NEED_CONTEXT();
    if (!events.count(e)) return CUDA_ERROR_INVALID_HANDLE;
    if (e->stream && !e->done) drain(e->stream);
    events.erase(e);
    delete e;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuEventRecord(CUevent e, CUstream given)
{
    ENTER_CONTEXT();
    CUstream s = stream_of(given);
    if (!events.count(e) || !known(s)) return CUDA_ERROR_INVALID_HANDLE;
    e->stream = s;
    e->capture = s->capture;
    if (s->capture) return CUDA_SUCCESS;
    e->done = false;
    return ask(given, [e] {
        e->done = true;
        e->ms = now_ms();
    });
}

CUresult CUDAAPI cuEventQuery(CUevent e)
{
    ENTER_CONTEXT();
    if (!events.count(e)) return CUDA_ERROR_INVALID_HANDLE;
    if (e->capture) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (e->done) return CUDA_SUCCESS;
    drain(e->stream);
    return CUDA_ERROR_NOT_READY;
}

CUresult CUDAAPI cuEventSynchronize(CUevent e)
{
    ENTER_CONTEXT();
    if (!events.count(e)) return CUDA_ERROR_INVALID_HANDLE;
    if (e->capture) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (!e->done) drain(e->stream);
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuEventElapsedTime(float *ms, CUevent from, CUevent to)
{
    ENTER_CONTEXT();
    if (!events.count(from) || !events.count(to) || !from->timed || !to->timed) return CUDA_ERROR_INVALID_HANDLE;
    if (!from->done || !to->done) return CUDA_ERROR_NOT_READY;
    *ms = (float)(to->ms - from->ms);
    return CUDA_SUCCESS;
}

/** Within a capture, the stream becomes a part of it or another one is joined; else what is asked of it later waits for the event.
 */
CUresult CUDAAPI cuStreamWaitEvent(CUstream given, CUevent e, unsigned)
{
    ENTER_CONTEXT();
    CUstream s = stream_of(given);
    if (!events.count(e) || !known(s)) return CUDA_ERROR_INVALID_HANDLE;
    if (e->capture) {
        if (s->capture && s->capture != e->capture) return CUDA_ERROR_ILLEGAL_STATE;
        s->capture = e->capture;
        if (e->stream != s) {
            e->stream->joined = true;
            s->joined = false;
        }
        return CUDA_SUCCESS;
    }
    if (e->done) return CUDA_SUCCESS;
    const CUstream other = e->stream;
    return ask(given, [=] {
        if (events.count(e) && !e->done) drain(other);
    });
}

#pragma GCC visibility pop
}
