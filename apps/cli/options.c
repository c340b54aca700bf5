// SPDX-License-Identifier: MIT
#include "options.h"

#include "console.h"
#include "memory.h"
#include "nearest.h"

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

static void try_table(cli_nearest *nearest, const struct poptOption *table)
{
    for (const struct poptOption *o = table; o->longName || o->shortName || o->arg; o++)
        if ((o->argInfo & POPT_ARG_MASK) == POPT_ARG_INCLUDE_TABLE) try_table(nearest, o->arg);
        else if (o->longName) cli_nearest_try(nearest, o->longName);
}

const char *cli_option_nearest(const struct poptOption *table, const char *typed)
{
    cli_nearest nearest = cli_nearest_to(typed + strspn(typed, "-"));
    try_table(&nearest, table);
    return nearest.best;
}
