// SPDX-License-Identifier: MIT
/* fovea blur on photos as users run it: where copies go, what is told, what is never replaced. Videos: tests/blur/. */
#include "pictures.h"
#include "program.h"

#include <signal.h>
#include <spng.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int make_pictures(void **state)
{
    (void)state;
    fov_photo *face = picture_of_face();
    assert_int_equal(mkdir(in_folder("tree"), 0777), 0);
    assert_int_equal(mkdir(in_folder("tree/below"), 0777), 0);
    picture_save(face, in_folder("face.jpg"));
    picture_save(face, in_folder("tree/face.jpg"));
    picture_save(face, in_folder("tree/below/face.png"));
    picture_save_blank(300, 200, in_folder("tree/blank.jpg"));
    file_write(in_folder("tree/words.jpg"), "not a picture\n", 14);
    fov_photo_free(face);
    return 0;
}

static bool same_file(const char *a, const char *b)
{
    size_t size_a, size_b;
    char  *x = file_read(in_folder(a), &size_a), *y = file_read(in_folder(b), &size_b);
    bool   same = size_a == size_b && !memcmp(x, y, size_a);
    free(x);
    free(y);
    return same;
}

static void check_nobody(const char *name)
{
    program p = RUN("detect", "--json", name);
    json_t *records = parse_json(p.out);
    assert_int_equal(json_array_size(json_object_get(json_array_get(records, 0), "faces")), 0);
    json_decref(records);
    program_clear(&p);
}

static void one_photo_to_one_file(void **state)
{
    (void)state;
    program p = RUN("blur", "--style", "solid", "face.jpg", "-o", "hidden.jpg");
    check_code(&p, 0);
    assert_string_equal(p.out, "face.jpg -> hidden.jpg  1 face hidden\n");
    assert_string_equal(p.err, "");
    program_clear(&p);
    check_nobody("hidden.jpg");
}

static void a_folder_to_a_folder_and_failures_are_counted(void **state)
{
    (void)state;
    struct stat info;
    program     p = RUN("blur", "--json", "tree", "-o", "out");
    json_t     *records = parse_json(p.out), *record;
    size_t      i, errors = 0;
    check_code(&p, 1);
    assert_int_equal(json_array_size(records), 4);
    json_array_foreach(records, i, record) errors += json_object_get(record, "error") != NULL;
    assert_int_equal(errors, 1);
    check_contains(p.err, "words.jpg");
    assert_true(!stat(in_folder("out/face.jpg"), &info) && !stat(in_folder("out/below/face.png"), &info) &&
                !stat(in_folder("out/blank.jpg"), &info));
    assert_int_not_equal(stat(in_folder("out/words.jpg"), &info), 0);
    json_decref(records);
    program_clear(&p);
}

static void inputs_are_replaced_by_request_only(void **state)
{
    (void)state;
    size_t bytes;
    char  *data = file_read(in_folder("face.jpg"), &bytes);
    file_write(in_folder("mine.jpg"), data, bytes);
    free(data);
    program p = RUN("blur", "mine.jpg");
    check_code(&p, 2);
    check_contains(p.err, "--in-place");
    program_clear(&p);
    p = RUN("blur", "mine.jpg", "-o", ".");
    check_code(&p, 4);
    check_contains(p.err, "not replaced");
    assert_true(same_file("mine.jpg", "face.jpg"));
    program_clear(&p);
    p = RUN("blur", "--style", "solid", "--in-place", "mine.jpg");
    check_code(&p, 0);
    assert_string_equal(p.out, "mine.jpg  1 face hidden\n");
    program_clear(&p);
    check_nobody("mine.jpg");
}

static void a_picture_is_laid_over_the_face(void **state)
{
    (void)state;
    program p = RUN("blur", "--style", "picture", "face.jpg", "-o", "x.jpg");
    check_code(&p, 2);
    check_contains(p.err, "go together");
    program_clear(&p);
    p = RUN("blur", "--style", "picture", "--picture", "tree/blank.jpg", "--shape", "box", "face.jpg", "-o", "x.jpg");
    check_code(&p, 0);
    program_clear(&p);
    check_nobody("x.jpg");
}

static void write_pixel(const char *path, const uint8_t rgba[4])
{
    struct spng_ihdr header = {.width = 1, .height = 1, .bit_depth = 8, .color_type = SPNG_COLOR_TYPE_TRUECOLOR_ALPHA};
    FILE            *file = fopen(path, "wb");
    spng_ctx        *ctx = spng_ctx_new(SPNG_CTX_ENCODER);
    assert_true(file && ctx);
    assert_int_equal(spng_set_png_file(ctx, file), 0);
    assert_int_equal(spng_set_ihdr(ctx, &header), 0);
    assert_int_equal(spng_encode_image(ctx, rgba, 4, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE), 0);
    spng_ctx_free(ctx);
    assert_int_equal(fclose(file), 0);
}

