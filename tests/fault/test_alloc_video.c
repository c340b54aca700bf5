// SPDX-License-Identifier: MIT
/* Memory runs out while videos are read, followed and written. FFmpeg's own memory is not the library's: what is refused to that,
 * faults.py asks. */
#include "starve.h"
#include "videos.h"

enum { FRAMES = 8 };

static fov_error   err;
static fov_engine *engine;
static char        straight[512], path[512], hidden[512];

/* One whose frames are stored turned, which takes memory of its own to put right, with sound that is copied, and a stream of data
 * that is left out; and one without these. */
static int set_up(void **state)
{
    (void)state;
    if (videos_missing()) return 0;
    snprintf(path, sizeof path, "%s/turned.mov", test_folder());
    snprintf(hidden, sizeof hidden, "%s/hidden.mov", test_folder());
    snprintf(straight, sizeof straight, "%s/straight.mov", test_folder());
    video_make(straight, FRAMES, true, "-pix_fmt yuv420p -c:v mpeg4 -c:a pcm_s16le");
    shell("ffmpeg -y -v error -i '%s' -c copy -map 0 -metadata:s:v:0 rotate=270 -timecode 01:00:00:00 '%s'", straight, path);
    assert_ok(fov_engine_open("default", NULL, NULL, &engine, &err));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fov_engine_free(engine);
    return 0;
}

/* ---------------------------------------------------------------- reading */

static fov_status read_all(const void *user, fov_error *e)
{
    fov_video *video = NULL;
    fov_photo *photo = NULL;
    double     time_s;
    (void)user;
    fov_status st = fov_video_open(path, &video, e);
    for (bool more = true; more && !st;) {
        st = fov_video_next(video, &photo, &time_s, e);
        more = photo != NULL;
        fov_photo_free(photo);
    }
    fov_video_close(video);
    return st;
}

static void videos_are_read(void **state)
{
    (void)state;
    NEED_VIDEOS();
    starve("read a video", read_all, NULL);
}

/* ---------------------------------------------------------------- following */

static bool take_scene(void *user, const fov_tracks *tracks, size_t first)
{
    (void)tracks;
    (void)first;
    ++*(int *)user;
    return true;
}

/* @param user not NULL: scene by scene */
static fov_status follow(const void *user, fov_error *e)
{
    fov_detect_options detect = fov_detect_options_default();
    int                scenes = 0;
    detect.long_side = 96;
    const fov_photos_options photos = {.detect = &detect, .threads = 2};
    const fov_video_options  options = {.photos = &photos, .scene = user ? take_scene : NULL, .scene_user = &scenes};
    fov_video               *video = NULL;
    fov_tracks              *tracks = NULL;
    fov_status               st = fov_video_open(path, &video, e);
    if (!st) st = fov_video_track(video, engine, &options, &tracks, e);
    fov_tracks_free(tracks);
    fov_video_close(video);
    return st;
}

static void faces_are_followed(void **state)
{
    (void)state;
    NEED_VIDEOS();
    starve_places("follow faces", follow, NULL);
    starve_places("follow faces, scene by scene", follow, "scenes");
}

/* ---------------------------------------------------------------- writing */

static fov_tracks *followed(const char *in)
{
    fov_video  *video;
    fov_tracks *tracks;
    assert_ok(fov_video_open(in, &video, &err));
    assert_ok(fov_video_track(video, engine, NULL, &tracks, &err));
    fov_video_close(video);
    return tracks;
}

typedef struct hiding {
    const char       *in;
    const fov_tracks *tracks;
} hiding;

static fov_status hide(const void *user, fov_error *e)
{
    const hiding            *job = user;
    fov_hide_options         faces = fov_hide_options_default();
    const fov_photos_options photos = {.threads = 2};
    const fov_video_options  options = {.photos = &photos, .hide = &faces};
    char                    *warnings = NULL;
    faces.strip_location = true;
    fov_status st = fov_video_hide(job->in, job->tracks, &options, hidden, &warnings, e);
    fov_string_free(warnings);
    return st;
}

static void faces_are_hidden(void **state)
{
    (void)state;
    NEED_VIDEOS();
    fov_tracks *tracks = followed(path);
    assert_true(fov_tracks_count(tracks) > 0);
    starve("hide faces in a video", hide, &(hiding){path, tracks});
    fov_tracks_free(tracks);
    tracks = followed(straight);
    starve_places("hide faces in a video without warnings", hide, &(hiding){straight, tracks});
    fov_tracks_free(tracks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(videos_are_read),
        cmocka_unit_test(faces_are_followed),
        cmocka_unit_test(faces_are_hidden),
    };
    return cmocka_run_group_tests_name("alloc_video", tests, set_up, tear_down);
}
