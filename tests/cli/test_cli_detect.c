// SPDX-License-Identifier: MIT
/* fovea detect as users run it: what it prints in each format, what it does with a folder of trouble, what it writes. */
#include "pictures.h"
#include "program.h"

#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SMALL "--size", "long:320" /* fast, and the one face is found */

static void make_folder(const char *relative)
{
    assert_int_equal(mkdir(in_folder(relative), 0777), 0);
}

static int make_pictures(void **state)
{
    (void)state;
    fov_photo *face = picture_of_face();
    make_folder("mixed");
    make_folder("tree");
    make_folder("tree/below");
    picture_save(face, in_folder("face.png"));
    picture_save(face, in_folder("tree/face.png"));
    picture_save(face, in_folder("tree/below/face.png"));
    picture_save(face, in_folder("mixed/face.jpg"));
    picture_save_cmyk(face, in_folder("mixed/cmyk.jpg"));
    picture_save_turned(face, in_folder("mixed/turned.jpg"));
    picture_save_blank(1, 1, in_folder("mixed/one.png"));
    picture_save_blank(20000, 10, in_folder("mixed/wide.png"));
    file_truncate(in_folder("mixed/face.jpg"), in_folder("mixed/cut.jpg"), 0.8);
    file_write(in_folder("mixed/empty.jpg"), "", 0);
    file_write(in_folder("mixed/words.png"), "not a picture\n", 14);
    file_write(in_folder("mixed/notes.txt"), "not a picture\n", 14);
    fov_photo_free(face);
    return 0;
}

static const char *file_of(const json_t *record)
{
    return json_string_value(json_object_get(record, "file"));
}

static json_t *record_of(const json_t *records, const char *file)
{
    size_t  i;
    json_t *record;
    json_array_foreach(records, i, record) if (!strcmp(file_of(record), file)) return record;
    fail_msg("no record of %s", file);
    return NULL;
}

static double number_at(const json_t *array, size_t i)
{
    const json_t *number = json_array_get(array, i);
    assert_true(json_is_number(number));
    return json_number_value(number);
}

/* The bundled photo's face, whose eyes lie near (204, 103) and (245, 104). */
static void check_is_the_face(const json_t *record, double tolerance)
{
    const json_t *faces = json_object_get(record, "faces"), *face = json_array_get(faces, 0);
    const json_t *box = json_object_get(face, "box"), *points = json_object_get(face, "landmarks");
    const double  eyes[2][2] = {{204, 103}, {245, 104}};
    assert_int_equal(json_integer_value(json_object_get(record, "width")), 512);
    assert_int_equal(json_integer_value(json_object_get(record, "height")), 400);
    assert_int_equal(json_array_size(faces), 1);
    assert_int_equal(json_array_size(box), 4);
    assert_int_equal(json_array_size(points), 5);
    for (size_t i = 0; i < 2; i++)
        for (size_t c = 0; c < 2; c++) {
            double at = number_at(json_array_get(points, i), c);
            if (!(fabs(at - eyes[i][c]) < tolerance)) fail_msg("%s: eye %zu at %g, not %g", file_of(record), i, at, eyes[i][c]);
        }
    assert_true(number_at(box, 0) < 204 && number_at(box, 2) > 245 && number_at(box, 1) < 103 && number_at(box, 3) > 140);
}

static void words_for_people(void **state)
{
    (void)state;
    program p = RUN("detect", SMALL, "face.png");
    check_code(&p, 0);
    check_contains(p.out, "face.png  512 x 400  1 face\n");
    check_contains(p.out, "  box ");
    check_contains(p.out, "  eyes ");
    assert_string_equal(p.err, "");
    program_clear(&p);
}

static void tiles_find_the_face(void **state)
{
    (void)state;
    program p = RUN("detect", "--json", "--size", "tiles:256", "--tile-overlap", "128", "face.png");
    json_t *records = parse_json(p.out);
    check_code(&p, 0);
    check_is_the_face(json_array_get(records, 0), 8);
    json_decref(records);
    program_clear(&p);
    p = RUN("detect", "--size", "tiles:63", "face.png");
    check_code(&p, 2);
    check_contains(p.err, "tiles from 64 to 8192");
    program_clear(&p);
    p = RUN("detect", "--tile-scale", "2", "face.png");
    check_code(&p, 2);
    check_contains(p.err, "--tile-scale: goes with --size tiles:N");
    program_clear(&p);
}

