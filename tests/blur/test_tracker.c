// SPDX-License-Identifier: MIT
/* Following faces: who is who, and whether a face is covered in every frame in which it is there. The truth is known, because it is
 * made up: faces on paths, of which a detector sees some. */
#include "pictures.h"

#include "track/kalman.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static fov_face face_at(double x, double y, double size, float score)
{
    fov_face f = {.box = {(float)(x - size / 2), (float)(y - size / 2), (float)(x + size / 2), (float)(y + size / 2)},
                  .score = score};
    for (int i = 0; i < 5; i++) f.landmarks[i][0] = (float)x, f.landmarks[i][1] = (float)y;
    return f;
}

static fov_tracker *new_tracker(void)
{
    fov_error    err = {0};
    fov_tracker *tracker;
    assert_ok(fov_tracker_new(NULL, &tracker, &err));
    return tracker;
}

static void add(fov_tracker *tracker, double time_s, const fov_face *faces, size_t count)
{
    fov_error err = {0};
    assert_ok(fov_tracker_add(tracker, time_s, NULL, &(fov_faces){count, faces}, &err));
}

static fov_tracks *finish(fov_tracker *tracker)
{
    fov_error   err = {0};
    fov_tracks *tracks;
    assert_ok(fov_tracker_finish(tracker, &tracks, &err));
    fov_tracker_free(tracker);
    return tracks;
}

/* @return its number; 0: nothing covers it */
static size_t covered_by(const fov_tracks *tracks, size_t frame, const fov_face *face)
{
    const fov_tracked_face *t;
    const size_t            count = fov_tracks_at(tracks, frame, &t);
    for (size_t i = 0; i < count; i++)
        if (t[i].cover[0] <= face->box[0] + 1 && t[i].cover[1] <= face->box[1] + 1 && t[i].cover[2] >= face->box[2] - 1 &&
            t[i].cover[3] >= face->box[3] - 1)
            return t[i].track;
    return 0;
}

static void a_filter_finds_the_velocity_and_a_smoother_the_gap(void **state)
{
    (void)state;
    const fov_motion m = {.restless = 1000, .measured = 1, .velocity = 1e4};
    fov_kalman       k[60];
    k[0] = fov_kalman_first(100, &m);
    for (int i = 1; i < 60; i++) {
        k[i] = fov_kalman_predict(&k[i - 1], 0.04, &m);
        if (i < 20 || i >= 40) k[i] = fov_kalman_update(&k[i], 100 + 80 * 0.04 * i, &m);
    }
    assert_true(fabs(k[59].v - 80) < 1);
    for (int i = 58; i >= 0; i--) k[i] = fov_kalman_smooth(&k[i], &k[i + 1], 0.04, &m);
    for (int i = 0; i < 60; i++) assert_true(fabs(k[i].x - (100 + 80 * 0.04 * i)) < 0.5);
    assert_true(k[30].xx > 2 * k[10].xx); /* in the middle of the gap it is least sure */
}

/* A face on a curve that is not seen for some frames at a time, of which the frames come when they like. @return how many tracks */
static size_t drop_out(int most_frames)
{
    test_random  random = {1};
    fov_face     truth[300];
    fov_tracker *tracker = new_tracker();
    double       time_s = 0;
    int          missing = 0;
    for (int i = 0; i < 300; i++) {
        time_s += i % 7 ? 0.02 : 0.09;
        truth[i] = face_at(300 + 200 * sin(time_s), 200 + 60 * cos(1.3 * time_s), 60 + 20 * sin(0.7 * time_s), 0.9F);
        if (!missing && i > 5 && i < 260 && test_random_int(&random, 0, 9) == 0) missing = test_random_int(&random, 1, most_frames);
        fov_face seen = truth[i];
        for (int c = 0; c < 4; c++) seen.box[c] += test_random_float(&random, -2, 2);
        add(tracker, time_s, &seen, missing ? 0 : 1);
        if (missing) missing--;
    }
    fov_tracks  *tracks = finish(tracker);
    const size_t count = fov_tracks_count(tracks);
    for (size_t i = 0; i < 300; i++) {
        fov_face inner = truth[i]; /* noise of 2 px: covers are of what was found */
        for (int c = 0; c < 4; c++) inner.box[c] += c < 2 ? 2 : -2;
        if (!covered_by(tracks, i, &inner)) fail_msg("frame %zu is not covered", i);
    }
    fov_tracks_free(tracks);
    return count;
}

