// SPDX-License-Identifier: MIT
/* fovea blur and fovea detect on videos, as users run them: every frame covered, everything else as it was, and nothing left behind
 * when it goes wrong. */
#include "pictures.h"
#include "program.h"
#include "videos.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FRAMES = 50 };

#define GREEN "--style", "solid", "--shape", "box", "--colour", "0,255,0"

static bool exists(const char *name)
{
    struct stat info;
    return !stat(in_folder(name), &info);
}

/* Files that a run made under another name, to rename them later. */
static size_t count_temporary(void)
{
    DIR   *folder = opendir(test_folder());
    size_t count = 0;
    assert_non_null(folder);
    for (struct dirent *d; (d = readdir(folder));) count += !strncmp(d->d_name, ".fovea", 6);
    closedir(folder);
    return count;
}

/* Whether a process has a file of test_folder() open that has no name, or another one so far. */
static bool is_writing(pid_t pid)
{
    char path[64], target[512];
    bool found = false;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *folder = opendir(path);
    for (struct dirent *d; folder && (d = readdir(folder));) {
        const ssize_t size = readlinkat(dirfd(folder), d->d_name, target, sizeof target - 1);
        target[size < 0 ? 0 : size] = '\0';
        found |=
            !strncmp(target, test_folder(), strlen(test_folder())) && (strstr(target, "/.fovea-") || strstr(target, " (deleted)"));
    }
    if (folder) closedir(folder);
    return found;
}

static bool is_green(const fov_image *image, double x, double y)
{
    const uint8_t *p = image->data + (int)y * image->pitch + 3 * (ptrdiff_t)x;
    return p[0] < 60 && p[1] > 190 && p[2] < 60;
}

/* Eyes and mouth of the face as it is known to be are green in every frame, and a detector, which was not there before, sees
 * nobody. */
static void check_every_frame_is_covered(const char *path, int frames)
{
    fov_error     err = {0};
    fov_engine   *engine;
    fov_detector *detector;
    fov_video    *video;
    fov_photo    *photo;
    double        time_s;
    int           count = 0;
    assert_ok(fov_engine_open("default", NULL, NULL, &engine, &err));
    assert_ok(fov_detector_new(engine, NULL, &detector, &err));
    assert_ok(fov_video_open(path, &video, &err));
    for (;; count++) {
        fov_faces faces;
        double    x, y;
        assert_ok(fov_video_next(video, &photo, &time_s, &err));
        if (!photo) break;
        const fov_image image = fov_photo_image(photo);
        video_face(count, &x, &y);
        if (!is_green(&image, x - 25, y - 10) || !is_green(&image, x + 24, y - 10) || !is_green(&image, x, y + 30))
            fail_msg("%s: frame %d: the face is not covered", path, count);
        assert_ok(fov_detector_run_photo(detector, photo, NULL, &faces, &err));
        if (faces.count) fail_msg("%s: frame %d: a face is found, score %g", path, count, (double)faces.face[0].score);
        fov_photo_free(photo);
    }
    assert_int_equal(count, frames);
    fov_video_close(video);
    fov_detector_free(detector);
    fov_engine_free(engine);
}

static void check_same(const char *a, const char *b, const char *arguments)
{
    char *x = video_probe(a, arguments), *y = video_probe(b, arguments);
    if (strcmp(x, y) != 0) fail_msg("ffprobe %s:\n%s\n%s:\n%s\n%s:\n%s", arguments, a, x, b, y, "");
    assert_true(strlen(x) > 8);
    free(x);
    free(y);
}

static void check_times(const char *a, const char *b)
{
    check_same(a, b, "-select_streams v -show_entries frame=pts_time");
    check_same(a, b, "-select_streams v -show_entries stream=codec_name,width,height,pix_fmt,r_frame_rate,avg_frame_rate,duration");
}

static void blur(const char *in, const char *out)
{
    program p = RUN("blur", GREEN, in, "-o", out);
    check_code(&p, 0);
    assert_int_equal(count_temporary(), 0);
    program_clear(&p);
}

/* ---------------------------------------------------------------- what stays */

