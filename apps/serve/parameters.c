// SPDX-License-Identifier: MIT
#include "parameters.h"

#include "detect_options.h"
#include "http_library.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COUNT = 5000 };

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

bool srv_parameter_is_known(const char *name)
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
static int most_of(const parameter *p, const fov_detect_options *server)
{
    int given;
    memcpy(&given, (const char *)server + p->offset, sizeof given);
    return given > MAX_COUNT ? given : MAX_COUNT;
}

srv_reply srv_parameter_set(fov_detect_options *detect, const fov_detect_options *server, const char *name, const char *text)
{
    const parameter *p = find(name);
    void            *value = (char *)detect + p->offset;
    switch (p->kind) {
    case SHARE:
        if (parse_share(text, value)) break;
        return srv_reply_error(MHD_HTTP_BAD_REQUEST, "%s=%.64s: expected a number from 0 to 1", name, text);
    case COUNT:
        if (parse_count(text, most_of(p, server), value)) break;
        return srv_reply_error(MHD_HTTP_BAD_REQUEST, "%s=%.64s: expected a whole number from 1 to %d", name, text,
                               most_of(p, server));
    case SIZE:
        if (cli_parse_size(text, detect)) break;
        return srv_reply_error(MHD_HTTP_BAD_REQUEST, "%s=%.64s: expected " CLI_SIZES, name, text);
    }
    return (srv_reply){0};
}
