// SPDX-License-Identifier: MIT
/* Image in, faces out: geometry, letterbox, network, decode. */
#include "api/detector.h"

#include "api/geometry.h"
#include "api/heads_check.h"
#include "api/plan_cache.h"
#include "api/tiles.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "engine/remote.h"

#include <string.h>

/* Photos of one input size share a pass up to this many photos and pixels: beyond either the cost of reading weights is long
 * shared out, and only memory grows. */
enum { MAX_BATCH = FOV_DETECTOR_BATCH, MAX_PASS_PIXELS = 4 << 20, HEADS_PER_LEVEL = 3, MOST_TUNING_SECONDS = 3600 };

struct fov_detector {
    const fov_engine         *engine;
    fov_pool                 *pool;
    fov_plan_cache            cache;
    void                     *scratch; /* of the letterbox */
    size_t                    scratch_bytes;
    fov_geometry             *geometry; /* one an image of the batch */
    fov_face_buffer          *buffer;
    size_t                    cap_image;
    fov_face_buffer           tile_buffer; /* of the tile at hand */
    float                    *raw;
    fov_timing                timing;
    fov_observer             *observe; /* during fov_detector_run_observed(), else NULL */
    void                     *observe_context;
    const fov_detector_photo *given;        /* during fov_detector_run_photos(), else NULL */
    double                   *step_seconds; /* during fov_detector_run_timed(), else NULL */
};

fov_status fov_detector_new(const fov_engine *engine, const fov_detector_options *options, fov_detector **out, fov_error *err)
{
    return fov_detector_new_on(engine, options, engine->device, out, err);
}

static fov_status open_place(fov_detector *d, const fov_detector_options *options, int device, fov_error *err)
{
    const fov_remote *remote = d->engine->backend->remote;
    fov_status        st = remote->open(device, &d->cache.place, err);
    if (st || !options) return st;
    const fov_place_options how = {.tune_seconds = options->tune_seconds, .tf32 = options->tf32};
    return remote->configure(d->cache.place, &how, err);
}

static fov_status check_tuning(double seconds, fov_error *err)
{
    if (seconds >= 0 && seconds <= MOST_TUNING_SECONDS) return FOV_OK;
    return fov_fail(err, FOV_ERR_ARGUMENT, "tune_seconds are 0 to %d, not %g", MOST_TUNING_SECONDS, seconds);
}

fov_status fov_detector_new_on(const fov_engine *engine, const fov_detector_options *options, int device, fov_detector **out,
                               fov_error *err)
{
    const int  threads = options && options->threads ? options->threads : fov_cpu_threads();
    fov_status st = options ? check_tuning(options->tune_seconds, err) : FOV_OK;
    *out = NULL;
    if (st) return st;
    fov_detector *d = fov_calloc(1, sizeof *d);
    if (!d) return fov_fail_memory(err, "a detector");
    d->engine = engine;
    st = fov_pool_new(threads, &d->pool, err);
    if (!st && engine->backend->remote) st = open_place(d, options, device, err);
    if (st) {
        fov_detector_free(d);
        return st;
    }
    *out = d;
    return FOV_OK;
}

void fov_detector_free(fov_detector *d)
{
    if (!d) return;
    for (size_t i = 0; i < d->cap_image; i++) fov_face_buffer_clear(&d->buffer[i]);
    fov_face_buffer_clear(&d->tile_buffer);
    fov_plan_cache_clear(&d->cache);
    if (d->cache.place) d->engine->backend->remote->close(d->cache.place);
    fov_pool_free(d->pool);
    fov_free_aligned(d->scratch);
    fov_free(d->geometry);
    fov_free(d->buffer);
    fov_free(d->raw);
    fov_free(d);
}

/* ---------------------------------------------------------------- memory that grows with use */