/* After a second on a curve it may be taken for another one, and is covered all the same. */
static void a_face_that_drops_out_is_covered_in_every_frame(void **state)
{
    (void)state;
    assert_int_equal(drop_out(15), 1);
    drop_out(25);
}

static void a_face_is_covered_before_it_is_first_and_after_it_is_last_found(void **state)
{
    (void)state;
    fov_tracker *tracker = new_tracker();
    for (int i = 0; i < 140; i++) {
        const fov_face f = face_at(100 + 2 * i, 100, 50, 0.9F);
        add(tracker, i * 0.04, &f, i >= 60 && i < 80);
    }
    fov_tracks     *tracks = finish(tracker);
    const fov_track t = fov_tracks_get(tracks, 0);
    assert_int_equal(t.first, 60 - 12);
    assert_int_equal(t.last, 79 + 12);
    assert_int_equal(t.found, 20);
    for (size_t i = 48; i < 92; i++)
        assert_int_equal(covered_by(tracks, i, &(fov_face){.box = {75 + 2 * (float)i, 75, 125 + 2 * (float)i, 125}}), 1);
    const fov_tracked_face *f;
    assert_int_equal(fov_tracks_at(tracks, 50, &f), 1);
    assert_true(f->around && !f->found && f->face.score <= 0);
    assert_int_equal(fov_tracks_at(tracks, 10, &f), 0);
    assert_int_equal(fov_tracks_at(tracks, 1000, &f), 0);
    fov_tracks_free(tracks);
}

/* As far as a gap would be bridged, if it had two sides. */
static void a_face_that_is_missing_where_a_scene_begins_or_ends_is_covered(void **state)
{
    (void)state;
    fov_tracker   *tracker = new_tracker();
    const fov_face f = face_at(100, 100, 50, 0.9F);
    for (int i = 0; i < 100; i++) add(tracker, i * 0.04, &f, i >= 45 && i < 60);
    fov_tracks *tracks = finish(tracker);
    for (size_t i = 0; i < 100; i++) assert_int_equal(covered_by(tracks, i, &f), 1);
    fov_tracks_free(tracks);
    fov_error err = {0};
    assert_ok(fov_tracker_new(&(fov_tracker_options){.start_score = 0.5F, .bridge_s = 2, .around_s = 0}, &tracker, &err));
    for (int i = 0; i < 100; i++) add(tracker, i * 0.04, &f, i >= 45 && i < 60);
    tracks = finish(tracker);
    assert_int_equal(fov_tracks_get(tracks, 0).first, 45);
    assert_int_equal(fov_tracks_get(tracks, 0).last, 59);
    fov_tracks_free(tracks);
}

/* For 0.6 s a sure detector sees the upper right part, where the rest is behind something. */
static void a_face_that_is_seen_beside_where_it_is_is_covered(void **state)
{
    (void)state;
    fov_face     truth[100];
    fov_tracker *tracker = new_tracker();
    for (int i = 0; i < 100; i++) {
        truth[i] = face_at(100 + 3 * i, 100, 60, 0.95F);
        const fov_face seen = i >= 40 && i < 55 ? face_at(108 + 3 * i, 92, 44, 0.95F) : truth[i];
        add(tracker, i * 0.04, &seen, 1);
    }
    fov_tracks *tracks = finish(tracker);
    for (size_t i = 0; i < 100; i++)
        if (!covered_by(tracks, i, &truth[i])) fail_msg("frame %zu is not covered", i);
    fov_tracks_free(tracks);
}

/* @return how far the track is from where its face is, px */
static float off(const fov_tracks *tracks, size_t frame, size_t track, const fov_face *truth)
{
    const fov_tracked_face *t;
    const size_t            count = fov_tracks_at(tracks, frame, &t);
    for (size_t i = 0; i < count; i++)
        if (t[i].track == track) return fmaxf(fabsf(t[i].face.box[0] - truth->box[0]), fabsf(t[i].face.box[3] - truth->box[3]));
    return INFINITY;
}

