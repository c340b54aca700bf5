// SPDX-License-Identifier: MIT
/* Columns as wide as their widest cell, of which only the beginning is shown where it is very long; JSON has the whole. Rows are
 * gathered first and printed at the end. */
#ifndef FOVEA_CLI_TABLE_H
#define FOVEA_CLI_TABLE_H

#include <stddef.h>

enum { CLI_TABLE_COLUMNS = 10 };

typedef struct cli_table {
    const char *titles[CLI_TABLE_COLUMNS]; /* ends with NULL or when full; a leading '>' aligns the column to the right */
    char      **cell;                      /* row after row */
    size_t      count, capacity;
} cli_table;

/** The next cell, in the order of the titles. @param text freed by the table */
void cli_table_add(cli_table *table, char *text);
void cli_table_print_and_clear(cli_table *table);

#endif
