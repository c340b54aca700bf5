// SPDX-License-Identifier: MIT
/* Bytes that all requests together may hold. */
#ifndef FOVEA_SERVE_BUDGET_H
#define FOVEA_SERVE_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct srv_budget {
    size_t        limit;
    atomic_size_t used;
} srv_budget;

/** @return false: that would be too much, and nothing was taken */
static inline bool srv_budget_take(srv_budget *budget, size_t bytes)
{
    size_t used = budget->used;
    do {
        if (bytes > budget->limit - used) return false;
    } while (!atomic_compare_exchange_weak(&budget->used, &used, used + bytes));
    return true;
}

static inline void srv_budget_give_back(srv_budget *budget, size_t bytes)
{
    budget->used -= bytes;
}

#endif
