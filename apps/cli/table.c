// SPDX-License-Identifier: MIT
#include "table.h"

#include "console.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>

void cli_table_add(cli_table *table, char *text)
{
    table->cell = cli_grow(table->cell, table->count, &table->capacity, sizeof *table->cell);
    table->cell[table->count++] = text;
}

static size_t count_columns(const cli_table *table)
{
    size_t n = 0;
    while (n < CLI_TABLE_COLUMNS && table->titles[n]) n++;
    return n;
}

static void pad(size_t n)
{
    while (n--) putchar(' ');
}

static void print_cell(const char *text, size_t width, int right, int last)
{
    size_t blanks = width - strlen(text);
    if (right) pad(blanks);
    cli_print_plain(stdout, text);
    if (!right && !last) pad(blanks);
    fputs(last ? "\n" : "  ", stdout);
}

void cli_table_print_and_clear(cli_table *table)
{
    size_t columns = count_columns(table), width[CLI_TABLE_COLUMNS];
    for (size_t c = 0; c < columns; c++) width[c] = strlen(table->titles[c] + (table->titles[c][0] == '>'));
    for (size_t i = 0; i < table->count; i++) /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): a table has titles */
        if (strlen(table->cell[i]) > width[i % columns]) width[i % columns] = strlen(table->cell[i]);
    for (size_t c = 0; c < columns; c++) {
        int right = table->titles[c][0] == '>';
        print_cell(table->titles[c] + right, width[c], right, c + 1 == columns);
    }
    for (size_t i = 0; i < table->count; i++) {
        size_t c = i % columns;
        print_cell(table->cell[i], width[c], table->titles[c][0] == '>', c + 1 == columns);
        free(table->cell[i]);
    }
    free(table->cell);
    table->cell = NULL;
    table->count = table->capacity = 0;
}
