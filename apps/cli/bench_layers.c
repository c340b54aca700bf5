// SPDX-License-Identifier: MIT
#include "bench_layers.h"

#include "json_read.h"
#include "memory.h"
#include "table.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "conv1", or "conv1 +2" for a step of three layers. */
static char *name_text(const json_t *step)
{
    const size_t layers = json_array_size(json_object_get(step, "layers"));
    const char  *name = cli_json_text_of(step, "name");
    return layers > 1 ? cli_format("%s +%zu", name, layers - 1) : cli_strdup(name);
}

/* Time, share of the network's time, speed, share of the peak: of one step or of several. */
static void add_numbers(cli_table *table, double seconds, double network, double macs, double at_peak)
{
    const bool multiplies = macs > 0 && seconds > 0;
    cli_table_add(table, cli_format("%.4f", seconds * 1e3));
    cli_table_add(table, cli_format("%.1f%%", network > 0 ? 100 * seconds / network : 0));
    cli_table_add(table, multiplies ? cli_format("%.1f", macs / seconds * 1e-9) : cli_strdup(""));
    cli_table_add(table, multiplies && at_peak > 0 ? cli_format("%.0f%%", 100 * at_peak / seconds) : cli_strdup(""));
}

/* Seconds that the multiplications of a step would take at the peak of its precision. */
static double seconds_at_peak(const json_t *step, const json_t *peak)
{
    const double macs = cli_json_number_of(step, "macs");
    const double speed = json_object_size(peak) ? cli_json_number_of(peak, cli_json_text_of(step, "precision")) : 0;
    return macs > 0 && speed > 0 ? macs / speed : 0;
}

typedef struct totals {
    double seconds, macs, at_peak;
    size_t steps;
} totals;

static totals sum_of(const json_t *profile, const char *precision) /* NULL: of all */
{
    totals  sum = {0};
    size_t  i;
    json_t *step;
    json_array_foreach(json_object_get(profile, "steps"), i, step)
    {
        if (precision && strcmp(cli_json_text_of(step, "precision"), precision) != 0) continue;
        sum.seconds += cli_json_number_of(step, "seconds");
        sum.macs += cli_json_number_of(step, "macs");
        sum.at_peak += seconds_at_peak(step, json_object_get(profile, "peak"));
        sum.steps++;
    }
    return sum;
}

static void add_total(cli_table *table, const char *name, const char *precision, totals sum, double network)
{
    if (!sum.steps) return;
    cli_table_add(table, cli_strdup(name));
    cli_table_add(table, cli_format("%zu steps", sum.steps));
    cli_table_add(table, cli_strdup(precision));
    add_numbers(table, sum.seconds, network, sum.macs, sum.at_peak);
    cli_table_add(table, cli_strdup(""));
    cli_table_add(table, cli_strdup(""));
}

static void print_peaks(const json_t *peak, int threads)
{
    const char *precision;
    json_t     *macs;
    if (!json_object_size(peak)) {
        putchar('\n');
        return;
    }
    printf("\n%-8s ", "peak");
    json_object_foreach((json_t *)peak, precision, macs) printf(" %s %.1f", precision, json_number_value(macs) * 1e-9);
    printf(" GMAC/s: one core's, measured now, times %d\n\n", threads);
}

void cli_print_profile(const json_t *profile)
{
    static const char *const precisions[] = {"fp32", "bf16", "int8", ""};
    cli_table     table = {.titles = {"layer", "operator", "in", ">ms", ">share", ">GMAC/s", ">of peak", "output", "kernel"}};
    const json_t *peak = json_object_get(profile, "peak");
    const double  network = cli_json_number_of(profile, "network_seconds");
    size_t        i;
    json_t       *step;
    json_array_foreach(json_object_get(profile, "steps"), i, step)
    {
        cli_table_add(&table, name_text(step));
        cli_table_add(&table, cli_strdup(cli_json_text_of(step, "op")));
        cli_table_add(&table, cli_strdup(cli_json_text_of(step, "precision")));
        add_numbers(&table, cli_json_number_of(step, "seconds"), network, cli_json_number_of(step, "macs"),
                    seconds_at_peak(step, peak));
        cli_table_add(&table, cli_json_shape(json_object_get(step, "out")));
        cli_table_add(&table, cli_strdup(cli_json_text_of(step, "kernel")));
    }
    for (i = 0; i < sizeof precisions / sizeof *precisions; i++)
        add_total(&table, *precisions[i] ? "all that multiply in" : "all others", precisions[i], sum_of(profile, precisions[i]),
                  network);
    add_total(&table, "all steps", "", sum_of(profile, NULL), network);
    print_peaks(peak, (int)cli_json_count_of(profile, "threads"));
    cli_table_print_and_clear(&table);
    printf("\nnetwork  %.3f ms (median of %lld runs; medians of the steps do not add up to it exactly)\n", network * 1e3,
           cli_json_count_of(profile, "rounds"));
}