static fov_status reserve_images(fov_detector *d, size_t count, fov_error *err)
{
    if (count <= d->cap_image) return FOV_OK;
    fov_geometry *geometry = fov_realloc_array(d->geometry, count, sizeof *geometry);
    if (geometry) d->geometry = geometry;
    fov_face_buffer *buffer = fov_realloc_array(d->buffer, count, sizeof *buffer);
    if (buffer) d->buffer = buffer;
    if (!geometry || !buffer) return fov_fail(err, FOV_ERR_MEMORY, "no memory for a batch of %zu images", count);
    memset(buffer + d->cap_image, 0, (count - d->cap_image) * sizeof *buffer);
    d->cap_image = count;
    return FOV_OK;
}

/* At the end of a call. What resizing took goes with the arena: it was a large photo. */
static void settle(fov_detector *d)
{
    if (!fov_plan_cache_settle(&d->cache)) return;
    fov_free_aligned(d->scratch);
    d->scratch = NULL;
    d->scratch_bytes = 0;
}

static fov_status reserve_scratch(fov_detector *d, const fov_letterbox *box, const fov_image *image, fov_error *err)
{
    size_t bytes = fov_letterbox_rows_scratch(box, image->width, image->height, fov_pool_size(d->pool));
    if (bytes <= d->scratch_bytes) return FOV_OK;
    fov_free_aligned(d->scratch);
    d->scratch_bytes = 0;
    d->scratch = fov_alloc_aligned(bytes);
    if (!d->scratch) return fov_fail_memory(err, "resizing an image");
    d->scratch_bytes = bytes;
    return FOV_OK;
}

/* ---------------------------------------------------------------- one pass */

/* The images of one pass: indices into the caller's array, all with the same input size. */
typedef struct pass {
    size_t index[MAX_BATCH];
    size_t count;
} pass;

/* What a pass gives: heads in the plan's memory, or, where the network runs elsewhere, all faces, which the next pass takes away.
 */
typedef struct answer {
    const fov_plan *plan;
    bool            has_faces;
    fov_faces       faces[MAX_BATCH]; /* in pixels of the photo, one an image of the pass */
} answer;

/* Where rows of an image of a pass go. */
typedef struct row_target {
    const fov_plan *plan;
    int64_t         n;
    _Atomic bool    failed;
} row_target;

static void put_row(void *context, int y, float *row)
{
    row_target *target = context;
    if (fov_plan_put_row(target->plan, target->n, y, row, NULL)) target->failed = true;
}

/* The network's input from one image: into its place, or straight into the network's first step. */
static fov_status fill_one(const fov_detector *d, const fov_plan *plan, const fov_letterbox *box, const fov_image *image, int64_t n,
                           fov_error *err)
{
    const fov_view *input = fov_plan_input(plan);
    row_target      target = {.plan = plan, .n = n};
    if (!plan->takes_rows) {
        fov_letterbox_run(box, image, (float *)input->data + n * input->stride[0], input->stride[3], d->scratch, d->pool);
        return FOV_OK;
    }
    fov_letterbox_rows(box, image, put_row, &target, d->scratch, d->pool);
    return target.failed ? fov_fail(err, FOV_ERR_INTERNAL, "the network's first step takes no rows; please report this model")
                         : FOV_OK;
}

static fov_status fill_input(fov_detector *d, const fov_plan *plan, const fov_image *images, const pass *p, fov_error *err)
{
    for (size_t i = 0; i < p->count; i++) {
        const fov_letterbox *box = &d->geometry[p->index[i]].letterbox;
        const fov_image     *image = &images[p->index[i]];
        fov_status           st = reserve_scratch(d, box, image, err);
        if (!st) st = fill_one(d, plan, box, image, (int64_t)i, err);
        if (st) return st;
    }
    return FOV_OK;
}

static fov_status run_plan(const fov_detector *d, const fov_plan *plan, fov_error *err)
{
    if (d->step_seconds) return fov_plan_run_timed(plan, d->pool, d->step_seconds, err);
    if (!d->observe) return fov_plan_run(plan, d->pool, err);
    fov_view   input = *fov_plan_input(plan);
    fov_step   first = {.node = {FOV_NONE}, .out = &input};
    fov_status st = d->observe(d->observe_context, plan, &first, err);
    return st ? st : fov_plan_run_observed(plan, d->pool, d->observe, d->observe_context, err);
}

