// SPDX-License-Identifier: MIT
/* Photos: looked at side by side, as many as there are threads, hidden side by side behind that, and told in their order. */
#include "blur.h"
#include "console.h"
#include "interrupt.h"
#include "memory.h"
#include "photo_writers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A photo's file, read once: it may be another one when its faces are known. */
typedef struct held {
    void  *data;
    size_t bytes;
} held;

typedef struct photos {
    cli_blur_job      *job;
    size_t            *input; /* of the list, by photo */
    held              *file;  /* by photo, from when it is looked at until it is written */
    size_t             count;
    fov_photo_options  options;
    cli_photo_writers *writers;
} photos;

static void let_go(held *h)
{
    fov_data_free(h->data);
    *h = (held){0};
}

/* Called by several threads at once: each changes its own photo. */
static fov_status load(void *user, size_t index, fov_photo **photo, fov_error *err)
{
    const photos    *p = user;
    const cli_input *in = p->job->inputs.item + p->input[index];
    held            *h = p->file + index;
    if (!in->problem) {
        let_go(h);
        const fov_status st = fov_photo_read(in->path, &h->data, &h->bytes, err);
        return st ? st : fov_photo_decode(h->data, h->bytes, in->path, &p->options, photo, err);
    }
    err->code = FOV_ERR_IO;
    snprintf(err->message, sizeof err->message, "%s", in->problem);
    return FOV_ERR_IO;
}

/* A full disk is no photo's fault: an output that cannot be written is told apart. */
static void written(void *user, const cli_photo_write *w)
{
    cli_blur_job *b = user;
    if (w->status) {
        cli_blur_fail(b, w->file, w->err.message);
        b->output_failed = b->output_failed || w->status == FOV_ERR_IO;
        return;
    }
    cli_outputs_wrote(&b->outputs, w->path);
    cli_blur_tell(b, &(cli_blur_result){.file = w->file, .output = w->path, .faces = w->count});
}

/* Whether a file may be replaced can be told once it is there. @return as cli_blur_path() */
static char *path_for(const photos *p, size_t input)
{
    char *path = cli_blur_path(p->job, input);
    if (!path || !cli_photo_writers_has(p->writers, path)) return path;
    free(path);
    cli_photo_writers_wait(p->writers);
    return cli_blur_path(p->job, input);
}

static void write_one(const photos *p, size_t index, const fov_faces *faces)
{
    cli_blur_job *b = p->job;
    const size_t  input = p->input[index];
    if (b->outputs.repeated[input]) return; /* written already */
    cli_photo_write w = {.file = b->inputs.item[input].path, .path = path_for(p, input), .count = faces->count};
    if (!w.path) {
        b->output_failed = true;
        return;
    }
    w.face = cli_calloc(faces->count, sizeof *w.face);
    if (faces->count) memcpy(w.face, faces->face, faces->count * sizeof *w.face);
    w.data = p->file[index].data;
    w.bytes = p->file[index].bytes;
    p->file[index] = (held){0};
    cli_photo_writers_add(p->writers, &w);
}

static void fail_one(const photos *p, const char *file, const char *message)
{
    cli_photo_writers_wait(p->writers); /* those before it are told before it */
    cli_blur_fail(p->job, file, message);
}

static bool done(void *user, const fov_photo_result *r)
{
    photos      *p = user;
    const size_t input = p->input[r->index];
    const char  *file = p->job->inputs.item[input].path;
    if (r->photo && *fov_photo_warning(r->photo)) cli_warning("%s: %s", file, fov_photo_warning(r->photo));
    if (r->status) fail_one(p, file, r->message);
    else write_one(p, r->index, &r->faces);
    let_go(p->file + r->index);
    cli_progress(r->index + 1, p->count, p->job->faces);
    return !cli_interrupt_signal() && !p->job->stdout_failed;
}

static void find_and_hide(photos *p)
{
    const cli_engine        *e = &p->job->engine;
    const fov_photo_source   source = {p->count, load, p};
    const fov_photos_options options = {.detect = &p->job->detect,
                                        .threads = e->threads,
                                        .devices = e->devices,
                                        .n_device = e->n_device,
                                        .tune_seconds = e->tune_seconds,
                                        .tf32 = e->tf32};
    fov_error                err = {0};
    p->writers = cli_photo_writers_start(e->threads ? e->threads : fov_cpu_threads(), &p->job->options.hide, written, p->job);
    if (!p->writers) {
        p->job->broken = true;
        return;
    }
    const fov_status st = fov_photos_detect(e->engine, &source, &options, done, p, &err);
    cli_photo_writers_finish(p->writers);
    p->job->broken = st && st != FOV_ERR_CANCELLED;
    if (p->job->broken) cli_error("%s", err.message);
}

void cli_blur_photos(cli_blur_job *b)
{
    photos p = {.job = b, .input = cli_calloc(b->inputs.count, sizeof *p.input)};
    for (size_t i = 0; i < b->inputs.count; i++)
        if (!b->is_video[i]) p.input[p.count++] = i;
    fov_photo_options_fit(&p.options, &b->detect);
    p.file = cli_calloc(p.count, sizeof *p.file);
    if (p.count) find_and_hide(&p);
    for (size_t i = 0; i < p.count; i++) let_go(p.file + i);
    free(p.file);
    free(p.input);
}