static void json_has_exactly_the_promised_keys(void **state)
{
    (void)state;
    program       p = RUN("detect", SMALL, "--json", "face.png", "mixed/empty.jpg");
    json_t       *records = parse_json(p.out);
    const json_t *good = json_array_get(records, 0), *bad = json_array_get(records, 1);
    const json_t *face = json_array_get(json_object_get(good, "faces"), 0);
    check_code(&p, 1);
    assert_int_equal(json_array_size(records), 2);
    assert_int_equal(json_object_size(good), 4);
    assert_int_equal(json_object_size(face), 3);
    assert_string_equal(file_of(good), "face.png");
    check_is_the_face(good, 8);
    assert_int_equal(json_object_size(bad), 2);
    assert_string_equal(file_of(bad), "mixed/empty.jpg");
    check_contains(json_string_value(json_object_get(bad, "error")), "mixed/empty.jpg");
    json_decref(records);
    program_clear(&p);
}

static void ndjson_lines_are_the_elements_of_json(void **state)
{
    (void)state;
    program p = RUN("detect", SMALL, "--json", "face.png", "mixed/empty.jpg", "tree/face.png");
    program q = RUN("detect", SMALL, "--ndjson", "face.png", "mixed/empty.jpg", "tree/face.png");
    json_t *records = parse_json(p.out);
    size_t  n = 0;
    for (char *rest = q.out, *line; (line = strsep(&rest, "\n")) && *line; n++) {
        json_t *record = parse_json(line);
        assert_true(json_equal(record, json_array_get(records, n)));
        json_decref(record);
    }
    assert_int_equal(n, 3);
    json_decref(records);
    program_clear(&p);
    program_clear(&q);
}

static void csv_has_a_row_a_face(void **state)
{
    (void)state;
    assert_int_equal(symlink("face.png", in_folder("a,\"b\".png")), 0);
    program p = RUN("detect", SMALL, "--csv", "face.png", "mixed/one.png", "a,\"b\".png");
    check_code(&p, 0);
    char *rest = p.out, *header = strsep(&rest, "\n"), *first = strsep(&rest, "\n"), *second = strsep(&rest, "\n");
    int   commas[2] = {0};
    check_contains(header, "file,width,height,face,score,x1,y1,x2,y2,left_eye_x");
    assert_non_null(second);
    assert_memory_equal(first, "face.png,512,400,1,0.", 21);
    assert_memory_equal(second, "\"a,\"\"b\"\".png\",512,400,1,0.", 26);
    assert_string_equal(rest, "");
    for (const char *c = header; *c; c++) commas[0] += *c == ',';
    for (const char *c = first; *c; c++) commas[1] += *c == ',';
    assert_int_equal(commas[0], commas[1]);
    program_clear(&p);
}

/* Spreadsheets run what begins so, in quotes or not. */
static void csv_has_no_formulas(void **state)
{
    (void)state;
    static const char *const names[] = {"=1+1.png", "+1.png", "@a.png", "=\"a\",b.png"};
    static const char *const fields[] = {"./=1+1.png,512,400,1,", "./+1.png,512,400,1,", "./@a.png,512,400,1,",
                                         "\"./=\"\"a\"\",b.png\",512,400,1,"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(symlink("face.png", in_folder(names[i])), 0);
        file_write(in_folder("formulas"), names[i], strlen(names[i]));
        program p = RUN("detect", SMALL, "--csv", "@formulas");
        check_code(&p, 0);
        check_contains(p.out, fields[i]);
        program_clear(&p);
    }
}

static void file_names_may_be_any_bytes(void **state)
{
    (void)state;
    assert_int_equal(symlink("face.png", in_folder("\xff\xc3\xa9\n.png")), 0);
    program p = RUN("detect", SMALL, "--json", "\xff\xc3\xa9\n.png");
    json_t *records = parse_json(p.out);
    check_code(&p, 0);
    assert_string_equal(file_of(json_array_get(records, 0)), "\xef\xbf\xbd\xc3\xa9\n.png");
    json_decref(records);
    program_clear(&p);
    p = RUN("detect", SMALL, "\xff\xc3\xa9\n.png");
    check_contains(p.out, "\xc3\xa9?.png  512 x 400"); /* no control characters to a terminal */
    program_clear(&p);
}