/* The heads of a pass. */
static fov_status run_heads(fov_detector *d, const fov_image *images, const pass *p, const fov_plan **out, fov_error *err)
{
    const fov_letterbox *box = &d->geometry[p->index[0]].letterbox;
    fov_plan            *plan;
    fov_status           st;
    double               start = fov_clock_s();
    if ((st = fov_plan_cache_get(&d->cache, d->engine, (int64_t)p->count, box->out_h, box->out_w, fov_pool_size(d->pool),
                                 d->observe        ? FOV_PLAN_WHOLE
                                 : d->step_seconds ? FOV_PLAN_TIMED
                                                   : FOV_PLAN_FAST,
                                 &plan, err)))
        return st;
    if ((st = fov_heads_check(plan, err))) return st;
    if ((st = fill_input(d, plan, images, p, err))) return st;
    double filled = fov_clock_s();
    if ((st = run_plan(d, plan, err))) return st;
    d->timing.preprocess_s += filled - start;
    d->timing.network_s += fov_clock_s() - filled;
    *out = plan;
    return FOV_OK;
}

/* Pixels go to where the network runs, and faces come back. What it takes to bring them up counts as preprocessing; resizing them,
 * and making faces of the heads, is a part of the network there. */
static fov_status run_there(fov_detector *d, const fov_image *images, const pass *p, const fov_detect_options *options, answer *out,
                            fov_error *err)
{
    const fov_letterbox *box = &d->geometry[p->index[0]].letterbox;
    fov_remote_photo     photo[MAX_BATCH];
    fov_plan            *plan;
    double               start = fov_clock_s();
    for (size_t i = 0; i < p->count; i++) {
        const fov_mapping *m = &d->geometry[p->index[i]].mapping;
        photo[i] = (fov_remote_photo){.image = images[p->index[i]],
                                      .box = &d->geometry[p->index[i]].letterbox,
                                      .offset = {m->offset[0], m->offset[1]},
                                      .scale = {m->scale[0], m->scale[1]}};
        if (!d->given || !d->given[p->index[i]].picture) continue;
        photo[i].there = true;
        photo[i].orientation = d->given[p->index[i]].orientation;
    }
    fov_status st = fov_plan_cache_get(&d->cache, d->engine, (int64_t)p->count, box->out_h, box->out_w, fov_pool_size(d->pool),
                                       FOV_PLAN_FACES, &plan, err);
    if (!st) st = fov_remote_start(plan, photo, options, d->pool, err);
    double started = fov_clock_s();
    if (!st) st = fov_remote_finish(plan, out->faces, err);
    if (st) return st;
    d->timing.preprocess_s += started - start;
    d->timing.network_s += fov_clock_s() - started;
    out->plan = plan;
    out->has_faces = true;
    return FOV_OK;
}

/* Plugins decode on the host, and observers see it all there. */
static fov_status run_pass(fov_detector *d, const fov_image *images, const pass *p, const fov_detect_options *options, answer *out,
                           fov_error *err)
{
    out->has_faces = false;
    if (d->cache.place && !d->observe && !fov_graph_gives_table(d->engine->graph))
        return run_there(d, images, p, options, out, err);
    return run_heads(d, images, p, &out->plan, err);
}

static void read_output(const fov_plan *plan, int index, size_t image, const float **data, ptrdiff_t *ld)
{
    const fov_view *view = fov_plan_output(plan, index);
    *data = (const float *)view->data + (int64_t)image * view->stride[0];
    *ld = view->stride[3];
}

/* The heads of image `image` of a pass, in the order that models/model.h gives the graph's outputs. */
static void read_heads(const fov_plan *plan, size_t image, fov_head *head)
{
    for (int k = 0; k < plan->engine->settings.n_level; k++) {
        const fov_view *scores = fov_plan_output(plan, HEADS_PER_LEVEL * k);
        head[k] = (fov_head){.rows = (int)scores->shape.dim[2], .columns = (int)scores->shape.dim[3]};
        read_output(plan, HEADS_PER_LEVEL * k, image, &head[k].scores, &head[k].scores_ld);
        read_output(plan, HEADS_PER_LEVEL * k + 1, image, &head[k].boxes, &head[k].boxes_ld);
        read_output(plan, HEADS_PER_LEVEL * k + 2, image, &head[k].landmarks, &head[k].landmarks_ld);
    }
}

