// SPDX-License-Identifier: MIT
/* The emulator and the driver over it, by themselves: what every other test of the CUDA backend on a machine without a GPU stands
 * on. Products are compared with plain loops over matrices that are laid out as the PTX ISA says. */
#include "support.h"

#include "base/half.h"
#include "emulator_check.h"
#include "fake_driver.h"

#include <cuda.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FUNCTIONS(F)                                                                                                               \
    F(cuInit)                                                                                                                      \
    F(cuDriverGetVersion)                                                                                                          \
    F(cuGetErrorName)                                                                                                              \
    F(cuDeviceGetCount)                                                                                                            \
    F(cuDeviceGetAttribute)                                                                                                        \
    F(cuDevicePrimaryCtxRetain)                                                                                                    \
    F(cuCtxSetCurrent)                                                                                                             \
    F(cuCtxSynchronize)                                                                                                            \
    F(cuModuleLoadData)                                                                                                            \
    F(cuModuleGetFunction)                                                                                                         \
    F(cuFuncSetAttribute)                                                                                                          \
    F(cuLaunchKernel)                                                                                                              \
    F(cuLaunchKernelEx)                                                                                                            \
    F(cuMemAlloc_v2)                                                                                                               \
    F(cuMemFree_v2)                                                                                                                \
    F(cuMemAllocHost_v2)                                                                                                           \
    F(cuMemFreeHost)                                                                                                               \
    F(cuMemGetInfo_v2)                                                                                                             \
    F(cuMemcpyHtoD_v2)                                                                                                             \
    F(cuMemcpyDtoH_v2)                                                                                                             \
    F(cuMemcpyHtoDAsync_v2)                                                                                                        \
    F(cuMemcpyDtoHAsync_v2)                                                                                                        \
    F(cuMemsetD32Async)                                                                                                            \
    F(cuStreamCreate)                                                                                                              \
    F(cuStreamDestroy_v2)                                                                                                          \
    F(cuStreamSynchronize)                                                                                                         \
    F(cuStreamWaitEvent)                                                                                                           \
    F(cuStreamBeginCapture_v2)                                                                                                     \
    F(cuStreamEndCapture)                                                                                                          \
    F(cuGraphInstantiateWithFlags)                                                                                                 \
    F(cuGraphLaunch)                                                                                                               \
    F(cuGraphExecDestroy)                                                                                                          \
    F(cuGraphDestroy)                                                                                                              \
    F(cuEventCreate)                                                                                                               \
    F(cuEventRecord)                                                                                                               \
    F(cuEventSynchronize)                                                                                                          \
    F(cuEventDestroy_v2)

static struct {
#define F(name) __typeof__(name) *name;
    FUNCTIONS(F)
#undef F
} cu;

static __typeof__(fake_driver_fail)  *fake_fail;
static __typeof__(fake_driver_calls) *fake_calls;
static CUmodule                       module;

/* All that Fovea calls. */
static const char *const called[] = {
#define FOV_CUDA_CALL(name, symbol) #symbol,
#include "backend/cuda/driver.def"
#undef FOV_CUDA_CALL
    NULL,
};

#define assert_cuda(call) assert_int_equal(call, CUDA_SUCCESS)

static int load_driver(void **state)
{
    (void)state;
    void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) fail_msg("%s", dlerror());
