// SPDX-License-Identifier: MIT
#include "compare_print.h"

#include "console.h"
#include "json_read.h"
#include "memory.h"
#include "table.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORST_LAYERS = 6 };

static size_t count(const json_t *object, const char *key)
{
    return (size_t)json_integer_value(json_object_get(object, key));
}

static void print_engine(const json_t *json, const char *key, const char *title)
{
    const json_t *engine = json_object_get(json, key);
    printf("%-10s", title);
    cli_print_plain(stdout, cli_json_text_of(engine, "name"));
    printf(", %s\n", cli_json_text_of(engine, "precision"));
}

static void print_numbers(const json_t *json)
{
    const json_t *faces = json_object_get(json, "faces"), *agreement = json_object_get(json, "agreement"),
                 *drift = json_object_get(json, "drift");
    printf("photos    %zu", count(json, "photos"));
    if (count(json, "failed")) printf(", and %zu that could not be compared", count(json, "failed"));
    printf("\nfaces     A %zu, B %zu, both %zu, lost %zu, gained %zu   (score > 0.5, IoU >= 0.5)\n", count(faces, "a"),
           count(faces, "b"), count(faces, "matched"), count(faces, "lost"), count(faces, "gained"));
    printf("loss      %.3f points of expected AP\n", 100 * cli_json_number_of(agreement, "loss"));
    if (!count(drift, "pairs")) return;
    printf("scores    differ by %.5f in the mean, %.5f at most; B's are %+.5f\n", cli_json_number_of(drift, "score_mean"),
           cli_json_number_of(drift, "score_max"), cli_json_number_of(drift, "score_bias"));
    printf("points    differ by %.4f px in the mean, %.3f at most (%.3f%% and %.2f%% of the box)\n",
           cli_json_number_of(drift, "landmark_px_mean"), cli_json_number_of(drift, "landmark_px_max"),
           100 * cli_json_number_of(drift, "landmark_mean"), 100 * cli_json_number_of(drift, "landmark_max"));
    printf("boxes     differ by %.4f px in the mean, %.3f at most; mean IoU %.5f\n", cli_json_number_of(drift, "box_px_mean"),
           cli_json_number_of(drift, "box_px_max"), cli_json_number_of(agreement, "mean_iou"));
}

static char *snr_text(const json_t *layer)
{
    const json_t *snr = json_object_get(layer, "snr_db");
    return json_is_null(snr) ? cli_strdup("same") : cli_format("%.1f", json_number_value(snr));
}

static void add_row(cli_table *table, const json_t *layer, const char *name)
{
    const json_t *clipped = json_object_get(layer, "clipped");
    cli_table_add(table, cli_strdup(cli_json_text_of(layer, name)));
    cli_table_add(table, cli_strdup(cli_json_text_of(layer, "precision")));
    cli_table_add(table, snr_text(layer));
    cli_table_add(table, cli_format("%.6f", cli_json_number_of(layer, "cosine")));
    cli_table_add(table, cli_format("%.4g", cli_json_number_of(layer, "max")));
    cli_table_add(table, json_is_number(clipped) ? cli_format("%.2g%%", 100 * json_number_value(clipped)) : cli_strdup(""));
}

static double snr_of(const json_t *layer)
{
    const json_t *snr = json_object_get(layer, "snr_db");
    return json_is_null(snr) ? HUGE_VAL : json_number_value(snr);
}

static int worst_first(const void *x, const void *y)
{
    const double a = snr_of(*(const json_t *const *)x), b = snr_of(*(const json_t *const *)y);
    return a < b ? -1 : a > b;
}

static void print_layers(const json_t *json, bool all)
{
    const json_t  *layers = json_object_get(json, "layers");
    const size_t   n = json_array_size(layers), shown = all || n < WORST_LAYERS ? n : WORST_LAYERS;
    cli_table      table = {.titles = {"layer", "precision", ">SNR dB", ">cosine", ">max", ">clipped"}};
    const json_t **sorted = cli_calloc(n + 1, sizeof(json_t *));
    for (size_t i = 0; i < n; i++) sorted[i] = json_array_get(layers, i);
    if (!all) qsort((void *)sorted, n, sizeof(json_t *), worst_first);
    for (size_t i = 0; i < shown; i++) add_row(&table, sorted[i], "name");
    printf("\n%zu layers have the same name in both (A has %zu, B %zu)%s\n", n, count(json, "layers_a"), count(json, "layers_b"),
           shown == n ? "" : "; the worst:");
    if (n) cli_table_print_and_clear(&table);
    free((void *)sorted);
}

static void print_heads(const json_t *json)
{
    const json_t *heads = json_object_get(json, "heads"), *head;
    cli_table     table = {.titles = {"output", "precision", ">SNR dB", ">cosine", ">max"}};
    size_t        i;
    json_array_foreach(heads, i, head)
    {
        add_row(&table, head, "output");
        free(table.cell[--table.count]); /* outputs are not quantised: no column for clipping */
    }
    putchar('\n');
    if (i) cli_table_print_and_clear(&table);
    else printf("the raw outputs have different shapes: they were not compared\n");
}

static void print_worst(const json_t *json)
{
    const json_t *worst = json_object_get(json, "worst"), *photo;
    cli_table     table = {.titles = {"photos that differ most", ">lost", ">gained", ">score", ">points px"}};
    size_t        i;
    json_array_foreach(worst, i, photo)
    {
        cli_table_add(&table, cli_strdup(cli_json_text_of(photo, "photo")));
        cli_table_add(&table, cli_format("%zu", count(photo, "lost")));
        cli_table_add(&table, cli_format("%zu", count(photo, "gained")));
        cli_table_add(&table, cli_format("%.4f", cli_json_number_of(photo, "score_max")));
        cli_table_add(&table, cli_format("%.2f", cli_json_number_of(photo, "landmark_px_max")));
    }
    if (!i) return;
    putchar('\n');
    cli_table_print_and_clear(&table);
}

void cli_print_comparison(const char *text, bool all)
{
    json_t *json = json_loads(text, 0, NULL);
    if (!json) {
        cli_no_memory();
        return;
    }
    print_engine(json, "a", "A");
    print_engine(json, "b", "B");
    putchar('\n');
    cli_print_plain(stdout, cli_json_text_of(json, "verdict"));
    fputs("\n\n", stdout);
    print_numbers(json);
    print_heads(json);
    if (json_array_size(json_object_get(json, "layers"))) print_layers(json, all);
    print_worst(json);
    json_decref(json);
}