/* U+009B, which terminals take for ESC [ */
static void no_terminal_is_told_what_to_do(void **state)
{
    (void)state;
    assert_int_equal(symlink("face.png", in_folder("\xc2\x9bK\xc2\xa0.png")), 0);
    program p = RUN("detect", SMALL, "\xc2\x9bK\xc2\xa0.png");
    check_contains(p.out, "?K\xc2\xa0.png  512 x 400");
    program_clear(&p);
    p = RUN("detect", SMALL, "--json", "\xc2\x9bK\xc2\xa0.png");
    check_contains(p.out, "\"\\u009bK\xc2\xa0.png\"");
    program_clear(&p);
    p = RUN("detect", SMALL, "\xc2\x9bK\xff\xe2\x82\xac.png");
    check_contains(p.err, "?K?\xe2\x82\xac.png");
    program_clear(&p);
}

static void check_refused(const json_t *records, const char *file)
{
    const char *error = json_string_value(json_object_get(record_of(records, file), "error"));
    assert_non_null(error);
    check_contains(error, file);
    check_contains(error, "not a JPEG, PNG or WebP");
}

static void check_size(const json_t *record, int width, int height)
{
    assert_int_equal(json_integer_value(json_object_get(record, "width")), width);
    assert_int_equal(json_integer_value(json_object_get(record, "height")), height);
}

static void one_bad_file_does_not_stop_the_rest(void **state)
{
    (void)state;
    static const char *const order[] = {"cmyk.jpg", "cut.jpg",    "empty.jpg", "face.jpg",
                                        "one.png",  "turned.jpg", "wide.png",  "words.png"};
    program                  p = RUN("detect", SMALL, "--json", "mixed");
    json_t                  *records = parse_json(p.out);
    check_code(&p, 1);
    assert_int_equal(json_array_size(records), sizeof order / sizeof *order);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        char file[64];
        snprintf(file, sizeof file, "mixed/%s", order[i]);
        assert_string_equal(file_of(json_array_get(records, i)), file);
    }
    check_is_the_face(record_of(records, "mixed/face.jpg"), 8);
    check_is_the_face(record_of(records, "mixed/cmyk.jpg"), 8);
    check_is_the_face(record_of(records, "mixed/turned.jpg"), 8);
    check_is_the_face(record_of(records, "mixed/cut.jpg"), 8);
    check_size(record_of(records, "mixed/one.png"), 1, 1);
    check_size(record_of(records, "mixed/wide.png"), 20000, 10);
    check_refused(records, "mixed/empty.jpg");
    check_refused(records, "mixed/words.png");
    check_contains(p.err, "warning: mixed/cut.jpg: ");
    check_contains(p.err, "6 photos, 4 faces, 2 failed");
    assert_null(strstr(p.err, "notes.txt"));
    json_decref(records);
    program_clear(&p);
}

static void strict_refuses_truncated_photos(void **state)
{
    (void)state;
    program p = RUN("detect", SMALL, "--strict", "mixed/cut.jpg");
    check_code(&p, 1);
    check_contains(p.err, "mixed/cut.jpg: ");
    assert_string_equal(p.out, "");
    program_clear(&p);
}

static void pixels_are_limited_before_decoding(void **state)
{
    (void)state;
    program p = RUN("detect", SMALL, "--max-pixels", "199999", "mixed/wide.png");
    check_code(&p, 1);
    check_contains(p.err, "mixed/wide.png: ");
    check_contains(p.err, "199999");
    program_clear(&p);
}

static void reads_a_photo_from_standard_input(void **state)
{
    (void)state;
    size_t      bytes;
    char       *photo = file_read(in_folder("face.png"), &bytes);
    const char *args[] = {"detect", SMALL, "--ndjson", "-", NULL};
    program     p = program_run(photo, bytes, args);
    json_t     *record = parse_json(p.out);
    check_code(&p, 0);
    assert_string_equal(file_of(record), "-");
    check_is_the_face(record, 8);
    json_decref(record);
    program_clear(&p);
    free(photo);
}

static void check_files(const program *p, const char *const *expected)
{
    json_t *records = parse_json(p->out);
    size_t  n = 0;
    check_code(p, 0);
    for (; expected[n]; n++) assert_string_equal(file_of(json_array_get(records, n)), expected[n]);
    assert_int_equal(json_array_size(records), n);
    json_decref(records);
}

