// SPDX-License-Identifier: MIT
#include "blur_options.h"

#include "console.h"
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STYLE = 1, PICTURE, SHAPE, MARGIN, STRENGTH, COLOUR, REVIEW, APPLY, KEEP, BRIDGE, AROUND, QUALITY, PRESET, CODEC, N_SLOT };
static char *slots[N_SLOT];
static int   strip_location;

/* As fov_hide_style and fov_hide_shape count them. */
#define STYLES "blur|pixelate|solid|picture"
#define SHAPES "ellipse|box"

enum { MAX_SECONDS = 3600, MAX_QUALITY = 255 };

struct poptOption cli_blur_style_options[] = {
    CLI_TEXT_SLOTS(slots),
    {"style", '\0', POPT_ARG_STRING, NULL, STYLE, "blur (default), pixelate, solid, of which nothing can be guessed, or picture",
     STYLES},
    {"picture", '\0', POPT_ARG_STRING, NULL, PICTURE, "for --style picture: what is laid over each face, such as an emoji's PNG",
     "FILE"},
    {"shape", '\0', POPT_ARG_STRING, NULL, SHAPE, "ellipse (default) or box", SHAPES},
    {"margin", '\0', POPT_ARG_STRING, NULL, MARGIN, "part of a face's size that is added on each side (default: 0.25)", "PART"},
    {"strength", '\0', POPT_ARG_STRING, NULL, STRENGTH,
     "part of what is covered that the Gaussian's sigma is (default: 0.15), or a square of pixelate (default: 0.125)", "PART"},
    {"colour", '\0', POPT_ARG_STRING, NULL, COLOUR, "of --style solid (default: 0,0,0)", "R,G,B"},
    {"strip-location", '\0', POPT_ARG_NONE, &strip_location, 0, "leave out what tells where it was taken", NULL},
    POPT_TABLEEND};

struct poptOption cli_blur_video_options[] = {
    CLI_TEXT_SLOTS(slots),
    {"review", '\0', POPT_ARG_STRING, NULL, REVIEW, "write who is seen where into FILE, to be looked through, and no video",
     "FILE"},
    {"apply", '\0', POPT_ARG_STRING, NULL, APPLY, "hide what FILE, a review, says; faces are not sought again", "FILE"},
    {"keep", '\0', POPT_ARG_STRING, NULL, KEEP, "numbers of tracks, as a review counts them, that stay visible", "N[,N]"},
    {"bridge", '\0', POPT_ARG_STRING, NULL, BRIDGE,
     "a face that is not found for so long is still the same, and covered meanwhile (default: 2)", "SECONDS"},
    {"around", '\0', POPT_ARG_STRING, NULL, AROUND,
     "cover a face for so long before it is first found and after it last was (default: 0.5)", "SECONDS"},
    {"quality", '\0', POPT_ARG_STRING, NULL, QUALITY,
     "the encoder's constant quality (CRF, or quantiser): lower is better (default: close to the input's looks)", "N"},
    {"preset", '\0', POPT_ARG_STRING, NULL, PRESET, "the encoder's speed (default: veryfast, of H.264 and HEVC)", "NAME"},
    {"codec", '\0', POPT_ARG_STRING, NULL, CODEC, "encoder, as FFmpeg calls it (default: one for the input's codec)", "NAME"},
    POPT_TABLEEND};

static bool take_names(fov_hide_options *hide)
{
    int style = (int)hide->style, shape = (int)hide->shape;
    if (!cli_parse_word("--style", slots[STYLE], STYLES, &style) || !cli_parse_word("--shape", slots[SHAPE], SHAPES, &shape))
        return false;
    hide->style = (fov_hide_style)style;
    hide->shape = (fov_hide_shape)shape;
    return true;
}

static bool take_colour(const char *text, uint8_t colour[3])
{
    int rgb[3];
    if (!text) return true;
    if (!cli_parse_colour(text, rgb)) {
        cli_error("--colour %s: expected R,G,B such as 0,0,0, each from 0 to 255", text);
        return false;
    }
    for (int i = 0; i < 3; i++) colour[i] = (uint8_t)rgb[i];
    return true;
}

static bool take_picture(const char *path, cli_blur_options *o)
{
    fov_error err = {0};
    if ((o->hide.style == FOV_HIDE_PICTURE) != (path != NULL)) {
        cli_error("--style picture and --picture FILE go together");
        return false;
    }
    if (!path) return true;
    if (fov_mask_load(path, &o->picture, &err)) {
        cli_error("--picture: %s", err.message);
        return false;
    }
    o->hide.picture = &o->picture;
    return true;
}

static bool take_numbers(cli_blur_options *o)
{
    double margin = (double)o->hide.margin, strength = 0;
    bool   valid = cli_parse_number("--margin", slots[MARGIN], 0, 4, &margin) &&
                 cli_parse_number("--strength", slots[STRENGTH], 0.01, 1, &strength) &&
                 cli_parse_number("--bridge", slots[BRIDGE], 0, MAX_SECONDS, &o->tracker.bridge_s) &&
                 cli_parse_number("--around", slots[AROUND], 0, MAX_SECONDS, &o->tracker.around_s) &&
                 cli_parse_int("--quality", slots[QUALITY], 1, MAX_QUALITY, &o->video.quality);
    o->hide.margin = (float)margin;
    o->hide.strength = (float)strength;
    return valid;
}

bool cli_blur_options_get(cli_blur_options *o)
{
    *o = (cli_blur_options){.hide = fov_hide_options_default(), .tracker = fov_tracker_options_default()};
    o->hide.strip_location = strip_location;
    o->video.preset = slots[PRESET];
    o->video.codec = slots[CODEC];
    o->review = slots[REVIEW];
    o->apply = slots[APPLY];
    o->keep = slots[KEEP];
    if (o->review && o->apply) {
        cli_error("--review writes what --apply reads: give one of them");
        return false;
    }
    return take_names(&o->hide) && take_colour(slots[COLOUR], o->hide.colour) && take_numbers(o) && take_picture(slots[PICTURE], o);
}

void cli_blur_options_clear(cli_blur_options *o)
{
    fov_mask_clear(&o->picture);
}

bool cli_blur_keep(const char *list, fov_tracks *tracks)
{
    fov_error err = {0};
    while (list && *list) {
        char               *end;
        const unsigned long number = strtoul(list, &end, 10);
        if (end == list || (*end && *end != ',')) {
            cli_error("--keep %s: expected numbers of tracks, such as 3 or 1,4", list);
            return false;
        }
        if (fov_tracks_set_hide(tracks, number, false, &err)) {
            cli_error("--keep: %s", err.message);
            return false;
        }
        list = end + (*end == ',');
    }
    return true;
}
