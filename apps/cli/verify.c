// SPDX-License-Identifier: MIT
/* fovea verify ENGINE */
#include "command.h"
#include "console.h"
#include "engine.h"
#include "json_read.h"
#include "json_text.h"
#include "json_whole.h"
#include "memory.h"
#include "options.h"
#include "plugins.h"
#include "table.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static int as_json;

static struct poptOption verify_options[] = {{"json", '\0', POPT_ARG_NONE, &as_json, 0, "print as JSON", NULL},
                                             CLI_INCLUDE(cli_plugin_options, "Operators from shared libraries:"),
                                             CLI_INCLUDE(cli_engine_options, "Engine:"),
                                             POPT_TABLEEND};

const cli_manual cli_verify_manual = {
    .arguments = "[OPTION...] ENGINE",
    .about = "Runs the small pictures that an engine file carries and compares every layer and all answers with what was recorded\n"
             "where the engine was built. Integer layers must be the same to the bit; floating-point ones may differ by what\n"
             "the order of a sum explains. Says 'pass', or which layer drifted first and by how much, with exit status 6.\n",
    .examples = "  fovea verify engine.fov\n"
                "  fovea verify --cpu generic engine.fov\n"
                "  fovea verify --backend cuda engine.fov\n"
                "  fovea verify --backend reference --json engine.fov | jq '.drifted[0]'\n",
    .options = verify_options,
};

/* "0.0312", "3 steps", "another shape" */
static char *amount(const json_t *drift, const char *key)
{
    const json_t *number = json_object_get(drift, key);
    if (!json_is_number(number)) return cli_strdup("another shape");
    return cli_format(strcmp(cli_json_text_of(drift, "unit"), "steps") ? "%.3g" : "%.3g steps", json_number_value(number));
}

static void print_drifted(const json_t *drifted)
{
    cli_table table = {.titles = {"layer", "picture", "what", ">differs by", ">may differ by"}};
    size_t    i;
    json_t   *d;
    json_array_foreach(drifted, i, d)
    {
        cli_table_add(&table, cli_strdup(cli_json_text_of(d, "layer")));
        cli_table_add(&table, cli_format("%lld", cli_json_count_of(d, "vector") + 1));
        cli_table_add(&table, cli_strdup(cli_json_text_of(d, "what")));
        cli_table_add(&table, amount(d, "difference"));
        cli_table_add(&table, amount(d, "tolerance"));
    }
    putchar('\n');
    cli_table_print_and_clear(&table);
}

static void print_words(const char *path, const json_t *result)
{
    const json_t *drifted = json_object_get(result, "drifted"), *first = json_array_get(drifted, 0);
    cli_print_plain(stdout, path);
    if (!first) {
        printf(": pass; %lld layers on %lld pictures, %lld of them the same to the bit\n", cli_json_count_of(result, "layers"),
               cli_json_count_of(result, "vectors"), cli_json_count_of(result, "identical"));
        return;
    }
    char *difference = amount(first, "difference"), *tolerance = amount(first, "tolerance");
    fputs(": DRIFTED; first in layer '", stdout);
    cli_print_plain(stdout, cli_json_text_of(first, "layer"));
    printf("', by %s where %s would do; %zu differences in all\n", difference, tolerance, json_array_size(drifted));
    free(difference);
    free(tolerance);
    print_drifted(drifted);
}

static void add_backend(json_t **result, const fov_engine *engine)
{
    char name[128];
    cli_device_name(engine, name, sizeof name);
    char *device = cli_utf8(name);
    cli_json_set(result, "backend", json_string(fov_engine_backend(engine)));
    cli_json_set(result, "device", json_string(device));
    free(device);
}

static cli_exit print(const char *path, const fov_engine *engine, const char *text)
{
    json_t *result = json_loads(text, 0, NULL);
    if (!result) return cli_no_memory();
    const cli_exit code = json_is_true(json_object_get(result, "pass")) ? CLI_OK : CLI_DIFFERS;
    if (as_json) {
        add_backend(&result, engine);
        const cli_exit printed = cli_json_print(result, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
        return printed ? printed : code;
    }
    print_words(path, result);
    json_decref(result);
    return code;
}

cli_exit cli_verify(int count, const char **args)
{
    fov_engine *engine = NULL;
    fov_error   err = {0};
    char       *text = NULL;
    bool        pass;
    if (count != 1) {
        cli_error("verify needs one engine file, as in 'fovea verify engine.fov'");
        return CLI_USAGE;
    }
    cli_exit code = cli_engine_load(args[0], &engine);
    if (!code && fov_engine_verify(engine, &pass, &text, &err)) {
        cli_error("%s: %s", args[0], err.message);
        code = CLI_MODEL;
    }
    if (!code) code = print(args[0], engine, text);
    fov_string_free(text);
    fov_engine_free(engine);
    return code;
}
