// SPDX-License-Identifier: MIT
#include "options.h"

#include "console.h"
#include "memory.h"
#include "nearest.h"
#include "words.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void cli_take_text(poptContext context, enum poptCallbackReason reason, const struct poptOption *option, const char *text,
                   void *slots)
{
    (void)context;
    (void)reason;
    if (option->arg || !text) return; /* a flag, which popt has stored itself */
    char **slot = (char **)slots + option->val;
    free(*slot);
    *slot = cli_strdup(text);
}

bool cli_parse_number(const char *option, const char *text, double low, double high, double *value)
{
    if (!text) return true;
    char  *end;
    double number = strtod(text, &end);
    if (end == text || *end || !isfinite(number) || number < low || number > high) {
        cli_error("%s %s: a number from %g to %g is needed", option, text, low, high);
        return false;
    }
    *value = number;
    return true;
}

bool cli_parse_colour(const char *text, int rgb[3])
{
    for (int i = 0; i < 3; i++) {
        char      *end;
        const long level = strtol(text, &end, 10);
        if (end == text || level < 0 || level > 255 || *end != (i < 2 ? ',' : '\0')) return false;
        rgb[i] = (int)level;
        text = end + 1;
    }
    return true;
}

bool cli_parse_int(const char *option, const char *text, long low, long high, int *value)
{
    if (!text) return true;
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (end == text || *end || errno || number < low || number > high) {
        cli_error("%s %s: a whole number from %ld to %ld is needed", option, text, low, high);
        return false;
    }
    *value = (int)number;
    return true;
}

/* "a, b or c" of "a|b|c"; to free(). */
static char *words_for_people(const char *words)
{
    char *list = cli_strdup("");
    for (const char *word = words, *next; word; word = next) {
        next = cli_word_next(word);
        char *longer = cli_format("%s%s%.*s", list, word == words ? "" : next ? ", " : " or ", (int)cli_word_bytes(word), word);
        free(list);
        list = longer;
    }
    return list;
}

bool cli_parse_word(const char *option, const char *text, const char *words, int *index)
{
    if (!text) return true;
    const char *word = words;
    for (int at = 0; word; word = cli_word_next(word), at++) {
        if (cli_word_bytes(word) != strlen(text) || strncmp(word, text, strlen(text)) != 0) continue;
        *index = at;
        return true;
    }
    char *list = words_for_people(words);
    cli_error("%s %s: expected %s", option, text, list);
    free(list);
    return false;
}

bool cli_option_has_value(const struct poptOption *option)
{
    return (option->argInfo & POPT_ARG_MASK) != POPT_ARG_NONE;
}

static bool is_end(const struct poptOption *o)
{
    return !o->longName && !o->shortName && !o->arg;
}

static bool is_included(const struct poptOption *o)
{
    return (o->argInfo & POPT_ARG_MASK) == POPT_ARG_INCLUDE_TABLE;
}

/* popt's order: a table's own options come before those that it includes. Returns the title that stands last. */
static const char *each(const struct poptOption *table, const char *title, cli_option_visit *visit, void *user)
{
    for (const struct poptOption *o = table; !is_end(o); o++)
        if (!is_included(o) && o->longName) visit(user, title, o);
    for (const struct poptOption *o = table; !is_end(o); o++)
        if (is_included(o)) title = each(o->arg, o->descrip ? o->descrip : title, visit, user);
    return title;
}

void cli_options_each(const struct poptOption *table, const char *title, cli_option_visit *visit, void *user)
{
    each(table, title, visit, user);
}

static void try_option(void *nearest, const char *title, const struct poptOption *option)
{
    (void)title;
    cli_nearest_try(nearest, option->longName);
}

const char *cli_option_nearest(const struct poptOption *table, const char *typed)
{
    cli_nearest nearest = cli_nearest_to(typed + strspn(typed, "-"));
    cli_options_each(table, NULL, try_option, &nearest);
    return nearest.best;
}
