// SPDX-License-Identifier: MIT
#include "emulator.h"

#include <mutex>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN
#endif
#endif

#ifdef WITH_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

enum { WARP = 32, MOST_THREADS = 1024, MOST_WARPS = MOST_THREADS / WARP, BARRIERS = 16, STACK_BYTES = 256 << 10 };

extern "C" void emulator_switch(void **save, void *to);

const emulator_kernel *emulator_kernels;
emulator_position     *emulator_self;

/* What a stack needs to be left and entered. */
struct context {
    void       *stack;
    void       *fake; /* ASan's */
    const void *bottom;
    size_t      bytes;
};

struct copy {
    void       *to;
    const void *from;
};

enum waiting { RUNS, AT_INSTRUCTION, AT_BARRIER, AT_CONDITION, RETURNED };

/* A thread of the block. Of the fields in the middle those count that belong to what it waits for. */
struct fibre : emulator_position {
    context  self;
    waiting  state;
    unsigned warp, lane;

    const char   *what;
    uint32_t      mask;
    void         *mine;
    emulator_all *all;

    int barrier, result;

    bool (*condition)(const void *);
    const void *condition_state;

    std::vector<copy>   copies; /* not done yet */
    std::vector<size_t> groups; /* how many copies each committed group has, oldest first */
};

struct warp {
    uint32_t live, ready, at_instruction; /* a bit a lane */
};

struct barrier {
    unsigned arrived, threads;
    int      sum;
};

/* The multiprocessor: one block at a time. */
static struct {
    const emulator_kernel *kernel;
    const void            *params;
    fibre                  threads[MOST_THREADS];
    unsigned               count, live;
    warp                   warps[MOST_WARPS];
    uint32_t               warps_ready; /* a bit a warp with ready lanes */
    bool                   last_first;  /* the order in which threads that could all go on do */
    barrier                barriers[BARRIERS];
    unsigned char         *shared, *stacks;
    size_t                 shared_bytes;
    context                scheduler;
    unsigned               launches;
    bool                   depended; /* some thread waited for the kernels ahead */
} machine;

static fibre *current(void)
{
    return static_cast<fibre *>(emulator_self);
}

unsigned emulator_lane(void)
{
    return current()->lane;
}

unsigned char *fov_shared(void)
{
    return machine.shared;
}

void emulator_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "CUDA emulator: %s", machine.kernel->name);
    if (const emulator_position *at = emulator_self)
        fprintf(stderr, ", block (%u, %u, %u), thread (%u, %u, %u)", at->block.x, at->block.y, at->block.z, at->thread.x,
                at->thread.y, at->thread.z);
    fprintf(stderr, ": ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    abort();
}

void emulator_check_shared(const char *what, const void *at, size_t bytes)
{
    const uintptr_t first = (uintptr_t)at, shared = (uintptr_t)machine.shared;
    if (first % bytes) emulator_fail("%s: %p is not aligned to %zu bytes", what, at, bytes);
    if (first < shared || machine.shared_bytes < bytes || first - shared > machine.shared_bytes - bytes)
        emulator_fail("%s: %p is outside of the %zu bytes of shared memory at %p", what, at, machine.shared_bytes,
                      (void *)machine.shared);
}

/* ---- going from fibre to fibre */

/** @param last the one that is left is never entered again */
static void go(context *from, context *to, bool last)
{
#ifdef WITH_ASAN
    __sanitizer_start_switch_fiber(last ? nullptr : &from->fake, to->bottom, to->bytes);
#else
    (void)last;
#endif
    emulator_switch(&from->stack, to->stack);
#ifdef WITH_ASAN
    __sanitizer_finish_switch_fiber(from->fake, nullptr, nullptr);
#endif
}

static unsigned first_of(uint32_t bits)
{
    return machine.last_first ? 31U - (unsigned)__builtin_clz(bits) : (unsigned)__builtin_ctz(bits);
}