#define F(name)                                                                                                                    \
    *(void **)&cu.name = dlsym(library, #name);                                                                                    \
    if (!cu.name) fail_msg("no " #name);
    FUNCTIONS(F)
#undef F
    for (const char *const *name = called; *name; name++)
        if (!dlsym(library, *name)) fail_msg("no %s", *name);
    *(void **)&fake_fail = dlsym(library, "fake_driver_fail");
    *(void **)&fake_calls = dlsym(library, "fake_driver_calls");
    return fake_fail && fake_calls ? 0 : -1;
}

static int open_device(void **state)
{
    CUcontext context;
    if (load_driver(state)) return -1;
    assert_cuda(cu.cuInit(0));
    assert_cuda(cu.cuDevicePrimaryCtxRetain(&context, 0));
    assert_cuda(cu.cuCtxSetCurrent(context));
    assert_cuda(cu.cuModuleLoadData(&module, "the emulator's kernels are in the driver"));
    return 0;
}

static void *on_device(const void *from, size_t bytes)
{
    CUdeviceptr memory;
    assert_cuda(cu.cuMemAlloc_v2(&memory, bytes));
    if (from) assert_cuda(cu.cuMemcpyHtoD_v2(memory, from, bytes));
    return (void *)(uintptr_t)memory;
}

static void from_device(void *to, const void *from, size_t bytes)
{
    assert_cuda(cu.cuMemcpyDtoH_v2(to, (CUdeviceptr)(uintptr_t)from, bytes));
}

static void device_free(const void *memory)
{
    assert_cuda(cu.cuMemFree_v2((CUdeviceptr)(uintptr_t)memory));
}

static CUresult launch_on(CUstream stream, const char *name, unsigned blocks, unsigned threads, unsigned shared_bytes,
                          check_params *p)
{
    CUfunction kernel;
    void      *params[] = {p};
    assert_cuda(cu.cuModuleGetFunction(&kernel, module, name));
    return cu.cuLaunchKernel(kernel, blocks, 1, 1, threads, 1, 1, shared_bytes, stream, params, NULL);
}

static void launch(const char *name, unsigned blocks, unsigned threads, unsigned shared_bytes, check_params *p)
{
    assert_cuda(launch_on(NULL, name, blocks, threads, shared_bytes, p));
}

/* ---------------------------------------------------------------- threads */

static void test_barrier(void **state)
{
    (void)state;
    int32_t x[8 * 256], y[8];
    for (int i = 0; i < 8 * 256; i++) x[i] = i * i % 1009;
    check_params p = {.x = on_device(x, sizeof x), .y = on_device(NULL, sizeof y)};
    launch("check_sum", 8, 256, 256 * 4, &p);
    from_device(y, p.y, sizeof y);
    for (int block = 0; block < 8; block++) {
        int32_t sum = 0;
        for (int i = 0; i < 256; i++) sum += x[block * 256 + i];
        assert_int_equal(y[block], sum);
    }
    device_free(p.x);
    device_free(p.y);
}

/** A grid and blocks of three dimensions. */
static void test_places(void **state)
{
    (void)state;
    enum { BLOCKS = 2 * 3 * 2, THREADS = 4 * 2 * 3 };
    static const uint32_t zero[BLOCKS * THREADS];
    uint32_t              y[BLOCKS * THREADS];
    CUfunction            kernel;
    check_params          p = {.y = on_device(zero, sizeof zero)};
    void                 *params[] = {&p};
    assert_cuda(cu.cuModuleGetFunction(&kernel, module, "check_places"));
    assert_cuda(cu.cuLaunchKernel(kernel, 2, 3, 2, 4, 2, 3, 0, NULL, params, NULL));
    from_device(y, p.y, sizeof y);
    for (uint32_t i = 0; i < BLOCKS * THREADS; i++) assert_int_equal(y[i], 1000 * (i / THREADS) + i % THREADS + 1);
    device_free(p.y);
}

/** Conditions, barriers of some threads, and counts. */
static void test_waits(void **state)
{
    (void)state;
    int32_t      y[96];
    check_params p = {.y = on_device(NULL, sizeof y)};
    launch("check_waits", 1, 96, 4, &p);
    from_device(y, p.y, sizeof y);
    for (int i = 0; i < 96; i++) assert_int_equal(y[i], i < 32 ? 64 : i < 64 ? 32064 : 32);
    device_free(p.y);
}

static void test_lanes(void **state)
{
    (void)state;
    int32_t x[64], y[64][5], count = 0;
    for (int i = 0; i < 64; i++) x[i] = i * 7 % 31 - 11;
    check_params p = {.x = on_device(x, sizeof x), .y = on_device(NULL, sizeof y), .count = on_device(&count, sizeof count)};
    launch("check_lanes", 1, 64, 0, &p);
    from_device(y, p.y, sizeof y);
    from_device(&count, p.count, sizeof count);
    int32_t all = 0;
    for (int t = 0; t < 64; t++) {
        const int warp = t / 32 * 32, lane = t % 32;
        int32_t   sum = 0;
        uint32_t  odd = 0;
        for (int i = 0; i < 32; i++) {
            sum += x[warp + i];
            odd |= (uint32_t)(x[warp + i] & 1) << i;
        }
        all += x[t];
        assert_int_equal(y[t][0], sum);
        assert_int_equal(y[t][1], lane ? x[t - 1] : x[t]);
        assert_int_equal(y[t][2], lane % 8 + 3 < 8 ? x[t + 3] : x[t]);
        assert_int_equal((uint32_t)y[t][3], odd);
        assert_int_equal(y[t][4], lane < 4 ? x[warp + 2] : __builtin_popcount(odd));
    }
    assert_int_equal(count, all);
    device_free(p.x);
    device_free(p.y);
    device_free(p.count);
}

/** Blocks alternate between first and last threads first: without a barrier each of them sees what is not there yet. */
static void test_no_barrier(void **state)
{
    (void)state;
    int32_t      y[2][64], missing[2] = {0, 0};
    check_params p = {.y = on_device(NULL, sizeof y)};
    launch("check_no_barrier", 2, 64, 256, &p);
    from_device(y, p.y, sizeof y);
    for (int i = 0; i < 64; i++)
        for (int block = 0; block < 2; block++) missing[block] += y[block][i] == -1;
    assert_int_equal(missing[0], 32);
    assert_int_equal(missing[1], 32);
    assert_true((y[0][0] == -1) != (y[1][0] == -1));
    device_free(p.y);
}

static void test_copies(void **state)
{
    (void)state;
    uint32_t x[32][4], w[32][4], y[32][6];
    for (uint32_t i = 0; i < 128; i++) {
        x[i / 4][i % 4] = 1000 + i;
        w[i / 4][i % 4] = 5000 + i;
    }
    check_params p = {.x = on_device(x, sizeof x), .weight = on_device(w, sizeof w), .y = on_device(NULL, sizeof y)};
    launch("check_copies", 1, 32, 1024, &p);
    from_device(y, p.y, sizeof y);
    for (int t = 0; t < 32; t++) {
        const uint32_t nothing = 0xffffffffU, expected[6] = {nothing, nothing, x[t][0], nothing, x[t][0], w[t][0]};
        assert_memory_equal(y[t], expected, sizeof expected);
    }
    device_free(p.x);
    device_free(p.weight);
    device_free(p.y);
}

/* ---------------------------------------------------------------- products */

/** Element k of a row of 32 bytes. */
typedef double element(const unsigned char *row, int k);

static double element_f16(const unsigned char *row, int k)
{
    uint16_t bits;
    memcpy(&bits, row + 2 * k, 2);
    return (double)fov_float_from_half(bits);
}

static double element_bf16(const unsigned char *row, int k)
{
    uint16_t bits;
    memcpy(&bits, row + 2 * k, 2);
    return (double)fov_float_from_bf16(bits);
}

static double element_tf32(const unsigned char *row, int k)
{
    uint32_t bits;
    memcpy(&bits, row + 4 * k, 4);
    return (double)fov_float_from_bits(bits & 0xffffe000U);
}

static double element_u8(const unsigned char *row, int k)
{
    return row[k];
}

static double element_s8(const unsigned char *row, int k)
{
    return (int8_t)row[k];
}

static void fill_f16(test_random *r, unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        const uint16_t bits = fov_half_from_float(test_random_float(r, -2, 2) * (i % 9 ? 1.0F : 0x1p-15F));
        memcpy(bytes + 2 * i, &bits, 2);
    }
}

