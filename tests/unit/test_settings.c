// SPDX-License-Identifier: MIT
/* Settings: defaults, text in and out, and what is refused with which words. */
#include "support.h"

#include "models/settings.h"

#include <locale.h>
#include <string.h>

static fov_error err;

static fov_settings parsed(const char *text)
{
    fov_settings s = fov_settings_default();
    assert_ok(fov_settings_parse(&s, text, "test", &err));
    return s;
}

/* Refused, with all of the words in the message, and nothing changed. */
static void refused(const char *text, const char *word)
{
    const fov_settings before = fov_settings_default();
    fov_settings       s = before;
    err.message[0] = '\0';
    assert_int_equal(fov_settings_parse(&s, text, "m.settings", &err), FOV_ERR_FORMAT);
    if (!strstr(err.message, word) || !strstr(err.message, "m.settings")) fail_msg("'%s' not in: %s", word, err.message);
    assert_true(fov_settings_equal(&s, &before));
}

static void defaults_are_the_published_ones(void **state)
{
    (void)state;
    const fov_settings s = fov_settings_default();
    assert_int_equal(s.n_level, 3);
    assert_float_equal(s.leaky, 0.1F, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(s.level[i].stride, 8 << i);
        assert_int_equal(s.level[i].n_anchor, 2);
        assert_float_equal(s.level[i].side[0], (float)(16 << 2 * i), 0);
        assert_float_equal(s.level[i].side[1], (float)(32 << 2 * i), 0);
    }
    assert_float_equal(s.mean[1], 117, 0);
    assert_true(s.bgr);
}

static void every_key_is_read(void **state)
{
    (void)state;
    const fov_settings s = parsed("leaky = 0\r\n"
                                  "# a comment\n\n"
                                  "strides=8,16,32,64 # before anchors\n"
                                  "anchors = 10,16,24 / 32,48/64,96 /128, 192 ,256\n"
                                  "variances = 0.25,5e-1\n\tmean = 127.5,-1,+2.5E1\nscale = 0.0078125,1,2\ncolor = rgb");
    assert_float_equal(s.leaky, 0, 0);
    assert_int_equal(s.n_level, 4);
    assert_int_equal(s.level[0].n_anchor, 3);
    assert_int_equal(s.level[3].n_anchor, 3);
    assert_int_equal(s.level[3].stride, 64);
    assert_float_equal(s.level[3].side[1], 192, 0);
    assert_float_equal(s.variance[1], 0.5F, 0);
    assert_float_equal(s.mean[0], 127.5F, 0);
    assert_float_equal(s.mean[1], -1, 0);
    assert_float_equal(s.mean[2], 25, 0);
    assert_float_equal(s.scale[0], 0.0078125F, 0);
    assert_false(s.bgr);
}

static void later_lines_win(void **state)
{
    (void)state;
    assert_float_equal(parsed("leaky = 0.3\nleaky = 0.2\n").leaky, 0.2F, 0);
    assert_true(fov_settings_equal(&(fov_settings){0}, &(fov_settings){0}));
    const fov_settings a = fov_settings_default(), b = parsed("");
    assert_true(fov_settings_equal(&a, &b));
}

static void bad_text_is_refused_with_its_place(void **state)
{
    (void)state;
    refused("leaky = 0.1\nslope = 2\n",
            ":2: unknown key 'slope': known are leaky, anchors, strides, variances, mean, scale, color");
    refused("leaky", "key = value");
    refused("= 1", "unknown key ''");
    refused("leaky =", "''");
    refused("leaky = nan", "'nan'");
    refused("leaky = inf", "'inf'");
    refused("leaky = 1e999", "'1e999'");
    refused("leaky = 0x1p-3", "'0x1p-3'");
    refused("leaky = 0.1.2", "'0.1.2'");
    refused("leaky = 0.1 0.2", "'0.1 0.2'");
    refused("leaky = -0.1", "0 to 1");
    refused("leaky = 0.1,0.2", "more than 1");
    refused("anchors = 16,32 / / 8", "''");
    refused("anchors = -16,32", "'-16'");
    refused("anchors = 0,32", "0 is not allowed");
    refused("anchors = 1,2,3,4,5,6,7,8,9", "more than 8");
    refused("anchors = 1/2/3/4/5/6/7", "more than 6 levels");
    refused("anchors = 16,32 / 64,128", "anchors has 2 levels, strides has 3");
    refused("strides = 8,16", "anchors has 3 levels, strides has 2");
    refused("strides = 0,16,32", "1 to 1024");
    refused("strides = 8.5,16,32", "whole numbers");
    refused("strides = 1,2,3,4,5,6,7", "more than 6");
    refused("mean = 1,2", "2 numbers, 3 are needed");
    refused("mean = 1,2,3e7", "'3e7'");
    refused("scale = 1,0,1", "0 is not allowed");
    refused("variances = 0,1", "0 is not allowed");
    refused("color = gray", "'gray'");
    refused("leaky = 0000000000000000000000000000000000000000000000000000000000000000000000000000000000001", "is not a number");
}

