// SPDX-License-Identifier: MIT
#include "certificate_print.h"

#include "console.h"
#include "memory.h"
#include "table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 12, MAX_DEPTH = 8, INDENT = 2, LONG_TABLE = 24 };

/* What people look for first; everything else follows as the file has it. */
static const char *const first_keys[] = {"verdict", "notes",         "source",     "calibration", "options",
                                         "share",   "stayed_higher", "considered", "measured"};
enum { N_FIRST_KEYS = sizeof first_keys / sizeof *first_keys };

/* "0.0031", "true", "text"; NULL for objects and lists. */
static char *scalar(const json_t *value)
{
    if (json_is_string(value)) return cli_strdup(*json_string_value(value) ? json_string_value(value) : "-");
    if (json_is_integer(value)) return cli_format("%lld", (long long)json_integer_value(value));
    if (json_is_real(value)) return cli_format("%.6g", json_real_value(value));
    if (json_is_boolean(value)) return cli_strdup(json_is_true(value) ? "yes" : "no");
    return json_is_null(value) ? cli_strdup("-") : NULL;
}

/* "stayed_higher" -> "stayed higher" */
static void print_key(const char *key, int depth)
{
    char *words = cli_strdup(key);
    for (char *p = words; *p; p++)
        if (*p == '_') *p = ' ';
    printf("%*s", depth * INDENT, "");
    cli_print_plain(stdout, words);
    const int blanks = WIDTH - depth * INDENT - (int)strnlen(words, WIDTH);
    printf("%*s", blanks > 0 ? blanks : 1, "");
    free(words);
}

/* A list of objects with the same plain fields, which is a table. */
static bool is_table(const json_t *array)
{
    const json_t *first = json_array_get(array, 0);
    size_t        i;
    json_t       *row, *cell;
    const char   *key;
    if (!json_is_object(first) || json_object_size(first) > CLI_TABLE_COLUMNS) return false;
    json_array_foreach(array, i, row)
    {
        if (json_object_size(row) != json_object_size(first)) return false;
        json_object_foreach(row, key,
                            cell) if (!json_object_get(first, key) || json_is_object(cell) || json_is_array(cell)) return false;
    }
    return true;
}

static void print_table(const json_t *array)
{
    cli_table   table = {0};
    json_t     *first = json_array_get(array, 0);
    size_t      i, columns = 0;
    const char *key;
    json_t     *row, *cell;
    json_object_foreach(first, key, cell) table.titles[columns++] = key;
    json_array_foreach(array, i, row) for (size_t c = 0; c < columns; c++)
        cli_table_add(&table, scalar(json_object_get(row, table.titles[c])));
    cli_table_print_and_clear(&table);
    putchar('\n');
}

static void print_value(const char *key, json_t *value, int depth);

static void print_object(json_t *object, int depth)
{
    const char *key;
    json_t     *value;
    json_object_foreach(object, key, value) print_value(key, value, depth);
}

static void print_list(const json_t *array, int depth)
{
    size_t  i;
    json_t *item;
    json_array_foreach(array, i, item)
    {
        char *text = scalar(item);
        printf("%*s", depth * INDENT, "");
        if (text) cli_print_plain(stdout, text);
        putchar('\n');
        if (json_is_object(item)) print_object(item, depth + 1);
        free(text);
    }
}

static void print_value(const char *key, json_t *value, int depth)
{
    char *text = scalar(value);
    if (depth > MAX_DEPTH) return;
    print_key(key, depth);
    const bool hidden = !cli_verbose && json_array_size(value) > LONG_TABLE;
    if (text) cli_print_plain(stdout, text);
    else if (hidden) printf("%zu rows; -v shows them", json_array_size(value));
    else if (!json_array_size(value) && !json_object_size(value)) putchar('-');
    putchar('\n');
    free(text);
    if (hidden) return;
    if (json_is_object(value)) print_object(value, depth + 1);
    else if (is_table(value)) print_table(value);
    else if (json_is_array(value)) print_list(value, depth + 1);
}

static bool is_first(const char *key)
{
    for (size_t i = 0; i < N_FIRST_KEYS; i++)
        if (!strcmp(key, first_keys[i])) return true;
    return false;
}

void cli_print_certificate(const char *path, const char *precision, json_t *certificate)
{
    const char *key;
    json_t     *value;
    printf("%-*s", WIDTH, "engine");
    cli_print_plain(stdout, path);
    printf("\n%-*s%s\n", WIDTH, "precision", precision);
    if (!json_object_size(certificate)) {
        puts("certificate none: nobody measured what this precision costs\n");
        return;
    }
    puts("certificate");
    for (size_t i = 0; i < N_FIRST_KEYS; i++)
        if ((value = json_object_get(certificate, first_keys[i]))) print_value(first_keys[i], value, 1);
    json_object_foreach(certificate, key, value) if (!is_first(key)) print_value(key, value, 1);
    putchar('\n');
}
