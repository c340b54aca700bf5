// SPDX-License-Identifier: MIT
#include "backend/cuda/ends.h"

#include "backend/cuda/staging.h"
#include "base/alloc.h"

#include <string.h>

enum { HEADS_PER_LEVEL = 3 };

/* ---------------------------------------------------------------- what there is */

static fov_cuda_head head_of(const fov_view *head)
{
    return (fov_cuda_head){
        .head = {.rows = (int)head->shape.dim[2],
                 .columns = (int)head->shape.dim[3],
                 .scores = head[0].data,
                 .boxes = head[1].data,
                 .landmarks = head[2].data,
                 .scores_ld = head[0].stride[3],
                 .boxes_ld = head[1].stride[3],
                 .landmarks_ld = head[2].stride[3]},
        .scores_image = head[0].stride[0],
        .boxes_image = head[1].stride[0],
        .landmarks_image = head[2].stride[0],
    };
}

/* The first run's zeros; each run leaves them so. */
static fov_status reserve_work(fov_cuda_ends *e, const fov_cuda_faces *faces, fov_error *err)
{
    const fov_cuda_driver *driver = e->place->device->driver;
    if (faces->work_bytes <= e->work_bytes) return FOV_OK;
    fov_cuda_free(e->place->device, e->work);
    e->work_bytes = 0;
    fov_status st = fov_cuda_alloc(e->place->device, faces->work_bytes, "faces", &e->work, err);
    if (st) return st;
    e->work_bytes = faces->work_bytes;
    return fov_cuda_check(driver, driver->MemsetD8Async((CUdeviceptr)(uintptr_t)e->work, 0, faces->zero_bytes, e->place->stream),
                          err, "memory for faces");
}

/* Everything about faces that the options say, where their results will be. */
static fov_status set_faces(fov_cuda_ends *e, const fov_detect_options *options, const fov_mapping *mapping, fov_cuda_faces *faces,
                            fov_error *err)
{
    fov_status st = fov_cuda_faces_init(faces, &e->settings, e->head, e->images, options, err);
    if (!st) st = reserve_work(e, faces, err);
    if (!st) st = fov_cuda_result_reserve(e->place, faces->result_bytes, err);
    if (!st) fov_cuda_faces_place(faces, e->work, e->place->result, mapping);
    return st;
}

fov_status fov_cuda_ends_new(fov_place *place, const fov_call *calls, int count, const fov_ends *ends, fov_cuda_ends **out,
                             fov_error *err)
{
    const fov_view *input = ends->input;
    fov_cuda_ends  *e = fov_calloc(1, sizeof *e);
    *out = e;
    if (!e) return fov_fail_memory(err, "the ends of a program");
    e->place = place;
    e->settings = *ends->settings;
    e->images = (int)input->shape.dim[0];
    e->out_h = (int)input->shape.dim[2];
    e->out_w = (int)input->shape.dim[3];
    e->input = input->data;
    e->input_ld = (int)input->stride[3];
    for (int k = 0; k < e->settings.n_level; k++) e->head[k] = head_of(&ends->head[HEADS_PER_LEVEL * k]);
    const fov_detect_options any = {.score_threshold = 0.5F, .nms_iou = 0.5F, .pre_nms_top_k = 1, .max_faces = 1};
    fov_status               st = fov_cuda_faces_init(&e->faces, &e->settings, e->head, e->images, &any, err);
    return st ? st : fov_cuda_heads_find(place, calls, count, ends, &e->heads, err);
}

void fov_cuda_ends_free(fov_cuda_ends *e)
{
    if (!e) return;
    fov_cuda_free(e->place->device, e->work);
    fov_free(e);
}

/* ---------------------------------------------------------------- in the graph */

/* A node's kernel. */
typedef struct work {
    const char   *kernel;
    fov_cuda_grid grid;
    const void   *params;
    size_t        bytes; /* of them */
} work;

