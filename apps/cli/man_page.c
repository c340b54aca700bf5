// SPDX-License-Identifier: MIT
#include "man_page.h"

#include "fovea/fovea.h"
#include "options.h"
#include "prose.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- text */

/* As characters that can be copied from the page into a shell. */
static const char *escape_of(char c)
{
    switch (c) {
    case '\\':
        return "\\e";
    case '-':
        return "\\-";
    case '\'':
        return "\\(aq";
    case '`':
        return "\\(ga";
    case '^':
        return "\\(ha";
    case '~':
        return "\\(ti";
    default:
        return NULL;
    }
}

static void put(char c)
{
    const char *escape = escape_of(c);
    if (escape) fputs(escape, stdout);
    else putchar(c);
}

static void print(const char *text, size_t bytes)
{
    if (bytes && *text == '.') fputs("\\&", stdout); /* is no request */
    for (size_t i = 0; i < bytes; i++) put(text[i]);
}

static void print_text(const char *text)
{
    print(text, strlen(text));
}

/* Of a line whose word in capitals is a place for something else: "--size=WxH", "[OPTION...] INPUT...". */
static void print_bold_but_capitals(const char *text)
{
    while (*text) {
        const size_t n = strcspn(text, " =|[]"), mark = n ? n : 1;
        if (n) fputs(isupper((unsigned char)*text) ? "\\fI" : "\\fB", stdout);
        print(text, mark);
        if (n) fputs("\\fR", stdout);
        text += mark;
    }
    putchar('\n');
}

static void print_prose(const char *text)
{
    cli_prose_kind before = CLI_PROSE_FLOWS;
    const char    *start = text;
    for (size_t n; *text; text += n) {
        const cli_prose_kind kind = cli_prose_kind_of(text);
        n = cli_prose_line_bytes(text);
        if (kind != CLI_PROSE_FIXED && before == CLI_PROSE_FIXED) puts(".EE");
        if (kind != CLI_PROSE_EMPTY && kind != before && text != start) puts(".PP");
        if (kind == CLI_PROSE_FIXED && before != CLI_PROSE_FIXED) puts(".EX");
        if (kind != CLI_PROSE_EMPTY) print(text, n);
        before = kind;
    }
    if (before == CLI_PROSE_FIXED) puts(".EE");
}

/* ---------------------------------------------------------------- parts of a page */

/* No date: the same sources make the same page. @param name as "fovea-detect" */
static void print_head(const char *name, int section, const char *summary)
{
    fputs(".TH ", stdout);
    for (const char *c = name; *c; c++) put((char)toupper((unsigned char)*c));
    printf(" %d \"\" \"Fovea %s\" \"Fovea\"\n.SH NAME\n", section, fov_version());
    print_text(name);
    fputs(" \\- ", stdout);
    print_text(summary);
    putchar('\n');
}

static void print_section(const char *title, const char *text)
{
    printf(".SH %s\n", title);
    print_prose(text);
}

static void print_option(void *user, const char *title, const struct poptOption *option)
{
    const char **above = user; /* the title of the options before */
    if (title != *above) {
        const size_t bytes = strlen(title);
        fputs(".SS \"", stdout);
        print(title, bytes - (title[bytes - 1] == ':'));
        puts("\"");
    }
    *above = title;
    puts(".TP");
    if (option->shortName) printf("\\fB\\-%c\\fR, ", option->shortName);
    fputs("\\fB\\-\\-", stdout);
    print_text(option->longName);
    fputs(option->argDescrip ? "\\fR=" : "\\fR\n", stdout);
    if (option->argDescrip) print_bold_but_capitals(option->argDescrip);
    print_text(option->descrip);
    putchar('\n');
}

static void print_exit_codes(void)
{
    puts(".SH EXIT STATUS");
#define PRINT_ROW(name, code, meaning) printf(".TP\n%d\n%s\n", code, meaning);
    CLI_EXIT_CODES(PRINT_ROW)
#undef PRINT_ROW
}

static void print_link(const char *name, int section, const char *end)
{
    fputs(".BR fovea\\-", stdout);
    print_text(name);
    printf(" (%d)%s\n", section, end);
}

static void print_links(void)
{
    puts(".SH SEE ALSO\n.BR fovea (1),");
    for (const cli_command *c = cli_commands; c->name; c++) print_link(c->name, 1, ",");
    for (const cli_topic *t = cli_topics; t->name; t++) print_link(t->name, 7, t[1].name ? "," : "");
}

static void print_list_row(const char *name, int section, const char *summary)
{
    puts(".TP");
    print_link(name, section, "");
    print_text(summary);
    putchar('\n');
}

/* ---------------------------------------------------------------- pages */

void cli_man_command(const cli_command *command)
{
    char        name[64];
    const char *above = NULL;
    snprintf(name, sizeof name, "fovea-%s", command->name);
    print_head(name, 1, command->summary);
    printf(".SH SYNOPSIS\n\\fBfovea %s\\fR ", command->name);
    print_bold_but_capitals(command->manual->arguments);
    print_section("DESCRIPTION", command->manual->about);
    puts(".SH OPTIONS");
    cli_command_options_each(command, print_option, &above);
    print_section("EXAMPLES", command->manual->examples);
    print_exit_codes();
    print_links();
}

void cli_man_topic(const cli_topic *topic)
{
    char name[64];
    snprintf(name, sizeof name, "fovea-%s", topic->name);
    print_head(name, 7, topic->summary);
    print_section("DESCRIPTION", topic->text);
    print_links();
}

void cli_man_overview(void)
{
    print_head("fovea", 1, "find faces in photos with networks of the RetinaFace family");
    puts(".SH SYNOPSIS");
    fputs("\\fBfovea\\fR ", stdout);
    print_bold_but_capitals("COMMAND [OPTION...] [ARGUMENT...]");
    puts(".SH COMMANDS");
    for (const cli_command *c = cli_commands; c->name; c++) print_list_row(c->name, 1, c->summary);
    puts(".SH TOPICS");
    for (const cli_topic *t = cli_topics; t->name; t++) print_list_row(t->name, 7, t->summary);
    print_section("EXAMPLES", cli_overview_examples);
    print_exit_codes();
}
