// SPDX-License-Identifier: MIT
#include "api/geometry.h"

#include <math.h>

/* A network input above this takes gigabytes of activations: more likely a mistake or an attack than a wish. */
#define MAX_INPUT_PIXELS ((int64_t)64 << 20)

enum { MIN_TILE = 64, MAX_TILE = 8192 /* its square is the limit above */, MAX_TILE_SCALE = 8 };

fov_detect_options fov_detect_options_default(void)
{
    return (fov_detect_options){
        .score_threshold = 0.5F,
        .nms_iou = 0.4F,
        .pre_nms_top_k = 5000,
        .max_faces = 750,
        .resize = FOV_RESIZE_LONG_SIDE,
        .long_side = 1280,
        .width = 640,
        .height = 640,
        .placement = FOV_PLACE_CENTER,
        .fill = {128, 128, 128},
        .tile = 1280,
        .tile_scale = 1,
    };
}

void fov_photo_options_fit(fov_photo_options *photo, const fov_detect_options *detect)
{
    const fov_detect_options defaults = fov_detect_options_default(), *o = detect ? detect : &defaults;
    const bool               all = o->full_decode || (o->resize != FOV_RESIZE_LONG_SIDE && o->resize != FOV_RESIZE_LETTERBOX);
    const bool               box = o->resize == FOV_RESIZE_LETTERBOX;
    photo->fit_width = all ? 0 : box ? o->width : o->long_side;
    photo->fit_height = all ? 0 : box ? o->height : o->long_side;
}

static bool in_unit_range(float v)
{
    return v >= 0 && v <= 1; /* false for NaN */
}

fov_status fov_detect_options_check(const fov_detect_options *o, fov_error *err)
{
    if (!in_unit_range(o->score_threshold))
        return fov_fail(err, FOV_ERR_ARGUMENT, "score_threshold %g: must be 0 to 1", (double)o->score_threshold);
    if (!in_unit_range(o->nms_iou)) return fov_fail(err, FOV_ERR_ARGUMENT, "nms_iou %g: must be 0 to 1", (double)o->nms_iou);
    if (o->pre_nms_top_k < 1 || o->max_faces < 1)
        return fov_fail(err, FOV_ERR_ARGUMENT, "pre_nms_top_k %d, max_faces %d: must be at least 1", o->pre_nms_top_k,
                        o->max_faces);
    if ((unsigned)o->resize > FOV_RESIZE_TILES)
        return fov_fail(err, FOV_ERR_ARGUMENT, "resize %d: use one of fov_resize_mode", (int)o->resize);
    if ((unsigned)o->placement > FOV_PLACE_TOP_LEFT)
        return fov_fail(err, FOV_ERR_ARGUMENT, "placement %d: use one of fov_placement", (int)o->placement);
    if (o->resize == FOV_RESIZE_LONG_SIDE && o->long_side < 1)
        return fov_fail(err, FOV_ERR_ARGUMENT, "long_side %d: must be at least 1 pixel", o->long_side);
    if (o->resize == FOV_RESIZE_LETTERBOX && (o->width < 1 || o->height < 1))
        return fov_fail(err, FOV_ERR_ARGUMENT, "width %d, height %d: must be at least 1 pixel", o->width, o->height);
    if (o->resize == FOV_RESIZE_TILES && (o->tile < MIN_TILE || o->tile > MAX_TILE || o->tile_overlap < 0))
        return fov_fail(err, FOV_ERR_ARGUMENT, "tile %d, tile_overlap %d: must be %d to %d, and not negative", o->tile,
                        o->tile_overlap, MIN_TILE, MAX_TILE);
    if (o->resize == FOV_RESIZE_TILES && !(o->tile_scale > 0 && o->tile_scale <= MAX_TILE_SCALE))
        return fov_fail(err, FOV_ERR_ARGUMENT, "tile_scale %g: must be above 0, and %d at most", (double)o->tile_scale,
                        MAX_TILE_SCALE);
    for (int i = 0; i < 3; i++)
        if (o->fill[i] < -1 || o->fill[i] > 255)
            return fov_fail(err, FOV_ERR_ARGUMENT, "fill %d: must be 0 to 255, or -1 for the mean", o->fill[i]);
    return FOV_OK;
}