static void takes_patterns_and_lists(void **state)
{
    (void)state;
    static const char        list[] = "tree/*.png\r\n\nface.png\n";
    static const char *const expected[] = {"tree/face.png", "face.png", NULL};
    static const char *const by_pattern[] = {"tree/below/face.png", NULL};
    const char              *from_input[] = {"detect", SMALL, "--json", "@-", NULL};
    file_write(in_folder("list.txt"), list, sizeof list - 1);

    program p = RUN("detect", SMALL, "--json", "@list.txt");
    check_files(&p, expected);
    program_clear(&p);
    p = RUN("detect", SMALL, "--json", "--list", "list.txt");
    check_files(&p, expected);
    program_clear(&p);
    p = program_run(list, sizeof list - 1, from_input);
    check_files(&p, expected);
    program_clear(&p);
    p = RUN("detect", SMALL, "--json", "tree/*/f?ce.png");
    check_files(&p, by_pattern);
    program_clear(&p);
}

static void missing_inputs_are_failures(void **state)
{
    (void)state;
    make_folder("nothing");
    program p = RUN("detect", SMALL, "--json", "nosuch.jpg", "nosuch*.jpg", "nothing", "@nolist", "face.png", "");
    json_t *records = parse_json(p.out);
    check_code(&p, 1);
    assert_int_equal(json_array_size(records), 6);
    check_contains(p.err, "nosuch.jpg: cannot open");
    check_contains(p.err, "nosuch*.jpg: no file matches");
    check_contains(p.err, "nothing: no pictures");
    check_contains(p.err, "nolist: cannot read the list");
    check_contains(p.err, "an empty name");
    check_is_the_face(json_array_get(records, 4), 8);
    json_decref(records);
    program_clear(&p);
}

static void folders_survive_loops_and_links(void **state)
{
    (void)state;
    static const char *const expected[] = {"tree/below/face.png", "tree/face.png", NULL};
    assert_int_equal(symlink("..", in_folder("tree/below/loop")), 0);
    assert_int_equal(symlink("/dev/zero", in_folder("tree/zero.png")), 0);
    assert_int_equal(mkfifo(in_folder("tree/pipe.png"), 0600), 0);
    assert_int_equal(symlink("face.png", in_folder("tree/.hidden.png")), 0);
    program p = RUN("detect", SMALL, "--json", "tree/");
    check_files(&p, expected);
    program_clear(&p);

    assert_int_equal(symlink("gone", in_folder("tree/dangling.png")), 0);
    p = RUN("detect", SMALL, "--json", "tree");
    check_code(&p, 1);
    check_contains(p.err, "tree/dangling.png: cannot open: No such file or directory");
    program_clear(&p);
    unlink(in_folder("tree/dangling.png"));
}

static void check_picture(const char *relative, int width, int height)
{
    fov_error  err = {0};
    fov_photo *photo;
    assert_ok(fov_photo_load(in_folder(relative), NULL, &photo, &err));
    fov_image image = fov_photo_image(photo);
    assert_int_equal(image.width, width);
    assert_int_equal(image.height, height);
    fov_photo_free(photo);
}

static void draws_and_crops_keep_the_folders(void **state)
{
    (void)state;
    program p = RUN("detect", SMALL, "--draw", "out/drawn", "--crop", "out/faces", "tree", "mixed/turned.jpg");
    check_code(&p, 0);
    check_picture("out/drawn/face.png", 512, 400);
    check_picture("out/drawn/below/face.png", 512, 400);
    check_picture("out/drawn/turned.jpg", 512, 400);
    check_picture("out/faces/face_1.png", 112, 112);
    check_picture("out/faces/below/face_1.png", 112, 112);
    check_picture("out/faces/turned_1.jpg", 112, 112);
    program_clear(&p);
}

static void equal_names_keep_their_paths(void **state)
{
    (void)state;
    program p = RUN("detect", SMALL, "--crop-size", "64", "--crop", "same", "face.png", "tree/face.png", "../../dev/null",
                    "tree/below/face.png");
    check_code(&p, 1);
    check_picture("same/face_1.png", 64, 64);
    check_picture("same/tree/face_1.png", 64, 64);
    check_picture("same/tree/below/face_1.png", 64, 64);
    program_clear(&p);
}

static void a_photo_named_twice_is_drawn_once(void **state)
{
    (void)state;
    program p = RUN("detect", SMALL, "--draw", "twice", "tree", "tree/face.png", "tree/face.png");
    check_code(&p, 0);
    check_contains(p.err, "4 photos, 4 faces, 0 failed");
    check_picture("twice/face.png", 512, 400);
    check_picture("twice/below/face.png", 512, 400);
    program_clear(&p);
}