/* The table of image `image` of a pass, where a plugin decodes the heads. */
static fov_status read_table(const fov_plan *plan, size_t image, fov_table *table, fov_error *err)
{
    const fov_view *view = fov_plan_output(plan, 0);
    const int64_t  *dim = view->shape.dim;
    char            shape[128];
    if (view->dtype != FOV_F32 || view->shape.rank != 3 || dim[0] != plan->n || dim[2] != FOV_TABLE_WIDTH)
        return fov_fail(err, FOV_ERR_FORMAT,
                        "the plugin that decodes the heads gives %s %s for %lld images; expected is %lldxROWSx%d",
                        fov_dtype_name(view->dtype), fov_shape_print(&view->shape, shape, sizeof shape), (long long)plan->n,
                        (long long)plan->n, FOV_TABLE_WIDTH);
    *table = (fov_table){.data = (const float *)view->data + (int64_t)image * view->stride[0],
                         .rows = (size_t)dim[1],
                         .ld = (size_t)view->stride[1]};
    return FOV_OK;
}

/* ---------------------------------------------------------------- whole photos */

static fov_status prepare(fov_detector *d, const fov_image *images, size_t count, const fov_detect_options *options, fov_error *err)
{
    fov_status st = fov_detect_options_check(options, err);
    d->timing = (fov_timing){0};
    if (!st) st = reserve_images(d, count, err);
    for (size_t i = 0; i < count && !st; i++)
        st = fov_geometry_make(&d->engine->settings, options, &images[i], &d->geometry[i], err);
    return st;
}

size_t fov_detector_most_in_a_pass(int width, int height)
{
    const int64_t fitting = MAX_PASS_PIXELS / ((int64_t)width * height);
    return fitting < 1 ? 1 : fitting < MAX_BATCH ? (size_t)fitting : MAX_BATCH;
}

static size_t most_in_a_pass(const fov_letterbox *box)
{
    return fov_detector_most_in_a_pass(box->out_w, box->out_h);
}

/* The next images from `first` on that have its input size and are not done. */
static pass next_pass(const fov_detector *d, size_t first, size_t count, const fov_faces *faces)
{
    const fov_letterbox *box = &d->geometry[first].letterbox;
    const size_t         most = most_in_a_pass(box);
    pass                 p = {0};
    for (size_t i = first; i < count && p.count < most; i++) {
        const fov_letterbox *other = &d->geometry[i].letterbox;
        if (!faces[i].face && other->out_w == box->out_w && other->out_h == box->out_h) p.index[p.count++] = i;
    }
    return p;
}

static const fov_face no_face; /* what an empty result points to, so that NULL can mean "not done yet" */

/* Into a buffer, where they outlive the next pass. */
static fov_status keep_faces(const fov_faces *found, fov_face_buffer *buffer, fov_faces *faces, fov_error *err)
{
    size_t     count = 0;
    fov_status st = FOV_OK;
    while (count < found->count && !st) st = fov_face_append(buffer, &count, &found->face[count], err);
    *faces = (fov_faces){count, buffer->candidate};
    return st;
}

/* The faces of image `image` of a pass. @param index of its geometry */
static fov_status decode_image(fov_detector *d, const answer *a, size_t image, size_t index, const fov_detect_options *options,
                               fov_face_buffer *buffer, fov_faces *faces, fov_error *err)
{
    const fov_plan    *plan = a->plan;
    const fov_mapping *mapping = &d->geometry[index].mapping;
    fov_head           head[FOV_MAX_LEVELS];
    fov_table          table;
    if (a->has_faces) return keep_faces(&a->faces[image], buffer, faces, err);
    if (fov_graph_gives_table(d->engine->graph)) {
        fov_status st = read_table(plan, image, &table, err);
        return st ? st : fov_face_table(&table, mapping, options, buffer, faces, err);
    }
    read_heads(plan, image, head);
    return fov_face_decode(&d->engine->settings, head, mapping, options, buffer, faces, err);
}