static void make_ready(fibre *f)
{
    f->state = RUNS;
    machine.warps[f->warp].ready |= 1U << f->lane;
    machine.warps_ready |= 1U << f->warp;
}

/** The next to run, of this warp if possible. NULL: all wait. */
static fibre *next_of(unsigned warp)
{
    if (!machine.warps_ready) return nullptr;
    if (!machine.warps[warp].ready) warp = first_of(machine.warps_ready);
    return &machine.threads[warp * WARP + first_of(machine.warps[warp].ready)];
}

static fibre *first_ready(void)
{
    return machine.warps_ready ? next_of(first_of(machine.warps_ready)) : nullptr;
}

/** Let others run until somebody makes this one ready. */
static void leave(waiting why)
{
    fibre *self = current();
    warp  *mine = &machine.warps[self->warp];
    self->state = why;
    mine->ready &= ~(1U << self->lane);
    if (!mine->ready) machine.warps_ready &= ~(1U << self->warp);
    fibre *next = next_of(self->warp);
    emulator_self = next;
    go(&self->self, next ? &next->self : &machine.scheduler, why == RETURNED);
}

/* ---- instructions of a warp */

static bool same_instruction(const fibre *a, const fibre *b)
{
    return a->mask == b->mask && (a->what == b->what || strcmp(a->what, b->what) == 0);
}

/** Whether all that `f` waits for wait with it; fails where they wait for each other at different instructions. */
static bool all_together(const fibre *f)
{
    const warp    *warp = &machine.warps[f->warp];
    const uint32_t need = f->mask & warp->live;
    if (need & ~warp->at_instruction) return false;
    for (unsigned i = 0; i < WARP; i++) {
        const fibre *other = &machine.threads[f->warp * WARP + i];
        if (!(need >> i & 1U) || same_instruction(f, other)) continue;
        if (other->mask >> f->lane & 1U)
            emulator_fail("lane %u waits at %s of lanes 0x%08x, lane %u at %s of lanes 0x%08x", f->lane, f->what, f->mask, i,
                          other->what, other->mask);
        return false;
    }
    return true;
}

static void execute(const fibre *f)
{
    warp          *warp = &machine.warps[f->warp];
    const uint32_t take = f->mask & warp->live;
    void          *lane[WARP];
    for (unsigned i = 0; i < WARP; i++) lane[i] = take >> i & 1U ? machine.threads[f->warp * WARP + i].mine : nullptr;
    f->all(lane);
    warp->at_instruction &= ~take;
    for (unsigned i = 0; i < WARP; i++)
        if (take >> i & 1U) make_ready(&machine.threads[f->warp * WARP + i]);
}

void emulator_together(const char *what, uint32_t mask, void *mine, emulator_all *all)
{
    fibre *self = current();
    if (!(mask >> self->lane & 1U)) emulator_fail("%s: the mask 0x%08x leaves out lane %u, which is here", what, mask, self->lane);
    self->what = what;
    self->mask = mask;
    self->mine = mine;
    self->all = all;
    machine.warps[self->warp].at_instruction |= 1U << self->lane;
    if (all_together(self)) execute(self);
    else leave(AT_INSTRUCTION);
}

void emulator_warp(const char *what, void *mine, emulator_all *all)
{
    const uint32_t live = machine.warps[current()->warp].live;
    if (live != 0xffffffffU) emulator_fail("%s needs 32 lanes: those of this warp that have not returned are 0x%08x", what, live);
    emulator_together(what, live, mine, all);
}

/* ---- barriers */

static void open_barrier(int id)
{
    barrier *b = &machine.barriers[id];
    for (unsigned i = 0; i < machine.count; i++) {
        fibre *f = &machine.threads[i];
        if (f->state != AT_BARRIER || f->barrier != id) continue;
        f->result = b->sum;
        make_ready(f);
    }
    *b = {};
}

static bool barrier_full(const barrier *b)
{
    return b->arrived && b->arrived == (b->threads ? b->threads : machine.live);
}

