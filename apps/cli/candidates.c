// SPDX-License-Identifier: MIT
#include "candidates.h"

#include "command.h"
#include "memory.h"
#include "offer.h"
#include "options.h"
#include "values.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- options */

typedef struct search {
    const char              *name; /* long, `bytes` of it; NULL: short */
    size_t                   bytes;
    char                     letter;
    const struct poptOption *found;
} search;

static void try_option(void *user, const char *title, const struct poptOption *option)
{
    search *s = user;
    (void)title;
    const bool is_it = s->name ? strlen(option->longName) == s->bytes && !strncmp(option->longName, s->name, s->bytes)
                               : option->shortName == s->letter;
    if (is_it) s->found = option;
}

static const struct poptOption *find_long(const cli_command *command, const char *name, size_t bytes)
{
    search s = {.name = name, .bytes = bytes};
    cli_command_options_each(command, try_option, &s);
    return s.found;
}

static const struct poptOption *find_short(const cli_command *command, char letter)
{
    search s = {.letter = letter};
    cli_command_options_each(command, try_option, &s);
    return s.found;
}

static bool has_value(const struct poptOption *option)
{
    return option && cli_option_has_value(option);
}

/* The option whose value is the next word, or NULL: of "--size" or "-vm", not of "--size=native" or "-mx.onnx". */
static const struct poptOption *that_waits(const cli_command *command, const char *word)
{
    const struct poptOption *option = NULL;
    if (word[1] == '-') {
        option = strchr(word, '=') ? NULL : find_long(command, word + 2, strlen(word + 2));
        return has_value(option) ? option : NULL;
    }
    for (const char *letter = word + 1; *letter; letter++)
        if (has_value(option = find_short(command, *letter))) return letter[1] ? NULL : option;
    return NULL;
}

static void offer_option(void *user, const char *title, const struct poptOption *option)
{
    (void)user;
    (void)title;
    cli_offer("--", option->longName, "", option->descrip);
}

static void offer_value(const struct poptOption *option, const char *before)
{
    if (option && option->argDescrip) cli_value_offer(option->argDescrip, before);
}

/* "--size=" and what may follow. */
static void offer_value_behind(const cli_command *command, const char *word)
{
    const size_t             name = strcspn(word, "=") - 2;
    const struct poptOption *option = find_long(command, word + 2, name);
    char                    *before = cli_format("--%.*s=", (int)name, word + 2);
    offer_value(option, before);
    free(before);
}

/* ---------------------------------------------------------------- arguments */

/* Words of a manual's `arguments`: "[OPTION...] MODEL -o ENGINE.fov PHOTO...". The next that is an argument, options left out. */
static const char *next_argument(const char *at)
{
    bool is_value = false;
    for (at += strcspn(at, " "), at += strspn(at, " "); *at; at += strcspn(at, " "), at += strspn(at, " ")) {
        const bool is_option = at[*at == '['] == '-';
        if (!is_option && !is_value) return at;
        is_value = is_option;
    }
    return NULL;
}

static const char *first_argument(const char *arguments)
{
    static const char options[] = "[OPTION...]";
    return strncmp(arguments, options, strlen(options)) ? arguments : next_argument(arguments);
}

static bool repeats(const char *argument)
{
    return memmem(argument, strcspn(argument, " "), "...", 3) != NULL;
}

/* Of "[PHOTO...]" the word alone. */
static void offer_argument(const cli_command *command, int index)
{
    const char *at = first_argument(command->manual->arguments);
    for (; at && index && !repeats(at); index--) at = next_argument(at);
    if (!at) return;
    at += *at == '[';
    char *value = cli_format("%.*s", (int)strcspn(at, " ].["), at);
    cli_value_offer(value, "");
    free(value);
}

/* ---------------------------------------------------------------- the line */

static void offer_for(const cli_command *command, int count, const char *const *words)
{
    const struct poptOption *waits = NULL;
    const char              *current = words[count - 1];
    bool                     ended = false; /* by "--" */
    int                      arguments = 0;
    for (int i = 0; i + 1 < count; i++) {
        const bool is_option = !ended && !waits && words[i][0] == '-' && words[i][1];
        if (!is_option && !waits) arguments++;
        waits = is_option ? that_waits(command, words[i]) : NULL;
        if (is_option && !strcmp(words[i], "--")) ended = true;
    }
    if (waits) offer_value(waits, "");
    else if (!ended && !strncmp(current, "--", 2) && strchr(current, '=')) offer_value_behind(command, current);
    else if (!ended && *current == '-') cli_command_options_each(command, offer_option, NULL);
    else offer_argument(command, arguments);
}

void cli_candidates_print(int count, const char *const *words)
{
    const cli_command *command = count > 1 ? cli_command_find(words[0]) : NULL;
    if (command) offer_for(command, count - 1, words + 1);
    if (count > 1) return;
    cli_offer_commands("");
    cli_offer("", "--help", "", "list the commands");
    cli_offer("", "--version", "", "tell the build");
}