static fov_status decode_pass(fov_detector *d, const answer *a, const pass *p, const fov_detect_options *options, fov_faces *faces,
                              fov_error *err)
{
    double start = fov_clock_s();
    for (size_t i = 0; i < p->count; i++) {
        size_t     index = p->index[i];
        fov_status st = decode_image(d, a, i, index, options, &d->buffer[index], &faces[index], err);
        if (st) return st;
        if (!faces[index].face) faces[index].face = &no_face;
    }
    d->timing.postprocess_s += fov_clock_s() - start;
    return FOV_OK;
}

/* ---------------------------------------------------------------- tiles */

/* The next tiles of one input size, from `first` on, which is the next one of the walk. @param first out: the one after them */
static size_t next_tiles(fov_detector *d, fov_tiling *walk, fov_tile *first, bool *more, fov_tile *tile)
{
    const fov_letterbox box = first->geometry.letterbox;
    const size_t        most = most_in_a_pass(&box);
    size_t              count = 0;
    do {
        d->geometry[count] = first->geometry;
        tile[count++] = *first;
        *more = fov_tiling_next(walk, first);
    } while (*more && count < most && first->geometry.letterbox.out_w == box.out_w && first->geometry.letterbox.out_h == box.out_h);
    return count;
}

/* Append the faces that the tiles of a pass answer for to the photo's. */
static fov_status decode_tiles(fov_detector *d, const answer *a, const fov_tile *tile, size_t count,
                               const fov_detect_options *options, fov_face_buffer *buffer, size_t *found, fov_error *err)
{
    double start = fov_clock_s();
    for (size_t i = 0; i < count; i++) {
        fov_faces  faces;
        fov_status st = decode_image(d, a, i, i, options, &d->tile_buffer, &faces, err);
        for (size_t j = 0; j < faces.count && !st; j++)
            if (fov_tile_keeps(&tile[i], &faces.face[j])) st = fov_face_append(buffer, found, &faces.face[j], err);
        if (st) return st;
    }
    d->timing.postprocess_s += fov_clock_s() - start;
    return FOV_OK;
}

static fov_status run_tiles(fov_detector *d, const fov_image *image, const fov_detect_options *options, fov_face_buffer *buffer,
                            fov_faces *faces, fov_error *err)
{
    answer     a;
    fov_tiling walk;
    fov_tile   tile[MAX_BATCH], next;
    fov_image  window[MAX_BATCH];
    size_t     found = 0;
    fov_status st = fov_tiling_start(&d->engine->settings, options, image, &walk, err);
    for (bool more = !st && fov_tiling_next(&walk, &next); more && !st;) {
        pass p = {.count = next_tiles(d, &walk, &next, &more, tile)};
        for (size_t i = 0; i < p.count; i++) {
            p.index[i] = i;
            window[i] = tile[i].window;
        }
        if (!(st = run_pass(d, window, &p, options, &a, err)))
            st = decode_tiles(d, &a, tile, p.count, options, buffer, &found, err);
    }
    if (!st) st = fov_face_merge(buffer, found, options, faces, err);
    return st;
}

static fov_status run_tiled(fov_detector *d, const fov_image *images, size_t count, const fov_detect_options *options,
                            fov_faces *faces, fov_error *err)
{
    fov_status st = fov_detect_options_check(options, err);
    d->timing = (fov_timing){0};
    if (!st) st = reserve_images(d, count > MAX_BATCH ? count : MAX_BATCH, err);
    for (size_t i = 0; i < count && !st; i++) st = run_tiles(d, &images[i], options, &d->buffer[i], &faces[i], err);
    return st;
}

/* ---------------------------------------------------------------- public calls */

