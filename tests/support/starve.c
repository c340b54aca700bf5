// SPDX-License-Identifier: MIT
#include "starve.h"

#include "alloc_probe.h"

/* Where n is in the thousands the steps grow, so that a whole job takes seconds; but no place in the program that allocates is left
 * out. */
enum { EVERY = 20, STEPS = 20, PLACES = 4096 };

static fov_status run_at(starve_job *work, const void *user, uint64_t fail_at, alloc_probe *after)
{
    fov_error err = {0};
    alloc_probe_start(fail_at, 0);
    fov_status status = work(user, &err);
    *after = alloc_probe_stop();
    if (after->blocks)
        fail_msg("allocation %llu refused: %lld blocks leaked", (unsigned long long)fail_at, (long long)after->blocks);
    if (status && status != FOV_ERR_MEMORY)
        fail_msg("allocation %llu refused: %s: %s", (unsigned long long)fail_at, fov_status_name(status), err.message);
    if (status && (!err.message[0] || err.code != status))
        fail_msg("allocation %llu refused: no message", (unsigned long long)fail_at);
    return status;
}

/* The last allocations of a job are not skipped, whatever the step: they are where ownership changes hands. */
static uint64_t next(uint64_t n, uint64_t total)
{
    uint64_t step = n < EVERY || n + EVERY > total ? 1 : 1 + total / STEPS;
    return n < EVERY || n + step + EVERY <= total || step == 1 ? n + step : total - EVERY + 1;
}

static void fail_one(const char *what, starve_job *work, const void *user, uint64_t n)
{
    alloc_probe after;
    if (!run_at(work, user, n, &after) && after.failed)
        fail_msg("%s: succeeded although allocation %llu was refused", what, (unsigned long long)n);
}

static uint64_t survey(starve_job *work, const void *user, uint64_t first[PLACES], size_t *places)
{
    fov_error err = {0};
    alloc_probe_survey();
    assert_ok(work(user, &err));
    const uint64_t calls = alloc_probe_stop().calls;
    *places = alloc_probe_places(first, PLACES);
    assert_true(calls > 0 && *places < PLACES);
    return calls;
}

void starve(const char *what, starve_job *work, const void *user)
{
    static uint64_t first[PLACES];
    size_t          places;
    uint64_t        tried = 0;
    const uint64_t  calls = survey(work, user, first, &places);
    for (uint64_t n = 1; n <= calls; n = next(n, calls), tried++) fail_one(what, work, user, n);
    for (size_t i = 0; i < places; i++)
        if (first[i] >= EVERY && first[i] + EVERY <= calls) fail_one(what, work, user, first[i]);
    print_message("%s: %llu of %llu allocations refused in turn, and the first of each of %zu new places\n", what,
                  (unsigned long long)tried, (unsigned long long)calls, places);
}

void starve_places(const char *what, starve_job *work, const void *user)
{
    static uint64_t first[PLACES];
    size_t          places;
    const uint64_t  calls = survey(work, user, first, &places);
    for (size_t i = 0; i < places; i++) fail_one(what, work, user, first[i]);
    if (places)
        print_message("%s: of %llu allocations, the first of each of %zu new places refused in turn\n", what,
                      (unsigned long long)calls, places);
}
