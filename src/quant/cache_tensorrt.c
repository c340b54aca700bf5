// SPDX-License-Identifier: MIT
/* TensorRT's calibration cache: a line TRT-<version>-<algorithm>, then "name: <the float32 scale in hexadecimal>" lines. Its range
 * is symmetric, -127 to 127 scales. Version and algorithm say where it comes from, not how it is to be read. */
#include "quant/cache.h"

#include "base/half.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SYMMETRIC_LEVELS = 127, HEX_DIGITS = 8 };

bool fov_cache_is_tensorrt(const char *text)
{
    return !strncmp(text, "TRT-", 4) && isdigit((unsigned char)text[4]);
}

static bool read_scale(const char *text, float *scale)
{
    text += strspn(text, " \t");
    const size_t digits = strspn(text, "0123456789abcdefABCDEF");
    if (!digits || digits > HEX_DIGITS || text[digits + strspn(text + digits, " \t")]) return false;
    *scale = fov_float_from_bits((uint32_t)strtoul(text, NULL, 16));
    return isfinite(*scale) && *scale >= 0 && isfinite(*scale * SYMMETRIC_LEVELS);
}

static fov_status read_line(const fov_lines *lines, char *line, fov_calibration *calibration, fov_error *err)
{
    char *colon = strrchr(line, ':'); /* names may have colons */
    float scale;
    if (!colon || colon == line) return fov_lines_fail(lines, err, "'%.80s' is not 'name: scale'", line);
    if (!read_scale(colon + 1, &scale))
        return fov_lines_fail(lines, err, "'%.40s' is not the hexadecimal form of a float that can be a scale", colon + 1);
    if (calibration->count == FOV_MAX_RANGES) return fov_lines_fail(lines, err, "more than %d tensors", FOV_MAX_RANGES);
    *colon = '\0';
    const float most = scale * SYMMETRIC_LEVELS;
    fov_range  *range = fov_calibration_add(calibration, line, -most, most, 0, err);
    if (!range) return FOV_ERR_MEMORY;
    range->scale = scale;
    return FOV_OK;
}

fov_status fov_cache_read_tensorrt(fov_lines *lines, fov_calibration *calibration, fov_error *err)
{
    fov_status st = FOV_OK;
    char      *line;
    fov_lines_next(lines); /* the header */
    snprintf(calibration->method, sizeof calibration->method, "tensorrt");
    calibration->symmetric = true;
    while (!st && (line = fov_lines_next(lines)))
        if (*line) st = read_line(lines, line, calibration, err);
    return st;
}

void fov_cache_print_tensorrt(const fov_calibration *calibration, fov_text *text)
{
    const bool min_max = !strcmp(calibration->method, "min-max");
    fov_text_print(text, "TRT-8601-%s\n", min_max ? "MinMaxCalibration" : "EntropyCalibration2");
    for (size_t i = 0; i < calibration->count; i++) {
        const fov_range *range = &calibration->range[i];
        const float      scale = range->scale > 0 ? range->scale : fmaxf(-range->lo, range->hi) / SYMMETRIC_LEVELS;
        fov_text_print(text, "%s: %08x\n", range->name, (unsigned)fov_bits_from_float(scale));
    }
}
