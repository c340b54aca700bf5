// SPDX-License-Identifier: MIT
/* fovea calibrate as users run it: caches in both formats, what it refuses, and a run that is stopped and taken up again. */
#include "pictures.h"
#include "program.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SMALL "--size", "long:160"

static int make_pictures(void **state)
{
    (void)state;
    fov_photo *face = picture_of_face();
    uint8_t   *pixels = fov_photo_pixels(face);
    assert_int_equal(mkdir(in_folder("photos"), 0777), 0);
    picture_save(face, in_folder("photos/a.png"));
    for (int i = 0; i < 512 * 400 * 3; i++) pixels[i] = (uint8_t)(pixels[i] / 2);
    picture_save(face, in_folder("photos/b.png"));
    for (int i = 0; i < 512 * 400 * 3; i++) pixels[i] = (uint8_t)(255 - pixels[i]);
    picture_save(face, in_folder("photos/c.png"));
    fov_photo_free(face);
    return 0;
}

static bool is_there(const char *relative)
{
    return access(in_folder(relative), F_OK) == 0;
}

static void check_says(program p, int code, const char *part)
{
    check_code(&p, code);
    check_contains(p.err, part);
    assert_string_equal(p.out, "");
    program_clear(&p);
}

static void check_same_files(const char *a, const char *b)
{
    size_t size_a, size_b;
    char  *data_a = file_read(in_folder(a), &size_a), *data_b = file_read(in_folder(b), &size_b);
    assert_int_equal(size_a, size_b);
    assert_memory_equal(data_a, data_b, size_a);
    free(data_a);
    free(data_b);
}

static void misuse_is_told_with_a_remedy(void **state)
{
    (void)state;
    check_says(RUN("calibrate"), 2, "needs a model");
    check_says(RUN("calibrate", "default", "photos"), 2, "a name to write");
    check_says(RUN("calibrate", "default", "-o", "x.cache"), 2, "no photos");
    check_says(RUN("calibrate", "default", "-", "-o", "x.cache"), 2, "standard input");
    check_says(RUN("calibrate", "default", "photos", "-o", "x.cache", "--method", "luck"), 2, "percentile");
    check_says(RUN("calibrate", "default", "photos", "-o", "x.cache", "--format", "xml"), 2,
               "--format xml: expected fovea or tensorrt");
    check_says(RUN("calibrate", "default", "photos", "-o", "x.cache", "--percentile", "99"), 2, "--method percentile");
    check_says(RUN("calibrate", "default", "photos", "--from", "y.cache"), 2, "one or the other");
    check_says(RUN("calibrate", "default", "photos", "-o", "x.cache", "--mapping", "m"), 2, "--from");
    check_says(RUN("calibrate", "nosuch.pth", "photos", "-o", "x.cache"), 3, "nosuch.pth");
    check_says(RUN("calibrate", "default", "--from", "nosuch.cache"), 3, "nosuch.cache");
    check_says(RUN("calibrate", "-q", SMALL, "default", "photos", "-o", "no/such/x.cache"), 4, "no/such/x.cache");
    assert_false(is_there("x.cache"));
}

static void caches_of_each_method_and_format_read_back(void **state)
{
    (void)state;
    static const char *const methods[] = {"entropy", "min-max", "percentile", "mse"};
    for (size_t i = 0; i < 4; i++) {
        program p = RUN("calibrate", "-q", SMALL, "--json", "--method", methods[i], "default", "photos", "-o", "m.cache");
        program q = RUN("calibrate", "default", "--json", "--from", "m.cache");
        check_code(&p, 0);
        check_code(&q, 0);
        assert_string_equal(p.out, q.out); /* the file keeps all that there is to tell */
        json_t *json = parse_json(q.out);
        assert_memory_equal(json_string_value(json_object_get(json, "method")), methods[i], strlen(methods[i]));
        assert_int_equal(json_integer_value(json_object_get(json, "photos")), 3);
        assert_true(json_array_size(json_object_get(json, "tensors")) > 40);
        json_decref(json);
        program_clear(&p);
        program_clear(&q);
    }
}

