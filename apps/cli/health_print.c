// SPDX-License-Identifier: MIT
#include "health_print.h"

#include "console.h"
#include "json_read.h"
#include "memory.h"
#include "table.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { WORST_SHOWN = 12 };

static char *count_text(const json_t *object, const char *key)
{
    return cli_format("%lld", cli_json_count_of(object, key));
}

/* "-" for what JSON has as null. */
static char *number_text(const json_t *object, const char *key, const char *format)
{
    const json_t *number = json_object_get(object, key);
    char          text[32];
    if (!json_is_number(number)) return cli_strdup("-");
    snprintf(text, sizeof text, strcmp(format, "dB") ? "%.3g" : "%.1f", json_number_value(number));
    return cli_strdup(text);
}

/* ---------------------------------------------------------------- totals */

typedef struct row {
    const char *key, *title;
    bool        number; /* else a count, with the tensors that have any where the total says so */
} row;

static const row float_rows[] = {{"elements", "weights", false},
                                 {"subnormal", "subnormal: kept with fewer bits", false},
                                 {"tiny", "below the smallest subnormal", false},
                                 {"flushed", "of those, rounded to zero", false},
                                 {"overflow", "overflow: rounded to infinity", false},
                                 {"inf", "infinite", false},
                                 {"nan", "not a number", false},
                                 {"zero", "exactly zero", false},
                                 {"dead_channels", "output channels without a weight", false},
                                 {"min", "smallest", true},
                                 {"max", "largest", true},
                                 {"smallest", "closest to zero", true},
                                 {NULL, NULL, false}};

static const row int8_rows[] = {{"elements", "weights", false},
                                {"channels", "channels with a scale of their own", false},
                                {"flushed", "rounded to zero", false},
                                {"subnormal", "rounded to 1 or -1", false},
                                {"outlier_channels", "channels that an outlier dominates", false},
                                {"worst_snr_db", "worst channel, dB", true},
                                {"snr_db", "all channels, dB", true},
                                {"inf", "infinite", false},
                                {"nan", "not a number", false},
                                {"zero", "exactly zero", false},
                                {"dead_channels", "output channels without a weight", false},
                                {"min", "smallest", true},
                                {"max", "largest", true},
                                {NULL, NULL, false}};

static char *total_text(const json_t *total, const row *wanted)
{
    const json_t *tensors = json_object_get(json_object_get(total, "tensors"), wanted->key);
    if (wanted->number) return number_text(total, wanted->key, "");
    if (!tensors || !cli_json_count_of(total, wanted->key)) return count_text(total, wanted->key);
    return cli_format("%lld in %lld tensors", cli_json_count_of(total, wanted->key), (long long)json_integer_value(tensors));
}

static void print_totals(const json_t *stages, const row *rows)
{
    cli_table table = {.titles = {"", ">in the file", ">BatchNorm folded"}};
    for (const row *r = rows; r->key; r++) {
        cli_table_add(&table, cli_strdup(r->title));
        for (size_t i = 0; i < 2; i++) cli_table_add(&table, total_text(json_object_get(json_array_get(stages, i), "total"), r));
    }
    cli_table_print_and_clear(&table);
}

/* ---------------------------------------------------------------- tensors */

/* Infinite weights before lost ones, lost ones before narrow ones. */
static double badness(const json_t *tensor)
{
    const double broken =
        (double)(cli_json_count_of(tensor, "overflow") + cli_json_count_of(tensor, "inf") + cli_json_count_of(tensor, "nan"));
    return broken * 1e18 + (double)cli_json_count_of(tensor, "outlier_channels") * 1e15 +
           (double)cli_json_count_of(tensor, "tiny") * 1e9 + (double)cli_json_count_of(tensor, "subnormal") +
           (double)cli_json_count_of(tensor, "dead_channels") * 1e-3;
}

static int worst_first(const void *a, const void *b)
{
    const double x = badness(*(const json_t *const *)a), y = badness(*(const json_t *const *)b);
    return x < y ? 1 : x > y ? -1 : 0;
}

