// SPDX-License-Identifier: MIT
#include "calibrate_print.h"

#include "console.h"
#include "json_read.h"
#include "memory.h"
#include "table.h"

#include <jansson.h>
#include <stdlib.h>

static void print_tensors(const json_t *tensors)
{
    cli_table table = {.titles = {"tensor", ">from", ">to", ">step", ">channels"}};
    size_t    i;
    json_t   *tensor;
    json_array_foreach(tensors, i, tensor)
    {
        const int channels = (int)cli_json_number_of(tensor, "channels");
        cli_table_add(&table, cli_strdup(cli_json_text_of(tensor, "name")));
        cli_table_add(&table, cli_format("%.5g", cli_json_number_of(tensor, "lo")));
        cli_table_add(&table, cli_format("%.5g", cli_json_number_of(tensor, "hi")));
        cli_table_add(&table, cli_format("%.5g", cli_json_number_of(tensor, "scale")));
        cli_table_add(&table, channels ? cli_format("%d", channels) : cli_strdup("-"));
    }
    cli_table_print_and_clear(&table);
}

static void print_nodes(const json_t *nodes)
{
    cli_table table = {.titles = {"node with several inputs", "operator", ">input", "tensor", ">step"}};
    size_t    i, j;
    json_t   *node, *input;
    json_array_foreach(nodes, i, node)
    {
        const json_t *inputs = json_object_get(node, "inputs");
        if (json_array_size(inputs) < 2) continue;
        json_array_foreach(inputs, j, input)
        {
            cli_table_add(&table, cli_strdup(j ? "" : cli_json_text_of(node, "node")));
            cli_table_add(&table, cli_strdup(j ? "" : cli_json_text_of(node, "op")));
            cli_table_add(&table, cli_format("%d", (int)cli_json_number_of(input, "index")));
            cli_table_add(&table, cli_strdup(cli_json_text_of(input, "tensor")));
            cli_table_add(&table, cli_format("%.5g", cli_json_number_of(input, "scale")));
        }
    }
    if (table.count) putchar('\n');
    cli_table_print_and_clear(&table);
}

void cli_print_calibration(const char *description)
{
    json_t *json = json_loads(description, 0, NULL);
    printf("method   ");
    cli_print_plain(stdout, cli_json_text_of(json, "method"));
    printf("\nphotos   %d\n\n", (int)cli_json_number_of(json, "photos"));
    print_tensors(json_object_get(json, "tensors"));
    print_nodes(json_object_get(json, "inputs"));
    json_decref(json);
}