static void drawing_changes_the_picture_only_where_faces_are(void **state)
{
    (void)state;
    fov_error  err = {0};
    fov_photo *before, *after;
    program    p = RUN("detect", SMALL, "--draw", "marked", "face.png");
    check_code(&p, 0);
    assert_ok(fov_photo_load(in_folder("face.png"), NULL, &before, &err));
    assert_ok(fov_photo_load(in_folder("marked/face.png"), NULL, &after, &err));
    size_t   inside = 0, outside = 0;
    uint8_t *a = fov_photo_pixels(before), *b = fov_photo_pixels(after);
    for (int y = 0; y < 400; y++)
        for (int x = 0; x < 512; x++, a += 3, b += 3) *(x > 150 && x < 330 && y < 210 ? &inside : &outside) += memcmp(a, b, 3) != 0;
    assert_true(inside > 100);
    assert_int_equal(outside, 0);
    fov_photo_free(before);
    fov_photo_free(after);
    program_clear(&p);
}

static void photos_are_never_replaced(void **state)
{
    (void)state;
    size_t  before_bytes, after_bytes;
    char   *before = file_read(in_folder("tree/face.png"), &before_bytes);
    program p = RUN("detect", SMALL, "--draw", "tree", "tree/face.png");
    char   *after = file_read(in_folder("tree/face.png"), &after_bytes);
    check_code(&p, 4);
    check_contains(p.err, "tree/face.png: not replaced");
    assert_int_equal(before_bytes, after_bytes);
    assert_memory_equal(before, after, before_bytes);
    free(before);
    free(after);
    program_clear(&p);
}

static void output_folders_that_cannot_be_made_are_told_first(void **state)
{
    (void)state;
    program p = RUN("detect", SMALL, "--draw", "face.png/x", "face.png");
    check_code(&p, 4);
    check_contains(p.err, "face.png: cannot make this folder");
    assert_string_equal(p.out, "");
    program_clear(&p);
}

static void thresholds_and_limits_are_obeyed(void **state)
{
    (void)state;
    program p = RUN("detect", SMALL, "--score", "1", "face.png");
    check_code(&p, 0);
    check_contains(p.out, " 0 faces\n");
    program_clear(&p);
    p = RUN("detect", SMALL, "--score", "0", "--nms", "1", "--max-faces", "7", "face.png");
    check_contains(p.out, " 7 faces\n");
    program_clear(&p);
    p = RUN("detect", SMALL, "--score", "0", "--nms", "1", "--top-k", "3", "face.png");
    check_contains(p.out, " 3 faces\n");
    program_clear(&p);
}

static void every_way_to_size_finds_the_face(void **state)
{
    (void)state;
    static const char *const ways[][6] = {{"--size", "native"},
                                          {"--size", "long:256"},
                                          {"--size", "320x320"},
                                          {"--size", "320x320", "--place", "top-left", "--fill", "mean"},
                                          {"--size", "480x256", "--fill", "0,255,0"}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const char *args[16] = {"detect", "--ndjson", "face.png"};
        for (size_t k = 0; k < 6 && ways[i][k]; k++) args[3 + k] = ways[i][k];
        program p = program_run(NULL, 0, args);
        check_code(&p, 0);
        json_t *record = parse_json(p.out);
        check_is_the_face(record, 10);
        json_decref(record);
        program_clear(&p);
    }
}

static void threads_and_repetition_change_nothing(void **state)
{
    (void)state;
    program p = RUN("detect", SMALL, "--json", "--threads", "1", "face.png", "mixed/face.jpg");
    program q = RUN("detect", SMALL, "--json", "--threads", "2", "face.png", "mixed/face.jpg");
    check_code(&p, 0);
    check_code(&q, 0);
    assert_string_equal(p.out, q.out);
    program_clear(&p);
    program_clear(&q);
}

