// SPDX-License-Identifier: MIT
/* Ground truth in all its formats, and what is said of broken ones. */
#include "pictures.h"
#include "support.h"

#include "eval/truth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static fov_error err;

static const char *written(const char *name, const void *data, size_t bytes)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", test_folder(), name);
    file_write(path, data, bytes);
    return path;
}

static fov_truth *loaded(const char *text)
{
    fov_truth *truth;
    assert_ok(fov_truth_load(written("truth", text, strlen(text)), &truth, &err));
    return truth;
}

static void refused(const char *text, fov_status status, const char *words)
{
    fov_truth  *truth;
    const char *path = written("truth", text, strlen(text));
    err.message[0] = '\0';
    assert_int_equal(fov_truth_load(path, &truth, &err), status);
    assert_null(truth);
    if (!strstr(err.message, words) || !strstr(err.message, path)) fail_msg("'%s' not in: %s", words, err.message);
}

static void check_box(const fov_truth_photo *photo, size_t index, double x, double y, double w, double h, unsigned listed)
{
    const double expected[4] = {x, y, w, h};
    assert_memory_equal(photo->box[index], expected, sizeof expected);
    assert_int_equal(photo->listed[index], listed);
}

static void json_is_read(void **state)
{
    (void)state;
    fov_truth *t = loaded(" [{\"file\": \"a/b.jpg\", \"width\": 640, \"height\": 480, \"boxes\": [[1, 2, 3.5, 4], [5, 6, 0, 0]],"
                          "\"easy\": [], \"medium\": [0], \"hard\": [0, 1]},"
                          "{\"file\": \"c.jpg\", \"boxes\": [], \"easy\": [], \"medium\": [], \"hard\": []}]");
    assert_int_equal(fov_truth_count(t), 2);
    assert_string_equal(fov_truth_file(t, 0), "a/b.jpg");
    assert_string_equal(fov_truth_file(t, 1), "c.jpg");
    assert_null(fov_truth_file(t, 2));
    assert_int_equal(t->settings, 3);
    assert_string_equal(t->setting[0], "easy");
    assert_int_equal(t->photo[0].width, 640);
    assert_int_equal(t->photo[0].height, 480);
    assert_int_equal(t->photo[1].width, 0);
    assert_int_equal(t->photo[0].count, 2);
    assert_int_equal(t->photo[1].count, 0);
    check_box(&t->photo[0], 0, 1, 2, 3.5, 4, 6);
    check_box(&t->photo[0], 1, 5, 6, 0, 0, 4);
    fov_truth_free(t);
}

static void broken_json_is_told(void **state)
{
    (void)state;
#define LISTS ", \"easy\": [], \"medium\": [], \"hard\": []}]"
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"[", "line 1"},
        {"{}", "a list with an entry for each photo"},
        {"[]", "holds no photo"},
        {"[3]", "entry 0 is no object with a \"file\""},
        {"[{\"boxes\": []" LISTS, "entry 0 is no object with a \"file\""},
        {"[{\"file\": 7, \"boxes\": []" LISTS, "entry 0 is no object with a \"file\""},
        {"[{\"file\": \"a\"" LISTS, "'a': \"boxes\" is missing"},
        {"[{\"file\": \"a\", \"boxes\": 3" LISTS, "'a': \"boxes\" is missing or no list"},
        {"[{\"file\": \"a\", \"boxes\": [[1, 2, 3]]" LISTS, "'a': box 0 is not [x, y, width, height]"},
        {"[{\"file\": \"a\", \"boxes\": [[1, 2, 3, 4], 5]" LISTS, "'a': box 1 is not [x, y, width, height]"},
        {"[{\"file\": \"a\", \"boxes\": [[1, 2, \"3\", 4]]" LISTS, "'a': box 0 holds something that is not a number"},
        {"[{\"file\": \"a\", \"boxes\": [[1, 2, -3, 4]]" LISTS, "'a': box 0 is 1 2 -3 4"},
        {"[{\"file\": \"a\", \"boxes\": [[1e99, 2, 3, 4]]" LISTS, "'a': box 0 is 1e+99 2 3 4"},
        {"[{\"file\": \"a\", \"boxes\": [], \"easy\": [], \"medium\": []}]", "'a': \"hard\" is missing"},
        {"[{\"file\": \"a\", \"boxes\": [], \"easy\": [0], \"medium\": [], \"hard\": []}]",
         "entry 0 of \"easy\" is no index of its 0"},
        {"[{\"file\": \"a\", \"boxes\": [], \"easy\": [-1], \"medium\": [], \"hard\": []}]", "entry 0 of \"easy\""},
        {"[{\"file\": \"a\", \"boxes\": [], \"easy\": [0.5], \"medium\": [], \"hard\": []}]", "entry 0 of \"easy\""},
        {"[{\"file\": \"a\", \"width\": \"w\", \"boxes\": []" LISTS, "\"width\" is not a number of pixels"},
        {"[{\"file\": \"a\", \"height\": 0, \"boxes\": []" LISTS, "\"height\" is not a number of pixels"},
        {"[{\"file\": \"../a\", \"boxes\": []" LISTS, "'../a': a name below the folder"},
        {"[{\"file\": \"a/../../b\", \"boxes\": []" LISTS, "a name below the folder"},
        {"[{\"file\": \"/a\", \"boxes\": []" LISTS, "a name below the folder"},
        {"[{\"file\": \"\", \"boxes\": []" LISTS, "a name below the folder"},
        {"[{\"file\": \"a\", \"file\": \"b\", \"boxes\": []" LISTS, "duplicate"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) refused(cases[i].text, FOV_ERR_FORMAT, cases[i].words);
    refused("[{\"file\": \"a\", \"boxes\": [], \"easy\": [], \"medium\": [], \"hard\": []},"
            "{\"file\": \"a\", \"boxes\": [], \"easy\": [], \"medium\": [], \"hard\": []}]",
            FOV_ERR_FORMAT, "'a' is there twice");
}

