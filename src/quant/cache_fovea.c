// SPDX-License-Identifier: MIT
/* Fovea's own cache: lines of words. Numbers are written with nine digits, which give the same floats back, in the C locale
 * whatever the process has set. In names what is not a printable character, blanks and '%' are %XX. */
#include "quant/cache.h"

#include "base/alloc.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char header[] = "Fovea calibration 1";

enum { MAX_CHANNELS = 1 << 20 };

bool fov_cache_is_fovea(const char *text)
{
    return !strncmp(text, header, sizeof header - 2); /* of any version: a later one gets a message of its own */
}

static locale_t c_locale(void)
{
    return newlocale(LC_ALL_MASK, "C", (locale_t)0); /* a constant of the C library: nothing to free */
}

/* ---------------------------------------------------------------- writing */

static void print_name(fov_text *text, const char *name)
{
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        if (*c <= ' ' || *c == 127 || *c == '%') fov_text_print(text, "%%%02X", *c);
        else fov_text_add(text, c, 1);
    if (!*name) fov_text_print(text, "%%"); /* an empty name must still be a word */
}

static void print_floats(fov_text *text, const char *word, const float *x, int count)
{
    fov_text_print(text, "%s", word);
    for (int i = 0; i < count; i++) fov_text_print(text, " %.9g", (double)x[i]);
    fov_text_print(text, "\n");
}

static void print_range(fov_text *text, const fov_range *range)
{
    fov_text_print(text, "tensor ");
    print_name(text, range->name);
    fov_text_print(text, " %.9g %.9g %.9g %d\n", (double)range->lo, (double)range->hi, (double)range->scale, range->channels);
    if (!range->channels) return;
    print_floats(text, "low", range->channel_lo, range->channels);
    print_floats(text, "high", range->channel_hi, range->channels);
    print_floats(text, "mean", range->channel_mean, range->channels);
}

static void print_input(fov_text *text, const fov_calibration *calibration, const fov_calibrated_input *input)
{
    const fov_range *range = fov_range_find(calibration, input->tensor);
    fov_text_print(text, "input ");
    print_name(text, input->node);
    fov_text_print(text, " ");
    print_name(text, input->op);
    fov_text_print(text, " %d ", input->index);
    print_name(text, input->tensor);
    fov_text_print(text, " %.9g\n", range ? (double)fov_range_scale(calibration, range) : 0.0);
}

void fov_cache_print_fovea(const fov_calibration *calibration, fov_text *text)
{
    const locale_t before = uselocale(c_locale());
    fov_text_print(text, "%s\nmethod %s\nphotos %zu\ndigest %s\nsymmetric %s\n", header, calibration->method, calibration->photos,
                   calibration->digest[0] ? calibration->digest : "-", calibration->symmetric ? "yes" : "no");
    for (size_t i = 0; i < calibration->count; i++) print_range(text, &calibration->range[i]);
    for (size_t i = 0; i < calibration->inputs; i++) print_input(text, calibration, &calibration->input[i]);
    fov_text_print(text, "end\n");
    uselocale(before);
}

/* ---------------------------------------------------------------- reading */