/* One is missing for a while, and there the other ends: it cannot be the same face, for both were seen at once. */
static void two_that_were_seen_together_are_not_joined(void **state)
{
    (void)state;
    fov_tracker *tracker = new_tracker();
    fov_face     goes[61], stays[61];
    for (int i = 0; i < 61; i++) {
        goes[i] = face_at(100, 100, 50, 0.9F);
        stays[i] = face_at(i < 26 ? 160 - 2 * i : 108, 100, 50, 0.9F);
        const fov_face faces[] = {i < 26 ? goes[i] : stays[i], stays[i]};
        add(tracker, i * 0.04, faces, i < 20 ? 2 : i < 30 ? i < 26 : 1);
    }
    fov_tracks *tracks = finish(tracker);
    assert_int_equal(fov_tracks_count(tracks), 2);
    for (size_t i = 0; i < 20; i++)
        if (off(tracks, i, 1, &goes[i]) > 6 || off(tracks, i, 2, &stays[i]) > 6) fail_msg("frame %zu: a track left its face", i);
    fov_tracks_free(tracks);
}

/* A filter and its smoother must mean the same by restlessness, which goes with the face's size. */
static void a_face_that_becomes_small_is_followed_all_the_way(void **state)
{
    (void)state;
    fov_tracker *tracker = new_tracker();
    fov_face     truth[100];
    for (int i = 0; i < 100; i++) {
        truth[i] = face_at(400 + 80 * sin(i / 9.0), 200, 120 * exp(-i / 40.0), 0.9F);
        add(tracker, i * 0.04, &truth[i], 1);
    }
    fov_tracks *tracks = finish(tracker);
    for (size_t i = 0; i < 100; i++)
        if (off(tracks, i, 1, &truth[i]) > 3) fail_msg("frame %zu: %g px off", i, (double)off(tracks, i, 1, &truth[i]));
    fov_tracks_free(tracks);
}

static void unsure_faces_go_on_with_a_track_in_both_directions_and_begin_none(void **state)
{
    (void)state;
    fov_tracker *tracker = new_tracker();
    for (int i = 0; i < 80; i++) {
        const fov_face faces[] = {face_at(100, 100, 50, i >= 30 && i < 40 ? 0.8F : 0.3F), face_at(400, 100, 50, 0.3F)};
        add(tracker, i * 0.04, faces, 2);
    }
    fov_tracks *tracks = finish(tracker);
    assert_int_equal(fov_tracks_count(tracks), 1);
    assert_int_equal(fov_tracks_get(tracks, 0).found, 80);
    fov_tracks_free(tracks);
}

static void faces_that_pass_each_other_keep_their_numbers(void **state)
{
    (void)state;
    fov_tracker *tracker = new_tracker();
    for (int i = 0; i < 100; i++) {
        const fov_face faces[] = {face_at(50 + 4 * i, 100, 50, 0.9F), face_at(450 - 4 * i, 118, 50, 0.9F)};
        add(tracker, i * 0.04, faces, 2);
    }
    fov_tracks             *tracks = finish(tracker);
    const fov_tracked_face *f;
    assert_int_equal(fov_tracks_count(tracks), 2);
    assert_int_equal(fov_tracks_at(tracks, 99, &f), 2);
    assert_true(f[0].face.box[0] > 400 && f[1].face.box[0] < 60);
    fov_tracks_free(tracks);
}

/* Half a picture bright, then the other half. */
static fov_photo *scene(bool left)
{
    fov_error  err = {0};
    fov_photo *photo;
    assert_ok(fov_photo_new(64, 36, &photo, &err));
    for (int i = 0; i < 64 * 36; i++) memset(fov_photo_pixels(photo) + 3 * (ptrdiff_t)i, (i % 64 < 32) == left ? 200 : 20, 3);
    return photo;
}