static void text_is_read(void **state)
{
    (void)state;
    fov_truth *t = loaded("0--Parade/a.jpg\n2\n449 330 122 149 0 0 0 0 0 0 \n1 2 3 4 0 0 0 1 0 0\n"
                          "0--Parade/none.jpg\r\n0\r\n0 0 0 0 0 0 0 0 0 0 \r\n"
                          "0--Parade/none2.jpg\n0\n"
                          "1--X/c.jpg\n2\n1 2 0 4 0 0 0 0 0 0\n5 6 7 8");
    assert_int_equal(fov_truth_count(t), 4);
    assert_int_equal(t->settings, 1);
    assert_string_equal(t->setting[0], "all");
    assert_string_equal(t->photo[1].file, "0--Parade/none.jpg");
    assert_int_equal(t->photo[0].count, 2);
    check_box(&t->photo[0], 0, 449, 330, 122, 149, 1);
    check_box(&t->photo[0], 1, 1, 2, 3, 4, 0);
    assert_int_equal(t->photo[1].count, 0);
    assert_int_equal(t->photo[2].count, 0);
    check_box(&t->photo[3], 0, 1, 2, 0, 4, 0);
    check_box(&t->photo[3], 1, 5, 6, 7, 8, 1);
    fov_truth_free(t);
}

static void broken_text_is_told(void **state)
{
    (void)state;
    refused("", FOV_ERR_FORMAT, "holds no photo");
    refused("hello\n", FOV_ERR_FORMAT, "line 1: the name of a photo is expected");
    refused("1 2 3 4\n", FOV_ERR_FORMAT, "line 1: the name of a photo is expected");
    refused("a.jpg\n", FOV_ERR_FORMAT, "the number of faces of the photo");
    refused("a.jpg\nb.jpg\n", FOV_ERR_FORMAT, "line 2: the number of faces");
    refused("a.jpg\n-1\n", FOV_ERR_FORMAT, "line 2: the number of faces");
    refused("a.jpg\n1e9\n", FOV_ERR_FORMAT, "line 2: the number of faces");
    refused("a.jpg\nnan\n", FOV_ERR_FORMAT, "line 2: the number of faces");
    refused("a.jpg\n2\n1 2 3 4\n", FOV_ERR_FORMAT, "ends within the faces of 'a.jpg'");
    refused("a.jpg\n1\n1 2 3\n", FOV_ERR_FORMAT, "line 3: a face");
    refused("a.jpg\n1\n1 2 3 x\n", FOV_ERR_FORMAT, "line 3: a face");
    refused("a.jpg\n1\n1 2 3 4 5 6 7 8 9 10 11\n", FOV_ERR_FORMAT, "line 3: a face");
    refused("a.jpg\n1\n1 2 -3 4\n", FOV_ERR_FORMAT, "'a.jpg': box 0 is 1 2 -3 4");
}

/* Without libmatio that is what is said; every other test of this kind then ends here. */
static bool mat_can_be_read(const char *path)
{
    fov_truth *truth;
    fov_status status = fov_truth_load(path, &truth, &err);
    fov_truth_free(truth);
    if (status != FOV_ERR_UNSUPPORTED) return true;
    assert_non_null(strstr(err.message, "matio"));
    print_message("skipped: %s\n", err.message);
    return false;
}

static void mat_is_read(void **state)
{
    (void)state;
    const char *paths[] = {source_path("tests/fixtures/wider"), source_path("tests/fixtures/wider/wider_face_val.mat")};
    if (!mat_can_be_read(paths[0])) skip();
    for (int i = 0; i < 2; i++) {
        fov_truth *t;
        assert_ok(fov_truth_load(paths[i], &t, &err));
        assert_int_equal(fov_truth_count(t), 3);
        assert_int_equal(t->settings, 3);
        assert_string_equal(t->photo[0].file, "0--Parade/0_Parade_a.jpg");
        assert_string_equal(t->photo[1].file, "0--Parade/0_Parade_b.jpg");
        assert_string_equal(t->photo[2].file, "1--Handshaking/1_Handshaking_c.jpg");
        assert_int_equal(t->photo[0].count, 3);
        assert_int_equal(t->photo[1].count, 0);
        check_box(&t->photo[0], 0, 449, 330, 122, 149, 7);
        check_box(&t->photo[0], 1, 10, 12, 4.5, 5, 4);
        check_box(&t->photo[0], 2, 7, 8, 0, 0, 0);
        check_box(&t->photo[2], 0, 1, 2, 3, 4, 6);
        fov_truth_free(t);
    }
}