/* The next word of a line, NULL at its end. */
static char *next_word(char **line)
{
    char *word = *line + strspn(*line, " ");
    if (!*word) return NULL;
    char *end = word + strcspn(word, " ");
    *line = end + (*end != '\0');
    *end = '\0';
    return word;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A name, decoded in place. */
static char *next_name(char **line)
{
    char *word = next_word(line), *to = word;
    for (char *from = word; from && *from; from++) {
        const int high = *from == '%' ? hex_digit(from[1]) : -1, low = high < 0 ? -1 : hex_digit(from[2]);
        if (low >= 0) *to++ = (char)(high * 16 + low), from += 2;
        else if (*from != '%') *to++ = *from;
    }
    if (to) *to = '\0';
    return word;
}

static bool next_float(char **line, float *x)
{
    char *word = next_word(line), *end;
    if (!word) return false;
    *x = strtof_l(word, &end, c_locale());
    return !*end && isfinite(*x);
}

static bool next_count(char **line, long most, long *count)
{
    char *word = next_word(line), *end;
    if (!word) return false;
    *count = strtol(word, &end, 10);
    return !*end && *count >= 0 && *count <= most;
}

/* One of the lines that follow a tensor with channels. */
static fov_status read_floats(fov_lines *lines, const char *word, float *x, int count, fov_error *err)
{
    char *line = fov_lines_next(lines), *first = line ? next_word(&line) : NULL;
    bool  good = first && !strcmp(first, word);
    for (int i = 0; i < count && good; i++) good = next_float(&line, &x[i]);
    if (good && !next_word(&line)) return FOV_OK;
    return fov_lines_fail(lines, err, "expected '%s' and %d numbers, one a channel", word, count);
}

static fov_status read_channels(fov_lines *lines, fov_range *range, fov_error *err)
{
    fov_status st = read_floats(lines, "low", range->channel_lo, range->channels, err);
    if (!st) st = read_floats(lines, "high", range->channel_hi, range->channels, err);
    if (!st) st = read_floats(lines, "mean", range->channel_mean, range->channels, err);
    for (int c = 0; c < range->channels && !st; c++)
        if (range->channel_lo[c] > 0 || range->channel_hi[c] < 0)
            st = fov_lines_fail(lines, err, "channel %d of '%s' has a range without zero", c, range->name);
    return st;
}

static fov_status read_tensor(fov_lines *lines, char *line, fov_calibration *calibration, fov_error *err)
{
    float       lo, hi, scale;
    long        channels;
    const char *name = next_name(&line);
    if (!name || !next_float(&line, &lo) || !next_float(&line, &hi) || !next_float(&line, &scale) ||
        !next_count(&line, MAX_CHANNELS, &channels))
        return fov_lines_fail(lines, err, "expected 'tensor NAME LOW HIGH SCALE CHANNELS'");
    if (lo > 0 || hi < 0 || !(hi > lo) || scale < 0)
        return fov_lines_fail(lines, err, "'%s' has the range %g to %g, which should include zero", name, (double)lo, (double)hi);
    /* A number takes two characters at least: a count that the rest of the file cannot hold must not reserve memory. */
    if (channels && (!lines->next || strnlen(lines->next, 2 * (size_t)channels) < 2 * (size_t)channels))
        return fov_lines_fail(lines, err, "'%s' ends before its %ld channels", name, channels);
    if (calibration->count == FOV_MAX_RANGES) return fov_lines_fail(lines, err, "more than %d tensors", FOV_MAX_RANGES);
    fov_range *range = fov_calibration_add(calibration, name, lo, hi, (int)channels, err);
    if (!range) return FOV_ERR_MEMORY;
    range->scale = scale;
    return channels ? read_channels(lines, range, err) : FOV_OK;
}

static fov_status read_input(const fov_lines *lines, char *line, fov_calibration *calibration, fov_error *err)
{
    long        index = 0;
    float       scale;
    const char *node = next_name(&line), *op = next_name(&line);
    const bool  counted = next_count(&line, INT32_MAX, &index);
    const char *tensor = next_name(&line);
    if (!node || !op || !counted || !tensor || !next_float(&line, &scale))
        return fov_lines_fail(lines, err, "expected 'input NODE OPERATOR INDEX TENSOR SCALE'");
    if (calibration->inputs == FOV_MAX_RANGES) return fov_lines_fail(lines, err, "more than %d inputs of nodes", FOV_MAX_RANGES);
    return fov_calibration_add_input(calibration, node, op, (int)index, tensor, err);
}

static fov_status read_word(const fov_lines *lines, const char *word, char *rest, fov_calibration *calibration, fov_error *err)
{
    long photos;
    if (!strcmp(word, "method")) {
        snprintf(calibration->method, sizeof calibration->method, "%s", rest);
    } else if (!strcmp(word, "photos") && next_count(&rest, INT32_MAX, &photos)) {
        calibration->photos = (size_t)photos;
    } else if (!strcmp(word, "digest")) {
        snprintf(calibration->digest, sizeof calibration->digest, "%s", strcmp(rest, "-") ? rest : "");
    } else if (!strcmp(word, "symmetric")) {
        calibration->symmetric = !strcmp(rest, "yes");
    } else {
        return fov_lines_fail(lines, err, "'%.40s' is no line of a calibration", word);
    }
    return FOV_OK;
}

fov_status fov_cache_read_fovea(fov_lines *lines, fov_calibration *calibration, fov_error *err)
{
    fov_status  st = FOV_OK;
    char       *line = fov_lines_next(lines);
    const char *word;
    if (strcmp(line, header))
        return fov_lines_fail(lines, err, "'%.60s': this release reads '%s'; a later one wrote this file", line, header);
    while (!st && (line = fov_lines_next(lines))) {
        if (!(word = next_word(&line))) continue;
        if (!strcmp(word, "end")) return FOV_OK;
        if (!strcmp(word, "tensor")) st = read_tensor(lines, line, calibration, err);
        else if (!strcmp(word, "input")) st = read_input(lines, line, calibration, err);
        else st = read_word(lines, word, line, calibration, err);
    }
    return st ? st : fov_lines_fail(lines, err, "the file was cut off: its last line is not 'end'");
}