static work work_of_collect(fov_cuda_ends *e, const fov_cuda_faces *faces)
{
    const fov_cuda_launch *launch = &e->heads.launch;
    if (!e->heads.levels)
        return (work){FOV_CUDA_FACES_COLLECT_KERNEL, fov_cuda_faces_collect_grid(faces), &faces->params, sizeof faces->params};
    e->heads.params.faces = faces->params;
    return (work){launch->kernel,
                  {launch->blocks, 1, launch->threads, (unsigned)launch->shared_bytes},
                  &e->heads.params,
                  sizeof e->heads.params};
}

static work work_of_keep(const fov_cuda_faces *faces)
{
    return (work){FOV_CUDA_FACES_KEEP_KERNEL, fov_cuda_faces_keep_grid(faces), &faces->params, sizeof faces->params};
}

static fov_status record(fov_cuda_ends *e, fov_recorder *recorder, work w, fov_cuda_node_ref *node, fov_error *err)
{
    fov_status st = fov_cuda_kernel(e->place->device, w.kernel, w.grid.shared_bytes, &node->kernel, err);
    if (st) return st;
    return fov_record_launch(recorder,
                             &(fov_launch){.kernel = w.kernel,
                                           .grid = {w.grid.x, w.grid.y, 1},
                                           .threads = w.grid.threads,
                                           .shared_bytes = w.grid.shared_bytes,
                                           .params_bytes = w.bytes,
                                           .params = w.params},
                             err);
}

fov_status fov_cuda_ends_record_first(fov_cuda_ends *e, fov_recorder *recorder, fov_error *err)
{
    const fov_letterbox box = {.out_w = e->out_w, .out_h = e->out_h};
    fov_cuda_grid       grid;
    fov_cuda_letterbox_launch(&box, e->images, NULL, e->input, e->input_ld, &e->letterbox_params, &grid);
    const work w = {FOV_CUDA_LETTERBOX_KERNEL, grid, &e->letterbox_params, sizeof e->letterbox_params};
    return record(e, recorder, w, &e->letterbox, err);
}

fov_status fov_cuda_ends_record_last(fov_cuda_ends *e, fov_recorder *recorder, fov_error *err)
{
    fov_status st = record(e, recorder, work_of_collect(e, &e->faces), &e->collect, err);
    return st ? st : record(e, recorder, work_of_keep(&e->faces), &e->keep, err);
}

/* Each of these kernels is in the graph once. */
static fov_status match(fov_cuda_ends *e, CUgraphNode node, fov_error *err)
{
    const fov_cuda_driver  *driver = e->place->device->driver;
    fov_cuda_node_ref      *refs[] = {&e->letterbox, &e->collect, &e->keep};
    CUDA_KERNEL_NODE_PARAMS params;
    fov_status st = fov_cuda_check(driver, driver->GraphKernelNodeGetParams(node, &params), err, "a kernel of a graph");
    for (size_t i = 0; i < sizeof refs / sizeof *refs && !st; i++)
        if (refs[i]->kernel == params.func) refs[i]->node = node;
    return st;
}

fov_status fov_cuda_ends_find(fov_cuda_ends *e, CUgraph graph, fov_error *err)
{
    const fov_cuda_driver *driver = e->place->device->driver;
    size_t                 count = 0;
    fov_status             st = fov_cuda_check(driver, driver->GraphGetNodes(graph, NULL, &count), err, "the kernels of a graph");
    if (st) return st;
    CUgraphNode *node = fov_calloc(count, sizeof *node);
    if (!node) return fov_fail_memory(err, "the kernels of a graph");
    st = fov_cuda_check(driver, driver->GraphGetNodes(graph, node, &count), err, "the kernels of a graph");
    for (size_t i = 0; i < count && !st; i++) st = match(e, node[i], err);
    fov_free(node);
    if (!st && (!e->letterbox.node || !e->collect.node || !e->keep.node))
        st = fov_fail(err, FOV_ERR_INTERNAL, "GPU %d (%s): a graph has lost the kernels at its ends; please report this driver",
                      e->place->device->index, e->place->device->name);
    return st;
}

