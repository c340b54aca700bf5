// SPDX-License-Identifier: MIT
#include "prose.h"

#include "console.h"

#include <stdio.h>
#include <string.h>

enum { NARROW = 40, WIDE = 100 }; /* columns: longer lines are hard to read */

static const char blanks[] = " \n";

cli_prose_kind cli_prose_kind_of(const char *line)
{
    return *line == ' ' ? CLI_PROSE_FIXED : *line == '\n' || !*line ? CLI_PROSE_EMPTY : CLI_PROSE_FLOWS;
}

size_t cli_prose_line_bytes(const char *line)
{
    const size_t n = strcspn(line, "\n");
    return n + (line[n] == '\n');
}

static size_t paragraph_bytes(const char *text)
{
    size_t n = 0;
    while (cli_prose_kind_of(text + n) == CLI_PROSE_FLOWS) n += cli_prose_line_bytes(text + n);
    return n;
}

static void fill(const char *text, size_t bytes, size_t columns)
{
    size_t at = 0, n;
    for (const char *word = text; word < text + bytes; word += n, word += strspn(word, blanks)) {
        n = strcspn(word, blanks);
        if (at) putchar(at + 1 + n > columns ? '\n' : ' ');
        at = at && at + 1 + n <= columns ? at + 1 + n : n;
        fwrite(word, 1, n, stdout);
    }
    putchar('\n');
}

static size_t columns_of_text(void)
{
    const size_t columns = (size_t)cli_columns(stdout);
    return columns < NARROW ? NARROW : columns > WIDE ? WIDE : columns;
}

void cli_prose_print(const char *text)
{
    for (size_t n; *text; text += n) {
        if (cli_prose_kind_of(text) == CLI_PROSE_FLOWS) {
            n = paragraph_bytes(text);
            fill(text, n, columns_of_text());
        } else {
            n = cli_prose_line_bytes(text);
            fwrite(text, 1, n, stdout);
        }
    }
}
