// SPDX-License-Identifier: MIT
#include "settings.h"

#include <stdlib.h>
#include <string.h>

#include "detect_text.h"

static bool is_number(const char *text, double low, double high, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end != text && !*end && *value >= low && *value <= high;
}

static fov_status refuse(fov_error *err, const char *name, const char *text, const char *expected)
{
    snprintf(err->message, sizeof err->message, "config.pbtxt, parameter %.64s='%.64s': expected %s", name, text, expected);
    return err->code = FOV_ERR_ARGUMENT;
}

static fov_status set(tri_settings *s, const char *name, const char *text, fov_error *err)
{
    const fov_detect_options most = {.max_faces = CLI_MAX_COUNT, .pre_nms_top_k = CLI_MAX_COUNT};
    double                   value = 0;
    if (cli_detect_parameter_is_known(name)) return cli_detect_parameter_set(&s->detect, &most, name, text, err);
    if (!strcmp(name, "threads")) {
        if (!is_number(text, 0, 1024, &value)) return refuse(err, name, text, "threads of an instance, from 0 (all) to 1024");
        s->detector.threads = (int)value;
    } else if (!strcmp(name, "tune")) {
        if (!is_number(text, 0, 3600, &value)) return refuse(err, name, text, "seconds for each size of input, up to 3600");
        s->detector.tune_seconds = value;
    } else if (!strcmp(name, "max_pixels")) {
        if (!is_number(text, 1, 1e9, &value)) return refuse(err, name, text, "pixels of a photo, up to 1e9");
        s->photo_pixels = (uint64_t)value;
    } else if (!strcmp(name, "max_input")) {
        if (!is_number(text, 1, 1e9, &value)) return refuse(err, name, text, "pixels of the network's input, up to 1e9");
        s->input_pixels = (uint64_t)value;
    } else {
        return refuse(err, name, text, "one of threads, tune, max_pixels, max_input, " CLI_DETECT_PARAMETERS);
    }
    return FOV_OK;
}

fov_status tri_settings_read(const json_t *config, tri_settings *settings, fov_error *err)
{
    const char *name;
    json_t     *value;
    fov_status  st = FOV_OK;
    *settings = (tri_settings){.detect = fov_detect_options_default(),
                               .detector = {.threads = 1},
                               .photo_pixels = 64000000,
                               .input_pixels = UINT64_C(2048) * 2048};
    json_object_foreach(json_object_get(config, "parameters"), name, value)
    {
        const char *text = json_string_value(json_object_get(value, "string_value"));
        if ((st = set(settings, name, text ? text : "", err))) break;
    }
    return st;
}