static fov_status set_node(const fov_cuda_ends *e, CUgraphExec graph, const fov_cuda_node_ref *ref, work w, fov_error *err)
{
    const fov_cuda_driver        *driver = e->place->device->driver;
    void                         *argument[] = {(void *)(uintptr_t)w.params};
    const CUDA_KERNEL_NODE_PARAMS node = {
        .func = ref->kernel,
        .gridDimX = w.grid.x,
        .gridDimY = w.grid.y,
        .gridDimZ = 1,
        .blockDimX = w.grid.threads,
        .blockDimY = 1,
        .blockDimZ = 1,
        .sharedMemBytes = w.grid.shared_bytes,
        .kernelParams = argument,
    };
    return fov_cuda_check(driver, driver->GraphExecKernelNodeSetParams(graph, ref->node, &node), err, "a kernel of a graph");
}

static fov_status update_letterbox(fov_cuda_ends *e, CUgraphExec graph, const fov_letterbox_image *image, fov_error *err)
{
    const fov_letterbox  box = {.out_w = e->out_w, .out_h = e->out_h};
    fov_letterbox_params params;
    fov_cuda_grid        grid;
    if (e->letterbox_params.image == image) return FOV_OK;
    fov_cuda_letterbox_launch(&box, e->images, image, e->input, e->input_ld, &params, &grid);
    fov_status st = set_node(e, graph, &e->letterbox, (work){FOV_CUDA_LETTERBOX_KERNEL, grid, &params, sizeof params}, err);
    if (!st) e->letterbox_params = params;
    return st;
}

static fov_status update_faces(fov_cuda_ends *e, CUgraphExec graph, const fov_cuda_faces *faces, fov_error *err)
{
    /* NOLINTNEXTLINE(*-memory-comparison,cert-*): unequal padding only sets the same nodes again */
    if (!memcmp(faces, &e->faces, sizeof *faces)) return FOV_OK;
    fov_status st = set_node(e, graph, &e->collect, work_of_collect(e, faces), err);
    if (!st) st = set_node(e, graph, &e->keep, work_of_keep(faces), err);
    if (st) memset(&e->faces, 0, sizeof e->faces); /* one node may be ahead of the other */
    else e->faces = *faces;
    return st;
}

/* ---------------------------------------------------------------- a run */

static fov_cuda_photo photo_of(const fov_remote_photo *photo)
{
    return (fov_cuda_photo){photo->image, photo->orientation, photo->there};
}

/* The block: what each photo is, how its faces are mapped, then taps and pixels, photo by photo. */
static size_t lay_out(const fov_cuda_ends *e, const fov_remote_photo *photo, size_t *mapping, size_t *first)
{
    size_t bytes = fov_cuda_staging_rounded((size_t)e->images * sizeof(fov_letterbox_image));
    *mapping = bytes;
    bytes += fov_cuda_staging_rounded((size_t)e->images * sizeof(fov_mapping));
    *first = bytes;
    for (int i = 0; i < e->images; i++) {
        const fov_cuda_photo p = photo_of(&photo[i]);
        bytes += fov_cuda_letterbox_bytes(photo[i].box, &p);
    }
    return bytes;
}

/* All but the pixels: small, and before them in the block. */
static void stage_heads(const fov_cuda_ends *e, const fov_remote_photo *photo, size_t mapping, size_t first)
{
    const fov_place     *place = e->place;
    fov_letterbox_image *image = (void *)place->staging.host;
    fov_mapping         *map = (void *)(place->staging.host + mapping);
    for (int i = 0; i < e->images; i++) {
        const fov_cuda_photo p = photo_of(&photo[i]);
        fov_cuda_letterbox_stage(photo[i].box, &p, place->staging.host + first, place->staging.device + first, &image[i]);
        map[i] = (fov_mapping){{photo[i].offset[0], photo[i].offset[1]}, {photo[i].scale[0], photo[i].scale[1]}};
        first += fov_cuda_letterbox_bytes(photo[i].box, &p);
    }
}

