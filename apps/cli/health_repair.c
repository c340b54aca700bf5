// SPDX-License-Identifier: MIT
/* fovea convert --repair */
#include "console.h"
#include "health.h"
#include "json_read.h"

#include <jansson.h>

static void tell_channels(const char *what, const json_t *entries)
{
    size_t  i;
    json_t *entry;
    json_array_foreach(entries, i, entry) cli_detail(
        "%s: %s, channel %lld: %lld weights up to %.3g, %.2g of what the channel sums up%s", what,
        json_string_value(json_object_get(entry, "tensor")), cli_json_count_of(entry, "channel"),
        cli_json_count_of(entry, "weights"), json_number_value(json_object_get(entry, "largest")),
        json_number_value(json_object_get(entry, "share")), json_is_true(json_object_get(entry, "matters")) ? ": matters" : "");
}

static void tell(const json_t *report)
{
    const json_t *before = json_object_get(report, "before"), *after = json_object_get(report, "after");
    cli_note("repaired for fp16: %lld groups of channels scaled by powers of two, %lld weights set to zero that no output notices",
             cli_json_count_of(report, "channels_scaled"), cli_json_count_of(report, "weights_zeroed"));
    cli_note("subnormal weights: %lld before, %lld after; of those that matter: %lld before, %lld after",
             cli_json_count_of(before, "subnormal") + cli_json_count_of(before, "tiny"),
             cli_json_count_of(after, "subnormal") + cli_json_count_of(after, "tiny"), cli_json_count_of(before, "matter"),
             cli_json_count_of(after, "matter"));
    if (cli_json_count_of(before, "overflow") || cli_json_count_of(after, "overflow"))
        cli_note("weights beyond 65504: %lld before, %lld after", cli_json_count_of(before, "overflow"),
                 cli_json_count_of(after, "overflow"));
    tell_channels("set to zero", json_object_get(report, "zeroed"));
    tell_channels("still subnormal", json_object_get(report, "kept"));
    if (cli_json_count_of(after, "matter"))
        cli_warning("some weights that matter are subnormal still: keep their layers in FP32 (-v lists them)");
}

cli_exit cli_repair(fov_model **model)
{
    fov_error        err = {0};
    fov_model       *repaired;
    char            *text;
    const fov_status status = fov_model_repair(*model, &repaired, &text, &err);
    if (status) {
        cli_error("%s", err.message);
        return status == FOV_ERR_MEMORY ? CLI_INTERNAL : CLI_MODEL;
    }
    json_t *report = json_loads(text, 0, NULL);
    fov_string_free(text);
    fov_model_free(*model);
    *model = repaired;
    if (!report) return cli_no_memory();
    tell(report);
    json_decref(report);
    return CLI_OK;
}