static void every_frame_is_covered_and_times_and_sound_stay(void **state)
{
    (void)state;
    NEED_VIDEOS();
    video_make(in_folder("a.mp4"), FRAMES, false, "-pix_fmt yuv420p -c:v libx264 -crf 12 -c:a aac -metadata title=Moon");
    program p = RUN("detect", "--ndjson", "a.mp4");
    check_code(&p, 0);
    assert_non_null(strstr(p.out, "\"score\": 0,")); /* the lattice does what it is there for */
    program_clear(&p);
    blur("a.mp4", "b.mp4");
    check_every_frame_is_covered(in_folder("b.mp4"), FRAMES);
    check_times(in_folder("a.mp4"), in_folder("b.mp4"));
    check_same(in_folder("a.mp4"), in_folder("b.mp4"),
               "-select_streams a -show_packets -show_data_hash md5 -show_entries packet=pts_time,dts_time,data_hash");
    check_same(in_folder("a.mp4"), in_folder("b.mp4"), "-show_entries format=duration,start_time,nb_streams:format_tags=title");
}

static void variable_frame_rate_in_matroska_stays(void **state)
{
    (void)state;
    NEED_VIDEOS();
    video_make(in_folder("vfr.mkv"), FRAMES, false,
               "-vf \"setpts='if(lt(N,20),N,2*N-20+mod(N,3)/3)/25/TB'\" -vsync passthrough -pix_fmt yuv420p -c:v libx264 -crf 12 "
               "-c:a libopus");
    blur("vfr.mkv", "vfr_out.mkv");
    check_every_frame_is_covered(in_folder("vfr_out.mkv"), FRAMES);
    check_same(in_folder("vfr.mkv"), in_folder("vfr_out.mkv"), "-select_streams v -show_entries frame=pts_time");
    check_same(in_folder("vfr.mkv"), in_folder("vfr_out.mkv"), "-show_entries format=duration");
}

static void a_turned_video_without_sound_stays_turned(void **state)
{
    (void)state;
    NEED_VIDEOS();
    video_make(in_folder("stored.mp4"), FRAMES, true, "-an -pix_fmt yuv420p -c:v libx264 -crf 12");
    shell("ffmpeg -y -v error -i '%s' -c copy -metadata:s:v rotate=270 '%s'", in_folder("stored.mp4"), in_folder("turned.mp4"));
    blur("turned.mp4", "turned_out.mp4");
    check_every_frame_is_covered(in_folder("turned_out.mp4"), FRAMES);
    check_times(in_folder("turned.mp4"), in_folder("turned_out.mp4"));
    check_same(in_folder("turned.mp4"), in_folder("turned_out.mp4"), "-show_entries stream_side_data=displaymatrix,rotation");
}

static void ten_bits_stay_ten_bits(void **state)
{
    (void)state;
    NEED_VIDEOS();
    video_make(in_folder("ten.mp4"), FRAMES, false,
               "-pix_fmt yuv420p10le -c:v libx264 -crf 12 -colorspace bt709 -color_primaries bt709 -color_trc bt709 -c:a aac");
    blur("ten.mp4", "ten_out.mp4");
    check_times(in_folder("ten.mp4"), in_folder("ten_out.mp4"));
    check_same(in_folder("ten.mp4"), in_folder("ten_out.mp4"),
               "-select_streams v -show_entries stream=color_space,color_primaries,color_transfer,profile");
    char *format = video_probe(in_folder("ten_out.mp4"), "-select_streams v -show_entries stream=pix_fmt");
    assert_non_null(strstr(format, "yuv420p10le"));
    free(format);
}

static void webm_stays_vp9(void **state)
{
    (void)state;
    NEED_VIDEOS();
    video_make(in_folder("v.webm"), 30, false,
               "-pix_fmt yuv420p -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 1M -c:a libopus");
    blur("v.webm", "v_out.webm");
    check_every_frame_is_covered(in_folder("v_out.webm"), 30);
    check_same(in_folder("v.webm"), in_folder("v_out.webm"), "-select_streams v -show_entries frame=pts_time:stream=codec_name");
}