/* Rows of a photo that are copied into the block, by all threads of the pool. */
typedef struct copying {
    const fov_letterbox *box;
    fov_cuda_photo       photo;
    void                *host;
    int                  first, rows, chunk_rows;
} copying;

static void copy_chunk(void *context, size_t index, size_t thread)
{
    const copying *c = context;
    const int      first = (int)index * c->chunk_rows, left = c->rows - first;
    (void)thread;
    fov_cuda_letterbox_copy(c->box, &c->photo, c->host, c->first + first, left < c->chunk_rows ? left : c->chunk_rows);
}

/* A large photo goes up piece by piece: one is on its way while the next is copied. */
static fov_status stage_photo(const fov_cuda_ends *e, const fov_remote_photo *photo, size_t at, size_t end, fov_pool *pool,
                              fov_error *err)
{
    enum { PIECE_BYTES = 1 << 20, CHUNK_BYTES = 64 << 10 };
    copying      c = {.box = photo->box, .photo = photo_of(photo), .host = e->place->staging.host + at};
    const size_t row = fov_cuda_letterbox_pitch(&c.photo.image), bytes = row * (size_t)photo->image.height;
    const int    height = photo->image.height, pieces = (int)(bytes / PIECE_BYTES) + 1, piece_rows = (height + pieces - 1) / pieces;
    fov_status   st = FOV_OK;
    if (photo->there) return fov_cuda_staging_send(e->place, end, err);
    c.chunk_rows = (int)(CHUNK_BYTES / row) + 1;
    for (c.first = 0; c.first < height && !st; c.first += c.rows) {
        c.rows = height - c.first < piece_rows ? height - c.first : piece_rows;
        fov_pool_run(pool, copy_chunk, &c, (size_t)((c.rows + c.chunk_rows - 1) / c.chunk_rows));
        const bool last = c.first + c.rows == height;
        st = fov_cuda_staging_send(e->place, last ? end : end - fov_cuda_staging_rounded(bytes) + row * (size_t)(c.first + c.rows),
                                   err);
    }
    return st;
}

static fov_status stage(const fov_cuda_ends *e, const fov_remote_photo *photo, size_t first, fov_pool *pool, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < e->images && !st; i++) {
        const fov_cuda_photo p = photo_of(&photo[i]);
        const size_t         end = first + fov_cuda_letterbox_bytes(photo[i].box, &p);
        st = stage_photo(e, &photo[i], first, end, pool, err);
        first = end;
    }
    return st;
}

fov_status fov_cuda_ends_give(fov_cuda_ends *e, CUgraphExec graph, const fov_remote_photo *photo, const fov_detect_options *options,
                              fov_pool *pool, fov_error *err)
{
    fov_cuda_faces faces;
    size_t         mapping, first;
    const size_t   bytes = lay_out(e, photo, &mapping, &first);
    fov_status     st = fov_cuda_staging_reserve(e->place, bytes, err);
    if (!st) st = set_faces(e, options, (const void *)(e->place->staging.device + mapping), &faces, err);
    if (!st) st = update_letterbox(e, graph, (const void *)e->place->staging.device, err);
    if (!st) st = update_faces(e, graph, &faces, err);
    if (st) return st;
    stage_heads(e, photo, mapping, first);
    return stage(e, photo, first, pool, err);
}

void fov_cuda_ends_take(const fov_cuda_ends *e, fov_faces *faces)
{
    for (int i = 0; i < e->images; i++) fov_cuda_faces_read(&e->faces, e->place->result, i, &faces[i]);
}
