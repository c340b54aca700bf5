// SPDX-License-Identifier: MIT
#include "json_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Unicode 15, table 3-7. */
int cli_utf8_bytes(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    if (s[0] < 0x80) return 1;
    int      n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    unsigned low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (s[0] < 0xc2 || s[0] > 0xf4 || s[1] < low || s[1] > high) return 0;
    for (int i = 2; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    return n;
}

bool cli_is_control(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    return s[0] < ' ' || s[0] == 127 || (s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0);
}

static const char replacement[] = "\xef\xbf\xbd";

char *cli_utf8(const char *text)
{
    const char *s = text;
    char       *copy = calloc(strlen(text) + 1, sizeof replacement), *end = copy;
    while (copy && *s) {
        int n = cli_utf8_bytes(s);
        memcpy(end, n ? s : replacement, n ? (size_t)n : sizeof replacement - 1);
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
    for (char *s = text; *s;) {
        const int n = cli_utf8_bytes(s);
        if (!n) *s = is_cut((const unsigned char *)s) ? '\0' : '?';
        s += n ? n : *s != '\0';
    }
}

static void print_character(FILE *out, const char *s, int bytes)
{
    if (*s == '"' || *s == '\\') fprintf(out, "\\%c", *s);
    else if (cli_is_control(s)) fprintf(out, "\\u%04x", (unsigned)(unsigned char)s[bytes - 1]);
    else fwrite(s, 1, (size_t)bytes, out);
}

void cli_json_string(FILE *out, const char *text)
{
    putc('"', out);
    for (const char *s = text; *s;) {
        const int n = cli_utf8_bytes(s);
        if (n) print_character(out, s, n);
        else fputs(replacement, out);
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