static bool same_pixels(const char *a, const char *b)
{
    fov_error  err = {0};
    fov_photo *x, *y;
    assert_ok(fov_photo_load(in_folder(a), NULL, &x, &err));
    assert_ok(fov_photo_load(in_folder(b), NULL, &y, &err));
    const fov_image image = fov_photo_image(x);
    const bool      same = !memcmp(fov_photo_pixels(x), fov_photo_pixels(y), (size_t)image.width * (size_t)image.height * 3);
    fov_photo_free(x);
    fov_photo_free(y);
    return same;
}

static void lay_over(const uint8_t rgba[4], const char *name)
{
    write_pixel(in_folder("mask.png"), rgba);
    program p = RUN("blur", "--style", "picture", "--picture", "mask.png", "tree/below/face.png", "-o", name);
    check_code(&p, 0);
    program_clear(&p);
    check_nobody(name);
}

/* A clear pixel's colour is nobody's, and the face behind it is hidden all the same. */
static void a_png_keeps_its_transparency(void **state)
{
    (void)state;
    lay_over((const uint8_t[]){0, 255, 0, 255}, "green.png");
    lay_over((const uint8_t[]){0, 255, 0, 0}, "clear_green.png");
    lay_over((const uint8_t[]){255, 0, 0, 0}, "clear_red.png");
    assert_false(same_pixels("green.png", "clear_green.png"));
    assert_true(same_pixels("clear_green.png", "clear_red.png"));
    file_write(in_folder("mask.png"), "\x89PNG\r\n\x1a\n", 8);
    program p = RUN("blur", "--style", "picture", "--picture", "mask.png", "tree/below/face.png", "-o", "y.png");
    check_code(&p, 2);
    check_contains(p.err, "mask.png: damaged PNG");
    program_clear(&p);
}

static void options_that_make_no_sense_are_told(void **state)
{
    (void)state;
    static const char *const cases[][3] = {{"--margin", "9", "0 to 4"},           {"--colour", "1,2", "R,G,B"},
                                           {"--shape", "star", "ellipse or box"}, {"--strength", "0", "0.01 to 1"},
                                           {"--apply", "x.json", "one video"},    {"--review", "x.json", "one video"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        program p = RUN("blur", cases[i][0], cases[i][1], "face.jpg", "-o", "never.jpg");
        check_code(&p, 2);
        check_contains(p.err, cases[i][2]);
        program_clear(&p);
    }
}

/* A pipe, which gives a photo to whoever reads it first and another to the next. */
static pid_t feed_pipe(const char *path, const char *first, const char *next)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid) return pid;
    for (int i = 0; i < 2; i++) {
        size_t bytes;
        char  *data = file_read(i ? next : first, &bytes);
        FILE  *pipe = fopen(path, "wb");
        if (pipe) fwrite(data, 1, bytes, pipe);
        if (pipe) fclose(pipe);
        free(data);
        sleep(1); /* whoever read it has seen its end */
    }
    _exit(0);
}

/* What is hidden in is what was looked at, even if the file is another one by then. */
static void a_photo_that_changes_meanwhile_is_read_once(void **state)
{
    (void)state;
    picture_save_blank(512, 400, in_folder("blank.jpg"));
    assert_int_equal(mkfifo(in_folder("changing.jpg"), 0600), 0);
    program p = RUN("blur", "--style", "solid", "face.jpg", "-o", "expected.jpg");
    check_code(&p, 0);
    program_clear(&p);
    const pid_t writer = feed_pipe(in_folder("changing.jpg"), in_folder("face.jpg"), in_folder("blank.jpg"));
    p = RUN("blur", "--style", "solid", "changing.jpg", "-o", "changed.jpg");
    kill(writer, SIGKILL);
    waitpid(writer, NULL, 0);
    check_code(&p, 0);
    program_clear(&p);
    assert_true(same_file("expected.jpg", "changed.jpg"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_photo_to_one_file),
                                       cmocka_unit_test(a_folder_to_a_folder_and_failures_are_counted),
                                       cmocka_unit_test(inputs_are_replaced_by_request_only),
                                       cmocka_unit_test(a_picture_is_laid_over_the_face),
                                       cmocka_unit_test(a_png_keeps_its_transparency),
                                       cmocka_unit_test(options_that_make_no_sense_are_told),
                                       cmocka_unit_test(a_photo_that_changes_meanwhile_is_read_once)};
    return cmocka_run_group_tests(tests, make_pictures, NULL);
}