static void fill_bf16(test_random *r, unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        const uint16_t bits = fov_bf16_from_float(test_random_float(r, -2, 2));
        memcpy(bytes + 2 * i, &bits, 2);
    }
}

static void fill_tf32(test_random *r, unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count / 4; i++) {
        const float v = test_random_float(r, -2, 2);
        memcpy(bytes + 4 * i, &v, 4);
    }
}

static void fill_bytes(test_random *r, unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) bytes[i] = (unsigned char)test_random_int(r, 0, 255);
}

/** 2 A B, which the kernel makes, is exact for integers; floats may be added in any order. */
static void check_product(const unsigned char a[16][32], const unsigned char b[8][32], const unsigned char *y, int k_count,
                          bool integers, element *of_a, element *of_b)
{
    for (int m = 0; m < 16; m++)
        for (int n = 0; n < 8; n++) {
            double  sum = 0, size = 0;
            float   found;
            int32_t whole;
            memcpy(&found, y + (m * 8 + n) * 4, 4);
            memcpy(&whole, y + (m * 8 + n) * 4, 4);
            for (int k = 0; k < k_count; k++) {
                const double product = of_a(a[m], k) * of_b(b[n], k);
                sum += product;
                size += product < 0 ? -product : product;
            }
            const double off = (integers ? (double)whole : (double)found) - 2 * sum;
            if (!((off < 0 ? -off : off) <= (integers ? 0 : (2 * k_count + 2) * 0x1p-24 * 2 * size)))
                fail_msg("row %d, column %d: off by %g", m, n, off);
        }
}