static void printed_text_reads_back_equal(void **state)
{
    (void)state;
    test_random r = {7};
    for (int i = 0; i < 200; i++) {
        fov_settings s = fov_settings_default(), back = {0};
        s.leaky = test_random_float(&r, 0, 1);
        s.n_level = test_random_int(&r, 1, FOV_MAX_LEVELS);
        for (int l = 0; l < s.n_level; l++) {
            s.level[l].stride = test_random_int(&r, 1, 1024);
            s.level[l].n_anchor = test_random_int(&r, 1, FOV_MAX_ANCHORS);
            for (int a = 0; a < s.level[l].n_anchor; a++) s.level[l].side[a] = test_random_float(&r, 1e-3F, 65536);
        }
        for (int c = 0; c < 3; c++) {
            s.mean[c] = test_random_float(&r, -300, 300);
            s.scale[c] = test_random_float(&r, 1e-6F, 1e-2F);
        }
        s.variance[0] = test_random_float(&r, 1e-9F, 1e6F);
        s.bgr = i % 2;
        fov_text text = {0};
        fov_settings_print(&s, &text);
        back = fov_settings_default();
        assert_ok(fov_settings_parse(&back, text.data, "printed", &err));
        if (!fov_settings_equal(&s, &back)) fail_msg("read back differently:\n%s", text.data);
        fov_text_clear(&text);
    }
}

static void default_prints_as_documented(void **state)
{
    (void)state;
    const fov_settings s = fov_settings_default();
    fov_text           text = {0};
    fov_settings_print(&s, &text);
    assert_string_equal(text.data, "leaky = 0.1\nanchors = 16,32 / 64,128 / 256,512\nstrides = 8,16,32\nvariances = 0.1,0.2\n"
                                   "mean = 104,117,123\nscale = 1,1,1\ncolor = bgr\n");
    fov_text_clear(&text);
}

static void numbers_are_plain_decimals(void **state)
{
    (void)state;
    static const char text[] =
        "leaky = 0\nanchors = 10,20,400,65536 / 0.001,16777.215\nstrides = 8,100\nvariances = 0.0000001,1000000\n"
        "mean = -100,127.5,30000\nscale = 0.0078125,0.00390625,0.017\ncolor = rgb\n";
    fov_text           printed = {0};
    const fov_settings s = parsed(text);
    fov_settings_print(&s, &printed);
    assert_string_equal(printed.data, text);
    fov_text_clear(&printed);

    const fov_settings small = parsed("variances = 1e-45,1.1754944e-38"); /* the smallest floats there are */
    fov_settings_print(&small, &printed);
    assert_null(strstr(printed.data, "e-"));
    fov_settings back = parsed(printed.data);
    assert_true(fov_settings_equal(&back, &small));
    fov_text_clear(&printed);
}

static void the_locale_does_not_matter(void **state)
{
    (void)state;
    static const char *const comma[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    const char              *set = NULL;
    for (size_t i = 0; !set && i < sizeof comma / sizeof *comma; i++) set = setlocale(LC_NUMERIC, comma[i]);
    if (!set) {
        print_message("skipped: no locale with a decimal comma is installed\n");
        skip();
    }
    default_prints_as_documented(state);
    assert_float_equal(parsed("leaky = 0.25").leaky, 0.25F, 0);
    assert_non_null(setlocale(LC_NUMERIC, "C"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_published_ones),
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(later_lines_win),
        cmocka_unit_test(bad_text_is_refused_with_its_place),
        cmocka_unit_test(printed_text_reads_back_equal),
        cmocka_unit_test(default_prints_as_documented),
        cmocka_unit_test(numbers_are_plain_decimals),
        cmocka_unit_test(the_locale_does_not_matter),
    };
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
