// SPDX-License-Identifier: MIT
/* Numbers are read and written in the C locale whatever the process has set: a model converted under LC_NUMERIC=de_DE must
 * read the same everywhere. */
#include "models/settings.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SIDE = 65536, MAX_STRIDE = 1024, MAX_NUMBER = 1000000 };

/* Enough to tell any two floats apart, for they differ by 2^-149 or more. */
enum { MAX_DECIMALS = 45 };

typedef struct span {
    const char *p;
    size_t      size;
} span;

/* Levels are checked when all lines were read, since `anchors` and `strides` come in any order. */
typedef struct parser {
    fov_settings s;
    int          n_stride, stride[FOV_MAX_LEVELS];
    const char  *source, *key;
    int          line;
    fov_error   *err;
} parser;

typedef struct range {
    int low, high; /* inclusive */
} range;

fov_settings fov_settings_default(void)
{
    return (fov_settings){
        .leaky = 0.1F,
        .n_level = 3,
        .level = {{8, 2, {16, 32}}, {16, 2, {64, 128}}, {32, 2, {256, 512}}},
        .variance = {0.1F, 0.2F},
        .mean = {104, 117, 123},
        .scale = {1, 1, 1},
        .bgr = true,
    };
}

/* ---------------------------------------------------------------- numbers */

static locale_t c_locale(void)
{
    return newlocale(LC_ALL_MASK, "C", (locale_t)0); /* a constant of the C library: nothing to free */
}

/* Plain decimal only: strtof alone would take "inf", "nan" and "0x1p3" too. */
static bool read_number(span text, float *number)
{
    char  copy[64];
    char *end;
    if (!text.size || text.size >= sizeof copy) return false;
    memcpy(copy, text.p, text.size);
    copy[text.size] = '\0';
    if (strspn(copy, "0123456789+-.eE") != text.size) return false;
    *number = strtof_l(copy, &end, c_locale());
    return !*end && isfinite(*number);
}

/* The shortest plain decimal that reads back as the same number: 0.1, not 0.100000001; 400, not 4e+02. */
static void print_number(fov_text *text, float number)
{
    char     copy[128];
    locale_t before = uselocale(c_locale());
    for (int decimals = 0; decimals <= MAX_DECIMALS; decimals++) {
        snprintf(copy, sizeof copy, "%.*f", decimals, (double)number);
        if (strtof(copy, NULL) == number) break;
    }
    uselocale(before);
    fov_text_print(text, "%s", copy);
}

static void print_numbers(fov_text *text, const float *number, int count)
{
    for (int i = 0; i < count; i++) {
        if (i) fov_text_print(text, ",");
        print_number(text, number[i]);
    }
}

/* ---------------------------------------------------------------- pieces of text */

static span trim(span s)
{
    while (s.size && strchr(" \t\r", s.p[0])) s = (span){s.p + 1, s.size - 1};
    while (s.size && strchr(" \t\r", s.p[s.size - 1])) s.size--;
    return s;
}

/* Takes what stands before `mark` off `rest`. A last piece without a mark after it leaves rest->p NULL. */
static span cut(span *rest, char mark)
{
    const char *end = memchr(rest->p, mark, rest->size);
    span        piece = {rest->p, end ? (size_t)(end - rest->p) : rest->size};
    *rest = end ? (span){end + 1, rest->size - piece.size - 1} : (span){NULL, 0};
    return piece;
}

static fov_status read_list(parser *p, span value, range limit, float *number, int max, int *count)
{
    *count = 0;
    while (value.p) {
        span piece = trim(cut(&value, ','));
        if (*count == max)
            return fov_fail(p->err, FOV_ERR_FORMAT, "%s:%d: %s: more than %d numbers", p->source, p->line, p->key, max);
        float *x = &number[(*count)++];
        if (!read_number(piece, x) || *x < (float)limit.low || *x > (float)limit.high)
            return fov_fail(p->err, FOV_ERR_FORMAT, "%s:%d: %s: '%.*s' is not a number from %d to %d", p->source, p->line, p->key,
                            (int)(piece.size < 40 ? piece.size : 40), piece.p, limit.low, limit.high);
    }
    return FOV_OK;
}