static void run_product(const char *kernel, int k_count, void (*fill)(test_random *, unsigned char *, size_t), element *of_a,
                        element *of_b)
{
    unsigned char a[16][32], b[8][32], y[16 * 8 * 4];
    test_random   r = {7};
    for (int round = 0; round < 20; round++) {
        fill(&r, a[0], sizeof a);
        fill(&r, b[0], sizeof b);
        check_params p = {.x = on_device(a, sizeof a), .weight = on_device(b, sizeof b), .y = on_device(NULL, sizeof y)};
        launch(kernel, 1, 32, 768, &p);
        from_device(y, p.y, sizeof y);
        check_product(a, b, y, k_count, of_a == element_u8, of_a, of_b);
        device_free(p.x);
        device_free(p.weight);
        device_free(p.y);
    }
}

static void test_products(void **state)
{
    (void)state;
    run_product("check_f16", 16, fill_f16, element_f16, element_f16);
    run_product("check_bf16", 16, fill_bf16, element_bf16, element_bf16);
    run_product("check_tf32", 8, fill_tf32, element_tf32, element_tf32);
    run_product("check_u8s8", 32, fill_bytes, element_u8, element_s8);
}

/** The sums of 16 ones, 1000 times; printed: what a network's products take. */
static void test_many_products(void **state)
{
    (void)state;
    float           y[4];
    struct timespec from, to;
    check_params    p = {.y = on_device(NULL, sizeof y), .mode = 1000};
    clock_gettime(CLOCK_MONOTONIC, &from);
    launch("check_many", 4, 128, 0, &p);
    from_device(y, p.y, sizeof y);
    clock_gettime(CLOCK_MONOTONIC, &to);
    for (int i = 0; i < 4; i++) assert_true(y[i] == 16000);
    const double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) * 1e-9;
    print_message("%.2f us a product of 2048 multiplications\n", seconds * 1e6 / 16000);
    device_free(p.y);
}

/** Bits that instructions of numbers must give. */
static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        float    v;
        uint32_t tf32, half;
        int32_t  whole;
    } rows[] = {
        {1, 0x3f800000U, 0x3c00, 1},
        {2.5F, 0x40200000U, 0x4100, 2},
        {-3.5F, 0xc0600000U, 0xc300, -4},
        {0x1.002p0F, 0x3f802000U, 0x3c00, 1}, /* tf32: a tie, away from zero; half: a tie, to even */
        {-0x1.006p0F, 0xbf804000U, 0xbc02, -1},
        {65520, 0x47800000U, 0x7c00, 65520},
        {3e9F, 0x4f32e000U, 0x7c00, INT32_MAX},
        {-3e9F, 0xcf32e000U, 0xfc00, INT32_MIN},
        {0x1p-24F, 0x33800000U, 0x0001, 0},
    };
    enum { COUNT = sizeof rows / sizeof *rows };
    float    x[COUNT];
    uint32_t y[COUNT][3];
    for (int i = 0; i < COUNT; i++) x[i] = rows[i].v;
    check_params p = {.x = on_device(x, sizeof x), .y = on_device(NULL, sizeof y)};
    launch("check_numbers", 1, COUNT, 0, &p);
    from_device(y, p.y, sizeof y);
    for (int i = 0; i < COUNT; i++) {
        const uint32_t expected[3] = {rows[i].tf32, rows[i].half, (uint32_t)rows[i].whole};
        for (int j = 0; j < 3; j++)
            if (y[i][j] != expected[j]) fail_msg("%a, %d: %08x, not %08x", (double)x[i], j, y[i][j], expected[j]);
    }
    device_free(p.x);
    device_free(p.y);
}

