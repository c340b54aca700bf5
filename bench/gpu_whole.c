// SPDX-License-Identifier: MIT
/* From a JPEG's bytes to its faces on a GPU: one photo at a time, stage by stage, and many at the highest rate.
 *
 * usage: bench-gpu-whole [--rounds N] [--photos N] [--threads N,N..] [--long N,N..] [--precision NAME,NAME..] [--model FILE]
 *                        PHOTO.jpg...
 *
 * A line of JSON for each measurement: medians in milliseconds; photos a second. "decoded" are photos that threads decode in full,
 * "fitted" those that they decode smaller where the network's input allows it, "deferred" those that the GPU may decode, of which
 * there are 20 times as many, for its decoder starts late; "pixels" such as are there already. */
#include "base/clock.h"
#include "fovea/fovea.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 16, WARM = 30 };

typedef struct file {
    const char    *path;
    unsigned char *data;
    size_t         bytes;
    fov_photo     *photo;
} file;

typedef struct setup {
    int         rounds, photos, threads[MOST], n_threads, longer[MOST], n_longer;
    const char *precision[MOST], *model;
    int         n_precision;
    file        file[MOST];
    int         n_file;
} setup;

static fov_error err;

static _Noreturn void give_up(const char *what, const char *why)
{
    fprintf(stderr, "bench-gpu-whole: %s: %s\n", what, why);
    exit(1);
}

static void must(fov_status st, const char *what)
{
    if (st) give_up(what, err.message);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *value, int count)
{
    qsort(value, (size_t)count, sizeof *value, by_value);
    return value[count / 2] * 1e3;
}

static void read_file(setup *s, const char *path)
{
    FILE *in = fopen(path, "rb");
    file *f = &s->file[s->n_file];
    if (!in) give_up(path, strerror(errno));
    if (s->n_file == MOST) give_up(path, "one photo too many");
    f->path = path;
    f->data = malloc(1 << 24);
    if (!f->data) give_up(path, "no memory");
    f->bytes = fread(f->data, 1, 1 << 24, in);
    fclose(in);
    must(fov_photo_decode(f->data, f->bytes, path, NULL, &f->photo, &err), path);
    s->n_file++;
}

/* ---------------------------------------------------------------- one at a time */

/* A detector's first image, its pixels being there, once it is prepared. */
static void time_first(const setup *s, const fov_engine *engine, const char *precision, int longer)
{
    fov_detect_options options = fov_detect_options_default();
    fov_detector      *d;
    fov_photo         *photo;
    fov_faces          faces;
    options.long_side = longer;
    must(fov_photo_decode(s->file[0].data, s->file[0].bytes, s->file[0].path, NULL, &photo, &err), "decoding");
    const fov_image image = fov_photo_image(photo);
    must(fov_detector_new(engine, NULL, &d, &err), "detector");
    must(fov_detector_prepare(d, image.width, image.height, &options, &err), "preparing");
    const double start = fov_clock_s();
    must(fov_detector_run(d, &image, &options, &faces, &err), "detecting");
    printf("{\"first\": \"%s\", \"long\": %d, \"prepared_ms\": %.4f}\n", precision, longer, (fov_clock_s() - start) * 1e3);
    fflush(stdout);
    fov_detector_free(d);
    fov_photo_free(photo);
}

/* @param fitted decode smaller where that suffices */
static void time_stages(const setup *s, const fov_engine *engine, const char *precision, int longer, bool fitted)
{
    enum { DECODE, UP, NETWORK, DOWN, ALL, STAGES };
    double            *took[STAGES];
    fov_detector      *d;
    fov_detect_options options = fov_detect_options_default();
    fov_photo_options  photo_options = {0};
    fov_faces          faces = {0};
    options.long_side = longer;
    if (fitted) fov_photo_options_fit(&photo_options, &options);
    for (int i = 0; i < STAGES; i++) took[i] = calloc((size_t)s->rounds, sizeof **took);
    const double opened = fov_clock_s();
    must(fov_detector_new(engine, NULL, &d, &err), "detector");
    double first = 0;
    for (int i = -WARM; i < s->rounds; i++) {
        fov_photo   *photo;
        const double start = fov_clock_s();
        must(fov_photo_decode(s->file[0].data, s->file[0].bytes, s->file[0].path, &photo_options, &photo, &err), "decoding");
        const double decoded = fov_clock_s();
        must(fov_detector_run_photo(d, photo, &options, &faces, &err), "detecting");
        const double end = fov_clock_s();
        fov_photo_free(photo);
        if (i == -WARM) first = end - opened;
        if (i < 0) continue;
        const fov_timing t = fov_detector_timing(d);
        took[DECODE][i] = decoded - start;
        took[UP][i] = t.preprocess_s;
        took[NETWORK][i] = t.network_s;
        took[DOWN][i] = t.postprocess_s;
        took[ALL][i] = end - start;
    }
    printf("{\"one\": \"%s\", \"long\": %d, \"photo\": \"%s\", \"decode_ms\": %.4f, \"up_ms\": %.4f, \"network_ms\": %.4f, "
           "\"down_ms\": %.4f, \"all_ms\": %.4f, \"first_ms\": %.1f, \"faces\": %zu}\n",
           precision, longer, fitted ? "fitted" : "decoded", median(took[DECODE], s->rounds), median(took[UP], s->rounds),
           median(took[NETWORK], s->rounds), median(took[DOWN], s->rounds), median(took[ALL], s->rounds), first * 1e3, faces.count);
    fflush(stdout);
    fov_detector_free(d);
    for (int i = 0; i < STAGES; i++) free(took[i]);
}