static fov_status read_exactly(parser *p, span value, range limit, float *number, int need)
{
    int        count;
    fov_status st = read_list(p, value, limit, number, need, &count);
    if (!st && count != need)
        st = fov_fail(p->err, FOV_ERR_FORMAT, "%s:%d: %s: %d numbers, %d are needed", p->source, p->line, p->key, count, need);
    return st;
}

static fov_status fail_zero(const parser *p)
{
    return fov_fail(p->err, FOV_ERR_FORMAT, "%s:%d: %s: 0 is not allowed", p->source, p->line, p->key);
}

static bool any_zero(const float *number, int count)
{
    for (int i = 0; i < count; i++)
        if (number[i] == 0) return true;
    return false;
}

/* ---------------------------------------------------------------- keys */

static fov_status read_leaky(parser *p, span value)
{
    return read_exactly(p, value, (range){0, 1}, &p->s.leaky, 1);
}

static fov_status read_anchors(parser *p, span value)
{
    p->s.n_level = 0;
    while (value.p) {
        if (p->s.n_level == FOV_MAX_LEVELS)
            return fov_fail(p->err, FOV_ERR_FORMAT, "%s:%d: anchors: more than %d levels", p->source, p->line, FOV_MAX_LEVELS);
        fov_level *level = &p->s.level[p->s.n_level++];
        fov_status st = read_list(p, cut(&value, '/'), (range){0, MAX_SIDE}, level->side, FOV_MAX_ANCHORS, &level->n_anchor);
        if (st) return st;
        if (any_zero(level->side, level->n_anchor)) return fail_zero(p);
    }
    return FOV_OK;
}

static fov_status read_strides(parser *p, span value)
{
    float      stride[FOV_MAX_LEVELS];
    fov_status st = read_list(p, value, (range){1, MAX_STRIDE}, stride, FOV_MAX_LEVELS, &p->n_stride);
    if (st) return st;
    for (int i = 0; i < p->n_stride; i++) {
        p->stride[i] = (int)stride[i];
        if ((float)p->stride[i] != stride[i])
            return fov_fail(p->err, FOV_ERR_FORMAT, "%s:%d: strides: whole numbers are needed", p->source, p->line);
    }
    return FOV_OK;
}

static fov_status read_variances(parser *p, span value)
{
    fov_status st = read_exactly(p, value, (range){0, MAX_NUMBER}, p->s.variance, 2);
    return !st && any_zero(p->s.variance, 2) ? fail_zero(p) : st;
}

static fov_status read_mean(parser *p, span value)
{
    return read_exactly(p, value, (range){-MAX_NUMBER, MAX_NUMBER}, p->s.mean, 3);
}

static fov_status read_scale(parser *p, span value)
{
    fov_status st = read_exactly(p, value, (range){-MAX_NUMBER, MAX_NUMBER}, p->s.scale, 3);
    return !st && any_zero(p->s.scale, 3) ? fail_zero(p) : st;
}

static bool span_is(span s, const char *word)
{
    return s.size == strlen(word) && !memcmp(s.p, word, s.size);
}

static fov_status read_color(parser *p, span value)
{
    if (!span_is(value, "bgr") && !span_is(value, "rgb"))
        return fov_fail(p->err, FOV_ERR_FORMAT, "%s:%d: color: '%.*s' is neither bgr nor rgb", p->source, p->line,
                        (int)(value.size < 40 ? value.size : 40), value.p);
    p->s.bgr = span_is(value, "bgr");
    return FOV_OK;
}

static void print_leaky(const fov_settings *s, fov_text *text)
{
    print_number(text, s->leaky);
}

static void print_anchors(const fov_settings *s, fov_text *text)
{
    for (int i = 0; i < s->n_level; i++) {
        if (i) fov_text_print(text, " / ");
        print_numbers(text, s->level[i].side, s->level[i].n_anchor);
    }
}

static void print_strides(const fov_settings *s, fov_text *text)
{
    for (int i = 0; i < s->n_level; i++) fov_text_print(text, "%s%d", i ? "," : "", s->level[i].stride);
}

static void print_variances(const fov_settings *s, fov_text *text)
{
    print_numbers(text, s->variance, 2);
}

static void print_mean(const fov_settings *s, fov_text *text)
{
    print_numbers(text, s->mean, 3);
}