/* All images, whose geometry is known. */
static fov_status run_passes(fov_detector *d, const fov_image *images, size_t count, const fov_detect_options *options,
                             fov_faces *faces, fov_error *err)
{
    answer     a;
    fov_status st = FOV_OK;
    for (size_t i = 0; i < count && !st; i++) {
        if (faces[i].face) continue;
        pass p = next_pass(d, i, count, faces);
        if (!(st = run_pass(d, images, &p, options, &a, err))) st = decode_pass(d, &a, &p, options, faces, err);
    }
    return st;
}

static fov_status run_whole(fov_detector *d, const fov_image *images, size_t count, const fov_detect_options *options,
                            fov_faces *faces, fov_error *err)
{
    fov_status st = prepare(d, images, count, options, err);
    return st ? st : run_passes(d, images, count, options, faces, err);
}

fov_status fov_detector_run_batch(fov_detector *d, const fov_image *images, size_t count, const fov_detect_options *options,
                                  fov_faces *faces, fov_error *err)
{
    fov_detect_options defaults = fov_detect_options_default();
    if (!options) options = &defaults;
    if (count && (!images || !faces))
        return fov_fail(err, FOV_ERR_ARGUMENT, "a batch of %zu images: images or faces is NULL", count);
    for (size_t i = 0; i < count; i++) faces[i] = (fov_faces){0};
    const bool tiled = options->resize == FOV_RESIZE_TILES;
    fov_status st = (tiled ? run_tiled : run_whole)(d, images, count, options, faces, err);
    settle(d);
    for (size_t i = 0; i < count && st; i++) faces[i] = (fov_faces){0};
    return st;
}

fov_status fov_detector_run(fov_detector *d, const fov_image *image, const fov_detect_options *options, fov_faces *faces,
                            fov_error *err)
{
    return fov_detector_run_batch(d, image, 1, options, faces, err);
}

fov_status fov_detector_prepare(fov_detector *d, int width, int height, const fov_detect_options *options, fov_error *err)
{
    fov_photo *photo;
    fov_faces  faces;
    fov_status st = fov_photo_new(width, height, &photo, err);
    if (st) return st;
    const fov_image image = fov_photo_image(photo);
    st = fov_detector_run(d, &image, options, &faces, err);
    fov_photo_free(photo);
    return st;
}

static fov_status run_smaller(fov_detector *d, const fov_photo *photo, const fov_detect_options *options, fov_faces *faces,
                              fov_error *err)
{
    const fov_image image = fov_photo_image(photo);
    fov_status      st = fov_detect_options_check(options, err);
    if (st) return st;
    if (options->resize == FOV_RESIZE_TILES)
        return fov_fail(err, FOV_ERR_ARGUMENT,
                        "a photo of %d x %d that was decoded at %d x %d cannot be cut into tiles: load it with all its pixels",
                        photo->full_width, photo->full_height, photo->width, photo->height);
    d->timing = (fov_timing){0};
    if ((st = reserve_images(d, 1, err))) return st;
    if ((st = fov_geometry_make_photo(&d->engine->settings, options, photo, d->geometry, err))) return st;
    return run_passes(d, &image, 1, options, faces, err);
}

fov_status fov_detector_run_photo(fov_detector *d, const fov_photo *photo, const fov_detect_options *options, fov_faces *faces,
                                  fov_error *err)
{
    const fov_image    image = fov_photo_image(photo);
    fov_detect_options defaults = fov_detect_options_default();
    *faces = (fov_faces){0};
    if (photo->deferred)
        return fov_fail(err, FOV_ERR_ARGUMENT, "a photo of %d x %d is still encoded: fov_photo_finish() decodes it",
                        photo->full_width, photo->full_height);
    if (!fov_photo_is_smaller(photo)) return fov_detector_run(d, &image, options, faces, err);
    fov_status st = run_smaller(d, photo, options ? options : &defaults, faces, err);
    settle(d);
    if (st) *faces = (fov_faces){0};
    return st;
}