/* ---------------------------------------------------------------- mistakes */

/* How a sanitizer ends a program. */
#ifdef __SANITIZE_ADDRESS__
enum { SANITIZER_EXIT = 1 };
#else
enum { SANITIZER_EXIT = -1 };
#endif

/** In a child: launch the mistake and wait for it. Comes back only where nothing was noticed. */
static void make_mistake(int mode)
{
    check_params      p = {.mode = mode};
    void             *params[] = {&p};
    CUlaunchAttribute early = {.id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION,
                               .value = {.programmaticStreamSerializationAllowed = 1}};
    CUlaunchConfig    config = {.gridDimX = 1,
                                .gridDimY = 1,
                                .gridDimZ = 1,
                                .blockDimX = 64,
                                .blockDimY = 1,
                                .blockDimZ = 1,
                                .sharedMemBytes = 1024,
                                .attrs = &early,
                                .numAttrs = mode == CHECK_NEVER_WAITS};
    CUfunction        kernel;
    assert_cuda(cu.cuModuleGetFunction(&kernel, module, "check_mistake"));
    assert_cuda(cu.cuLaunchKernelEx(&config, kernel, params, NULL));
    assert_cuda(cu.cuCtxSynchronize());
}

/** What a child says that makes a mistake must have both parts. */
static void check_dies(int mode, const char *part, const char *other)
{
    char   text[16384];
    size_t length = 0;
    int    ends[2], status;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 2);
        make_mistake(mode);
        _exit(0);
    }
    close(ends[1]);
    for (ssize_t n; length + 1 < sizeof text && (n = read(ends[0], text + length, sizeof text - 1 - length)) > 0;)
        length += (size_t)n;
    text[length] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    const bool ended =
        (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) || (WIFEXITED(status) && WEXITSTATUS(status) == SANITIZER_EXIT);
    if (!ended || !strstr(text, part) || !strstr(text, other)) fail_msg("mode %d: status %d, which said: %s", mode, status, text);
}

static void test_mistakes(void **state)
{
    (void)state;
    static const char place[] = "check_mistake, block (0, 0, 0)";
    check_dies(CHECK_LONELY_BARRIER, "waits for ever", place);
    check_dies(CHECK_DIVERGENCE, "waits at", place);
    check_dies(CHECK_RETURNED_LANE, "needs 32 lanes", place);
    check_dies(CHECK_UNALIGNED, "not aligned", place);
    check_dies(CHECK_OUTSIDE, "outside of the 1024 bytes", place);
    check_dies(CHECK_NEVER_WAITS, "never waits", "check_mistake");
    if (SANITIZER_EXIT < 0) return;
    check_dies(CHECK_BEYOND_SHARED, "heap-buffer-overflow", "check_mistake");
}

/* ---------------------------------------------------------------- the driver */

static void check_numbers_are(const int32_t *y, int count, int32_t value)
{
    for (int i = 0; i < count; i++) assert_int_equal(y[i], value);
}