static void covers_other_videos_and_places_go_and_are_told(void **state)
{
    (void)state;
    NEED_VIDEOS();
    video_make(in_folder("plain.mp4"), 12, false,
               "-pix_fmt yuv420p -c:v libx264 -c:a aac -metadata location=+48.1+11.5/ -metadata title=Moon");
    shell("ffmpeg -y -v error -i '%s' -i '%s' -map 0 -map 1 -c copy -disposition:v:1 attached_pic '%s'", in_folder("plain.mp4"),
          source_path("photos/astronaut.png"), in_folder("cover.mp4"));
    program       p = RUN("blur", "--json", "--strip-location", GREEN, "cover.mp4", "-o", "cover_out.mp4");
    json_t       *records = parse_json(p.out);
    const json_t *warnings = json_object_get(json_array_get(records, 0), "warnings");
    check_code(&p, 0);
    assert_int_equal(json_array_size(warnings), 1);
    check_contains(json_string_value(json_array_get(warnings, 0)), "may show the faces");
    check_contains(p.err, "may show the faces");
    char *streams = video_probe(in_folder("cover_out.mp4"), "-show_entries stream=codec_type:format_tags");
    assert_null(strstr(streams, "11.5"));
    assert_non_null(strstr(streams, "Moon"));
    assert_true(strstr(streams, "video") == strrchr(streams, 'v') || !strstr(strstr(streams, "video") + 5, "video"));
    free(streams);
    json_decref(records);
    program_clear(&p);
}

/* ---------------------------------------------------------------- reviews */

static void change_line(const char *name, const char *from, const char *to)
{
    size_t bytes;
    char  *text = file_read(in_folder(name), &bytes), *at = strstr(text, from);
    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the text goes on behind it */
    memcpy(at, to, strlen(to));
    file_write(in_folder(name), text, bytes);
    free(text);
}

static void a_review_decides_who_is_hidden(void **state)
{
    (void)state;
    NEED_VIDEOS();
    video_make(in_folder("r.mp4"), FRAMES, false, "-pix_fmt yuv420p -c:v libx264 -crf 12 -c:a aac");
    program p = RUN("blur", "r.mp4", "--review", "r.json");
    check_code(&p, 0);
    assert_true(exists("r.json") && count_temporary() == 0);
    program_clear(&p);
    p = RUN("blur", GREEN, "r.mp4", "--apply", "r.json", "-o", "hidden.mp4");
    check_code(&p, 0);
    program_clear(&p);
    check_every_frame_is_covered(in_folder("hidden.mp4"), FRAMES);
    change_line("r.json", "\"hide\": true,", "\"hide\":false,");
    for (int i = 0; i < 2; i++) {
        p = RUN("blur", GREEN, "r.mp4", "--apply", "r.json", "-o", "kept.mp4");
        check_code(&p, 0);
        check_contains(p.out, "0 of 1 tracks hidden");
        program_clear(&p);
        p = RUN("detect", "--ndjson", "kept.mp4");
        check_contains(p.out, "\"track\": 1");
        program_clear(&p);
        if (!i) change_line("r.json", "\"track\": 1,", "\"track\": 9,"); /* whatever its number is */
    }
    p = RUN("blur", GREEN, "r.mp4", "--keep", "1", "-o", "kept.mp4");
    check_contains(p.out, "0 of 1 tracks hidden");
    program_clear(&p);
    p = RUN("blur", "r.mp4", "--keep", "2", "-o", "kept.mp4");
    check_code(&p, 1);
    check_contains(p.err, "no track 2");
    program_clear(&p);
    video_make(in_folder("other.mp4"), FRAMES - 5, false, "-an -pix_fmt yuv420p -c:v libx264");
    p = RUN("blur", "other.mp4", "--apply", "r.json", "-o", "never.mp4");
    check_code(&p, 1);
    check_contains(p.err, "of another video");
    assert_false(exists("never.mp4") || count_temporary());
    program_clear(&p);
}

