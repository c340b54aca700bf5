// SPDX-License-Identifier: MIT
#include "base/alloc.h"

#include "fovea/fovea.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

static void *default_alloc(void *user, size_t bytes)
{
    (void)user;
    return malloc(bytes);
}

static void *default_realloc(void *user, void *block, size_t bytes)
{
    (void)user;
    return realloc(block, bytes);
}

static void default_free(void *user, void *block)
{
    (void)user;
    free(block);
}

static const fov_allocator defaults = {default_alloc, default_realloc, default_free, NULL};
static fov_allocator       hooks = {default_alloc, default_realloc, default_free, NULL};

void fov_allocator_set(const fov_allocator *allocator)
{
    bool complete = allocator && allocator->alloc && allocator->realloc && allocator->free;
    hooks = complete ? *allocator : defaults;
}

void *fov_alloc(size_t bytes)
{
    return hooks.alloc(hooks.user, bytes ? bytes : 1);
}

void *fov_alloc_array(size_t count, size_t size)
{
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) ? NULL : fov_alloc(bytes);
}

void *fov_calloc(size_t count, size_t size)
{
    void *block = fov_alloc_array(count, size);
    return block ? memset(block, 0, count * size) : NULL;
}

void *fov_alloc_overread(size_t count, size_t size)
{
    size_t bytes, total;
    if (__builtin_mul_overflow(count, size, &bytes) || __builtin_add_overflow(bytes, (size_t)FOV_OVERREAD, &total)) return NULL;
    unsigned char *block = fov_alloc(total);
    if (block) memset(block + bytes, 0, FOV_OVERREAD);
    return block;
}

void *fov_realloc_array(void *block, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
    if (!block) return fov_alloc(bytes);
    return hooks.realloc(hooks.user, block, bytes ? bytes : 1);
}

void *fov_grow_array(void *block, size_t count, size_t size)
{
    const bool is_full = !(count & (count - 1)); /* 0, 1, 2, 4, 8, ..: the capacities that there are */
    size_t     capacity;
    if (!is_full) return block;
    return __builtin_mul_overflow(count, 2, &capacity) ? NULL : fov_realloc_array(block, count ? capacity : 1, size);
}

char *fov_strndup(const char *s, size_t length)
{
    char *copy = length < SIZE_MAX ? fov_alloc(length + 1) : NULL;
    if (!copy) return NULL;
    memcpy(copy, s, length);
    copy[length] = '\0';
    return copy;
}

char *fov_strdup(const char *s)
{
    return fov_strndup(s, strlen(s));
}

void fov_free(void *block)
{
    if (block) hooks.free(hooks.user, block);
}

/* Whole huge pages of a block may be given at once instead of in hundreds of page faults, which are most of what a first photo
 * takes longer than the next. Advice, so failing is nothing; memory of hooks is the caller's to advise on. */
static void advise_huge(void *block, size_t bytes)
{
    const uintptr_t first = ((uintptr_t)block + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    const uintptr_t end = ((uintptr_t)block + bytes) / HUGE_PAGE * HUGE_PAGE;
    if (hooks.alloc == default_alloc && end > first) madvise((void *)first, end - first, MADV_HUGEPAGE);
}

/* The hooks know no alignment: take FOV_ALIGN more, and keep what they gave in front of the aligned block. */
void *fov_alloc_aligned(size_t bytes)
{
    size_t total;
    if (__builtin_add_overflow(bytes, (size_t)FOV_ALIGN + sizeof(void *), &total)) return NULL;
    unsigned char *raw = fov_alloc(total);
    if (!raw) return NULL;
    uintptr_t      first = (uintptr_t)raw + sizeof(void *);
    size_t         shift = (FOV_ALIGN - first % FOV_ALIGN) % FOV_ALIGN;
    unsigned char *block = raw + sizeof(void *) + shift;
    memcpy(block - sizeof(void *), &raw, sizeof raw);
    advise_huge(block, bytes);
    return block;
}

void fov_free_aligned(void *block)
{
    void *raw;
    if (!block) return;
    memcpy(&raw, (unsigned char *)block - sizeof(void *), sizeof raw);
    fov_free(raw);
}
