// SPDX-License-Identifier: MIT
/* The text of manuals: paragraphs, apart by an empty line, whose words flow; and lines that begin with a blank, which stay as they
 * are. One text is shown on terminals and becomes a page for man. */
#ifndef FOVEA_CLI_PROSE_H
#define FOVEA_CLI_PROSE_H

#include <stddef.h>

typedef enum cli_prose_kind { CLI_PROSE_EMPTY, CLI_PROSE_FIXED, CLI_PROSE_FLOWS } cli_prose_kind;

cli_prose_kind cli_prose_kind_of(const char *line);
size_t         cli_prose_line_bytes(const char *line); /* with its end */

/** Print it in lines as wide as the terminal, within reason. */
void cli_prose_print(const char *text);

#endif
