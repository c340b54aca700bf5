// SPDX-License-Identifier: MIT
#include "backend/cuda/faces.h"

#include <math.h>

enum { ALIGNMENT = 16, MAX_PRIORS = 1 << 30 }; /* keys are sorted in blocks of powers of 2, by 32-bit numbers */

static size_t rounded(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* ---------------------------------------------------------------- params */

static fov_faces_level level_of(const fov_level *level, const fov_cuda_head *head, uint32_t first)
{
    fov_faces_level l = {
        .scores = head->head.scores,
        .boxes = head->head.boxes,
        .landmarks = head->head.landmarks,
        .scores_image = head->scores_image,
        .boxes_image = head->boxes_image,
        .landmarks_image = head->landmarks_image,
        .scores_ld = (int32_t)head->head.scores_ld,
        .boxes_ld = (int32_t)head->head.boxes_ld,
        .landmarks_ld = (int32_t)head->head.landmarks_ld,
        .columns = head->head.columns,
        .anchors = level->n_anchor,
        .first = first,
        .stride = (float)level->stride,
    };
    for (int a = 0; a < level->n_anchor; a++) l.side[a] = level->side[a];
    return l;
}

/* As collect_level() of face/decode.c: what is below cannot be above the threshold. */
static float least_of(float threshold)
{
    return threshold <= 0 ? -INFINITY : threshold >= 1 ? INFINITY : logf(threshold / (1 - threshold)) - 0.5F;
}

static fov_status set_levels(fov_faces_params *p, const fov_settings *settings, const fov_cuda_head *head, fov_error *err)
{
    uint64_t priors = 0;
    for (int k = 0; k < settings->n_level; k++) {
        const fov_level *level = &settings->level[k];
        p->level[k] = level_of(level, &head[k], (uint32_t)priors);
        priors += (uint64_t)head[k].head.rows * (uint64_t)head[k].head.columns * (uint64_t)level->n_anchor;
        if (priors > MAX_PRIORS)
            return fov_fail(err, FOV_ERR_LIMIT, "more than %d anchors in an image; choose a smaller size (--size long:N)",
                            MAX_PRIORS);
    }
    p->levels = settings->n_level;
    p->priors = (uint32_t)priors;
    return FOV_OK;
}

/* ---------------------------------------------------------------- memory */

/* What of the work memory is where; offsets. */
typedef struct layout {
    size_t found, key, best, box, alive, bytes;
} layout;

static size_t take(size_t *bytes, size_t images, size_t image_bytes)
{
    const size_t at = *bytes;
    *bytes += rounded(images * image_bytes);
    return at;
}

static bool selects(const fov_faces_params *p)
{
    return p->priors > FOV_FACES_SORTED && p->priors > p->top_k;
}

static layout layout_of(const fov_cuda_faces *faces)
{
    const fov_faces_params *p = &faces->params;
    const size_t            images = (size_t)faces->images, top_k = p->top_k, large = top_k > FOV_FACES_SORTED;
    layout                  l = {0};
    l.found = take(&l.bytes, images, sizeof *p->found);
    l.key = take(&l.bytes, images, p->priors * sizeof *p->key);
    l.best = take(&l.bytes, images, selects(p) ? top_k * sizeof *p->best : 0);
    l.box = take(&l.bytes, images, large * top_k * 4 * sizeof *p->box);
    l.alive = take(&l.bytes, images, large * ((top_k + 31) / 32) * sizeof *p->alive);
    return l;
}

/* The faces stand behind the counts of all images. */
static size_t faces_offset(const fov_cuda_faces *faces)
{
    return rounded((size_t)faces->images * sizeof *faces->params.count);
}

static uint32_t at_most(int wanted, uint32_t most)
{
    return (uint32_t)wanted < most ? (uint32_t)wanted : most;
}

fov_status fov_cuda_faces_init(fov_cuda_faces *faces, const fov_settings *settings, const fov_cuda_head *head, int images,
                               const fov_detect_options *options, fov_error *err)
{
    *faces = (fov_cuda_faces){.images = images};
    fov_faces_params *p = &faces->params;
    fov_status        st = set_levels(p, settings, head, err);
    if (st) return st;
    p->threshold = options->score_threshold;
    p->least = least_of(options->score_threshold);
    p->variance[0] = settings->variance[0];
    p->variance[1] = settings->variance[1];
    p->iou = options->nms_iou;
    p->top_k = at_most(options->pre_nms_top_k, p->priors);
    p->max_faces = at_most(options->max_faces, p->top_k);
    faces->work_bytes = layout_of(faces).bytes;
    faces->zero_bytes = (size_t)images * sizeof *p->found;
    faces->result_bytes = faces_offset(faces) + (size_t)images * p->max_faces * sizeof *p->face;
    return FOV_OK;
}

void fov_cuda_faces_place(fov_cuda_faces *faces, void *work, void *result, const fov_mapping *mapping)
{
    const layout      l = layout_of(faces);
    unsigned char    *memory = work;
    fov_faces_params *p = &faces->params;
    p->mapping = mapping;
    p->found = (void *)(memory + l.found);
    p->key = (void *)(memory + l.key);
    p->best = (void *)(memory + l.best);
    p->box = (void *)(memory + l.box);
    p->alive = (void *)(memory + l.alive);
    p->count = result;
    p->face = (void *)((unsigned char *)result + faces_offset(faces));
}

void fov_cuda_faces_read(const fov_cuda_faces *faces, const void *result, int image, fov_faces *found)
{
    const uint32_t *count = result;
    const fov_face *face = (const void *)((const unsigned char *)result + faces_offset(faces));
    *found = (fov_faces){count[image], face + (size_t)image * faces->params.max_faces};
}

/* ---------------------------------------------------------------- launches */

fov_cuda_grid fov_cuda_faces_collect_grid(const fov_cuda_faces *faces)
{
    const unsigned blocks = (faces->params.priors + FOV_FACES_COLLECT_THREADS - 1) / FOV_FACES_COLLECT_THREADS;
    return (fov_cuda_grid){blocks, (unsigned)faces->images, FOV_FACES_COLLECT_THREADS, 0};
}

fov_cuda_grid fov_cuda_faces_keep_grid(const fov_cuda_faces *faces)
{
    return (fov_cuda_grid){(unsigned)faces->images, 1, FOV_FACES_THREADS, sizeof(fov_faces_shared)};
}
