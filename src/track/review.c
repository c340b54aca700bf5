// SPDX-License-Identifier: MIT
/* A review: tracks as JSON, a track a line, so that a person finds "hide" and a program everything. What is read back was in an
 * editor since: all of it is checked. */
#include "track/tracks.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1, MAX_BYTES = 1 << 30, BOX_NUMBERS = 5 /* frame, left, top, right, bottom */ };

/* ---------------------------------------------------------------- writing */

static void add_boxes(const fov_tracks *t, const fov_track *track, fov_text *out)
{
    const char *separator = "";
    for (size_t frame = track->first; frame <= track->last; frame++) {
        const fov_tracked_face *face;
        const size_t            count = fov_tracks_at(t, frame, &face);
        for (size_t i = 0; i < count; i++) {
            if (face[i].track != track->number) continue;
            const float *c = face[i].cover;
            fov_text_print(out, "%s[%zu, %.1f, %.1f, %.1f, %.1f]", separator, frame, (double)c[0], (double)c[1], (double)c[2],
                           (double)c[3]);
            separator = ", ";
        }
    }
}

static void add_track(const fov_tracks *t, const fov_track *track, fov_text *out)
{
    fov_text_print(out,
                   "  {\"track\": %zu, \"hide\": %s, \"from\": %.3f, \"to\": %.3f, \"best\": %.3f, \"found\": %zu, \"boxes\": [",
                   track->number, track->hide ? "true" : "false", fov_tracks_time(t, track->first), fov_tracks_time(t, track->last),
                   fov_tracks_time(t, track->best), track->found);
    add_boxes(t, track, out);
    fov_text_print(out, "]}");
}

static void add_name(const char *video, fov_text *out)
{
    json_t *name = fov_json_name(video);
    fov_json_print(name, JSON_ENCODE_ANY, out);
    json_decref(name);
}

fov_status fov_tracks_save(const fov_tracks *t, const char *video, const char *path, fov_error *err)
{
    fov_text out = {0};
    fov_text_print(&out, "{\"review\": %d, \"video\": ", VERSION);
    add_name(video, &out);
    fov_text_print(&out, ",\n \"tracks\": [");
    for (size_t i = 0; i < t->count; i++) {
        fov_text_print(&out, i ? ",\n" : "\n");
        add_track(t, &t->track[i], &out);
    }
    fov_text_print(&out, "\n ],\n \"times\": [");
    for (size_t i = 0; i < t->frames; i++) fov_text_print(&out, "%s%.6f", i ? ", " : "", t->time_s[i]);
    fov_text_print(&out, "]}\n");
    fov_status st = out.failed ? fov_fail_memory(err, path) : fov_file_write(path, out.data, out.size, err);
    fov_text_clear(&out);
    return st;
}

/* ---------------------------------------------------------------- reading */

typedef struct review {
    const char *path;
    json_t     *root;
    json_t     *tracks, *times;
    fov_tracks *out;
    fov_error  *err;
} review;

/* @param box out: NULL where nobody asks. @return false: no box in this video */
static bool read_box(const review *r, const json_t *item, size_t *frame, float box[4])
{
    const json_t *number = json_array_get(item, 0);
    if (json_array_size(item) != BOX_NUMBERS || !json_is_integer(number)) return false;
    if (json_integer_value(number) < 0 || (size_t)json_integer_value(number) >= r->out->frames) return false;
    *frame = (size_t)json_integer_value(number);
    for (size_t i = 0; i < 4; i++) {
        const json_t *side = json_array_get(item, i + 1);
        if (!json_is_number(side) || fabs(json_number_value(side)) > 1e7) return false;
        box[i] = (float)json_number_value(side);
    }
    return box[2] >= box[0] && box[3] >= box[1];
}

