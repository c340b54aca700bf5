// SPDX-License-Identifier: MIT
#include "detect_options.h"

#include "console.h"
#include "options.h"

#include <stdio.h>
#include <string.h>

enum {
    SIZE = 1,
    TILE_OVERLAP,
    TILE_SCALE,
    PLACE,
    FILL,
    SCORE,
    NMS,
    TOP_K,
    MAX_FACES,
    N_SLOT,
};
#define PLACES "center|top-left" /* in the order of fov_placement */
static char *slots[N_SLOT];

struct poptOption cli_detect_options[] = {
    CLI_TEXT_SLOTS(slots),
    {"size", '\0', POPT_ARG_STRING, NULL, SIZE,
     "network input: WxH fits the photo into it with a border; long:N shrinks to a longer side of N pixels at most; native leaves "
     "the size alone; both pad right and bottom with the mean to a multiple of 32; tiles:N cuts very large photos into overlapping "
     "tiles of N pixels at most, to find small faces in them (default: long:1280)",
     "WxH|long:N|native|tiles:N"},
    {"tile-overlap", '\0', POPT_ARG_STRING, NULL, TILE_OVERLAP,
     "least that tiles share: the largest face sought at full size; larger ones are found in shrunken tiles (default: N / 4)",
     "PIXELS"},
    {"tile-scale", '\0', POPT_ARG_STRING, NULL, TILE_SCALE,
     "resize the photo before it is cut into tiles, to 8 at most (default: 1)", "FACTOR"},
    {"place", '\0', POPT_ARG_STRING, NULL, PLACE, "where --size WxH puts the photo (default: center)", PLACES},
    {"fill", '\0', POPT_ARG_STRING, NULL, FILL, "colour of the border of --size WxH; mean is the model's (default: 128,128,128)",
     "R,G,B|mean"},
    {"score", '\0', POPT_ARG_STRING, NULL, SCORE, "keep faces that score more, 0 to 1 (default: 0.5)", "SCORE"},
    {"nms", '\0', POPT_ARG_STRING, NULL, NMS, "drop a box that overlaps a better one more, 0 to 1 (default: 0.4)", "IOU"},
    {"top-k", '\0', POPT_ARG_STRING, NULL, TOP_K, "best candidates that enter that comparison (default: 5000)", "N"},
    {"max-faces", '\0', POPT_ARG_STRING, NULL, MAX_FACES, "best faces kept of a photo (default: 750)", "N"},
    POPT_TABLEEND};

static int full_decode;

struct poptOption cli_decode_options[] = {
    {"full-decode", '\0', POPT_ARG_NONE, &full_decode, 0,
     "decode every pixel of a JPEG; default: one that is 3 times as large as the network's input or more is decoded at 1/2, 1/4 "
     "or 1/8 of its size, and of many photos a GPU decodes some, which is faster",
     NULL},
    POPT_TABLEEND};

static bool take_size(const char *text, fov_detect_options *o)
{
    if (!text || cli_parse_size(text, o)) return true;
    cli_error("--size %s: expected " CLI_SIZES, text);
    return false;
}

static bool take_tiles(fov_detect_options *o, double *scale)
{
    const char *given = slots[TILE_OVERLAP] ? "--tile-overlap" : "--tile-scale";
    if ((slots[TILE_OVERLAP] || slots[TILE_SCALE]) && o->resize != FOV_RESIZE_TILES) {
        cli_error("%s: goes with --size tiles:N", given);
        return false;
    }
    return cli_parse_int("--tile-overlap", slots[TILE_OVERLAP], 1, CLI_MAX_TILE / 2, &o->tile_overlap) &&
           cli_parse_number("--tile-scale", slots[TILE_SCALE], 0.001, 8, scale);
}

static bool take_place(const char *text, fov_detect_options *o)
{
    int index = (int)o->placement;
    if (!cli_parse_word("--place", text, PLACES, &index)) return false;
    o->placement = (fov_placement)index;
    return true;
}

static bool take_fill(const char *text, fov_detect_options *o)
{
    int rgb[3] = {-1, -1, -1};
    if (!text) return true;
    const bool is_mean = !strcmp(text, "mean"), is_rgb = !is_mean && cli_parse_colour(text, rgb);
    for (int i = 0; i < 3; i++) o->fill[i] = rgb[i];
    if (!is_mean && !is_rgb) cli_error("--fill %s: expected R,G,B such as 128,128,128, each from 0 to 255, or mean", text);
    return is_mean || is_rgb;
}

bool cli_detect_options_get(fov_detect_options *out)
{
    *out = fov_detect_options_default();
    return cli_detect_options_lay_over(out);
}

bool cli_detect_options_lay_over(fov_detect_options *out)
{
    double score = (double)out->score_threshold, nms = (double)out->nms_iou, scale = (double)out->tile_scale;
    bool   valid = take_size(slots[SIZE], out) && take_tiles(out, &scale) && take_place(slots[PLACE], out) &&
                 take_fill(slots[FILL], out) && cli_parse_number("--score", slots[SCORE], 0, 1, &score) &&
                 cli_parse_number("--nms", slots[NMS], 0, 1, &nms) &&
                 cli_parse_int("--top-k", slots[TOP_K], 1, CLI_MAX_COUNT, &out->pre_nms_top_k) &&
                 cli_parse_int("--max-faces", slots[MAX_FACES], 1, CLI_MAX_COUNT, &out->max_faces);
    out->score_threshold = (float)score;
    out->nms_iou = (float)nms;
    out->tile_scale = (float)scale;
    out->full_decode = full_decode;
    return valid;
}