fov_status fov_detector_run_photos(fov_detector *d, const fov_detector_photo *photos, size_t count,
                                   const fov_detect_options *options, fov_faces *faces, fov_error *err)
{
    fov_image  image[MAX_BATCH];
    fov_status st = reserve_images(d, count, err);
    d->timing = (fov_timing){0};
    for (size_t i = 0; i < count; i++) faces[i] = (fov_faces){0};
    for (size_t i = 0; i < count && !st; i++) {
        image[i] = photos[i].picture ? photos[i].picture->image : fov_photo_image(photos[i].photo);
        st = fov_geometry_make_photo(&d->engine->settings, options, photos[i].photo, &d->geometry[i], err);
    }
    d->given = photos;
    if (!st) st = run_passes(d, image, count, options, faces, err);
    d->given = NULL;
    for (size_t i = 0; i < count && st; i++) faces[i] = (fov_faces){0};
    return st;
}

/* What is asked of one run of the network cannot be answered where a photo takes several. */
static fov_status refuse_tiles(const fov_detect_options *options, fov_error *err)
{
    if (!options || options->resize != FOV_RESIZE_TILES) return FOV_OK;
    return fov_fail(err, FOV_ERR_ARGUMENT,
                    "a photo in tiles is not one run of the network, which is needed here: choose another size");
}

fov_status fov_detector_run_observed(fov_detector *d, const fov_image *image, const fov_detect_options *options,
                                     fov_observer *observe, void *context, fov_faces *faces, fov_error *err)
{
    fov_status st = refuse_tiles(options, err);
    *faces = (fov_faces){0};
    if (st) return st;
    d->observe = observe;
    d->observe_context = context;
    st = fov_detector_run(d, image, options, faces, err);
    d->observe = NULL;
    return st;
}

fov_status fov_detector_run_timed(fov_detector *d, const fov_image *image, const fov_detect_options *options, double *seconds,
                                  const fov_plan **plan, fov_error *err)
{
    const pass one = {.count = 1};
    fov_status st = refuse_tiles(options, err);
    if (!st) st = prepare(d, image, 1, options, err);
    d->step_seconds = seconds;
    if (!st) st = run_heads(d, image, &one, plan, err);
    d->step_seconds = NULL;
    return st;
}

fov_status fov_detector_raw(fov_detector *d, const fov_image *image, const fov_detect_options *options, fov_raw *raw,
                            fov_error *err)
{
    fov_detect_options  defaults = fov_detect_options_default();
    const fov_settings *settings = &d->engine->settings;
    const pass          one = {.count = 1};
    const fov_plan     *plan;
    fov_head            head[FOV_MAX_LEVELS];
    fov_status          st;

    *raw = (fov_raw){0};
    if (fov_graph_gives_table(d->engine->graph))
        return fov_fail(err, FOV_ERR_UNSUPPORTED,
                        "this engine has no raw answers: a plugin decodes its heads; build it without the plugin to see them");
    if ((st = refuse_tiles(options, err))) return st;
    if ((st = prepare(d, image, 1, options ? options : &defaults, err))) return st;
    if ((st = run_heads(d, image, &one, &plan, err))) return st;
    double start = fov_clock_s();
    read_heads(plan, 0, head);
    size_t count = fov_face_count(settings, head);
    float *more = fov_realloc_array(d->raw, count, (4 + 2 + 10) * sizeof *more);
    if (more) {
        d->raw = more;
        fov_face_raw(settings, head, more, more + 4 * count, more + 6 * count);
    }
    settle(d);
    if (!more) return fov_fail_memory(err, "raw answers");
    *raw = (fov_raw){(int)plan->w, (int)plan->h, count, more, more + 4 * count, more + 6 * count};
    d->timing.postprocess_s = fov_clock_s() - start;
    return FOV_OK;
}

fov_timing fov_detector_timing(const fov_detector *d)
{
    return d->timing;
}

int fov_detector_threads(const fov_detector *d)
{
    return fov_pool_size(d->pool);
}

size_t fov_detector_memory(const fov_detector *d)
{
    return d->cache.arena_bytes + d->scratch_bytes;
}
