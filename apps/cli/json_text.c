// SPDX-License-Identifier: MIT
#include "json_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the well-formed UTF-8 sequence at `s`, 0 if there is none. Unicode 15, table 3-7. */
static int sequence_bytes(const unsigned char *s)
{
    if (s[0] < 0x80) return 1;
    int      n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    unsigned low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (s[0] < 0xc2 || s[0] > 0xf4 || s[1] < low || s[1] > high) return 0;
    for (int i = 2; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    return n;
}

static const char replacement[] = "\xef\xbf\xbd";

char *cli_utf8(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    char                *copy = calloc(strlen(text) + 1, sizeof replacement), *end = copy;
    while (copy && *s) {
        int n = sequence_bytes(s);
        memcpy(end, n ? (const char *)s : replacement, n ? (size_t)n : sizeof replacement - 1);
        end += n ? n : (int)sizeof replacement - 1;
        s += n ? n : 1;
    }
    return copy;
}

/* Only the first bytes of a letter are here. */
static bool is_cut(const unsigned char *s)
{
    const size_t whole = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    size_t       here = 1;
    while (here < whole && (s[here] & 0xc0) == 0x80) here++;
    return s[0] >= 0xc2 && s[0] <= 0xf4 && here < whole && !s[here];
}

void cli_utf8_settle(char *text)
{
    unsigned char *s = (unsigned char *)text;
    while (*s) {
        const int n = sequence_bytes(s);
        if (!n) *s = is_cut(s) ? '\0' : '?';
        s += n ? n : *s != '\0';
    }
}

static void print_character(FILE *out, unsigned char c)
{
    if (c == '"' || c == '\\') fprintf(out, "\\%c", c);
    else if (c < ' ' || c == 127) fprintf(out, "\\u%04x", (unsigned)c);
    else putc(c, out);
}

void cli_json_string(FILE *out, const char *text)
{
    putc('"', out);
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        int n = sequence_bytes(s);
        if (!n) fputs(replacement, out);
        else if (n == 1) print_character(out, *s);
        else fwrite(s, 1, (size_t)n, out);
        s += n ? n : 1;
    }
    putc('"', out);
}

void cli_json_number(FILE *out, double value, int digits)
{
    char text[400]; /* DBL_MAX has 309 digits before the point */
    if (!isfinite(value)) {
        fputs("null", out);
        return;
    }
    int size = snprintf(text, sizeof text, "%.*f", digits, value);
    while (digits && text[size - 1] == '0') size--;
    if (text[size - 1] == '.') size--;
    text[size] = '\0';
    fputs(strcmp(text, "-0") ? text : "0", out);
}