static void copy_fixture(const char *name, const char *as)
{
    char   from[128];
    size_t bytes;
    snprintf(from, sizeof from, "tests/fixtures/wider/%s", name);
    char *data = file_read(source_path(from), &bytes);
    written(as, data, bytes);
    free(data);
}

/* What comes out of a pipe comes once: looked at and then opened by its name, a file could be two. */
static void a_mat_is_read_once(void **state)
{
    (void)state;
    static const char *const beside[] = {"wider_easy_val.mat", "wider_medium_val.mat", "wider_hard_val.mat"};
    size_t                   bytes;
    fov_truth               *t;
    char                     pipe[512];
    if (!mat_can_be_read(source_path("tests/fixtures/wider"))) skip();
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) copy_fixture(beside[i], beside[i]);
    char *data = file_read(source_path("tests/fixtures/wider/wider_face_val.mat"), &bytes);
    snprintf(pipe, sizeof pipe, "%s/wider_face_val.mat", test_folder());
    assert_int_equal(remove(pipe), 0); /* of the tests before */
    assert_int_equal(mkfifo(pipe, 0600), 0);
    const pid_t writer = fork();
    if (!writer) {
        file_write(pipe, data, bytes);
        _exit(0);
    }
    assert_ok(fov_truth_load(pipe, &t, &err));
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    assert_int_equal(fov_truth_count(t), 3);
    fov_truth_free(t);
    free(data);
}

static void refused_mat(fov_status status, const char *words)
{
    char       path[512];
    fov_truth *truth;
    snprintf(path, sizeof path, "%s/wider_face_val.mat", test_folder());
    err.message[0] = '\0';
    assert_int_equal(fov_truth_load(path, &truth, &err), status);
    if (!strstr(err.message, words)) fail_msg("'%s' not in: %s", words, err.message);
}

static void broken_mat_is_told(void **state)
{
    (void)state;
    if (!mat_can_be_read(source_path("tests/fixtures/wider"))) skip();
    copy_fixture("wider_face_val.mat", "wider_face_val.mat");
    refused_mat(FOV_ERR_IO, "wider_easy_val.mat: cannot be read; WIDER FACE's evaluation tools");
    copy_fixture("wider_easy_val.mat", "wider_easy_val.mat");
    copy_fixture("wider_medium_val.mat", "wider_medium_val.mat");
    copy_fixture("wider_face_val.mat", "wider_hard_val.mat");
    refused_mat(FOV_ERR_FORMAT, "wider_hard_val.mat: has no variable 'gt_list'");
    copy_fixture("wider_hard_val.mat", "wider_face_val.mat");
    refused_mat(FOV_ERR_FORMAT, "wider_face_val.mat: has no variable 'event_list'");
    written("wider_face_val.mat", "MATLAB 7.3 MAT-file", 19);
    refused_mat(FOV_ERR_UNSUPPORTED, "another version");
}

/* As long as the file's fate is a message. */
static void truncated_mat_is_told(void **state)
{
    (void)state;
    size_t bytes;
    if (!mat_can_be_read(source_path("tests/fixtures/wider"))) skip();
    char *data = file_read(source_path("tests/fixtures/wider/wider_face_val.mat"), &bytes);
    for (size_t n = 20; n < bytes; n += 37) {
        fov_truth *truth;
        assert_int_not_equal(fov_truth_load(written("wider_face_val.mat", data, n), &truth, &err), FOV_OK);
        assert_null(truth);
    }
    free(data);
}

static void files_that_are_not_there_are_told(void **state)
{
    (void)state;
    fov_truth *truth;
    assert_int_equal(fov_truth_load("no/such.json", &truth, &err), FOV_ERR_IO);
    assert_non_null(strstr(err.message, "no/such.json"));
    assert_int_equal(fov_truth_load(test_folder(), &truth, &err), FOV_ERR_IO); /* a folder without wider_face_val.mat */
    assert_non_null(strstr(err.message, "wider_face_val.mat"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_are_not_there_are_told),
        cmocka_unit_test(json_is_read),
        cmocka_unit_test(broken_json_is_told),
        cmocka_unit_test(text_is_read),
        cmocka_unit_test(broken_text_is_told),
        cmocka_unit_test(mat_is_read),
        cmocka_unit_test(broken_mat_is_told),
        cmocka_unit_test(truncated_mat_is_told),
        cmocka_unit_test(a_mat_is_read_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
