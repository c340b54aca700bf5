// SPDX-License-Identifier: MIT
#include "check.h"

#include "backend/backend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GUARD_BITS 0x7fc5a5a5U

enum { GUARD_FLOATS = 64 };

bool check_begin(check *t, const char *name)
{
    char full[128];
    snprintf(full, sizeof full, "%s %s", name, t->level_name);
    if (t->filter && !strstr(full, t->filter)) return false;
    t->random.state = t->seed;
    for (const char *c = full; *c; c++) t->random.state = t->random.state * 31 + (unsigned char)*c;
    t->failing = false;
    t->number++;
    printf("# %s\n", full);
    return true;
}

void check_fail(check *t, const char *format, ...)
{
    va_list args;
    if (t->failing) return;
    t->failing = true;
    va_start(args, format);
    printf("# ");
    vprintf(format, args);
    printf("\n");
    va_end(args);
}

void check_end(check *t)
{
    t->failed += t->failing;
    printf("%sok %d\n", t->failing ? "not " : "", t->number);
    fflush(stdout);
}

static float guard(void)
{
    const uint32_t bits = GUARD_BITS;
    float          v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

bool guarded_is_guard(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits == GUARD_BITS;
}

guarded guarded_new(size_t floats, size_t offset)
{
    const size_t total = (floats + offset + 2 * GUARD_FLOATS + 15) / 16 * 16;
    guarded      g = {.block = aligned_alloc(64, total * sizeof(float)), .floats = floats};
    if (!g.block) abort();
    for (size_t i = 0; i < total; i++) g.block[i] = guard();
    g.data = g.block + GUARD_FLOATS + offset;
    return g;
}

void guarded_free(guarded *g)
{
    free(g->block);
    *g = (guarded){0};
}

bool guarded_intact(const guarded *g)
{
    for (const float *p = g->block; p < g->data; p++)
        if (!guarded_is_guard(*p)) return false;
    for (size_t i = 0; i < GUARD_FLOATS; i++)
        if (!guarded_is_guard(g->data[g->floats + i])) return false;
    return true;
}

bool check_near(float got, double want, size_t terms, double magnitude)
{
    return fabs((double)got - want) <= (double)(terms + 2) * 0x1p-24 * magnitude + 0x1p-140;
}