static void detect_tells_every_frame_with_tracks(void **state)
{
    (void)state;
    NEED_VIDEOS();
    video_make(in_folder("d.mp4"), 30, false, "-an -pix_fmt yuv420p -c:v libx264 -crf 12");
    program p = RUN("detect", "--ndjson", "d.mp4");
    int     frame = 0;
    check_code(&p, 0);
    for (char *rest = p.out, *line; (line = strsep(&rest, "\n")) && *line; frame++) {
        json_t       *record = parse_json(line);
        const json_t *faces = json_object_get(record, "faces"), *face = json_array_get(faces, 0),
                     *nose = json_array_get(json_object_get(face, "landmarks"), 2);
        double x, y;
        video_face(frame, &x, &y);
        assert_int_equal(json_integer_value(json_object_get(record, "frame")), frame);
        assert_true(fabs(json_number_value(json_object_get(record, "time")) - frame / 25.0) < 1e-6);
        assert_int_equal(json_array_size(faces), 1);
        assert_int_equal(json_integer_value(json_object_get(face, "track")), 1);
        if (!(fabs(json_number_value(json_array_get(nose, 0)) - x) < 12 &&
              fabs(json_number_value(json_array_get(nose, 1)) - y - 16) < 12))
            fail_msg("frame %d: nose at %g, %g, face at %g, %g", frame, json_number_value(json_array_get(nose, 0)),
                     json_number_value(json_array_get(nose, 1)), x, y);
        json_decref(record);
    }
    assert_int_equal(frame, 30);
    program_clear(&p);
    p = RUN("detect", "d.mp4");
    check_code(&p, 2);
    check_contains(p.err, "--ndjson");
    program_clear(&p);
}

static void detect_counts_frames_and_tracks_over_cuts(void **state)
{
    (void)state;
    NEED_VIDEOS();
    video_make(in_folder("one.mkv"), 20, false, "-an -pix_fmt yuv420p -c:v libx264 -crf 12");
    shell("ffmpeg -y -v error -i '%s' -vf negate,hflip -r 25 -c:v libx264 -crf 12 '%s'", in_folder("one.mkv"),
          in_folder("between.mkv"));
    shell("cd '%s' && printf 'file one.mkv\nfile between.mkv\nfile one.mkv\n' > list && ffmpeg -y -v error -f concat -i list -c "
          "copy cuts.mkv",
          test_folder());
    program    p = RUN("detect", "--ndjson", "cuts.mkv");
    json_int_t frame = 0, last_track = 0;
    check_code(&p, 0);
    for (char *rest = p.out, *line; (line = strsep(&rest, "\n")) && *line; frame++) {
        json_t       *record = parse_json(line);
        const json_t *faces = json_object_get(record, "faces");
        assert_int_equal(json_integer_value(json_object_get(record, "frame")), frame);
        assert_true(fabs(json_number_value(json_object_get(record, "time")) - (double)frame / 25.0) < 0.01);
        if (json_array_size(faces)) last_track = json_integer_value(json_object_get(json_array_get(faces, 0), "track"));
        if (frame < 20) assert_int_equal(last_track, 1);
        json_decref(record);
    }
    assert_int_equal(frame, 60);
    assert_true(last_track > 1);
    program_clear(&p);
}

/* ---------------------------------------------------------------- what goes wrong */

static void no_faces_are_no_trouble(void **state)
{
    (void)state;
    NEED_VIDEOS();
    shell("ffmpeg -y -v error -f lavfi -i testsrc=size=320x240:rate=25:duration=1 -pix_fmt yuv420p -c:v libx264 '%s'",
          in_folder("none.mp4"));
    blur("none.mp4", "none_out.mp4");
    check_times(in_folder("none.mp4"), in_folder("none_out.mp4"));
}

