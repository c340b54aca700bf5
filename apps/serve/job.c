// SPDX-License-Identifier: MIT
#include "job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

srv_job *srv_job_new(srv_model *model, const fov_detect_options *detect, size_t count)
{
    srv_job *job = calloc(1, sizeof *job);
    if (job) job->task = calloc(count, sizeof *job->task);
    if (!job || !job->task) {
        free(job);
        srv_model_release(model);
        return NULL;
    }
    job->model = model;
    job->detect = *detect;
    job->count = count;
    job->left = count;
    for (size_t i = 0; i < count; i++) job->task[i].job = job;
    return job;
}

void srv_job_free(srv_job *job)
{
    if (!job) return;
    for (size_t i = 0; i < job->count; i++) {
        free(job->task[i].face);
        if (job->task[i].picture) job->task[i].picture_free(job->task[i].picture);
        if (job->budget) srv_budget_give_back(job->budget, job->task[i].picture_bytes);
    }
    srv_model_release(job->model);
    free(job->task);
    free(job);
}

void srv_job_forget_faces(srv_job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        free(job->task[i].face);
        job->task[i].face = NULL;
    }
}

bool srv_job_goes_with(const srv_job *a, const srv_job *b)
{
    /* NOLINTNEXTLINE(*-memory-comparison,cert-*): unequal padding only keeps jobs apart */
    return a == b || (a->model == b->model && !memcmp(&a->detect, &b->detect, sizeof a->detect));
}

void srv_task_no_room(srv_task *t, size_t bytes)
{
    t->status = t->err.code = FOV_ERR_CANCELLED;
    snprintf(
        t->err.message, sizeof t->err.message,
        "%s: its picture has %zu bytes, for which other requests leave no room: try again later, or start the server with more "
        "--max-memory",
        t->name, bytes);
}

const srv_task *srv_job_failed(const srv_job *job)
{
    for (size_t i = 0; i < job->count; i++)
        if (job->task[i].status) return job->task + i;
    return NULL;
}