int emulator_barrier(int id, unsigned threads, int given)
{
    fibre   *self = current();
    barrier *b = &machine.barriers[id];
    if (b->arrived && b->threads != threads)
        emulator_fail("barrier %d is of %u threads, for others of %u", id, threads, b->threads);
    b->threads = threads;
    b->arrived++;
    b->sum += given;
    self->barrier = id;
    if (barrier_full(b)) {
        self->result = b->sum;
        open_barrier(id);
    } else {
        leave(AT_BARRIER);
    }
    return self->result;
}

/* ---- conditions */

void emulator_wait_until(bool (*ready)(const void *state), const void *state)
{
    fibre *self = current();
    if (ready(state)) return;
    self->condition = ready;
    self->condition_state = state;
    leave(AT_CONDITION);
}

static bool some_condition_holds(void)
{
    bool some = false;
    for (unsigned i = 0; i < machine.count; i++) {
        fibre *f = &machine.threads[i];
        if (f->state != AT_CONDITION || !f->condition(f->condition_state)) continue;
        make_ready(f);
        some = true;
    }
    return some;
}

/* ---- asynchronous copies */

void fov_copy_async_16(void *shared, const void *global)
{
    emulator_check_shared("an asynchronous copy", shared, 16);
    if ((uintptr_t)global % 16) emulator_fail("an asynchronous copy: %p is not aligned to 16 bytes", global);
    current()->copies.push_back({shared, global});
}

void fov_copy_async_commit(void)
{
    fibre *self = current();
    size_t committed = 0;
    for (const size_t group : self->groups) committed += group;
    self->groups.push_back(self->copies.size() - committed);
}

void emulator_copy_async_wait(size_t groups)
{
    fibre *self = current();
    while (self->groups.size() > groups) {
        const auto end = self->copies.begin() + (ptrdiff_t)self->groups.front();
        for (auto c = self->copies.begin(); c != end; c++) memcpy(c->to, c->from, 16);
        self->copies.erase(self->copies.begin(), end);
        self->groups.erase(self->groups.begin());
    }
}

void fov_depend_wait(void)
{
    machine.depended = true;
}

/* ---- blocks */

/** The first function on every fibre's stack. */
static void begin(void)
{
#ifdef WITH_ASAN
    const void *bottom;
    size_t      bytes;
    __sanitizer_finish_switch_fiber(nullptr, &bottom, &bytes);
    if (!machine.scheduler.bottom) {
        machine.scheduler.bottom = bottom;
        machine.scheduler.bytes = bytes;
    }
#endif
    machine.kernel->run(machine.params);

    fibre *self = current();
    warp  *mine = &machine.warps[self->warp];
    self->copies.clear();
    self->groups.clear();
    mine->live &= ~(1U << self->lane);
    machine.live--;
    for (int i = 0; i < BARRIERS; i++)
        if (!machine.barriers[i].threads && barrier_full(&machine.barriers[i])) open_barrier(i);
    for (uint32_t lanes = mine->at_instruction; lanes; lanes &= lanes - 1) {
        const fibre *f = &machine.threads[self->warp * WARP + (unsigned)__builtin_ctz(lanes)];
        if (mine->at_instruction >> f->lane & 1U && all_together(f)) execute(f);
    }
    leave(RETURNED);
    abort();
}

/** A stack that emulator_switch() enters begin() with: what it pops, the address it returns to, and one that begin() never returns
 * to. */
static void *fresh_stack(unsigned char *end)
{
    void **top = (void **)end;
#if defined(__x86_64__)
    *--top = nullptr;
    *--top = (void *)begin;
    for (int i = 0; i < 6; i++) *--top = nullptr;
#else
    top -= 20;
    memset(top, 0, 20 * sizeof *top);
    top[11] = (void *)begin; /* x30 */
#endif
    return top;
}