static void damaged_videos_are_told(void **state)
{
    (void)state;
    NEED_VIDEOS();
    video_make(in_folder("whole.mkv"), FRAMES, false, "-an -pix_fmt yuv420p -c:v libx264 -crf 12 -g 10");
    video_make(in_folder("whole.mp4"), 12, false, "-an -pix_fmt yuv420p -c:v libx264 -crf 12");
    file_truncate(in_folder("whole.mp4"), in_folder("cut.mp4"), 0.5); /* its index was at the end */
    file_truncate(in_folder("whole.mkv"), in_folder("cut.mkv"), 0.6);
    file_write(in_folder("words.mp4"),
               "\0\0\0\x18"
               "ftypisom not a video at all",
               32);
    const char *const bad[] = {"cut.mp4", "words.mp4"};
    for (size_t i = 0; i < 2; i++) {
        program p = RUN("blur", "--json", bad[i], "-o", "never.mp4");
        json_t *records = parse_json(p.out);
        check_code(&p, 1);
        check_contains(p.err, bad[i]);
        assert_non_null(json_object_get(json_array_get(records, 0), "error"));
        assert_false(exists("never.mp4") || count_temporary());
        json_decref(records);
        program_clear(&p);
    }
    program p = RUN("blur", GREEN, "cut.mkv", "-o", "cut_out.mkv");
    check_code(&p, 0);
    program_clear(&p);
    check_same(in_folder("cut.mkv"), in_folder("cut_out.mkv"), "-select_streams v -show_entries frame=pts_time");
}