/* ---------------------------------------------------------------- many */

typedef struct folder {
    const setup      *setup;
    fov_photo_options options;
    bool              decode;
    size_t            faces, failed, there;
} folder;

static fov_status load(void *user, size_t index, fov_photo **photo, fov_error *error)
{
    const folder *f = user;
    const file   *in = &f->setup->file[index % (size_t)f->setup->n_file];
    if (f->options.defer) return fov_photo_load(in->path, &f->options, photo, error);
    if (f->decode) return fov_photo_decode(in->data, in->bytes, in->path, &f->options, photo, error);
    const fov_image image = fov_photo_image(in->photo);
    fov_status      st = fov_photo_new(image.width, image.height, photo, error);
    if (!st) memcpy(fov_photo_pixels(*photo), image.data, (size_t)image.pitch * (size_t)image.height);
    return st;
}

static bool count(void *user, const fov_photo_result *r)
{
    folder *f = user;
    f->faces += r->faces.count;
    f->failed += r->status != FOV_OK;
    f->there += r->photo && !fov_photo_pixels(r->photo);
    return true;
}

static void time_many(const setup *s, const fov_engine *engine, const char *precision, int longer, int threads, const char *kind)
{
    fov_detect_options options = fov_detect_options_default();
    folder             f = {.setup = s, .decode = strcmp(kind, "pixels") != 0};
    options.long_side = longer;
    f.options.defer = !strcmp(kind, "deferred");
    const int                photos = f.options.defer ? 20 * s->photos : s->photos;
    const fov_photo_source   source = {(size_t)photos, load, &f};
    const fov_photos_options how = {.detect = &options, .threads = threads};
    double                   best = 1e9;
    for (int round = 0; round < (f.options.defer ? 1 : 3); round++) {
        const double start = fov_clock_s();
        f.faces = f.failed = f.there = 0;
        must(fov_photos_detect(engine, &source, &how, count, &f, &err), "many photos");
        const double took = fov_clock_s() - start;
        if (took < best) best = took;
    }
    printf("{\"many\": \"%s\", \"long\": %d, \"photo\": \"%s\", \"threads\": %d, \"photos\": %d, \"photos_per_s\": %.1f, "
           "\"faces\": %zu, "
           "\"failed\": %zu, \"decoded_there\": %zu}\n",
           precision, longer, kind, threads, photos, photos / best, f.faces, f.failed, f.there);
    fflush(stdout);
}

static void run(const setup *s, const char *precision)
{
    static const char *const kinds[] = {"decoded", "deferred", "pixels"};
    fov_engine              *engine;
    fov_engine_options       options = {.backend = "cuda"};
    options.precision = !strcmp(precision, "fp16")   ? FOV_PRECISION_FP16
                        : !strcmp(precision, "bf16") ? FOV_PRECISION_BF16
                        : !strcmp(precision, "int8") ? FOV_PRECISION_INT8
                                                     : FOV_PRECISION_FP32;
    must(fov_engine_open(s->model, NULL, &options, &engine, &err), precision);
    for (int i = 0; i < s->n_longer; i++) {
        time_first(s, engine, precision, s->longer[i]);
        time_stages(s, engine, precision, s->longer[i], false);
        time_stages(s, engine, precision, s->longer[i], true);
        for (int k = 0; k < s->n_threads; k++)
            for (size_t j = 0; j < sizeof kinds / sizeof *kinds; j++)
                time_many(s, engine, precision, s->longer[i], s->threads[k], kinds[j]);
    }
    fov_engine_free(engine);
}

static int read_numbers(int *number, char *list)
{
    int n = 0;
    for (char *at = strtok(list, ","); at && n < MOST; at = strtok(NULL, ",")) number[n++] = atoi(at);
    return n;
}

int main(int argc, char **argv)
{
    setup s = {.rounds = 300,
               .photos = 1000,
               .threads = {4, 16},
               .n_threads = 2,
               .longer = {640, 1024},
               .n_longer = 2,
               .precision = {"fp32", "fp16", "int8"},
               .n_precision = 3,
               .model = "default"};
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--rounds") && i + 1 < argc) s.rounds = atoi(argv[++i]);
        else if (!strcmp(argv[i], "--photos") && i + 1 < argc) s.photos = atoi(argv[++i]);
        else if (!strcmp(argv[i], "--threads") && i + 1 < argc) s.n_threads = read_numbers(s.threads, argv[++i]);
        else if (!strcmp(argv[i], "--long") && i + 1 < argc) s.n_longer = read_numbers(s.longer, argv[++i]);
        else if (!strcmp(argv[i], "--model") && i + 1 < argc) s.model = argv[++i];
        else if (!strcmp(argv[i], "--precision") && i + 1 < argc) {
            s.n_precision = 0;
            for (char *at = strtok(argv[++i], ","); at && s.n_precision < MOST; at = strtok(NULL, ","))
                s.precision[s.n_precision++] = at;
        } else read_file(&s, argv[i]);
    }
    if (!s.n_file) {
        fprintf(stderr, "bench-gpu-whole: name a JPEG\n");
        return 1;
    }
    for (int i = 0; i < s.n_precision; i++) run(&s, s.precision[i]);
    return 0;
}