static void make_stacks(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void        *memory = mmap(nullptr, (size_t)STACK_BYTES * MOST_THREADS, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) emulator_fail("no memory for stacks");
    machine.stacks = (unsigned char *)memory;
    for (size_t i = 0; i < MOST_THREADS; i++) /* beyond the end of a stack */
        if (mprotect(machine.stacks + i * STACK_BYTES, page, PROT_NONE)) emulator_fail("no guard for a stack");
}

static void begin_thread(unsigned index, const emulator_position *at)
{
    fibre         *f = &machine.threads[index];
    unsigned char *stack = machine.stacks + (size_t)index * STACK_BYTES;
    *static_cast<emulator_position *>(f) = *at;
    f->thread = {index % at->threads.x, index / at->threads.x % at->threads.y, index / at->threads.x / at->threads.y};
    f->warp = index / WARP;
    f->lane = index % WARP;
    f->self = {fresh_stack(stack + STACK_BYTES), nullptr, stack, STACK_BYTES};
    machine.warps[f->warp].live |= 1U << f->lane;
    make_ready(f);
}

static const char *wait_of(const fibre *f)
{
    if (f->state == AT_INSTRUCTION) return f->what;
    return f->state == AT_BARRIER ? "a barrier" : f->state == AT_CONDITION ? "a condition" : "nothing: it has returned";
}

/** Name a thread for each thing that is waited for. */
[[noreturn]] static void fail_stuck(void)
{
    const fibre *last = nullptr, *stuck = nullptr;
    for (unsigned i = 0; i < machine.count; i++) {
        const fibre *f = &machine.threads[i];
        if (!last || strcmp(wait_of(last), wait_of(f)) != 0)
            fprintf(stderr, "CUDA emulator: from thread (%u, %u, %u) on: waits for %s\n", f->thread.x, f->thread.y, f->thread.z,
                    wait_of(f));
        if (!stuck && f->state != RETURNED) stuck = f;
        last = f;
    }
    emulator_self = const_cast<fibre *>(stuck);
    emulator_fail("waits for ever, at %s", wait_of(stuck));
}

static void run_block(const emulator_position *at)
{
    machine.count = machine.live = at->threads.x * at->threads.y * at->threads.z;
    memset(machine.warps, 0, sizeof machine.warps);
    memset(machine.barriers, 0, sizeof machine.barriers);
    if (machine.shared_bytes) memset(machine.shared, 0xff, machine.shared_bytes);
    for (unsigned i = 0; i < machine.count; i++) begin_thread(i, at);
    while (machine.live) {
        fibre *next = first_ready();
        if (!next && !some_condition_holds()) fail_stuck();
        if (!next) continue;
        emulator_self = next;
        go(&machine.scheduler, &next->self, false);
    }
    emulator_self = nullptr;
}

void emulator_launch(const emulator_kernel *kernel, dim3 grid, dim3 block, size_t shared_bytes, bool early, const void *params)
{
    static std::mutex           one;
    std::lock_guard<std::mutex> hold(one);
    void                       *shared = nullptr;
    machine.kernel = kernel;
    machine.params = params;
    machine.scheduler = {};
    machine.shared_bytes = shared_bytes;
    machine.launches++;
    machine.depended = false;
    if ((uint64_t)block.x * block.y * block.z > MOST_THREADS) emulator_fail("more than %d threads in a block", (int)MOST_THREADS);
    if (!machine.stacks) make_stacks();
    if (posix_memalign(&shared, 1024, shared_bytes)) emulator_fail("no memory for %zu bytes of shared memory", shared_bytes);
    machine.shared = (unsigned char *)shared;
    for (uint32_t z = 0; z < grid.z; z++)
        for (uint32_t y = 0; y < grid.y; y++)
            for (uint32_t x = 0; x < grid.x; x++) {
                const emulator_position at = {{}, {x, y, z}, block, grid};
                machine.last_first = (machine.launches + x + y + z) % 2 == 0;
                run_block(&at);
            }
    if (early && !machine.depended) emulator_fail("launched early, and never waits for the kernels ahead of it");
    free(shared);
    machine.shared = nullptr;
}