int fov_largest_stride(const fov_settings *settings)
{
    int stride = 1;
    for (int k = 0; k < settings->n_level; k++)
        if (settings->level[k].stride > stride) stride = settings->level[k].stride;
    return stride;
}

int64_t fov_round_up(int64_t v, int64_t multiple)
{
    return (v + multiple - 1) / multiple * multiple;
}

int fov_scaled(int side, double ratio)
{
    double v = round(side * ratio);
    return v < 1 ? 1 : (int)v;
}

/* Colours are R, G, B in the options and in the network's channel order in the letterbox. */
static void set_colours(const fov_settings *settings, const fov_detect_options *options, fov_letterbox *box)
{
    box->bgr = settings->bgr;
    for (int c = 0; c < 3; c++) {
        int rgb = settings->bgr ? 2 - c : c;
        box->mean[c] = settings->mean[c];
        box->scale[c] = settings->scale[c];
        bool to_mean = options->resize != FOV_RESIZE_LETTERBOX || options->fill[rgb] < 0;
        box->fill[c] = to_mean ? settings->mean[c] : (float)options->fill[rgb];
    }
}

void fov_geometry_place(const fov_settings *settings, const fov_detect_options *options, int width, int height,
                        const fov_letterbox *box, fov_geometry *geometry)
{
    geometry->mapping = (fov_mapping){
        .offset = {(float)box->left, (float)box->top},
        .scale = {(float)width / (float)box->scaled_w, (float)height / (float)box->scaled_h},
    };
    geometry->letterbox = *box;
    set_colours(settings, options, &geometry->letterbox);
}

/* Of a picture of width x height. */
static fov_status make(const fov_settings *settings, const fov_detect_options *o, int width, int height, fov_geometry *geometry,
                       fov_error *err)
{
    int    stride = fov_largest_stride(settings), longer = width > height ? width : height;
    double ratio = 1;
    if (o->resize == FOV_RESIZE_LONG_SIDE && longer > o->long_side) ratio = (double)o->long_side / longer;
    if (o->resize == FOV_RESIZE_LETTERBOX) ratio = fmin((double)o->width / width, (double)o->height / height);

    fov_letterbox box = {.scaled_w = fov_scaled(width, ratio), .scaled_h = fov_scaled(height, ratio)};
    bool          letterbox = o->resize == FOV_RESIZE_LETTERBOX;
    int64_t       out_w = fov_round_up(letterbox ? o->width : box.scaled_w, stride);
    int64_t       out_h = fov_round_up(letterbox ? o->height : box.scaled_h, stride);
    if (out_w > INT32_MAX / 2 || out_h > INT32_MAX / 2 || out_w * out_h > MAX_INPUT_PIXELS)
        return fov_fail(
            err, FOV_ERR_LIMIT,
            "a network input of %lld x %lld pixels is above the limit of %lld in all; choose a smaller size (--size long:N)",
            (long long)out_w, (long long)out_h, (long long)MAX_INPUT_PIXELS);
    box.out_w = (int)out_w;
    box.out_h = (int)out_h;
    if (letterbox && o->placement == FOV_PLACE_CENTER) {
        box.left = (o->width - box.scaled_w) / 2;
        box.top = (o->height - box.scaled_h) / 2;
    }
    fov_geometry_place(settings, o, width, height, &box, geometry);
    return FOV_OK;
}

fov_status fov_geometry_make(const fov_settings *settings, const fov_detect_options *options, const fov_image *image,
                             fov_geometry *geometry, fov_error *err)
{
    fov_status st = fov_image_check(image, err);
    return st ? st : make(settings, options, image->width, image->height, geometry, err);
}

fov_status fov_geometry_make_photo(const fov_settings *settings, const fov_detect_options *options, const fov_photo *photo,
                                   fov_geometry *geometry, fov_error *err)
{
    fov_status st = make(settings, options, photo->full_width, photo->full_height, geometry, err);
    geometry->letterbox.part = photo->full;
    return st;
}