static void bad_options_are_usage_errors(void **state)
{
    (void)state;
    static const char *const cases[][3] = {{"--size", "12", "WxH"},           {"--size", "0x9", "WxH"},
                                           {"--size", "long:0", "long:N"},    {"--size", "long:99999999", "long:N"},
                                           {"--place", "left", "top-left"},   {"--fill", "1,2", "R,G,B"},
                                           {"--fill", "0,0,256", "255"},      {"--score", "2", "from 0 to 1"},
                                           {"--score", "nan", "from 0 to 1"}, {"--nms", "x", "--nms x"},
                                           {"--top-k", "0", "whole"},         {"--max-faces", "1.5", "whole"},
                                           {"--threads", "-1", "whole"},      {"--cpu", "", "no instruction set"},
                                           {"--crop-size", "0", "whole"},     {"--max-pixels", "0", "number"},
                                           {"--cpu", "mmx", "mmx"},           {"--jsom", "", "--json"},
                                           {"--json", "--csv", "exclude"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        program p = RUN("detect", cases[i][0], cases[i][1], "face.png");
        check_code(&p, 2);
        check_contains(p.err, cases[i][2]);
        assert_string_equal(p.out, "");
        program_clear(&p);
    }
    program p = RUN("detect");
    check_code(&p, 2);
    check_contains(p.err, "no photos");
    program_clear(&p);
    p = RUN("detect", "face.png", "--model");
    check_code(&p, 2);
    check_contains(p.err, "--model: missing argument");
    program_clear(&p);
}

static void models_that_cannot_be_had_stop_it_before_any_output(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"-mnosuch.pth", "nosuch.pth"}, {"-mface.png", "face.png"},
                                           {"--set=colour=bgr", "colour"}, {"--leaky=x", "leaky"},
                                           {"--anchors=1/2", "anchors"},   {"--backend=abacus", "abacus"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        program p = RUN("detect", "--json", cases[i][0], "face.png");
        check_code(&p, 3);
        check_contains(p.err, cases[i][1]);
        assert_string_equal(p.out, "");
        program_clear(&p);
    }
}

static void settings_reach_the_network(void **state)
{
    (void)state;
    program p = RUN("detect", SMALL, "--json", "face.png"), q = RUN("detect", SMALL, "--json", "--leaky", "0.3", "face.png");
    program r = RUN("detect", SMALL, "--json", "--set", "leaky=0.3", "face.png");
    assert_string_not_equal(p.out, q.out);
    assert_string_equal(q.out, r.out);
    program_clear(&p);
    program_clear(&q);
    program_clear(&r);
}

