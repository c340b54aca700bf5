// SPDX-License-Identifier: MIT
#include "command.h"

#include "console.h"
#include "nearest.h"
#include "options.h"
#include "prose.h"

#include <string.h>

#define FOV_COMMAND(name, function, summary) {#name, summary, &function##_manual, function},
const cli_command cli_commands[] = {
#include "commands.def"
    {NULL, NULL, NULL, NULL}};
#undef FOV_COMMAND

const cli_command *cli_command_find(const char *name)
{
    for (const cli_command *c = cli_commands; c->name; c++)
        if (!strcmp(c->name, name)) return c;
    return NULL;
}

cli_exit cli_command_unknown(const char *name)
{
    cli_nearest nearest = cli_nearest_to(name);
    for (const cli_command *c = cli_commands; c->name; c++) cli_nearest_try(&nearest, c->name);
    if (nearest.best) cli_error("there is no command '%s'; did you mean '%s'?", name, nearest.best);
    else cli_error("there is no command '%s'; 'fovea help' lists them", name);
    return CLI_USAGE;
}

static int help_wanted;

static struct poptOption common_options[] = {{"verbose", 'v', POPT_ARG_NONE, &cli_verbose, 0, "tell more, on standard error", NULL},
                                             {"quiet", 'q', POPT_ARG_NONE, &cli_quiet, 0, "tell errors only", NULL},
                                             {"help", 'h', POPT_ARG_NONE, &help_wanted, 0, "show this help", NULL},
                                             POPT_TABLEEND};

void cli_command_options_each(const cli_command *command, cli_option_visit *visit, void *user)
{
    cli_options_each(command->manual->options, NULL, visit, user);
    cli_options_each(common_options, "Common options:", visit, user);
}

static struct poptOption include(struct poptOption *table, const char *title)
{
    return (struct poptOption){NULL, '\0', POPT_ARG_INCLUDE_TABLE, table, 0, title, NULL};
}

/* popt takes the program's name for its usage line from argv[0]. */
static const char *title_of(const cli_command *command)
{
    static char title[64];
    snprintf(title, sizeof title, "fovea %s", command->name);
    return title;
}

static void print_help(const cli_command *command, poptContext context)
{
    printf("fovea %s: %s\n\n", command->name, command->summary);
    cli_prose_print(command->manual->about);
    putchar('\n');
    poptSetOtherOptionHelp(context, command->manual->arguments);
    poptPrintHelp(context, stdout, 0);
    printf("\nExamples:\n%s\nExit status:\n", command->manual->examples);
#define PRINT_ROW(name, code, meaning) printf("  %-4d %s\n", code, meaning);
    CLI_EXIT_CODES(PRINT_ROW)
#undef PRINT_ROW
}

static cli_exit bad_option(const cli_command *command, poptContext context, int code)
{
    const char *option = poptBadOption(context, POPT_BADOPTION_NOALIAS);
    const char *hint = NULL;
    if (code == POPT_ERROR_BADOPT) hint = cli_option_nearest(command->manual->options, option);
    if (hint) cli_error("%s: %s; did you mean --%s?", option, poptStrerror(code), hint);
    else cli_error("%s: %s; see 'fovea help %s'", option, poptStrerror(code), command->name);
    return CLI_USAGE;
}

static cli_exit parse_and_run(const cli_command *command, poptContext context)
{
    int code;
    while ((code = poptGetNextOpt(context)) > 0) continue;
    if (help_wanted) {
        print_help(command, context);
        return CLI_OK;
    }
    if (code < -1) return bad_option(command, context, code);

    static const char *none[] = {NULL};
    const char       **args = poptGetArgs(context);
    int                count = 0;
    if (!args) args = none;
    while (args[count]) count++;
    return command->run(count, args);
}

cli_exit cli_command_run(const cli_command *command, int argc, const char **argv)
{
    struct poptOption table[] = {include(command->manual->options, "Options:"), include(common_options, "Common options:"),
                                 POPT_TABLEEND};
    argv[0] = title_of(command);
    poptContext context = poptGetContext(NULL, argc, argv, table, 0);
    if (!context) return cli_no_memory();
    cli_exit code = parse_and_run(command, context);
    poptFreeContext(context);
    return code;
}

void cli_command_help(const cli_command *command)
{
    const char *argv[] = {command->name, "--help", NULL};
    cli_command_run(command, 2, argv);
}
