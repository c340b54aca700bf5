// SPDX-License-Identifier: MIT
#include "inspect_print.h"

#include "console.h"
#include "json_read.h"
#include "memory.h"
#include "table.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_field(const char *title, const char *text)
{
    printf("%-12s", title);
    cli_print_plain(stdout, text);
    putchar('\n');
}

/* [1, 64, 80, 80] -> "1x64x80x80", ["a", "b"] -> "a, b" */
static char *join(const json_t *array, const char *separator)
{
    char   *text = cli_strdup("");
    size_t  i;
    json_t *item;
    json_array_foreach(array, i, item)
    {
        const char *string = json_string_value(item);
        char       *longer = string ? cli_format("%s%s%s", text, i ? separator : "", string)
                                    : cli_format("%s%s%lld", text, i ? separator : "", (long long)json_integer_value(item));
        free(text);
        text = longer;
    }
    return text;
}

/* body.0.weight, body.1.weight -> body.{0.weight, 1.weight} */
static char *join_names(const json_t *names)
{
    const char *first = json_string_value(json_array_get(names, 0));
    size_t      i, shared = 0, cut = 0;
    json_t     *item;
    if (json_array_size(names) < 2 || !first) return join(names, ", ");
    for (bool same = true; same && first[shared]; shared += same)
        json_array_foreach(names, i, item) same = same && json_string_value(item)[shared] == first[shared];
    for (i = 0; i < shared; i++)
        if (first[i] == '.' || first[i] == '/') cut = i + 1;

    char *text = cli_format(cut ? "%.*s{" : "%.*s", (int)cut, first);
    json_array_foreach(names, i, item)
    {
        char *longer = cli_format("%s%s%s", text, i ? ", " : "", json_string_value(item) + cut);
        free(text);
        text = longer;
    }
    char *closed = cli_format(cut ? "%s}" : "%s", text);
    free(text);
    return closed;
}

static char *count_text(double value)
{
    static const char *units[] = {"", " k", " M", " G", " T"};
    size_t             u = 0;
    while (value >= 9999.5 && u + 1 < sizeof units / sizeof *units) {
        value /= 1000;
        u++;
    }
    return cli_format(value < 100 && u ? "%.2f%s" : "%.0f%s", value, units[u]);
}

static void print_count(const char *title, double value, const char *unit)
{
    char *text = count_text(value);
    printf("%-12s%s %s\n", title, text, unit);
    free(text);
}

static void print_tensors(const json_t *tensors)
{
    cli_table table = {.titles = {"tensor", "shape", "came from"}};
    size_t    i;
    json_t   *t;
    json_array_foreach(tensors, i, t)
    {
        cli_table_add(&table, cli_strdup(cli_json_text_of(t, "name")));
        cli_table_add(&table, join(json_object_get(t, "shape"), "x"));
        cli_table_add(&table, cli_strdup(cli_json_text_of(t, "origin")));
    }
    putchar('\n');
    cli_table_print_and_clear(&table);
}

void cli_print_model(const json_t *model)
{
    const char *key, *family = cli_json_text_of(model, "title");
    json_t     *value;
    print_field("model", cli_json_text_of(model, "source"));
    print_field("family", *family ? family : "none of the known ones; a graph with RetinaFace heads");
    print_field("format", cli_json_text_of(model, "format"));
    printf("%-12s%.0f\n", "parameters", cli_json_number_of(model, "parameters"));
    fputs("operators   ", stdout);
    json_object_foreach(json_object_get(model, "operators"), key, value)
        printf("%s %lld  ", key, (long long)json_integer_value(value));
    fputs("\nsettings\n", stdout);
    json_object_foreach(json_object_get(model, "settings"), key, value)
        printf("  %-10s%s\n", key, json_string_value(value) ? json_string_value(value) : "?");
    if (cli_verbose) print_tensors(json_object_get(model, "tensors"));
}

static void print_passes(const json_t *passes)
{
    size_t  i;
    json_t *pass;
    fputs("passes\n", stdout);
    json_array_foreach(passes, i, pass)
        printf("  %-24s%lld\n", cli_json_text_of(pass, "name"), (long long)json_integer_value(json_object_get(pass, "count")));
}

static void print_memory(const json_t *memory)
{
    static const char *const rows[][2] = {{"weights", "packed for the kernels"},
                                          {"arena", "peak of the activations, planned by their lifetimes"},
                                          {"scratch", "of these, the most that a layer works with"},
                                          {"unshared", "what the activations would take without that plan"},
                                          {"total", "weights and arena: what a detector of this size needs"}};
    fputs("memory\n", stdout);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        printf("  %-10s%9.2f MiB  %s\n", rows[i][0], cli_json_number_of(memory, rows[i][0]) / 0x1p20, rows[i][1]);
}

static void print_layers(const json_t *layers)
{
    cli_table table = {.titles = {"layer", "operator", "output", ">MACs", ">weights", "kernel", "fused", "weights from"}};
    size_t    i;
    json_t   *l;
    json_array_foreach(layers, i, l)
    {
        cli_table_add(&table, cli_strdup(cli_json_text_of(l, "name")));
        cli_table_add(&table, cli_strdup(cli_json_text_of(l, "op")));
        cli_table_add(&table, join(json_object_get(l, "out"), "x"));
        cli_table_add(&table, count_text(cli_json_number_of(l, "macs")));
        cli_table_add(&table, count_text(cli_json_number_of(l, "weights")));
        cli_table_add(&table, cli_strdup(cli_json_text_of(l, "kernel")));
        cli_table_add(&table, cli_strdup(cli_json_text_of(l, "fused")));
        cli_table_add(&table, join_names(json_object_get(l, "origin")));
    }
    putchar('\n');
    cli_table_print_and_clear(&table);
}

void cli_print_engine(const json_t *engine)
{
    char *input = join(json_object_get(engine, "input"), "x");
    print_field("backend", cli_json_text_of(engine, "backend"));
    print_field("input", input);
    print_count("work", cli_json_number_of(engine, "macs"), "MACs");
    print_passes(json_object_get(engine, "passes"));
    print_memory(json_object_get(engine, "memory"));
    print_layers(json_object_get(engine, "layers"));
    free(input);
}
