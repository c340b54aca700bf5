// SPDX-License-Identifier: MIT
/* fovea eval, on photos with one face whose place the detector itself told. */
#include "pictures.h"
#include "program.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static fov_error err;

/* images/E/a.png and images/b.png have the face; the truth calls them E/a.png and F/b.png. */
static void make_photos(void)
{
    char       command[1024];
    fov_photo *photo = picture_of_face();
    snprintf(command, sizeof command, "mkdir -p '%s' '%s'", in_folder("images/E"), in_folder("out"));
    assert_int_equal(system(command), 0);
    picture_save(photo, in_folder("images/E/a.png"));
    picture_save(photo, in_folder("images/b.png"));
    fov_photo_free(photo);
}

static void write_truth(const char *path, double shift, const char *more)
{
    char    text[2048];
    program p = RUN("detect", "--json", "--size", "native", "images/b.png");
    json_t *found = parse_json(p.out), *faces = json_object_get(json_array_get(found, 0), "faces");
    double  box[4];
    assert_int_equal(json_array_size(faces), 1);
    for (size_t i = 0; i < 4; i++) box[i] = json_number_value(json_array_get(json_object_get(json_array_get(faces, 0), "box"), i));
    int n = 0;
    for (int i = 0; i < 2; i++)
        n += snprintf(
            text + n, sizeof text - (size_t)n,
            "%s{\"file\": \"%s\", \"width\": 512, \"height\": 400, \"boxes\": [[%f, %f, %f, %f]], \"easy\": [0], \"medium\": "
            "[0], \"hard\": [0]}",
            i ? ", " : "[", i ? "F/b.png" : "E/a.png", box[0] + shift, box[1], box[2] - box[0], box[3] - box[1]);
    n += snprintf(text + n, sizeof text - (size_t)n, "%s]", more);
    file_write(path, text, (size_t)n);
    json_decref(found);
    program_clear(&p);
}

static int set_up(void **state)
{
    (void)state;
    make_photos();
    write_truth(in_folder("truth.json"), 0, "");
    write_truth(in_folder("elsewhere.json"), 4000, "");
    write_truth(in_folder("more.json"), 0,
                ", {\"file\": \"G/gone.png\", \"boxes\": [[1, 2, 30, 40]], \"easy\": [0], \"medium\": [0], \"hard\": [0]}");
    write_truth(
        in_folder("size.json"), 0,
        ", {\"file\": \"b.png\", \"width\": 640, \"height\": 500, \"boxes\": [], \"easy\": [], \"medium\": [], \"hard\": []}");
    return 0;
}

static double ap_of(const json_t *root, size_t engine, const char *setting)
{
    const json_t *e = json_array_get(json_object_get(root, "engines"), engine);
    return json_number_value(json_object_get(json_object_get(e, "ap"), setting));
}

static void what_the_detector_found_is_found(void **state)
{
    (void)state;
    static const char *const settings[] = {"easy", "medium", "hard"};
    program                  p = RUN("eval", "--wider", "truth.json", "--json", "--score", "0.5", "images");
    program                  q = RUN("eval", "--wider", "elsewhere.json", "--json", "--score", "0.5", "images");
    check_code(&p, 0);
    check_code(&q, 0);
    json_t *right = parse_json(p.out), *wrong = parse_json(q.out);
    for (int i = 0; i < 3; i++) {
        assert_float_equal((float)ap_of(right, 0, settings[i]), 1.0F, 1e-6F);
        assert_float_equal((float)ap_of(wrong, 0, settings[i]), 0.0F, 1e-6F);
    }
    assert_int_equal(json_integer_value(json_object_get(right, "photos")), 2);
    assert_int_equal(json_integer_value(json_object_get(right, "missing")), 0);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(json_object_get(right, "settings"), 2), "faces")), 2);
    json_decref(right);
    json_decref(wrong);
    program_clear(&p);
    program_clear(&q);
}

static void engines_stand_side_by_side(void **state)
{
    (void)state;
    program p = RUN("eval", "--wider", "truth.json", "-m", "default", "-m", "default", "--precision", "fp32", "--precision", "fp16",
                    "images");
    check_code(&p, 0);
    check_contains(p.out, "2 photos; faces that count: easy 2, medium 2, hard 2");
    check_contains(p.out, "against the first");
    check_contains(p.out, "default fp32  ");
    check_contains(p.out, "default fp16  ");
    check_contains(p.out, "default fp32 (2)");
    check_contains(p.out, "+0.00 / +0.00 / +0.00");
    program_clear(&p);
}

