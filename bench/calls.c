// SPDX-License-Identifier: MIT
/* usage: calls PHOTO SIDE THREADS
 *
 * The peer of python_overhead.py: THREADS threads share an engine of the bundled model in FP32; each has a detector of one thread
 * and looks at the upper left SIDE x SIDE pixels of the photo, at their own size. Answers every line "COUNT" on standard input with
 * the seconds that COUNT calls of each thread took, by the clock and of processors. */
#include <fovea/fovea.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_THREADS = 64 };

typedef struct caller {
    fov_detector      *detector;
    fov_image          image;
    fov_detect_options options;
    int                count;
    fov_status         status;
    fov_error          err;
    pthread_t          thread;
} caller;

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *call(void *argument)
{
    caller   *c = argument;
    fov_faces faces;
    for (int i = 0; i < c->count && !c->status; i++)
        c->status = fov_detector_run(c->detector, &c->image, &c->options, &faces, &c->err);
    return NULL;
}

static fov_status open_callers(const fov_engine *engine, fov_image image, caller *callers, int threads, fov_error *err)
{
    const fov_detector_options alone = {.threads = 1};
    for (int i = 0; i < threads; i++) {
        callers[i].image = image;
        callers[i].options = fov_detect_options_default();
        callers[i].options.resize = FOV_RESIZE_NATIVE;
        fov_status status = fov_detector_new(engine, &alone, &callers[i].detector, err);
        if (status) return status;
    }
    return FOV_OK;
}

static fov_status run_all(caller *callers, int threads, int count, fov_error *err)
{
    int started = 0;
    for (int i = 0; i < threads; i++) callers[i].count = count;
    while (started < threads && !pthread_create(&callers[started].thread, NULL, call, &callers[started])) started++;
    for (int i = 0; i < started; i++) pthread_join(callers[i].thread, NULL);
    for (int i = 0; i < started; i++) {
        if (callers[i].status) *err = callers[i].err;
        if (callers[i].status) return callers[i].status;
    }
    if (started == threads) return FOV_OK;
    snprintf(err->message, sizeof err->message, "thread %d of %d could not be started", started + 1, threads);
    return err->code = FOV_ERR_DEVICE;
}

static fov_status serve(caller *callers, int threads, fov_error *err)
{
    int count;
    while (scanf("%d", &count) == 1) {
        const double     start = now(CLOCK_MONOTONIC), work = now(CLOCK_PROCESS_CPUTIME_ID);
        const fov_status status = run_all(callers, threads, count, err);
        if (status) return status;
        printf("%.9f %.9f\n", now(CLOCK_MONOTONIC) - start, now(CLOCK_PROCESS_CPUTIME_ID) - work);
        fflush(stdout);
    }
    return FOV_OK;
}

static fov_status call_all(const char *path, int side, int threads, fov_error *err)
{
    const fov_engine_options fp32 = {.precision = FOV_PRECISION_FP32};
    caller                   callers[MAX_THREADS] = {0};
    fov_photo               *photo;
    fov_engine              *engine = NULL;
    fov_status               status = fov_photo_load(path, NULL, &photo, err);
    if (!status) status = fov_engine_open("default", NULL, &fp32, &engine, err);
    if (!status) {
        fov_image image = fov_photo_image(photo);
        image.width = image.height = side;
        status = open_callers(engine, image, callers, threads, err);
    }
    if (!status) status = serve(callers, threads, err);
    for (int i = 0; i < threads; i++) fov_detector_free(callers[i].detector);
    fov_engine_free(engine);
    fov_photo_free(photo);
    return status;
}

int main(int argc, char **argv)
{
    fov_error err;
    const int side = argc == 4 ? atoi(argv[2]) : 0, threads = argc == 4 ? atoi(argv[3]) : 0;
    if (side < 1 || threads < 1 || threads > MAX_THREADS) {
        fprintf(stderr, "usage: calls PHOTO SIDE THREADS\n");
        return 2;
    }
    const fov_status status = call_all(argv[1], side, threads, &err);
    if (status) fprintf(stderr, "calls: %s: %s\n", fov_status_name(status), err.message);
    return status ? 1 : 0;
}