static int code_with_output_to(int out, char **said)
{
    const char *args[] = {"detect", SMALL, "--json", "face.png", "face.png", NULL};
    int         fd[3] = {open("/dev/null", O_RDONLY | O_CLOEXEC), out,
                         open(in_folder("said"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    size_t      bytes;
    int         code = program_wait(program_start(fd, args));
    close(fd[0]);
    close(fd[2]);
    *said = file_read(in_folder("said"), &bytes);
    (*said)[bytes] = '\0';
    return code;
}

static void full_disks_and_closed_pipes_are_noticed(void **state)
{
    (void)state;
    char *said;
    int   full = open("/dev/full", O_WRONLY | O_CLOEXEC), ends[2];
    assert_int_equal(code_with_output_to(full, &said), 4);
    check_contains(said, "standard output: cannot write: No space left on device");
    free(said);
    close(full);

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    assert_int_equal(code_with_output_to(ends[1], &said), 4);
    assert_string_equal(said, ""); /* the reader has enough: nothing to complain about */
    free(said);
    close(ends[1]);
}

static void interrupt(const char *mode)
{
    const char *args[] = {"detect", SMALL, "--json", "-q", "--threads", "2", "--mode", mode, "--list", "many.txt", NULL};
    char       *text = calloc(1 << 20, 1);
    int         ends[2];
    FILE       *list = fopen(in_folder("many.txt"), "w");
    assert_non_null(text);
    assert_non_null(list);
    for (int i = 0; i < 5000; i++) fputs("face.png\n", list);
    fclose(list);

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    int     fd[3] = {open("/dev/null", O_RDONLY | O_CLOEXEC), ends[1], STDERR_FILENO};
    pid_t   pid = program_start(fd, args);
    ssize_t got, size = 0;
    bool    sent = false;
    close(ends[1]);
    while ((got = read(ends[0], text + size, (1 << 20) - 1 - (size_t)size)) > 0) {
        size += got;
        if (!sent && strstr(text, "}]}")) sent = !kill(pid, SIGINT); /* after the first photo */
    }
    close(ends[0]);
    close(fd[0]);
    assert_int_equal(program_wait(pid), 128 + SIGINT);
    json_t *records = parse_json(text);
    assert_in_range(json_array_size(records), 1, 4999);
    check_is_the_face(json_array_get(records, 0), 8);
    json_decref(records);
    free(text);
}

static void an_interrupt_leaves_valid_json(void **state)
{
    (void)state;
    interrupt("latency");
    interrupt("throughput");
}

static void modes_print_the_same(void **state)
{
    (void)state;
    program a = RUN("detect", SMALL, "--json", "--threads", "2", "--mode", "latency", "mixed", "tree", "nosuch.jpg");
    program b = RUN("detect", SMALL, "--json", "--threads", "2", "--mode", "throughput", "mixed", "tree", "nosuch.jpg");
    check_code(&a, 1);
    check_code(&b, 1);
    assert_string_equal(a.out, b.out);
    check_contains(a.out, "nosuch.jpg");
    check_contains(a.out, "tree/below/face.png");
    program_clear(&a);
    program_clear(&b);
    a = RUN("detect", "--mode", "fast", "face.png");
    check_code(&a, 2);
    check_contains(a.err, "expected throughput or latency");
    program_clear(&a);
}

/* The JPEG is three times as large as the network's input. */
static void jpegs_are_decoded_no_larger_than_needed(void **state)
{
    (void)state;
    program p[4] = {
        RUN("detect", "--json", "--size", "160x160", "mixed/face.jpg", "mixed/turned.jpg"),
        RUN("detect", "--json", "--size", "160x160", "--mode", "throughput", "mixed/face.jpg", "mixed/turned.jpg"),
        RUN("detect", "--json", "--size", "160x160", "--full-decode", "mixed/face.jpg", "mixed/turned.jpg"),
        RUN("detect", "--json", "--size", "160x160", "--crop", "smaller", "mixed/face.jpg", "mixed/turned.jpg"),
    };
    for (int i = 0; i < 4; i++) {
        json_t *records = parse_json(p[i].out);
        check_code(&p[i], 0);
        for (size_t k = 0; k < 2; k++) check_is_the_face(json_array_get(records, k), 8);
        json_decref(records);
    }
    assert_string_equal(p[0].out, p[1].out);
    assert_string_not_equal(p[0].out, p[2].out);
    assert_string_equal(p[2].out, p[3].out);
    for (int i = 0; i < 4; i++) program_clear(&p[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_for_people),
        cmocka_unit_test(tiles_find_the_face),
        cmocka_unit_test(json_has_exactly_the_promised_keys),
        cmocka_unit_test(ndjson_lines_are_the_elements_of_json),
        cmocka_unit_test(csv_has_a_row_a_face),
        cmocka_unit_test(csv_has_no_formulas),
        cmocka_unit_test(file_names_may_be_any_bytes),
        cmocka_unit_test(no_terminal_is_told_what_to_do),
        cmocka_unit_test(one_bad_file_does_not_stop_the_rest),
        cmocka_unit_test(strict_refuses_truncated_photos),
        cmocka_unit_test(pixels_are_limited_before_decoding),
        cmocka_unit_test(reads_a_photo_from_standard_input),
        cmocka_unit_test(takes_patterns_and_lists),
        cmocka_unit_test(missing_inputs_are_failures),
        cmocka_unit_test(folders_survive_loops_and_links),
        cmocka_unit_test(draws_and_crops_keep_the_folders),
        cmocka_unit_test(equal_names_keep_their_paths),
        cmocka_unit_test(a_photo_named_twice_is_drawn_once),
        cmocka_unit_test(drawing_changes_the_picture_only_where_faces_are),
        cmocka_unit_test(photos_are_never_replaced),
        cmocka_unit_test(output_folders_that_cannot_be_made_are_told_first),
        cmocka_unit_test(thresholds_and_limits_are_obeyed),
        cmocka_unit_test(every_way_to_size_finds_the_face),
        cmocka_unit_test(threads_and_repetition_change_nothing),
        cmocka_unit_test(bad_options_are_usage_errors),
        cmocka_unit_test(models_that_cannot_be_had_stop_it_before_any_output),
        cmocka_unit_test(settings_reach_the_network),
        cmocka_unit_test(full_disks_and_closed_pipes_are_noticed),
        cmocka_unit_test(an_interrupt_leaves_valid_json),
        cmocka_unit_test(modes_print_the_same),
        cmocka_unit_test(jpegs_are_decoded_no_larger_than_needed),
    };
    return cmocka_run_group_tests_name("cli_detect", tests, make_pictures, NULL);
}