static void missing_photos_are_named(void **state)
{
    (void)state;
    program p = RUN("eval", "--wider", "more.json", "images");
    check_code(&p, 1);
    check_contains(p.err, "images/G/gone.png: ");
    check_contains(p.err, "--skip-missing");
    assert_string_equal(p.out, "");
    program_clear(&p);
    p = RUN("eval", "--wider", "more.json", "--skip-missing", "--score", "0.5", "--json", "images");
    check_code(&p, 0);
    json_t *root = parse_json(p.out);
    assert_int_equal(json_integer_value(json_object_get(root, "photos")), 2);
    assert_int_equal(json_integer_value(json_object_get(root, "missing")), 1);
    assert_float_equal((float)ap_of(root, 0, "easy"), 1.0F, 1e-6F);
    json_decref(root);
    program_clear(&p);
    p = RUN("eval", "--wider", "more.json", "--skip-missing", "out");
    check_code(&p, 1);
    check_contains(p.err, "out: none of the ground truth's photos");
    program_clear(&p);
    p = RUN("eval", "--wider", "size.json", "images");
    check_code(&p, 1);
    check_contains(p.err, "images/b.png: is 512 x 400, but the ground truth's boxes are for 640 x 500");
    program_clear(&p);
}

static void curves_are_pictures(void **state)
{
    (void)state;
    fov_photo *photo;
    size_t     bytes;
    program    p = RUN("eval", "--wider", "truth.json", "--precision", "fp32", "--curves", "out/pr.svg", "images");
    check_code(&p, 0);
    program_clear(&p);
    p = RUN("eval", "--wider", "truth.json", "--precision", "fp32", "--curves", "out/pr.png", "images");
    check_code(&p, 0);
    program_clear(&p);
    char *svg = file_read(in_folder("out/pr.svg"), &bytes);
    check_contains(svg, "<svg ");
    check_contains(svg, ">default fp32</text>");
    check_contains(svg, ">medium</text>");
    check_contains(svg, "</svg>");
    free(svg);
    assert_ok(fov_photo_load(in_folder("out/pr.png"), NULL, &photo, &err));
    const fov_image image = fov_photo_image(photo);
    assert_true(image.width > 1000 && image.height > 600);
    fov_photo_free(photo);
}

static void detections_are_written_for_the_official_tools(void **state)
{
    (void)state;
    char    name[64];
    int     count;
    double  x, y, w, h, score;
    size_t  bytes;
    program p = RUN("eval", "--wider", "truth.json", "--score", "0.5", "--detections", "out/found", "images");
    check_code(&p, 0);
    program_clear(&p);
    char *text = file_read(in_folder("out/found/F/b.txt"), &bytes);
    assert_int_equal(sscanf(text, "%63s\n%d\n%lf %lf %lf %lf %lf", name, &count, &x, &y, &w, &h, &score), 7);
    assert_string_equal(name, "F/b");
    assert_int_equal(count, 1);
    assert_true(w > 20 && h > 20 && score > 0.5 && score <= 1);
    free(text);
    p = RUN("eval", "--wider", "truth.json", "--precision", "fp32", "--precision", "fp16", "--detections", "out/two", "images");
    check_code(&p, 0);
    program_clear(&p);
    assert_int_equal(access(in_folder("out/two/default fp16/E/a.txt"), R_OK), 0);
    assert_int_equal(access(in_folder("out/two/default fp32/E/a.txt"), R_OK), 0);
}

static void check_fails(program p, int code, const char *words)
{
    check_code(&p, code);
    check_contains(p.err, words);
    assert_string_equal(p.out, "");
    program_clear(&p);
}

static void misuse_is_told_with_a_remedy(void **state)
{
    (void)state;
    check_fails(RUN("eval"), 2, "fovea eval --wider ground_truth.json images");
    check_fails(RUN("eval", "images"), 2, "eval needs a ground truth");
    check_fails(RUN("eval", "--wider", "truth.json"), 2, "eval needs a ground truth");
    check_fails(RUN("eval", "--wider", "truth.json", "--curves", "a.jpg", "images"), 2, ".svg or .png");
    check_fails(RUN("eval", "--wider", "truth.json", "--precision", "fp7", "images"), 2, "--precision fp7: ");
    check_fails(RUN("eval", "--wider", "truth.json", "--score", "7", "images"), 2, "--score 7");
    check_fails(RUN("eval", "--wider", "nosuch.json", "images"), 1, "nosuch.json: ");
    check_fails(RUN("eval", "--wider", "truth.json", "-m", "nosuch.onnx", "images"), 3, "nosuch.onnx: ");
    check_fails(RUN("eval", "--wider", "truth.json", "--detections", "truth.json/x", "images"), 4, "truth.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_detector_found_is_found),
        cmocka_unit_test(engines_stand_side_by_side),
        cmocka_unit_test(missing_photos_are_named),
        cmocka_unit_test(curves_are_pictures),
        cmocka_unit_test(detections_are_written_for_the_official_tools),
        cmocka_unit_test(misuse_is_told_with_a_remedy),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
