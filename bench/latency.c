// SPDX-License-Identifier: MIT
/* usage: latency MODEL PRECISION THREADS PHOTO RAW_OUT
 *        latency --whole MODEL PRECISION THREADS PHOTO LONG_SIDE
 *
 * The worker of the scripts: times the network stage on a photo taken at its own size, so that many runs can be interleaved
 * with those of other engines; or, with --whole, everything from the photo's file to its faces, the photo shrunk to LONG_SIDE.
 * MODEL is a model, an engine file or "default". Writes the raw answers to RAW_OUT (float32: boxes, scores, landmarks), prints
 * a line of JSON when ready, then answers every line "WARM COUNT" on standard input with {"t": [seconds of COUNT runs after
 * WARM untimed ones]}. */
#include <fovea/fovea.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct worker {
    const char        *path; /* of the photo */
    fov_engine        *engine;
    fov_detector      *detector;
    fov_photo         *photo; /* NULL: loaded for every run */
    fov_detect_options options;
    fov_error          err;
} worker;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static fov_status open_engine(worker *w, const char *model, const char *precision, int threads)
{
    fov_detector_options detector_options = {.threads = threads};
    fov_engine_options   engine_options = {0};
    fov_status           status;

    w->options = fov_detect_options_default();
    if ((status = fov_precision_parse(precision, &engine_options.precision, &w->err))) return status;
    if ((status = fov_engine_open(model, NULL, &engine_options, &w->engine, &w->err))) return status;
    return fov_detector_new(w->engine, &detector_options, &w->detector, &w->err);
}

static fov_status run_network(worker *w, fov_raw *raw, double *seconds)
{
    fov_image  image = fov_photo_image(w->photo);
    fov_status status = fov_detector_raw(w->detector, &image, &w->options, raw, &w->err);
    if (!status) *seconds = fov_detector_timing(w->detector).network_s;
    return status;
}

static fov_status run_whole(worker *w, size_t *faces_found, double *seconds)
{
    double     start = now();
    fov_photo *photo;
    fov_faces  faces;
    fov_status status = fov_photo_load(w->path, NULL, &photo, &w->err);
    if (status) return status;
    fov_image image = fov_photo_image(photo);
    status = fov_detector_run(w->detector, &image, &w->options, &faces, &w->err);
    *faces_found = faces.count;
    fov_photo_free(photo);
    *seconds = now() - start;
    return status;
}

static fov_status run(worker *w, double *seconds)
{
    fov_raw raw;
    size_t  faces;
    return w->photo ? run_network(w, &raw, seconds) : run_whole(w, &faces, seconds);
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
    int    warm, count;
    double seconds;

    while (scanf("%d %d", &warm, &count) == 2) {
        printf("{\"t\": [");
        for (int i = 0; i < warm + count; i++) {
            fov_status status = run(w, &seconds);
            if (status) return status;
            if (i >= warm) printf("%s%.9f", i > warm ? ", " : "", seconds);
        }
        printf("]}\n");
        fflush(stdout);
    }
    return FOV_OK;
}

static fov_status work_network(worker *w, const char *raw_out)
{
    double     seconds;
    fov_raw    raw;
    fov_status status;

    w->options.resize = FOV_RESIZE_NATIVE;
    if ((status = fov_photo_load(w->path, NULL, &w->photo, &w->err))) return status;
    if ((status = run_network(w, &raw, &seconds))) return status;
    if (!write_raw(raw_out, &raw)) {
        snprintf(w->err.message, sizeof w->err.message, "%s: cannot be written", raw_out);
        return FOV_ERR_IO;
    }
    printf("{\"width\": %d, \"height\": %d, \"anchors\": %zu}\n", raw.input_width, raw.input_height, raw.count);
    fflush(stdout);
    return serve(w);
}

static fov_status work_whole(worker *w, int long_side)
{
    size_t     faces;
    double     seconds;
    fov_status status;

    w->options.long_side = long_side;
    if ((status = run_whole(w, &faces, &seconds))) return status;
    printf("{\"faces\": %zu}\n", faces);
    fflush(stdout);
    return serve(w);
}

int main(int argc, char **argv)
{
    worker w = {0};
    int    whole = argc == 7 && !strcmp(argv[1], "--whole");

    if (argc != 6 + whole) {
        fprintf(stderr, "usage: latency MODEL PRECISION THREADS PHOTO RAW_OUT\n"
                        "       latency --whole MODEL PRECISION THREADS PHOTO LONG_SIDE\n");
        return 2;
    }
    argv += whole;
    w.path = argv[4];
    fov_status status = open_engine(&w, argv[1], argv[2], atoi(argv[3]));
    if (!status) status = whole ? work_whole(&w, atoi(argv[5])) : work_network(&w, argv[5]);
    if (status) fprintf(stderr, "latency: %s: %s\n", fov_status_name(status), w.err.message);
    fov_detector_free(w.detector);
    fov_engine_free(w.engine);
    fov_photo_free(w.photo);
    return status ? 1 : 0;
}
