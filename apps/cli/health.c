// SPDX-License-Identifier: MIT
#include "health.h"

#include "bundled_photo.h"
#include "console.h"
#include "health_print.h"
#include "interrupt.h"
#include "json_whole.h"
#include "photos.h"

#include <stdio.h>

static bool get_precision(const char *name, fov_precision *precision)
{
    fov_error err = {0};
    if (!fov_precision_parse(name, precision, &err) &&
        (*precision == FOV_PRECISION_FP16 || *precision == FOV_PRECISION_BF16 || *precision == FOV_PRECISION_INT8))
        return true;
    cli_error("--precision %s: weights can be looked at for fp16, bf16 or int8", name);
    return false;
}

/* Takes over `text`. */
static json_t *parse(char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    fov_string_free(text);
    return json;
}

static cli_exit fail(fov_status status, const fov_error *err)
{
    if (status == FOV_ERR_CANCELLED) return cli_interrupt_code();
    cli_error("%s", err->message);
    return status == FOV_ERR_MEMORY ? CLI_INTERNAL : CLI_MODEL;
}

static cli_exit measure_effect(const fov_model *model, fov_precision precision, cli_photos *photos, json_t **effect)
{
    const fov_photo_source    source = cli_photos_source(photos);
    const fov_compare_options options = {.a_name = "fp32 weights", .b_name = "rounded weights", .progress = cli_progress_of_work};
    fov_error                 err = {0};
    char                     *text;
    cli_interrupt_watch();
    const fov_status status = fov_model_health_effect_json(model, precision, &source, &options, &text, &err);
    cli_progress_hide();
    if (status) return fail(status, &err);
    *effect = parse(text);
    return *effect ? CLI_OK : cli_no_memory();
}

/* Without photos and without the bundled one, the weights alone. */
static cli_exit get_effect(const fov_model *model, fov_precision precision, int count, const char *const *args, json_t **effect)
{
    const char *bundled = count ? NULL : cli_bundled_photo();
    cli_photos  photos;
    if (!count && !bundled) {
        cli_warning("the bundled photo is not installed; name photos to see what the outputs lose");
        return CLI_OK;
    }
    if (!cli_photos_open(&photos, "inspect", count ? count : 1, count ? args : &bundled)) return CLI_USAGE;
    cli_exit code = measure_effect(model, precision, &photos, effect);
    if (!code && cli_photos_failed(&photos)) code = CLI_SOME_FAILED;
    cli_photos_clear(&photos);
    return code;
}

static cli_exit print_json(const json_t *health, const json_t *effect)
{
    return cli_json_print(json_pack("{s:O, s:O?}", "health", health, "effect", effect), JSON_INDENT(1) | JSON_REAL_PRECISION(9));
}

cli_exit cli_health(const fov_model *model, const char *name, int count, const char *const *photos, bool as_json)
{
    fov_precision precision;
    fov_error     err = {0};
    char         *text;
    json_t       *effect = NULL;
    if (!get_precision(name, &precision)) return CLI_USAGE;
    const fov_status status = fov_model_health_json(model, precision, &text, &err);
    if (status) return fail(status, &err);
    json_t  *health = parse(text);
    cli_exit code = health ? get_effect(model, precision, count, photos, &effect) : cli_no_memory();
    if (!code || code == CLI_SOME_FAILED) {
        const cli_exit printed = as_json ? print_json(health, effect) : CLI_OK;
        if (printed) code = printed;
        if (!as_json) cli_print_health(health, effect);
    }
    json_decref(health);
    json_decref(effect);
    return code;
}