/** Nothing is done before somebody waits, and in the order of the stream. */
static void test_streams_are_late(void **state)
{
    (void)state;
    enum { COUNT = 256 };
    CUstream stream;
    int32_t *y;
    void    *pinned;
    assert_cuda(cu.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    assert_cuda(cu.cuMemAllocHost_v2(&pinned, COUNT * 4));
    y = pinned;
    memset(y, 0, COUNT * 4);
    check_params      p = {.x = on_device(NULL, COUNT * 4), .y = on_device(NULL, COUNT * 4)};
    const CUdeviceptr on = (CUdeviceptr)(uintptr_t)p.y;
    assert_cuda(cu.cuMemsetD32Async((CUdeviceptr)(uintptr_t)p.x, 3, COUNT, stream));
    assert_cuda(cu.cuMemsetD32Async(on, 4, COUNT, stream));
    assert_cuda(launch_on(stream, "check_add", 1, COUNT, 0, &p));
    assert_cuda(cu.cuMemcpyDtoHAsync_v2(y, on, COUNT * 4, stream));
    check_numbers_are(y, COUNT, 0);
    assert_cuda(cu.cuStreamSynchronize(stream));
    check_numbers_are(y, COUNT, 7);
    device_free(p.x);
    device_free(p.y);
    assert_cuda(cu.cuMemFreeHost(pinned));
    assert_cuda(cu.cuStreamDestroy_v2(stream));
}

/** Copies in, a kernel on a stream of its own, a copy out: as a graph, with other numbers each time. */
static void test_graph(void **state)
{
    (void)state;
    enum { COUNT = 256 };
    CUstream    stream, side;
    CUevent     fork_event, join_event;
    CUgraph     graph;
    CUgraphExec exec;
    int32_t    *host;
    void       *pinned;
    assert_cuda(cu.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    assert_cuda(cu.cuStreamCreate(&side, CU_STREAM_NON_BLOCKING));
    assert_cuda(cu.cuEventCreate(&fork_event, CU_EVENT_DISABLE_TIMING));
    assert_cuda(cu.cuEventCreate(&join_event, CU_EVENT_DISABLE_TIMING));
    assert_cuda(cu.cuMemAllocHost_v2(&pinned, 2 * COUNT * 4));
    host = pinned;
    check_params      p = {.x = on_device(NULL, COUNT * 4), .y = on_device(NULL, COUNT * 4)};
    const CUdeviceptr x = (CUdeviceptr)(uintptr_t)p.x, y = (CUdeviceptr)(uintptr_t)p.y;

    for (int joins = 0; joins < 2; joins++) {
        assert_cuda(cu.cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
        assert_int_equal(cu.cuStreamSynchronize(stream), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
        assert_cuda(cu.cuMemcpyHtoDAsync_v2(x, host, COUNT * 4, stream));
        assert_cuda(cu.cuMemsetD32Async(y, 100, COUNT, stream));
        assert_cuda(cu.cuEventRecord(fork_event, stream));
        assert_cuda(cu.cuStreamWaitEvent(side, fork_event, 0));
        check_params gone = p;
        assert_cuda(launch_on(side, "check_add", 1, COUNT, 0, &gone));
        memset(&gone, 0, sizeof gone);
        assert_cuda(cu.cuEventRecord(join_event, side));
        if (joins) assert_cuda(cu.cuStreamWaitEvent(stream, join_event, 0));
        assert_cuda(cu.cuMemcpyDtoHAsync_v2(host + COUNT, y, COUNT * 4, stream));
        assert_int_equal(cu.cuStreamEndCapture(stream, &graph), joins ? CUDA_SUCCESS : CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
    }
    assert_cuda(cu.cuGraphInstantiateWithFlags(&exec, graph, 0));
    assert_cuda(cu.cuGraphDestroy(graph));
    for (int32_t round = 1; round < 4; round++) {
        for (int i = 0; i < COUNT; i++) host[i] = round;
        assert_cuda(cu.cuGraphLaunch(exec, stream));
        assert_cuda(cu.cuEventRecord(fork_event, stream));
        assert_cuda(cu.cuEventSynchronize(fork_event));
        check_numbers_are(host + COUNT, COUNT, 100 + round);
    }
    assert_cuda(cu.cuGraphExecDestroy(exec));
    assert_cuda(cu.cuEventDestroy_v2(fork_event));
    assert_cuda(cu.cuEventDestroy_v2(join_event));
    device_free(p.x);
    device_free(p.y);
    assert_cuda(cu.cuMemFreeHost(pinned));
    assert_cuda(cu.cuStreamDestroy_v2(side));
    assert_cuda(cu.cuStreamDestroy_v2(stream));
}

/** Copies on the default stream while another is captured: as the capture's mode says, but never beside one that the default stream waits
 * for. */
static void test_copies_beside_captures(void **state)
{
    (void)state;
    static const CUstreamCaptureMode modes[] = {CU_STREAM_CAPTURE_MODE_GLOBAL, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL,
                                                CU_STREAM_CAPTURE_MODE_RELAXED};
    int32_t                          host[16] = {0};
    void                            *x = on_device(NULL, sizeof host);
    for (int i = 0; i < 6; i++) {
        const bool     blocks = i % 2 == 1, allowed = !blocks && modes[i / 2] == CU_STREAM_CAPTURE_MODE_RELAXED;
        const CUresult expected = allowed ? CUDA_SUCCESS : CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
        CUstream       stream;
        CUgraph        graph;
        assert_cuda(cu.cuStreamCreate(&stream, blocks ? CU_STREAM_DEFAULT : CU_STREAM_NON_BLOCKING));
        assert_cuda(cu.cuStreamBeginCapture_v2(stream, modes[i / 2]));
        assert_int_equal(cu.cuMemcpyHtoD_v2((CUdeviceptr)(uintptr_t)x, host, sizeof host), expected);
        assert_int_equal(cu.cuMemcpyDtoH_v2(host, (CUdeviceptr)(uintptr_t)x, sizeof host), expected);
        assert_cuda(cu.cuStreamEndCapture(stream, &graph));
        assert_cuda(cu.cuGraphDestroy(graph));
        assert_cuda(cu.cuStreamDestroy_v2(stream));
    }
    device_free(x);
}

/** Work of a stream waits for an event of another one. */
static void test_events(void **state)
{
    (void)state;
    enum { COUNT = 64 };
    CUstream          first, second;
    CUevent           event;
    int32_t           y[COUNT];
    check_params      p = {.x = on_device(NULL, sizeof y), .y = on_device(NULL, sizeof y)};
    const CUdeviceptr x_on = (CUdeviceptr)(uintptr_t)p.x, y_on = (CUdeviceptr)(uintptr_t)p.y;
    assert_cuda(cu.cuStreamCreate(&first, CU_STREAM_NON_BLOCKING));
    assert_cuda(cu.cuStreamCreate(&second, CU_STREAM_NON_BLOCKING));
    assert_cuda(cu.cuEventCreate(&event, 0));
    assert_cuda(cu.cuMemsetD32Async(x_on, 2, COUNT, first));
    assert_cuda(cu.cuMemsetD32Async(y_on, 5, COUNT, first));
    assert_cuda(cu.cuEventRecord(event, first));
    assert_cuda(cu.cuStreamWaitEvent(second, event, 0));
    assert_cuda(launch_on(second, "check_add", 1, COUNT, 0, &p));
    assert_cuda(cu.cuStreamSynchronize(second));
    from_device(y, p.y, sizeof y);
    check_numbers_are(y, COUNT, 7);
    assert_cuda(cu.cuEventDestroy_v2(event));
    assert_cuda(cu.cuStreamDestroy_v2(first));
    assert_cuda(cu.cuStreamDestroy_v2(second));
    device_free(p.x);
    device_free(p.y);
}

static void test_refusals(void **state)
{
    (void)state;
    check_params      p = {.y = on_device(NULL, 64)};
    const CUdeviceptr on = (CUdeviceptr)(uintptr_t)p.y;
    unsigned char     bytes[128] = {0};
    CUfunction        kernel;
    CUdeviceptr       none;
    assert_int_equal(cu.cuMemcpyHtoD_v2(on, bytes, 65), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(cu.cuMemcpyHtoD_v2(on + 1, bytes, 64), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(cu.cuMemcpyHtoD_v2((CUdeviceptr)(uintptr_t)bytes, bytes + 64, 8), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(cu.cuMemcpyDtoH_v2(p.y, on, 8), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(cu.cuMemAlloc_v2(&none, 0), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(cu.cuMemFree_v2(on + 16), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(cu.cuModuleGetFunction(&kernel, module, "no_such_kernel"), CUDA_ERROR_NOT_FOUND);
    assert_int_equal(launch_on(NULL, "check_mistake", 1, 65, 0, &p), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(launch_on(NULL, "check_mistake", 0, 64, 0, &p), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(launch_on(NULL, "check_mistake", 1, 64, 64 << 10, &p), CUDA_ERROR_INVALID_VALUE);
    assert_cuda(cu.cuModuleGetFunction(&kernel, module, "check_mistake"));
    assert_int_equal(cu.cuFuncSetAttribute(kernel, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 228 << 10),
                     CUDA_ERROR_INVALID_VALUE);
    device_free(p.y);
}

/** The third call fails, and only that. */
static void test_failing_call(void **state)
{
    (void)state;
    CUdeviceptr memory[4];
    fake_fail(3, CUDA_ERROR_OUT_OF_MEMORY);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(cu.cuMemAlloc_v2(&memory[i], 16), i == 2 ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS);
        if (i != 2) assert_cuda(cu.cuMemFree_v2(memory[i]));
    }
    assert_int_equal(fake_calls(), 4);
    fake_fail(0, CUDA_SUCCESS);
}

static void test_environment(void **state)
{
    (void)state;
    int         value;
    size_t      free_bytes, total;
    CUdeviceptr memory;
    const char *name;

    setenv("FAKE_CUDA_DEVICES", "0", 1);
    assert_int_equal(cu.cuInit(0), CUDA_ERROR_NO_DEVICE);
    assert_cuda(cu.cuGetErrorName(CUDA_ERROR_NO_DEVICE, &name));
    assert_string_equal(name, "CUDA_ERROR_NO_DEVICE");
    setenv("FAKE_CUDA_DEVICES", "3", 1);
    assert_cuda(cu.cuDeviceGetCount(&value));
    assert_int_equal(value, 3);
    unsetenv("FAKE_CUDA_DEVICES");

    setenv("FAKE_CUDA_FAIL_INIT", "803", 1);
    assert_int_equal(cu.cuInit(0), CUDA_ERROR_SYSTEM_DRIVER_MISMATCH);
    unsetenv("FAKE_CUDA_FAIL_INIT");

    setenv("FAKE_CUDA_VERSION", "11040", 1);
    assert_cuda(cu.cuDriverGetVersion(&value));
    assert_int_equal(value, 11040);
    unsetenv("FAKE_CUDA_VERSION");

    setenv("FAKE_CUDA_CAPABILITY", "61", 1);
    assert_cuda(cu.cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 0));
    assert_int_equal(value, 6);
    CUmodule none;
    assert_int_equal(cu.cuModuleLoadData(&none, ""), CUDA_ERROR_NO_BINARY_FOR_GPU);
    unsetenv("FAKE_CUDA_CAPABILITY");

    setenv("FAKE_CUDA_MEMORY", "1000", 1);
    void *most = on_device(NULL, 900);
    assert_int_equal(cu.cuMemAlloc_v2(&memory, 101), CUDA_ERROR_OUT_OF_MEMORY);
    assert_cuda(cu.cuMemGetInfo_v2(&free_bytes, &total));
    assert_int_equal(free_bytes, 100);
    assert_int_equal(total, 1000);
    device_free(most);
    unsetenv("FAKE_CUDA_MEMORY");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_barrier),     cmocka_unit_test(test_places),           cmocka_unit_test(test_waits),
        cmocka_unit_test(test_lanes),       cmocka_unit_test(test_no_barrier),       cmocka_unit_test(test_copies),
        cmocka_unit_test(test_products),    cmocka_unit_test(test_many_products),    cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_mistakes),    cmocka_unit_test(test_streams_are_late), cmocka_unit_test(test_graph),
        cmocka_unit_test(test_events),      cmocka_unit_test(test_refusals),         cmocka_unit_test(test_failing_call),
        cmocka_unit_test(test_environment), cmocka_unit_test(test_copies_beside_captures),
    };
    return cmocka_run_group_tests(tests, open_device, NULL);
}
