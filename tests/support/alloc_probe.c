// SPDX-License-Identifier: MIT
#include "alloc_probe.h"

#include "fovea/fovea.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 12, NEAR = 6 /* of which two or three are of this file */, PLACES = 1 << 14 };

/* A sanitizer must not take what is in front of a block for a part of it. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(HAS_ASAN)
#include <sanitizer/asan_interface.h>
#define HIDE(header) __asan_poison_memory_region(header, sizeof *(header))
#define SHOW(header) __asan_unpoison_memory_region(header, sizeof *(header))
#else
#define HIDE(header) (void)(header)
#define SHOW(header) (void)(header)
#endif

/* In front of every block: its size, in a unit that keeps malloc's alignment. */
typedef union header {
    size_t      bytes;
    max_align_t align;
} header;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static alloc_probe     count;
static uint64_t        fail_from;
static int64_t         limit;

/* ---------------------------------------------------------------- places */

/* A stack of return addresses, and the first call that came from there. */
typedef struct place {
    void    *frame[FRAMES];
    int      depth;
    uint64_t call;
} place;

typedef struct places {
    place *item;
    size_t n;
} places;

static bool   surveying;
static places met, refused;
static size_t met_before; /* of `met`: in earlier surveys */

static bool same_place(const place *a, const place *b)
{
    return a->depth == b->depth && !memcmp(a->frame, b->frame, (size_t)a->depth * sizeof *a->frame);
}

/* @param near only so many frames count */
static __attribute__((noinline)) void note(places *all, int near)
{
    place p = {.call = count.calls};
    p.depth = backtrace(p.frame, near);
    if (!all->item) all->item = calloc(PLACES, sizeof *all->item);
    if (!all->item) abort();
    for (size_t i = 0; i < all->n; i++)
        if (same_place(&all->item[i], &p)) return;
    if (all->n < PLACES) all->item[all->n++] = p;
}

/* Addresses as the program's file has them. */
static void print_refused(void)
{
    Dl_info info;
    FILE   *file = fopen(getenv("FOVEA_SITES"), "a");
    if (!file || !dladdr((void *)(uintptr_t)alloc_probe_survey, &info)) abort();
    for (size_t i = 0; i < refused.n; i++) {
        fprintf(file, "%s", info.dli_fname);
        for (int k = 0; k < refused.item[i].depth; k++)
            fprintf(file, " %zx", (size_t)((char *)refused.item[i].frame[k] - (char *)info.dli_fbase));
        fputc('\n', file);
    }
    fclose(file);
}

static void note_refused(void)
{
    if (!getenv("FOVEA_SITES")) return;
    if (!refused.n && atexit(print_refused)) abort();
    note(&refused, FRAMES);
}

/* ---------------------------------------------------------------- counting */

/* Count a call for `more` bytes on top of what is there. */
static bool admit(int64_t more, int64_t blocks)
{
    pthread_mutex_lock(&lock);
    count.calls++;
    if (surveying) note(&met, NEAR);
    bool allowed = (!fail_from || count.calls < fail_from) && (!limit || count.bytes + more <= limit);
    if (!allowed) {
        count.failed++;
        note_refused();
    } else {
        count.blocks += blocks;
        count.bytes += more;
        if (count.bytes > count.peak) count.peak = count.bytes;
    }
    pthread_mutex_unlock(&lock);
    return allowed;
}

static void give_up(int64_t bytes, int64_t blocks)
{
    pthread_mutex_lock(&lock);
    count.blocks -= blocks;
    count.bytes -= bytes;
    pthread_mutex_unlock(&lock);
}

static void *probe_realloc(void *user, void *block, size_t bytes)
{
    header *old = block ? (header *)block - 1 : NULL;
    if (old) SHOW(old);
    int64_t had = old ? (int64_t)old->bytes : 0;
    (void)user;
    const bool admitted = bytes <= PTRDIFF_MAX - sizeof(header) && admit((int64_t)bytes - had, !old);
    header    *h = admitted ? realloc(old, sizeof *h + bytes) : NULL;
    if (admitted && !h) give_up((int64_t)bytes - had, !old);
    if (!h) {
        if (old) HIDE(old);
        return NULL;
    }
    h->bytes = bytes;
    HIDE(h);
    return h + 1;
}

static void *probe_alloc(void *user, size_t bytes)
{
    return probe_realloc(user, NULL, bytes);
}

static void probe_free(void *user, void *block)
{
    (void)user;
    if (!block) return;
    header *h = (header *)block - 1;
    SHOW(h);
    give_up((int64_t)h->bytes, 1);
    free(h);
}

void alloc_probe_start(uint64_t fail_at, int64_t max_bytes)
{
    static const fov_allocator probe = {probe_alloc, probe_realloc, probe_free, NULL};
    count = (alloc_probe){0};
    fail_from = fail_at;
    limit = max_bytes;
    surveying = false;
    fov_allocator_set(&probe);
}

void alloc_probe_survey(void)
{
    alloc_probe_start(0, 0);
    met_before = met.n;
    surveying = true;
}

size_t alloc_probe_places(uint64_t *call, size_t capacity)
{
    const size_t all = met.n - met_before, n = all < capacity ? all : capacity;
    for (size_t i = 0; i < n; i++) call[i] = met.item[met_before + i].call;
    return n;
}

alloc_probe alloc_probe_now(void)
{
    pthread_mutex_lock(&lock);
    alloc_probe now = count;
    pthread_mutex_unlock(&lock);
    return now;
}

alloc_probe alloc_probe_stop(void)
{
    fov_allocator_set(NULL);
    return alloc_probe_now();
}
