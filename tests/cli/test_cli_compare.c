// SPDX-License-Identifier: MIT
/* fovea compare as users run it: words, JSON, the page, and photos and models that are not there. */
#include "pictures.h"
#include "program.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SMALL "--size", "long:320"

static int make_photos(void **state)
{
    (void)state;
    fov_photo *face = picture_of_face();
    assert_int_equal(mkdir(in_folder("photos"), 0777), 0);
    picture_save(face, in_folder("photos/a.png"));
    picture_save(face, in_folder("photos/<b>&\"'.png"));
    fov_photo_free(face);
    file_write(in_folder("photos/words.png"), "not a picture\n", 14);
    return 0;
}

static void misuse_is_told(void **state)
{
    (void)state;
    const struct {
        const char *args[10], *says;
        int         code;
    } cases[] = {
        {{"compare", "default", "default"}, "needs two models or engines, and photos", 2},
        {{"compare", "default", "default", "-"}, "standard input", 2},
        {{"compare", "--precision-a", "int3", "default", "default", "photos"}, "--precision-a: ", 2},
        {{"compare", "default", "nosuch.onnx", "photos"}, "nosuch.onnx: ", 3},
        {{"compare", "default", "default", "photos/words.png"}, "words.png", 1},
        {{"compare", SMALL, "--html", "no/such/a.html", "default", "default", "photos/a.png"}, "no/such/a.html: ", 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        program p = program_run(NULL, 0, cases[i].args);
        check_code(&p, cases[i].code);
        check_contains(p.err, cases[i].says);
        program_clear(&p);
    }
}

static void a_model_against_itself(void **state)
{
    (void)state;
    program p = RUN("compare", SMALL, "--json", "default", "default", "photos/a.png");
    json_t *json = parse_json(p.out), *agreement = json_object_get(json, "agreement");
    check_code(&p, 0);
    assert_true(json_number_value(json_object_get(agreement, "loss")) == 0);
    assert_int_equal(json_integer_value(json_object_get(json, "photos")), 1);
    assert_string_equal(json_string_value(json_object_get(json_object_get(json, "a"), "precision")), "fp32");
    assert_true(json_array_size(json_object_get(json, "layers")) > 40);
    json_decref(json);
    program_clear(&p);
}

/* One photo of three is no photo: it is said, counted, and the exit status tells. */
static void words_for_people(void **state)
{
    (void)state;
    program p = RUN("compare", SMALL, "default", "default", "photos");
    check_code(&p, 1);
    check_contains(p.err, "photos/words.png: ");
    check_contains(p.out, "A         default, fp32\nB         default, fp32\n");
    check_contains(p.out, "B finds all 2 faces of A and no other, and loses nothing");
    check_contains(p.out, "photos    2, and 1 that could not be compared\n");
    check_contains(p.out, "scores at stride 8 ");
    check_contains(p.out, "; the worst:\n");
    program_clear(&p);
    p = RUN("compare", SMALL, "--no-layers", "default", "default", "photos/a.png");
    check_code(&p, 0);
    assert_null(strstr(p.out, "have the same name in both"));
    program_clear(&p);
}

/* The same weights with another slope: another network, with the same names. */
static void other_weights_differ(void **state)
{
    (void)state;
    program convert = RUN("convert", "--leaky", "0.3", "default", "slope.safetensors");
    check_code(&convert, 0);
    program_clear(&convert);
    program p = RUN("compare", SMALL, "--json", "--html", "report.html", "default", "slope.safetensors", "photos/a.png",
                    "photos/<b>&\"'.png");
    json_t *json = parse_json(p.out), *head = json_array_get(json_object_get(json, "heads"), 0);
    size_t  bytes;
    check_code(&p, 0);
    assert_true(json_number_value(json_object_get(head, "snr_db")) < 40);
    assert_true(json_array_size(json_object_get(json, "worst")) > 0);
    char *html = file_read(in_folder("report.html"), &bytes);
    check_contains(html, "slope.safetensors");
    check_contains(html, "photos/&lt;b&gt;&amp;&quot;&#39;.png");
    check_contains(html, "</html>");
    free(html);
    json_decref(json);
    program_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misuse_is_told),
        cmocka_unit_test(a_model_against_itself),
        cmocka_unit_test(words_for_people),
        cmocka_unit_test(other_weights_differ),
    };
    return cmocka_run_group_tests(tests, make_photos, NULL);
}