static void a_cut_ends_tracks_and_a_flash_does_not(void **state)
{
    (void)state;
    fov_error    err = {0};
    fov_tracker *tracker = new_tracker();
    fov_photo   *before = scene(true), *after = scene(false), *flash = scene(true);
    for (int i = 0; i < 64 * 36 * 3; i++) fov_photo_pixels(flash)[i] = (uint8_t)(fov_photo_pixels(flash)[i] / 4 + 190);
    const fov_face f = face_at(32, 18, 10, 0.9F);
    for (int i = 0; i < 40; i++) {
        const fov_image image = fov_photo_image(i >= 20 ? after : i == 10 ? flash : before);
        assert_ok(fov_tracker_add(tracker, i * 0.04, &image, &(fov_faces){i != 10, &f}, &err));
    }
    fov_tracks *tracks = finish(tracker);
    assert_int_equal(fov_tracks_count(tracks), 2);
    assert_int_equal(fov_tracks_get(tracks, 0).last, 19);
    assert_int_equal(fov_tracks_get(tracks, 1).first, 20);
    assert_int_equal(covered_by(tracks, 10, &f), 1);
    fov_tracks_free(tracks);
    fov_photo_free(before);
    fov_photo_free(after);
    fov_photo_free(flash);
}

static void check_same(const fov_tracks *part, const fov_tracks *all, size_t first)
{
    for (size_t frame = 0; frame < fov_tracks_frames(part); frame++) {
        const fov_tracked_face *a, *b;
        const size_t            count = fov_tracks_at(part, frame, &a);
        assert_int_equal(fov_tracks_at(all, first + frame, &b), count);
        assert_true(fabs(fov_tracks_time(part, frame) - fov_tracks_time(all, first + frame)) < 1e-9);
        for (size_t n = 0; n < count; n++) assert_memory_equal(&a[n], &b[n], sizeof *a);
    }
}

static void a_scene_can_be_taken_when_it_is_over(void **state)
{
    (void)state;
    fov_error    err = {0};
    fov_tracker *whole = new_tracker(), *by_scene = new_tracker();
    fov_photo   *photos[] = {scene(true), scene(false)};
    fov_tracks  *part[3], *none;
    size_t       scenes = 0;
    for (int i = 0; i < 90; i++) {
        const fov_face  faces[] = {face_at(20 + i % 30, 18, 10, 0.9F), face_at(50, 9, 8, 0.8F)};
        const fov_image image = fov_photo_image(photos[i / 30 % 2]);
        const fov_faces found = {i % 7 ? 2 : 1, faces};
        assert_ok(fov_tracker_add(whole, i * 0.04, &image, &found, &err));
        assert_ok(fov_tracker_add(by_scene, i * 0.04, &image, &found, &err));
        assert_ok(fov_tracker_take_scene(by_scene, &part[scenes], &err));
        assert_int_equal(part[scenes] != NULL, i == 30 || i == 60);
        if (part[scenes]) scenes++;
    }
    assert_ok(fov_tracker_take_scene(whole, &none, &err));
    assert_null(none); /* its last frame begins no scene */
    part[2] = finish(by_scene);
    fov_tracks *all = finish(whole);
    assert_int_equal(fov_tracks_count(all), 6);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(fov_tracks_frames(part[i]), 30);
        check_same(part[i], all, 30 * i);
        fov_tracks_free(part[i]);
    }
    fov_tracks_free(all);
    for (int i = 0; i < 2; i++) fov_photo_free(photos[i]);
}

/* A part of the bundled photo, as a camera that shakes sees it. */
static fov_photo *view_at(const fov_image *photo, int left, int top)
{
    fov_error  err = {0};
    fov_photo *view;
    assert_ok(fov_photo_new(320, 180, &view, &err));
    for (int y = 0; y < 180; y++)
        memcpy(fov_photo_pixels(view) + (ptrdiff_t)960 * y, photo->data + (top + y) * photo->pitch + (ptrdiff_t)3 * left, 960);
    return view;
}

/* Faces of 12 px among others like them, 20 px apart, while the camera moves by up to 14 px a frame: nobody is missed or mistaken.
 */