static void what_a_cache_holds_is_told(void **state)
{
    (void)state;
    program p = RUN("calibrate", "-q", SMALL, "--method", "mse", "default", "photos", "-o", "told.cache");
    check_code(&p, 0);
    assert_string_equal(p.out, "");
    program_clear(&p);
    p = RUN("calibrate", "default", "--from", "told.cache");
    program as_json = RUN("calibrate", "default", "--from", "told.cache", "--json");
    json_t *json = parse_json(as_json.out), *tensor;
    size_t  i;
    check_code(&p, 0);
    check_contains(p.out, "method   mse\nphotos   3\n");
    json_array_foreach(json_object_get(json, "tensors"), i, tensor)
    {
        char range[64];
        snprintf(range, sizeof range, "%.5g", json_number_value(json_object_get(tensor, "hi")));
        check_contains(p.out, json_string_value(json_object_get(tensor, "name")));
        check_contains(p.out, range);
    }
    check_contains(p.out, "node with several inputs");
    json_decref(json);
    program_clear(&as_json);
    program_clear(&p);
}

static void tensorrt_caches_are_written_read_and_refused(void **state)
{
    (void)state;
    size_t  size;
    program p = RUN("calibrate", "-q", SMALL, "default", "photos", "--format", "tensorrt", "-o", "trt.table");
    check_code(&p, 0);
    program_clear(&p);
    char *text = file_read(in_folder("trt.table"), &size);
    assert_memory_equal(text, "TRT-", 4);
    p = RUN("calibrate", "default", "--from", "trt.table", "--format", "tensorrt", "-o", "again.table");
    check_code(&p, 0);
    program_clear(&p);
    check_same_files("trt.table", "again.table");

    /* a name of theirs: refused, and told; with a mapping it fits */
    char mapping[512], *line = strchr(text, '\n');
    assert_non_null(line);
    char *colon = strchr(++line, ':');
    assert_non_null(colon);
    snprintf(mapping, sizeof mapping, "~%.*s = %.*s\n", (int)(colon - line - 1), line + 1, (int)(colon - line), line);
    *line = '~';
    file_write(in_folder("theirs.table"), text, size);
    file_write(in_folder("names.txt"), mapping, strlen(mapping));
    check_says(RUN("calibrate", "default", "--from", "theirs.table"), 3, "theirs.table");
    p = RUN("calibrate", "default", "--from", "theirs.table", "--mapping", "names.txt", "--json");
    check_code(&p, 0);
    check_contains(p.out, "\"input\"");
    program_clear(&p);
    file_write(in_folder("cut.table"), text, size / 2);
    check_says(RUN("calibrate", "default", "--from", "cut.table", "-o", "none.cache"), 3, "cut.table");
    file_write(in_folder("words.table"), "not a cache\n", 12);
    check_says(RUN("calibrate", "default", "--from", "words.table", "-o", "none.cache"), 3, "words.table");
    assert_false(is_there("none.cache"));
    free(text);
}

/* The second photo is a pipe: while the program waits for it, the first one is done and the signal comes. */
static int stop_in_the_second_photo(int *err)
{
    size_t size;
    char  *photo = file_read(in_folder("photos/b.png"), &size);
    assert_int_equal(unlink(in_folder("photos/b.png")), 0);
    assert_int_equal(mkfifo(in_folder("photos/b.png"), 0600), 0);
    const int   null = open("/dev/null", O_RDWR), fd[3] = {null, null, *err};
    const pid_t pid = program_start(fd, (const char *const[]){"calibrate", SMALL, "default", "photos/a.png", "photos/b.png",
                                                              "photos/c.png", "-o", "stopped.cache", NULL});
    const int   pipe = open(in_folder("photos/b.png"), O_WRONLY); /* waits for the reader */
    assert_true(pipe >= 0);
    assert_int_equal(kill(pid, SIGTERM), 0);
    usleep(50000);
    for (size_t at = 0; at < size;) {
        const ssize_t n = write(pipe, photo + at, size - at);
        assert_true(n > 0);
        at += (size_t)n;
    }
    close(pipe);
    const int code = program_wait(pid);
    close(null);
    assert_int_equal(unlink(in_folder("photos/b.png")), 0);
    file_write(in_folder("photos/b.png"), photo, size);
    free(photo);
    return code;
}