static void print_scale(const fov_settings *s, fov_text *text)
{
    print_numbers(text, s->scale, 3);
}

static void print_color(const fov_settings *s, fov_text *text)
{
    fov_text_print(text, "%s", s->bgr ? "bgr" : "rgb");
}

static const struct setting {
    const char *key;
    fov_status (*read)(parser *p, span value);
    void (*print)(const fov_settings *s, fov_text *text);
} settings[] = {
    {"leaky", read_leaky, print_leaky},       {"anchors", read_anchors, print_anchors},
    {"strides", read_strides, print_strides}, {"variances", read_variances, print_variances},
    {"mean", read_mean, print_mean},          {"scale", read_scale, print_scale},
    {"color", read_color, print_color},
};

enum { N_SETTINGS = sizeof settings / sizeof *settings };

static fov_status fail_unknown_key(const parser *p, span key)
{
    fov_text known = {0};
    for (size_t i = 0; i < N_SETTINGS; i++) fov_text_print(&known, "%s%s", i ? ", " : "", settings[i].key);
    fov_status st = fov_fail(p->err, FOV_ERR_FORMAT, "%s:%d: unknown key '%.*s': known are %s", p->source, p->line,
                             (int)(key.size < 40 ? key.size : 40), key.p, known.data ? known.data : "");
    fov_text_clear(&known);
    return st;
}

static fov_status read_line(parser *p, span line)
{
    span value = cut(&line, '#');
    if (!trim(value).size) return FOV_OK;
    span key = trim(cut(&value, '='));
    if (!value.p)
        return fov_fail(p->err, FOV_ERR_FORMAT, "%s:%d: '%.*s': a line is `key = value`", p->source, p->line,
                        (int)(key.size < 40 ? key.size : 40), key.p);
    for (size_t i = 0; i < N_SETTINGS; i++) {
        if (!span_is(key, settings[i].key)) continue;
        p->key = settings[i].key;
        return settings[i].read(p, trim(value));
    }
    return fail_unknown_key(p, key);
}

static fov_status read_lines(parser *p, const char *text)
{
    for (span rest = {text, strlen(text)}; rest.p;) {
        p->line++;
        fov_status st = read_line(p, cut(&rest, '\n'));
        if (st) return st;
    }
    return FOV_OK;
}

fov_status fov_settings_check(const char *text, const char *source, fov_error *err)
{
    parser p = {.source = source, .err = err};
    return read_lines(&p, text);
}

fov_status fov_settings_parse(fov_settings *s, const char *text, const char *source, fov_error *err)
{
    parser p = {.s = *s, .n_stride = s->n_level, .source = source, .err = err};
    for (int i = 0; i < s->n_level; i++) p.stride[i] = s->level[i].stride;
    fov_status st = read_lines(&p, text);
    if (st) return st;
    if (p.n_stride != p.s.n_level)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: anchors has %d levels, strides has %d: give both, with as many levels", source,
                        p.s.n_level, p.n_stride);
    for (int i = 0; i < p.n_stride; i++) p.s.level[i].stride = p.stride[i];
    *s = p.s;
    return FOV_OK;
}

void fov_settings_print(const fov_settings *s, fov_text *text)
{
    for (size_t i = 0; i < N_SETTINGS; i++) {
        fov_text_print(text, "%s = ", settings[i].key);
        settings[i].print(s, text);
        fov_text_print(text, "\n");
    }
}

static bool same_numbers(const float *a, const float *b, int count)
{
    for (int i = 0; i < count; i++)
        if (a[i] != b[i]) return false;
    return true;
}

bool fov_settings_equal(const fov_settings *a, const fov_settings *b)
{
    if (a->leaky != b->leaky || a->n_level != b->n_level || a->bgr != b->bgr) return false;
    for (int i = 0; i < a->n_level; i++) {
        const fov_level *x = &a->level[i], *y = &b->level[i];
        if (x->stride != y->stride || x->n_anchor != y->n_anchor || !same_numbers(x->side, y->side, x->n_anchor)) return false;
    }
    return same_numbers(a->variance, b->variance, 2) && same_numbers(a->mean, b->mean, 3) && same_numbers(a->scale, b->scale, 3);
}