static void a_camera_that_moves_fast_carries_no_face_away(void **state)
{
    (void)state;
    fov_error       err = {0};
    fov_tracker    *tracker = new_tracker();
    fov_photo      *whole = picture_of_face();
    const fov_image photo = fov_photo_image(whole);
    fov_face        truth[60][3];
    for (int i = 0; i < 60; i++) {
        const int       left = (int)(96 + 90 * sin(i / 6.5)), top = (int)(100 + 60 * cos(i / 8.0));
        fov_photo      *view = view_at(&photo, left, top);
        const fov_image image = fov_photo_image(view);
        for (int n = 0; n < 3; n++) truth[i][n] = face_at(230 + 20 * n - left, 190 - top, 12, 0.9F);
        assert_ok(fov_tracker_add(tracker, i * 0.04, &image, &(fov_faces){i % 20 > 12 ? 0 : 3, truth[i]}, &err));
        fov_photo_free(view);
    }
    fov_tracks *tracks = finish(tracker);
    assert_int_equal(fov_tracks_count(tracks), 3);
    for (size_t i = 0; i < 60; i++)
        for (size_t n = 0; n < 3; n++) {
            const fov_tracked_face *f;
            assert_int_equal(fov_tracks_at(tracks, i, &f), 3);
            const float off = fabsf(f[n].face.box[0] - truth[i][n].box[0]) + fabsf(f[n].face.box[1] - truth[i][n].box[1]);
            if (off > 6) fail_msg("frame %zu: face %zu is %g px off", i, n, (double)off);
        }
    fov_tracks_free(tracks);
    fov_photo_free(whole);
}

/* From one side to the other within three frames, each way: frames look like nothing before, and are no cuts. */
static void a_camera_that_is_whipped_round_is_no_cut(void **state)
{
    (void)state;
    fov_error       err = {0};
    fov_tracker    *tracker = new_tracker();
    fov_photo      *whole = picture_of_face();
    const fov_image photo = fov_photo_image(whole);
    fov_face        truth[40];
    for (int i = 0; i < 40; i++) {
        const int       step = i < 10 ? 0 : i < 13 ? i - 10 : i < 27 ? 3 : i < 30 ? 30 - i : 0;
        fov_photo      *view = view_at(&photo, 64 * step, 100);
        const fov_image image = fov_photo_image(view);
        truth[i] = face_at(250 - 64 * step, 90, 40, 0.9F);
        assert_ok(fov_tracker_add(tracker, i * 0.04, &image, &(fov_faces){i < 10 || i >= 30, &truth[i]}, &err));
        fov_photo_free(view);
    }
    fov_tracks *tracks = finish(tracker);
    assert_int_equal(fov_tracks_count(tracks), 1);
    for (size_t i = 0; i < 40; i++)
        if (covered_by(tracks, i, &truth[i]) != 1) fail_msg("frame %zu is not covered", i);
    fov_tracks_free(tracks);
    fov_photo_free(whole);
}

static void five_hundred_faces_a_frame_keep_their_numbers(void **state)
{
    (void)state;
    static fov_face faces[500];
    fov_tracker    *tracker = new_tracker();
    for (int i = 0; i < 50; i++) {
        for (int n = 0; n < 500; n++) faces[n] = face_at(40 * (n % 25) + 3 * sin(i / 5.0 + n), 40 * (n / 25) + i, 24, 0.9F);
        add(tracker, i * 0.04, faces, 500);
    }
    fov_tracks *tracks = finish(tracker);
    assert_int_equal(fov_tracks_count(tracks), 500);
    for (size_t i = 0; i < 500; i++) assert_int_equal(fov_tracks_get(tracks, i).found, 50);
    fov_tracks_free(tracks);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    fov_error    err = {0};
    fov_tracker *tracker = new_tracker();
    fov_face     f = face_at(1, 1, 1, 1);
    add(tracker, 1, &f, 1);
    assert_int_equal(fov_tracker_add(tracker, 1, NULL, &(fov_faces){1, &f}, &err), FOV_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "frame 1"));
    f.landmarks[3][1] = INFINITY;
    assert_int_equal(fov_tracker_add(tracker, 2, NULL, &(fov_faces){1, &f}, &err), FOV_ERR_ARGUMENT);
    fov_tracks_free(finish(tracker));
    assert_int_equal(fov_tracker_new(&(fov_tracker_options){.start_score = 2}, &tracker, &err), FOV_ERR_ARGUMENT);
    fov_tracks *tracks = finish(new_tracker()); /* of no frame at all */
    assert_int_equal(fov_tracks_frames(tracks), 0);
    assert_int_equal(fov_tracks_set_hide(tracks, 1, false, &err), FOV_ERR_ARGUMENT);
    fov_tracks_free(tracks);
}

/* ---------------------------------------------------------------- reviews */

static const char *review_path(void)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/review.json", test_folder());
    return path;
}

