// SPDX-License-Identifier: MIT
#include "backend/cuda/trial.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static fov_status capture(const fov_recorder *recorder, const fov_ready *ready, int most, fov_trial *trial, fov_error *err)
{
    fov_ready *around = fov_alloc_array(2 * (size_t)most + 1, sizeof *around);
    int        at;
    if (!around) return fov_fail_memory(err, "launches that are timed");
    const int count = fov_recorder_around(recorder, most, around, &at);
    around[at] = *ready;
    fov_status st = fov_capture(trial->place, around, count, trial->repeats, &trial->captured, err);
    fov_free(around);
    return st;
}

fov_status fov_trial_begin(const fov_recorder *recorder, const fov_launch *launch, int most, int repeats, fov_trial *trial,
                           fov_error *err)
{
    const fov_place       *place = fov_recorder_place(recorder);
    const fov_cuda_driver *driver = place->device->driver;
    fov_ready              ready;
    *trial = (fov_trial){.place = place, .repeats = repeats};
    fov_status st = fov_ready_make(place->device, launch, &ready, err);
    if (!st) st = capture(recorder, &ready, most, trial, err);
    if (!st) st = fov_cuda_check(driver, driver->GraphInstantiate(&trial->graph, trial->captured, 0), err, "a graph");
    fov_ready_clear(&ready);
    return st;
}

fov_status fov_trial_round(fov_trial *trial, bool counts, fov_error *err)
{
    const fov_place       *place = trial->place;
    const fov_cuda_driver *driver = place->device->driver;
    float                  ms = 0;
    fov_status             st = fov_cuda_check(driver, driver->EventRecord(place->start, place->stream), err, "an event");
    if (!st) st = fov_cuda_check(driver, driver->GraphLaunch(trial->graph, place->stream), err, "a kernel that is timed");
    if (!st) st = fov_cuda_check(driver, driver->EventRecord(place->end, place->stream), err, "an event");
    if (!st) st = fov_cuda_check(driver, driver->StreamSynchronize(place->stream), err, "a kernel that is timed");
    if (!st) st = fov_cuda_check(driver, driver->EventElapsedTime(&ms, place->start, place->end), err, "an event");
    if (st || !counts) return st;
    assert(trial->rounds < FOV_TRIAL_ROUNDS);
    trial->seconds[trial->rounds++] = (double)ms * 1e-3 / trial->repeats;
    return FOV_OK;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double fov_trial_median(const fov_trial *trial)
{
    double sorted[FOV_TRIAL_ROUNDS];
    assert(trial->rounds > 0);
    memcpy(sorted, trial->seconds, sizeof sorted);
    qsort(sorted, (size_t)trial->rounds, sizeof *sorted, by_value);
    return sorted[trial->rounds / 2];
}

void fov_trial_end(fov_trial *trial)
{
    const fov_cuda_driver *driver = trial->place->device->driver;
    if (trial->graph) driver->GraphExecDestroy(trial->graph);
    if (trial->captured) driver->GraphDestroy(trial->captured);
    trial->graph = NULL;
    trial->captured = NULL;
}
