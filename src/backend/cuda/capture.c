// SPDX-License-Identifier: MIT
#include "backend/cuda/capture.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

fov_status fov_ready_make(const fov_cuda_device *device, const fov_launch *launch, fov_ready *ready, fov_error *err)
{
    *ready = (fov_ready){.grid = {launch->grid[0], launch->grid[1], launch->grid[2]},
                         .threads = launch->threads,
                         .cluster = launch->cluster,
                         .shared_bytes = (unsigned)launch->shared_bytes};
    fov_status st = fov_cuda_kernel(device, launch->kernel, launch->shared_bytes, &ready->kernel, err);
    if (st) return st;
    ready->params = fov_alloc(launch->params_bytes);
    if (!ready->params) return fov_fail_memory(err, "the launches of a program");
    memcpy(ready->params, launch->params, launch->params_bytes);
    snprintf(ready->name, sizeof ready->name, "%s", launch->kernel);
    return FOV_OK;
}

void fov_ready_clear(fov_ready *ready)
{
    fov_free(ready->params);
    *ready = (fov_ready){.params = NULL};
}

/* @param early the kernel may begin while the one before it ends */
static fov_status launch(const fov_place *place, const fov_ready *ready, bool early, fov_error *err)
{
    const fov_cuda_driver *driver = place->device->driver;
    void                  *params[] = {ready->params};
    CUlaunchAttribute      attribute[2];
    unsigned               attributes = 0;
    if (early)
        attribute[attributes++] = (CUlaunchAttribute){.id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION,
                                                      .value = {.programmaticStreamSerializationAllowed = 1}};
    if (ready->cluster > 1)
        attribute[attributes++] =
            (CUlaunchAttribute){.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, .value = {.clusterDim = {ready->cluster, 1, 1}}};
    const CUlaunchConfig config = {.gridDimX = ready->grid[0],
                                   .gridDimY = ready->grid[1],
                                   .gridDimZ = ready->grid[2],
                                   .blockDimX = ready->threads,
                                   .blockDimY = 1,
                                   .blockDimZ = 1,
                                   .sharedMemBytes = ready->shared_bytes,
                                   .hStream = place->stream,
                                   .attrs = attribute,
                                   .numAttrs = attributes};
    return fov_cuda_check(driver, driver->LaunchKernelEx(&config, ready->kernel, params, NULL), err, "kernel %s", ready->name);
}

fov_status fov_capture(const fov_place *place, const fov_ready *launches, int count, int times, CUgraph *graph, fov_error *err)
{
    const fov_cuda_driver *driver = place->device->driver;
    fov_status             st =
        fov_cuda_check(driver, driver->StreamBeginCapture(place->stream, CU_STREAM_CAPTURE_MODE_RELAXED), err, "a graph");
    if (st) return st;
    for (int i = 0; i < count * times && !st; i++)
        st = launch(place, &launches[i % count], i > 0 && place->device->capability >= 90, err);
    const CUresult ended = driver->StreamEndCapture(place->stream, graph);
    return st ? st : fov_cuda_check(driver, ended, err, "a graph");
}
