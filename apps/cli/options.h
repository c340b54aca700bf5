// SPDX-License-Identifier: MIT
/* Helpers for popt tables: values kept as text until they are needed, then parsed with messages that name the option. */
#ifndef FOVEA_CLI_OPTIONS_H
#define FOVEA_CLI_OPTIONS_H

#include <popt.h>
#include <stdbool.h>

/**
 * First row of a table whose valued options are {"name", 'n', POPT_ARG_STRING, NULL, SLOT, "help", "VALUE"}: the text lands in
 * `slots[SLOT]`, SLOT >= 1. popt's own storing leaks the first text of an option that is given twice.
 */
#define CLI_TEXT_SLOTS(slots)                                                                                                      \
    {                                                                                                                              \
        NULL, '\0', POPT_ARG_CALLBACK, (void *)cli_take_text, 0, (const char *)(slots), NULL                                       \
    }
void cli_take_text(poptContext context, enum poptCallbackReason reason, const struct poptOption *option, const char *text,
                   void *slots);

/** An included table, as a row. */
#define CLI_INCLUDE(table, title)                                                                                                  \
    {                                                                                                                              \
        NULL, '\0', POPT_ARG_INCLUDE_TABLE, table, 0, title, NULL                                                                  \
    }

/* Each returns true and leaves `value` alone when `text` is NULL; on failure says on stderr what was expected. */
bool cli_parse_number(const char *option, const char *text, double low, double high, double *value);
bool cli_parse_int(const char *option, const char *text, long low, long high, int *value);
/** "R,G,B", each from 0 to 255. Says nothing. */
bool cli_parse_colour(const char *text, int rgb[3]);

/** @param words as in words.h, such as "center|top-left". @param index out: which of them */
bool cli_parse_word(const char *option, const char *text, const char *words, int *index);

bool cli_option_has_value(const struct poptOption *option);

/** @param title that the option stands under in --help; NULL: none was given */
typedef void cli_option_visit(void *user, const char *title, const struct poptOption *option);
/** Every option of a table and of those that it includes, in the order of --help. */
void cli_options_each(const struct poptOption *table, const char *title, cli_option_visit *visit, void *user);

/** Long name of the option nearest to what was typed, NULL if none is near. */
const char *cli_option_nearest(const struct poptOption *table, const char *typed);

#endif
