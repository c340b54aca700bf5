// SPDX-License-Identifier: MIT
#include "detect_text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COUNT_ASKED = 5000 };

typedef enum kind { SHARE, COUNT, SIZE } kind;

typedef struct parameter {
    const char *name;
    kind        kind;
    size_t      offset; /* in fov_detect_options */
} parameter;

static const parameter parameters[] = {
    {"score", SHARE, offsetof(fov_detect_options, score_threshold)},
    {"nms", SHARE, offsetof(fov_detect_options, nms_iou)},
    {"max_faces", COUNT, offsetof(fov_detect_options, max_faces)},
    {"top_k", COUNT, offsetof(fov_detect_options, pre_nms_top_k)},
    {"size", SIZE, 0},
};

static const parameter *find(const char *name)
{
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        if (!strcmp(parameters[i].name, name)) return parameters + i;
    return NULL;
}

bool cli_detect_parameter_is_known(const char *name)
{
    return find(name) != NULL;
}

static bool parse_share(const char *text, void *value)
{
    char        *end;
    const double number = strtod(text, &end);
    const float  share = (float)number;
    if (end == text || *end || !(number >= 0 && number <= 1)) return false;
    memcpy(value, &share, sizeof share);
    return true;
}

static bool parse_count(const char *text, int most, void *value)
{
    char      *end;
    const long number = strtol(text, &end, 10);
    const int  count = (int)number;
    if (end == text || *end || number < 1 || number > most) return false;
    memcpy(value, &count, sizeof count);
    return true;
}

/* Comparing n boxes with each other takes the square of n. */
static int most_of(const parameter *p, const fov_detect_options *own)
{
    int given;
    memcpy(&given, (const char *)own + p->offset, sizeof given);
    return given > MAX_COUNT_ASKED ? given : MAX_COUNT_ASKED;
}

static fov_status refuse(fov_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
static fov_status refuse(fov_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return err->code = FOV_ERR_ARGUMENT;
}

fov_status cli_detect_parameter_set(fov_detect_options *detect, const fov_detect_options *own, const char *name, const char *text,
                                    fov_error *err)
{
    const parameter *p = find(name);
    assert(p);
    void *value = (char *)detect + p->offset;
    switch (p->kind) {
    case SHARE:
        if (parse_share(text, value)) break;
        return refuse(err, "%s=%.64s: expected a number from 0 to 1", name, text);
    case COUNT:
        if (parse_count(text, most_of(p, own), value)) break;
        return refuse(err, "%s=%.64s: expected a whole number from 1 to %d", name, text, most_of(p, own));
    case SIZE:
        if (cli_parse_size(text, detect)) break;
        return refuse(err, "%s=%.64s: expected " CLI_SIZES, name, text);
    }
    return FOV_OK;
}
