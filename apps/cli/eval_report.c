// SPDX-License-Identifier: MIT
#include "eval_report.h"

#include "console.h"
#include "memory.h"
#include "table.h"

#include <jansson.h>
#include <stdlib.h>

enum { MAX_SETTINGS = 3 };

static double ap_of(const json_t *engine, const json_t *settings, size_t i)
{
    const char *name = json_string_value(json_object_get(json_array_get(settings, i), "name"));
    return 100 * json_real_value(json_object_get(json_object_get(engine, "ap"), name));
}

/* How many points more or less than the first, in each setting. */
static char *differences(const json_t *engine, const json_t *first, const json_t *settings)
{
    char *text = cli_strdup("");
    for (size_t i = 0; i < json_array_size(settings) && engine != first; i++) {
        char *longer = cli_format("%s%s%+.2f", text, i ? " / " : "", ap_of(engine, settings, i) - ap_of(first, settings, i));
        free(text);
        text = longer;
    }
    return text;
}

static void print_heading(const json_t *root, const json_t *settings)
{
    size_t  i;
    json_t *setting;
    printf("%lld photos; faces that count:", (long long)json_integer_value(json_object_get(root, "photos")));
    json_array_foreach(settings, i, setting) printf("%s %s %lld", i ? "," : "", json_string_value(json_object_get(setting, "name")),
                                                    (long long)json_integer_value(json_object_get(setting, "faces")));
    putchar('\n');
    long long missing = json_integer_value(json_object_get(root, "missing"));
    if (missing) cli_warning("%lld photos of the ground truth are missing and were left out, with their faces", missing);
}

void cli_eval_print(const char *json)
{
    json_t   *root = json_loads(json, 0, NULL), *engine;
    json_t   *settings = json_object_get(root, "settings"), *engines = json_object_get(root, "engines");
    json_t   *first = json_array_get(engines, 0);
    char     *title[MAX_SETTINGS] = {NULL};
    cli_table table = {.titles = {"engine"}};
    size_t    n = json_array_size(settings), column = 1, e;

    if (n > MAX_SETTINGS) n = MAX_SETTINGS;
    print_heading(root, settings);
    for (size_t i = 0; i < n; i++) {
        title[i] = cli_format(">%s", json_string_value(json_object_get(json_array_get(settings, i), "name")));
        table.titles[column++] = title[i];
    }
    if (json_array_size(engines) > 1) table.titles[column++] = ">against the first";
    table.titles[column++] = ">found";
    table.titles[column] = ">seconds";
    json_array_foreach(engines, e, engine)
    {
        cli_table_add(&table, cli_strdup(json_string_value(json_object_get(engine, "name"))));
        for (size_t i = 0; i < n; i++) cli_table_add(&table, cli_format("%.2f", ap_of(engine, settings, i)));
        if (json_array_size(engines) > 1) cli_table_add(&table, differences(engine, first, settings));
        cli_table_add(&table, cli_format("%lld", (long long)json_integer_value(json_object_get(engine, "detections"))));
        cli_table_add(&table, cli_format("%.2f", json_real_value(json_object_get(engine, "seconds"))));
    }
    cli_table_print_and_clear(&table);
    for (size_t i = 0; i < n; i++) free(title[i]);
    json_decref(root);
}
