// SPDX-License-Identifier: MIT
/* usage: latency MODEL PHOTO THREADS RAW_OUT
 *
 * The worker of peers.py: times the network stage on a photo taken at its own size, so that many runs can be interleaved
 * with those of other engines. Writes the raw answers to RAW_OUT (float32: boxes, scores, landmarks), prints a line of JSON
 * when ready, then answers every line "WARM COUNT" on standard input with {"t": [seconds of COUNT runs after WARM untimed
 * ones]}. */
#include <fovea/fovea.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct worker {
    fov_model         *model;
    fov_engine        *engine;
    fov_detector      *detector;
    fov_photo         *photo;
    fov_detect_options options;
    fov_error          err;
} worker;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static fov_status open_all(worker *w, const char *model, const char *photo, int threads)
{
    fov_detector_options detector_options = {.threads = threads};
    fov_status           status;

    w->options = fov_detect_options_default();
    w->options.resize = FOV_RESIZE_NATIVE;
    if ((status = fov_photo_load(photo, NULL, &w->photo, &w->err))) return status;
    if ((status = fov_model_load(model, NULL, &w->model, &w->err))) return status;
    if ((status = fov_engine_build(w->model, NULL, &w->engine, &w->err))) return status;
    return fov_detector_new(w->engine, &detector_options, &w->detector, &w->err);
}

static fov_status run(worker *w, fov_raw *raw, double *network_s)
{
    fov_image  image = fov_photo_image(w->photo);
    fov_status status = fov_detector_raw(w->detector, &image, &w->options, raw, &w->err);
    if (!status) *network_s = fov_detector_timing(w->detector).network_s;
    return status;
}

static int write_raw(const char *path, const fov_raw *raw)
{
    FILE *f = fopen(path, "wb");
    if (!f) return 0;
    int good = fwrite(raw->boxes, 4 * sizeof(float), raw->count, f) == raw->count &&
               fwrite(raw->scores, 2 * sizeof(float), raw->count, f) == raw->count &&
               fwrite(raw->landmarks, 10 * sizeof(float), raw->count, f) == raw->count;
    return !fclose(f) && good;
}

/* Answer commands until the other side closes the pipe. */
static fov_status serve(worker *w)
{
    int     warm, count;
    fov_raw raw;
    double  seconds;

    while (scanf("%d %d", &warm, &count) == 2) {
        printf("{\"t\": [");
        for (int i = 0; i < warm + count; i++) {
            fov_status status = run(w, &raw, &seconds);
            if (status) return status;
            if (i >= warm) printf("%s%.9f", i > warm ? ", " : "", seconds);
        }
        printf("]}\n");
        fflush(stdout);
    }
    return FOV_OK;
}

static fov_status work(worker *w, char **argv)
{
    double     start = now(), seconds;
    fov_raw    raw;
    fov_status status;

    if ((status = open_all(w, argv[1], argv[2], atoi(argv[3])))) return status;
    if ((status = run(w, &raw, &seconds))) return status;
    if (!write_raw(argv[4], &raw)) {
        snprintf(w->err.message, sizeof w->err.message, "%s: cannot be written", argv[4]);
        return FOV_ERR_IO;
    }
    printf("{\"ready_s\": %.6f, \"width\": %d, \"height\": %d, \"anchors\": %zu}\n", now() - start, raw.input_width,
           raw.input_height, raw.count);
    fflush(stdout);
    return serve(w);
}

int main(int argc, char **argv)
{
    worker w = {0};

    if (argc != 5) {
        fprintf(stderr, "usage: latency MODEL PHOTO THREADS RAW_OUT\n");
        return 2;
    }
    fov_status status = work(&w, argv);
    if (status) fprintf(stderr, "latency: %s: %s\n", fov_status_name(status), w.err.message);
    fov_detector_free(w.detector);
    fov_engine_free(w.engine);
    fov_model_free(w.model);
    fov_photo_free(w.photo);
    return status ? 1 : 0;
}