static void what_cannot_be_done_is_said(void **state)
{
    (void)state;
    NEED_VIDEOS();
    video_make(in_folder("x.mp4"), 5, false, "-an -pix_fmt yuv420p -c:v libx264");
    const struct {
        const char *arguments[7];
        int         code;
        const char *word;
    } cases[] = {{{"blur", "x.mp4"}, 2, "--in-place"},
                 {{"blur", "x.mp4", "-o", "x.mp4"}, 4, "not replaced"},
                 {{"blur", "-", "-o", "y.mp4"}, 2, "standard input"},
                 {{"blur", "x.mp4", "-o", "y.txt"}, 1, "names no container"},
                 {{"blur", "x.mp4", "--codec", "libnone", "-o", "y.mp4"}, 1, "no video encoder"},
                 {{"blur", "x.mp4", "--codec", "libvpx", "-o", "y.mp4"}, 1, "does not take"},
                 {{"blur", "x.mp4", "--review", "a", "--apply", "b"}, 2, "one of them"},
                 {{"blur", "x.mp4", "--style", "fog", "-o", "y.mp4"}, 2, "pixelate"},
                 {{"blur", "nobody.mp4", "-o", "y.mp4"}, 1, "cannot open"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        program p = program_run(NULL, 0, cases[i].arguments);
        check_code(&p, cases[i].code);
        check_contains(p.err, cases[i].word);
        assert_int_equal(count_temporary(), 0);
        program_clear(&p);
    }
    program p = RUN("blur", GREEN, "--in-place", "x.mp4");
    check_code(&p, 0);
    program_clear(&p);
    check_every_frame_is_covered(in_folder("x.mp4"), 5);
}

/* A limit on what files may hold is as good as a full disk, and needs nobody's permission. */
static void a_full_disk_leaves_nothing(void **state)
{
    (void)state;
    NEED_VIDEOS();
    struct rlimit before, small;
    video_make(in_folder("full.mp4"), FRAMES, false, "-an -pix_fmt yuv420p -c:v libx264 -crf 12");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 20000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    program p = RUN("blur", "full.mp4", "-o", "full_out.mp4");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    check_code(&p, 4);
    check_contains(p.err, strerror(EFBIG));
    assert_false(exists("full_out.mp4") || count_temporary());
    program_clear(&p);
}

static pid_t start_long_run(void)
{
    const int   fd[3] = {open("/dev/null", O_RDONLY), open("/dev/null", O_WRONLY), open("/dev/null", O_WRONLY)};
    const pid_t pid =
        program_start(fd, (const char *const[]){"blur", "long.mp4", "--preset", "veryslow", "-o", "long_out.mp4", NULL});
    while (!is_writing(pid)) { /* an encoder keeps many frames first: seconds, and minutes under a sanitizer */
        assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    for (int i = 0; i < 3; i++) close(fd[i]);
    return pid;
}

static void ctrl_c_leaves_nothing(void **state)
{
    (void)state;
    NEED_VIDEOS();
    video_make(in_folder("long.mp4"), 400, false, "-an -pix_fmt yuv420p -c:v libx264 -preset ultrafast");
    pid_t pid = start_long_run();
    assert_int_equal(kill(pid, SIGINT), 0);
    assert_int_equal(program_wait(pid), 128 + SIGINT);
    assert_false(exists("long_out.mp4") || count_temporary());
}

/* Where there are files without names; elsewhere what is left must be what the documents say. */
static void not_even_being_killed_leaves_half_a_file(void **state)
{
    (void)state;
    NEED_VIDEOS();
    const int nameless = open(test_folder(), O_WRONLY | O_TMPFILE, 0600);
    pid_t     pid = start_long_run();
    assert_int_equal(kill(pid, SIGKILL), 0);
    program_wait(pid);
    assert_false(exists("long_out.mp4"));
    assert_int_equal(count_temporary(), nameless < 0);
    if (nameless >= 0) close(nameless);
}

/* ---------------------------------------------------------------- from C */

static fov_status track(const char *name, const fov_engine *engine, const fov_video_options *o, fov_tracks **tracks)
{
    fov_error  err = {0};
    fov_video *video;
    assert_ok(fov_video_open(in_folder(name), &video, &err));
    const fov_status st = fov_video_track(video, engine, o, tracks, &err);
    fov_video_close(video);
    return st;
}

/* Of the same frames, but written since: their faces may be elsewhere. */
static void a_video_that_changed_since_is_refused(void **state)
{
    (void)state;
    NEED_VIDEOS();
    fov_error               err = {0};
    fov_engine             *engine;
    fov_tracks             *tracks;
    const fov_video_options o = {0};
    video_make(in_folder("changing.mp4"), 10, false, "-an -pix_fmt yuv420p -c:v libx264");
    assert_ok(fov_engine_open("default", NULL, NULL, &engine, &err));
    assert_int_equal(track("changing.mp4", engine, &o, &tracks), FOV_OK);
    assert_ok(fov_video_hide(in_folder("changing.mp4"), tracks, &o, in_folder("unchanged.mp4"), NULL, &err));
    shell("cp '%s' '%s' && mv '%s' '%s'", in_folder("changing.mp4"), in_folder("new.mp4"), in_folder("new.mp4"),
          in_folder("changing.mp4"));
    assert_int_equal(fov_video_hide(in_folder("changing.mp4"), tracks, &o, in_folder("never.mp4"), NULL, &err), FOV_ERR_ARGUMENT);
    check_contains(err.message, "changed since");
    assert_false(exists("never.mp4") || count_temporary());
    fov_tracks_free(tracks);
    fov_engine_free(engine);
}

/* ---------------------------------------------------------------- files that name another */

static void check_refused(const char *name)
{
    fov_error  err = {0};
    fov_video *video;
    assert_int_equal(fov_video_open(in_folder(name), &video, &err), FOV_ERR_FORMAT);
    check_contains(err.message, "cannot read as a video");
    program p = RUN("blur", name, "-o", "never.mp4");
    check_code(&p, 1);
    assert_false(exists("never.mp4") || count_temporary());
    program_clear(&p);
}

__attribute__((format(printf, 2, 3))) static void write_words(const char *name, const char *format, ...)
{
    char    text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    file_write(in_folder(name), text, strlen(text));
}

/* Playlists of three kinds, one of which has what the box of an MP4 begins with. */
static void a_playlist_opens_nobody_elses_video(void **state)
{
    (void)state;
    NEED_VIDEOS();
    video_make(in_folder("private.mp4"), 10, false, "-an -pix_fmt yuv420p -c:v libx264 -movflags frag_keyframe+empty_moov");
    video_make(in_folder("private.ts"), 10, false, "-an -pix_fmt yuv420p -c:v libx264");
    const char *const kinds[] = {"static", "dynamic"};
    for (int i = 0; i < 2; i++) {
        write_words(
            "dash.mp4",
            "<!--skip --><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"urn:mpeg:dash:profile:isoff-on-demand:2011\" "
            "type=\"%s\" mediaPresentationDuration=\"PT0.4S\" minBufferTime=\"PT1S\" minimumUpdatePeriod=\"PT1S\" "
            "availabilityStartTime=\"2020-01-01T00:00:00Z\">\n<Period duration=\"PT0.4S\"><AdaptationSet "
            "contentType=\"video\" mimeType=\"video/mp4\"><Representation id=\"0\" bandwidth=\"100000\" width=\"320\" "
            "height=\"240\" mimeType=\"video/mp4\" codecs=\"avc1\"><BaseURL>file:%s</BaseURL></Representation>"
            "</AdaptationSet></Period></MPD>\n",
            kinds[i], in_folder("private.mp4"));
        assert_true(fov_video_recognise(in_folder("dash.mp4")));
        check_refused("dash.mp4");
    }
    write_words("hls.mp4", "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.4,\n%s\n#EXT-X-ENDLIST\n",
                in_folder("private.ts"));
    check_refused("hls.mp4");
    write_words("concat.mp4", "ffconcat version 1.0\nfile private.mp4\n");
    check_refused("concat.mp4");
}

typedef struct patience {
    size_t asked, until;
} patience;

static bool is_over(void *user)
{
    patience *p = user;
    return ++p->asked > p->until;
}

/* More sound than FFmpeg looks through at first follows the only picture, in which no frame comes that could ask whether to go on.
 */
static void reading_ends_when_it_is_told_to(void **state)
{
    (void)state;
    NEED_VIDEOS();
    fov_error                err = {0};
    fov_engine              *engine;
    fov_tracks              *tracks;
    const fov_photos_options one = {.threads = 1};
    shell("ffmpeg -y -v error -f lavfi -i testsrc=size=64x64:rate=25:duration=0.04 -f lavfi -i anoisesrc=r=96000:d=60 -c:v mjpeg "
          "-c:a pcm_s32le '%s'",
          in_folder("sound.mkv"));
    assert_ok(fov_engine_open("default", NULL, NULL, &engine, &err));
    for (int hide = 0; hide < 2; hide++) {
        patience          none = {0}, some = {.until = 5};
        fov_video_options o = {.photos = &one, .stop = is_over, .stop_user = hide ? &none : &some};
        none.until = SIZE_MAX;
        assert_int_equal(track("sound.mkv", engine, &o, &tracks), hide ? FOV_OK : FOV_ERR_CANCELLED);
        if (!hide) continue;
        assert_true(none.asked > 20);
        o.stop_user = &some;
        assert_int_equal(fov_video_hide(in_folder("sound.mkv"), tracks, &o, in_folder("never.mkv"), NULL, &err), FOV_ERR_CANCELLED);
        assert_false(exists("never.mkv") || count_temporary());
        fov_tracks_free(tracks);
    }
    fov_engine_free(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_frame_is_covered_and_times_and_sound_stay),
                                       cmocka_unit_test(variable_frame_rate_in_matroska_stays),
                                       cmocka_unit_test(a_turned_video_without_sound_stays_turned),
                                       cmocka_unit_test(ten_bits_stay_ten_bits),
                                       cmocka_unit_test(webm_stays_vp9),
                                       cmocka_unit_test(covers_other_videos_and_places_go_and_are_told),
                                       cmocka_unit_test(a_review_decides_who_is_hidden),
                                       cmocka_unit_test(detect_tells_every_frame_with_tracks),
                                       cmocka_unit_test(detect_counts_frames_and_tracks_over_cuts),
                                       cmocka_unit_test(no_faces_are_no_trouble),
                                       cmocka_unit_test(damaged_videos_are_told),
                                       cmocka_unit_test(what_cannot_be_done_is_said),
                                       cmocka_unit_test(a_full_disk_leaves_nothing),
                                       cmocka_unit_test(ctrl_c_leaves_nothing),
                                       cmocka_unit_test(a_video_that_changed_since_is_refused),
                                       cmocka_unit_test(a_playlist_opens_nobody_elses_video),
                                       cmocka_unit_test(reading_ends_when_it_is_told_to),
                                       cmocka_unit_test(not_even_being_killed_leaves_half_a_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