/* Or every row would be as long. JSON has all of it. */
static void a_long_name_does_not_widen_a_table(void **state)
{
    (void)state;
    enum { LETTERS = 100000 };
    static char name[LETTERS + 16];
    size_t      size;
    program     p = RUN("calibrate", "-q", SMALL, "default", "photos", "--format", "tensorrt", "-o", "named.table");
    check_code(&p, 0);
    program_clear(&p);
    memset(name, 'n', LETTERS);
    memcpy(name + LETTERS, ": 3f800000\n", 12);
    char *text = file_read(in_folder("named.table"), &size), *longer = realloc(text, size + sizeof name);
    assert_non_null(longer);
    memcpy(longer + size, name, strlen(name));
    file_write(in_folder("named.table"), longer, size + strlen(name));
    free(longer);
    p = RUN("calibrate", "default", "--from", "named.table");
    check_code(&p, 0);
    check_contains(p.out, "nnnnnnn...  ");
    assert_true(strlen(p.out) < 100000);
    program_clear(&p);
    p = RUN("calibrate", "default", "--from", "named.table", "--json");
    name[LETTERS] = '\0';
    assert_non_null(strstr(p.out, name));
    program_clear(&p);
}

static void a_stopped_run_goes_on_to_the_same_bytes(void **state)
{
    (void)state;
    program whole = RUN("calibrate", "-q", SMALL, "default", "photos", "-o", "whole.cache");
    check_code(&whole, 0);
    program_clear(&whole);
    int err = open(in_folder("log"), O_RDWR | O_CREAT, 0600);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(stop_in_the_second_photo(&err), 128 + SIGTERM);
    close(err);
    assert_true(is_there("stopped.cache.partial"));
    assert_false(is_there("stopped.cache"));
    program other = RUN("calibrate", SMALL, "default", "photos/c.png", "-o", "stopped.cache");
    check_code(&other, 2); /* what it had collected is of other photos */
    check_contains(other.err, "not among those named now");
    program_clear(&other);
    program p = RUN("calibrate", SMALL, "default", "photos/c.png", "photos/b.png", "photos/a.png", "-o", "stopped.cache");
    check_code(&p, 0);
    check_contains(p.err, "going on after 2 photos");
    assert_false(is_there("stopped.cache.partial"));
    check_same_files("whole.cache", "stopped.cache");
    program_clear(&p);
}

static void photos_that_fail_are_told_and_left_out(void **state)
{
    (void)state;
    program good = RUN("calibrate", "-q", SMALL, "default", "photos", "-o", "good.cache");
    check_code(&good, 0);
    program_clear(&good);
    file_write(in_folder("bad.png"), "not a picture\n", 14);
    program p = RUN("calibrate", SMALL, "default", "photos", "bad.png", "-o", "some.cache");
    check_code(&p, 1);
    check_contains(p.err, "bad.png");
    check_contains(p.err, "3 photos, 1 failed");
    check_same_files("good.cache", "some.cache");
    program_clear(&p);
    p = RUN("calibrate", "default", "bad.png", "-o", "none.cache");
    check_code(&p, 1);
    check_contains(p.err, "nothing to calibrate on");
    assert_false(is_there("none.cache"));
    program_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misuse_is_told_with_a_remedy),
        cmocka_unit_test(caches_of_each_method_and_format_read_back),
        cmocka_unit_test(what_a_cache_holds_is_told),
        cmocka_unit_test(tensorrt_caches_are_written_read_and_refused),
        cmocka_unit_test(a_long_name_does_not_widen_a_table),
        cmocka_unit_test(a_stopped_run_goes_on_to_the_same_bytes),
        cmocka_unit_test(photos_that_fail_are_told_and_left_out),
    };
    return cmocka_run_group_tests_name("cli_calibrate", tests, make_pictures, NULL);
}
