// SPDX-License-Identifier: MIT
/* Pieces of JSON, valid whatever they are given: file names are bytes, and a network may answer infinity. */
#ifndef FOVEA_CLI_JSON_TEXT_H
#define FOVEA_CLI_JSON_TEXT_H

#include <stdbool.h>
#include <stdio.h>

/** Bytes of the well-formed UTF-8 character at `text`; 0: there is none. */
int cli_utf8_bytes(const char *text);
/** Is the character there one that a terminal obeys: of ASCII, or of those behind it (C1), which terminals take for an escape as
 * well? */
bool cli_is_control(const char *text);
/** A copy in which bytes that are not UTF-8 are replaced by U+FFFD; to free(). NULL: no memory. */
char *cli_utf8(const char *text);
/** Make it UTF-8 where it lies: bytes that are none become '?', and a letter whose end was cut off goes. */
void cli_utf8_settle(char *text);
/** A quoted string, as UTF-8 as cli_utf8() makes it; needs no memory. */
void cli_json_string(FILE *out, const char *text);
/** A number with at most `digits` after the point; null when it is not finite. */
void cli_json_number(FILE *out, double value, int digits);

#endif