static fov_status read_track(const review *r, size_t index)
{
    const json_t *track = json_array_get(r->tracks, index), *number = json_object_get(track, "track");
    const json_t *hide = json_object_get(track, "hide"), *boxes = json_object_get(track, "boxes");
    fov_track    *t = &r->out->track[index];
    if (!json_is_integer(number) || json_integer_value(number) < 1 || !json_is_boolean(hide) || !json_is_array(boxes))
        return fov_fail(r->err, FOV_ERR_FORMAT,
                        "%s: track %zu of the list needs \"track\", a number from 1, \"hide\", true or false, and \"boxes\"",
                        r->path, index + 1);
    *t = (fov_track){.number = (size_t)json_integer_value(number), .hide = json_is_true(hide), .first = SIZE_MAX};
    for (size_t i = 0; i < json_array_size(boxes); i++) {
        size_t frame;
        float  box[4];
        if (!read_box(r, json_array_get(boxes, i), &frame, box))
            return fov_fail(r->err, FOV_ERR_FORMAT,
                            "%s: track %zu: box %zu is not [frame, left, top, right, bottom] with a frame below %zu", r->path,
                            t->number, i + 1, r->out->frames);
        if (frame < t->first) t->first = t->best = frame;
        if (frame > t->last) t->last = frame;
        t->found++;
        r->out->first[frame + 1]++;
    }
    if (!t->found) t->first = 0;
    return FOV_OK;
}

static fov_status place_boxes(const review *r)
{
    fov_tracks *t = r->out;
    size_t     *filled = fov_calloc(t->frames, sizeof *filled);
    if (!filled) return fov_fail_memory(r->err, r->path);
    for (size_t index = 0; index < t->count; index++) {
        const json_t *boxes = json_object_get(json_array_get(r->tracks, index), "boxes");
        for (size_t i = 0; i < json_array_size(boxes); i++) {
            size_t frame;
            float  box[4];
            if (!read_box(r, json_array_get(boxes, i), &frame, box)) continue; /* read_track() saw that all are good */
            fov_tracked_face *face = &t->face[t->first[frame] + filled[frame]++];
            face->track = t->track[index].number;
            memcpy(face->cover, box, sizeof box);
            memcpy(face->face.box, box, sizeof box);
        }
    }
    fov_free(filled);
    return FOV_OK;
}

static fov_status read_review(review *r)
{
    r->tracks = json_object_get(r->root, "tracks");
    r->times = json_object_get(r->root, "times");
    if (json_integer_value(json_object_get(r->root, "review")) != VERSION || !json_is_array(r->tracks) || !json_is_array(r->times))
        return fov_fail(r->err, FOV_ERR_FORMAT, "%s: not a review of version %d", r->path, VERSION);
    fov_status st = fov_tracks_new(json_array_size(r->times), json_array_size(r->tracks), &r->out, r->err);
    for (size_t i = 0; !st && i < r->out->frames; i++) {
        const json_t *time = json_array_get(r->times, i);
        if (!json_is_number(time)) st = fov_fail(r->err, FOV_ERR_FORMAT, "%s: time %zu is not a number", r->path, i + 1);
        r->out->time_s[i] = json_number_value(time);
    }
    for (size_t i = 0; !st && i < r->out->count; i++) st = read_track(r, i);
    if (!st) st = fov_tracks_make_room(r->out, r->err);
    return st ? st : place_boxes(r);
}

fov_status fov_tracks_load(const char *path, fov_tracks **tracks, fov_error *err)
{
    fov_buffer   file;
    json_error_t where;
    review       r = {.path = path, .err = err};
    *tracks = NULL;
    fov_status st = fov_file_read(path, MAX_BYTES, &file, err);
    if (st) return st;
    r.root = json_loadb((const char *)file.data, file.size, JSON_REJECT_DUPLICATES, &where);
    fov_buffer_clear(&file);
    if (!r.root) return fov_fail(err, FOV_ERR_FORMAT, "%s: line %d: %s", path, where.line, where.text);
    st = read_review(&r);
    json_decref(r.root);
    if (st) fov_tracks_free(r.out);
    else *tracks = r.out;
    return st;
}