static void add_tensor(cli_table *table, const json_t *tensor, bool int8)
{
    static const char *const counts[2][5] = {{"elements", "subnormal", "flushed", "overflow", "dead_channels"},
                                             {"elements", "subnormal", "flushed", "outlier_channels", "dead_channels"}};
    cli_table_add(table, cli_strdup(json_string_value(json_object_get(tensor, "name"))));
    cli_table_add(table, cli_json_shape(json_object_get(tensor, "shape")));
    for (int i = 0; i < 5; i++) cli_table_add(table, count_text(tensor, counts[int8][i]));
    cli_table_add(table, int8 ? number_text(tensor, "worst_snr_db", "dB") : number_text(tensor, "smallest", ""));
}

static void print_tensors(const json_t *tensors, bool int8)
{
    cli_table floats = {.titles = {"tensor", "shape", ">weights", ">subnormal", ">to zero", ">overflow", ">dead", ">closest to 0"}};
    cli_table ints = {.titles = {"tensor", "shape", ">weights", ">to +-1", ">to zero", ">outliers", ">dead", ">worst dB"}};
    const size_t   count = json_array_size(tensors);
    const json_t **sorted = cli_calloc(count, sizeof *sorted);
    const size_t   most = cli_verbose || count < WORST_SHOWN ? count : WORST_SHOWN;
    size_t         shown = 0;
    for (size_t i = 0; i < count; i++) sorted[i] = json_array_get(tensors, i);
    qsort(sorted, count, sizeof *sorted, worst_first);
    while (shown < most && (cli_verbose || badness(sorted[shown]) > 0)) add_tensor(int8 ? &ints : &floats, sorted[shown++], int8);
    if (shown) printf("\nfolded tensors, worst first%s\n", shown < count && shown == most ? " (-v: all)" : "");
    if (shown) cli_table_print_and_clear(int8 ? &ints : &floats);
    free(sorted);
}

/* ---------------------------------------------------------------- effect */

/* Of all raw outputs: the lowest ratio, and the largest difference of any. */
static void worst_heads(const json_t *heads, double *snr, double *largest)
{
    size_t  i;
    json_t *head;
    *snr = INFINITY;
    *largest = 0;
    json_array_foreach(heads, i, head)
    {
        const json_t *ratio = json_object_get(head, "snr_db");
        if (json_is_number(ratio)) *snr = fmin(*snr, json_number_value(ratio));
        *largest = fmax(*largest, json_number_value(json_object_get(head, "max")));
    }
}

static void add_variant(cli_table *table, const json_t *variant)
{
    const json_t *comparison = json_object_get(variant, "comparison"), *faces = json_object_get(comparison, "faces");
    const json_t *drift = json_object_get(comparison, "drift");
    double        snr, largest;
    worst_heads(json_object_get(comparison, "heads"), &snr, &largest);
    cli_table_add(table, cli_strdup(json_string_value(json_object_get(variant, "weights"))));
    cli_table_add(table, cli_format("%lld of %lld", cli_json_count_of(faces, "matched"), cli_json_count_of(faces, "a")));
    cli_table_add(table, count_text(faces, "lost"));
    cli_table_add(table, count_text(faces, "gained"));
    cli_table_add(table, number_text(drift, "score_max", ""));
    cli_table_add(table, number_text(drift, "landmark_px_max", ""));
    cli_table_add(table, cli_format("%.3g", largest));
    cli_table_add(table, isfinite(snr) ? cli_format("%.1f", snr) : cli_strdup("the same"));
}

static void print_effect(const json_t *effect, const char *precision)
{
    cli_table table = {
        .titles = {"weights", ">faces", ">lost", ">gained", ">score drift", ">landmark px", ">raw outputs", ">worst dB"}};
    const json_t *variants = json_object_get(effect, "variants");
    const json_t *first = json_object_get(json_array_get(variants, 0), "comparison");
    size_t        i;
    json_t       *variant;
    printf("\nwhat %s weights alone do to the outputs (%lld photos; largest differences from fp32)\n", precision,
           cli_json_count_of(first, "photos"));
    json_array_foreach(variants, i, variant) add_variant(&table, variant);
    cli_table_print_and_clear(&table);
}

void cli_print_health(const json_t *health, const json_t *effect)
{
    const char   *precision = json_string_value(json_object_get(health, "precision"));
    const bool    int8 = !strcmp(precision, "int8");
    const json_t *stages = json_object_get(health, "stages");
    printf("weights in %s\n", precision);
    print_totals(stages, int8 ? int8_rows : float_rows);
    print_tensors(json_object_get(json_array_get(stages, 1), "tensors"), int8);
    if (effect) print_effect(effect, precision);
}