static void a_review_comes_back_as_it_was(void **state)
{
    (void)state;
    fov_error    err = {0};
    fov_tracker *tracker = new_tracker();
    for (int i = 0; i < 30; i++) {
        const fov_face faces[] = {face_at(100 + i, 100, 50, 0.9F), face_at(400, 100 + i, 50, 0.9F)};
        add(tracker, i / 30.0, faces, 2);
    }
    fov_tracks *before = finish(tracker), *after;
    assert_ok(fov_tracks_set_hide(before, 2, false, &err));
    assert_ok(fov_tracks_save(before, "\xff\"odd\".mp4", review_path(), &err));
    assert_ok(fov_tracks_load(review_path(), &after, &err));
    assert_int_equal(fov_tracks_count(after), 2);
    assert_true(fov_tracks_get(after, 0).hide && !fov_tracks_get(after, 1).hide);
    assert_int_equal(fov_tracks_frames(after), 30);
    for (size_t i = 0; i < 30; i++) {
        const fov_tracked_face *a, *b;
        assert_int_equal(fov_tracks_at(before, i, &a), fov_tracks_at(after, i, &b));
        assert_true(fabs(fov_tracks_time(before, i) - fov_tracks_time(after, i)) < 1e-6);
        for (int n = 0; n < 2; n++)
            for (int c = 0; c < 4; c++) assert_true(fabsf(a[n].cover[c] - b[n].cover[c]) < 0.06F);
    }
    fov_tracks_free(before);
    fov_tracks_free(after);
}

static void a_review_that_was_edited_badly_is_told_where(void **state)
{
    (void)state;
    static const struct {
        const char *text, *word;
    } cases[] = {
        {"{", "line 1"},
        {"{\"review\": 2, \"tracks\": [], \"times\": []}", "version 1"},
        {"{\"review\": 1, \"tracks\": [{\"track\": 1, \"hide\": \"yes\", \"boxes\": []}], \"times\": [0]}", "\"hide\""},
        {"{\"review\": 1, \"tracks\": [{\"track\": 7, \"hide\": true, \"boxes\": [[0, 1, 2, 3, 4], [1, 1, 2, 3, 4]]}], \"times\": "
         "[0]}",
         "track 7: box 2"},
        {"{\"review\": 1, \"tracks\": [{\"track\": 7, \"hide\": true, \"boxes\": [[0, 3, 2, 1, 4]]}], \"times\": [0]}",
         "track 7: box 1"},
        {"{\"review\": 1, \"tracks\": [], \"times\": [\"0\"]}", "time 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fov_error   err = {0};
        fov_tracks *tracks;
        file_write(review_path(), cases[i].text, strlen(cases[i].text));
        assert_int_equal(fov_tracks_load(review_path(), &tracks, &err), FOV_ERR_FORMAT);
        assert_null(tracks);
        if (!strstr(err.message, cases[i].word)) fail_msg("%s: %s", cases[i].text, err.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_filter_finds_the_velocity_and_a_smoother_the_gap),
                                       cmocka_unit_test(a_face_that_drops_out_is_covered_in_every_frame),
                                       cmocka_unit_test(a_face_is_covered_before_it_is_first_and_after_it_is_last_found),
                                       cmocka_unit_test(a_face_that_is_missing_where_a_scene_begins_or_ends_is_covered),
                                       cmocka_unit_test(a_face_that_is_seen_beside_where_it_is_is_covered),
                                       cmocka_unit_test(two_that_were_seen_together_are_not_joined),
                                       cmocka_unit_test(a_face_that_becomes_small_is_followed_all_the_way),
                                       cmocka_unit_test(unsure_faces_go_on_with_a_track_in_both_directions_and_begin_none),
                                       cmocka_unit_test(faces_that_pass_each_other_keep_their_numbers),
                                       cmocka_unit_test(a_cut_ends_tracks_and_a_flash_does_not),
                                       cmocka_unit_test(a_scene_can_be_taken_when_it_is_over),
                                       cmocka_unit_test(a_camera_that_moves_fast_carries_no_face_away),
                                       cmocka_unit_test(a_camera_that_is_whipped_round_is_no_cut),
                                       cmocka_unit_test(five_hundred_faces_a_frame_keep_their_numbers),
                                       cmocka_unit_test(what_cannot_be_is_refused),
                                       cmocka_unit_test(a_review_comes_back_as_it_was),
                                       cmocka_unit_test(a_review_that_was_edited_badly_is_told_where)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
