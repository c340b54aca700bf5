// SPDX-License-Identifier: MIT
#include "table.h"

#include "console.h"
#include "memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WIDTH = 60 };

/* In the middle of a character no text ends: bytes that go on with one are left away too. */
static size_t fitting_bytes(const char *text, size_t bytes)
{
    while (bytes && ((unsigned char)text[bytes] & 0xc0) == 0x80) bytes--;
    return bytes;
}

/* Columns are as wide as their widest cell: one long name would fill every row with blanks. */
static void shorten(char *text)
{
    static const char ellipsis[] = "...";
    if (strnlen(text, MAX_WIDTH + 1) <= MAX_WIDTH) return;
    memcpy(text + fitting_bytes(text, MAX_WIDTH - (sizeof ellipsis - 1)), ellipsis, sizeof ellipsis);
}

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

static bool is_right(const cli_table *table, size_t column)
{
    return table->titles[column][0] == '>';
}

/* The last column, to the left, makes no other line longer. */
static bool is_padded(const cli_table *table, size_t column, size_t columns)
{
    return column + 1 < columns || is_right(table, column);
}

static void shorten_cells(cli_table *table, size_t columns)
{
    for (size_t i = 0; i < table->count; i++)
        if (is_padded(table, i % columns, columns)) shorten(table->cell[i]);
}

static void pad(size_t n)
{
    while (n--) putchar(' ');
}

static void print_cell(const char *text, size_t width, bool right, bool last)
{
    const size_t size = strlen(text), blanks = size < width ? width - size : 0;
    if (right) pad(blanks);
    cli_print_plain(stdout, text);
    if (!right && !last) pad(blanks);
    fputs(last ? "\n" : "  ", stdout);
}

static void print_titles(const cli_table *table, const size_t *width, size_t columns)
{
    for (size_t c = 0; c < columns; c++) {
        char *title = cli_strdup(table->titles[c] + is_right(table, c));
        shorten(title);
        print_cell(title, width[c], is_right(table, c), c + 1 == columns);
        free(title);
    }
}

void cli_table_print_and_clear(cli_table *table)
{
    size_t columns = count_columns(table), width[CLI_TABLE_COLUMNS];
    shorten_cells(table, columns);
    for (size_t c = 0; c < columns; c++) width[c] = strnlen(table->titles[c] + is_right(table, c), MAX_WIDTH);
    for (size_t i = 0; i < table->count; i++) /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): a table has titles */
        if (strlen(table->cell[i]) > width[i % columns]) width[i % columns] = strlen(table->cell[i]);
    print_titles(table, width, columns);
    for (size_t i = 0; i < table->count; i++) {
        const size_t c = i % columns;
        print_cell(table->cell[i], width[c], is_right(table, c), c + 1 == columns);
        free(table->cell[i]);
    }
    free(table->cell);
    table->cell = NULL;
    table->count = table->capacity = 0;
}
