// SPDX-License-Identifier: MIT
/* TensorRTx's text: the number of tensors, then a line for each,
 *     name count hex hex ...
 * every number as the big-endian hexadecimal of its float32 bits. No shapes: they come from the family.
 * A file has a word per weight (megabytes), hence the scanner by hand. */
#include "import/import.h"

#include "base/alloc.h"

#include <string.h>

enum { MAX_NAME = 255, MAX_DIGITS = 9 };

typedef struct scanner {
    const unsigned char *p, *end;
    const char          *source;
    size_t               line;
    fov_error           *err;
} scanner;

static bool is_blank(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(scanner *s)
{
    while (s->p < s->end && is_blank(*s->p)) s->p++;
}

static bool at_line_end(scanner *s)
{
    skip_blanks(s);
    return s->p == s->end || *s->p == '\n';
}

static void next_line(scanner *s)
{
    if (s->p < s->end) s->p++;
    s->line++;
}

/* ---------------------------------------------------------------- words */

/* Decimal digits up to a blank or line end. */
static bool read_count(scanner *s, size_t *count)
{
    skip_blanks(s);
    const unsigned char *start = s->p;
    *count = 0;
    while (s->p < s->end && *s->p >= '0' && *s->p <= '9' && s->p - start < MAX_DIGITS) *count = *count * 10 + (*s->p++ - '0');
    return s->p > start && (s->p == s->end || is_blank(*s->p) || *s->p == '\n');
}

static bool read_name(scanner *s, char name[MAX_NAME + 1])
{
    skip_blanks(s);
    size_t length = 0;
    while (s->p<s->end && * s->p> ' ' && *s->p < 0x7f && length < MAX_NAME) name[length++] = (char)*s->p++;
    name[length] = '\0';
    return length > 0 && s->p < s->end && is_blank(*s->p);
}

static const signed char hex_digit[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
}; /* value + 1; 0: not a digit */

/* 1 to 8 digits: some writers leave leading zeros out. */
static bool read_bits(scanner *s, uint32_t *bits)
{
    const unsigned char *p = s->p;
    uint32_t             v = 0;
    while (p < s->end && hex_digit[*p] && p - s->p < 8) v = v << 4 | (uint32_t)(hex_digit[*p++] - 1);
    bool word = p > s->p && (p == s->end || is_blank(*p) || *p == '\n');
    s->p = p;
    *bits = v;
    return word;
}

/* ---------------------------------------------------------------- lines */

static fov_status read_numbers(scanner *s, const char *name, size_t count, float *data)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        if (at_line_end(s))
            return fov_fail(s->err, FOV_ERR_FORMAT, "%s:%zu: tensor '%s': the line ends after %zu of %zu numbers", s->source,
                            s->line, name, i, count);
        if (!read_bits(s, &bits))
            return fov_fail(s->err, FOV_ERR_FORMAT, "%s:%zu: tensor '%s': number %zu is not 1 to 8 hexadecimal digits", s->source,
                            s->line, name, i + 1);
        memcpy(&data[i], &bits, sizeof bits);
    }
    if (!at_line_end(s))
        return fov_fail(s->err, FOV_ERR_FORMAT, "%s:%zu: tensor '%s': more than the %zu numbers it announces", s->source, s->line,
                        name, count);
    return FOV_OK;
}

static fov_status read_tensor(scanner *s, fov_weights *weights)
{
    char   name[MAX_NAME + 1];
    size_t count;
    if (!read_name(s, name))
        return fov_fail(s->err, FOV_ERR_FORMAT, "%s:%zu: expected a tensor's name, its count and its numbers", s->source, s->line);
    if (!read_count(s, &count))
        return fov_fail(s->err, FOV_ERR_FORMAT, "%s:%zu: tensor '%s': the number of values is missing or not a number", s->source,
                        s->line, name);
    size_t left = (size_t)(s->end - s->p); /* each number takes a blank and a digit at least */
    if (count > left / 2)
        return fov_fail(s->err, FOV_ERR_FORMAT, "%s:%zu: tensor '%s' announces %zu numbers, the file ends after %zu more bytes",
                        s->source, s->line, name, count, left);
    float *data = fov_alloc_array(count, sizeof *data);
    if (!data) return fov_fail_memory(s->err, name);
    fov_status st = read_numbers(s, name, count, data);
    if (st) {
        fov_free(data);
        return st;
    }
    next_line(s);
    return fov_weights_add(weights, name, NULL, count, data, s->err);
}

static fov_status read_all(scanner *s, fov_weights *weights)
{
    size_t count;
    if (!read_count(s, &count) || !count || !at_line_end(s))
        return fov_fail(s->err, FOV_ERR_FORMAT, "%s:1: the first line is not a number of tensors", s->source);
    next_line(s);
    for (size_t i = 0; i < count; i++) {
        if (s->p == s->end)
            return fov_fail(s->err, FOV_ERR_FORMAT, "%s:%zu: the file ends after %zu of %zu tensors", s->source, s->line, i, count);
        fov_status st = read_tensor(s, weights);
        if (st) return st;
    }
    while (s->p < s->end && at_line_end(s)) next_line(s);
    if (s->p < s->end)
        return fov_fail(s->err, FOV_ERR_FORMAT, "%s:%zu: text after the last of the %zu tensors that line 1 announces", s->source,
                        s->line, count);
    return FOV_OK;
}

static bool recognise_wts(const fov_source *source)
{
    scanner s = {.p = source->data, .end = source->data + source->size};
    size_t  count;
    return source->size && read_count(&s, &count) && at_line_end(&s);
}

static fov_status import_wts(const fov_source *source, struct fov_model *model, fov_error *err)
{
    scanner     s = {.p = source->data, .end = source->data + source->size, .source = source->name, .line = 1, .err = err};
    fov_weights weights = {.file = source->name};
    fov_status  st = read_all(&s, &weights);
    if (!st) st = fov_import_weights(source, NULL, &weights, model, err);
    fov_weights_clear(&weights);
    return st;
}

const fov_importer fov_importer_wts = {.format = "wts", .recognise = recognise_wts, .import = import_wts};
