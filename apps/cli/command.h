// SPDX-License-Identifier: MIT
/* A command: a row in commands.def, a function, and a manual. Parsing, --help, the page for man and what shells complete all come
 * from the manual. */
#ifndef FOVEA_CLI_COMMAND_H
#define FOVEA_CLI_COMMAND_H

#include <popt.h>
#include <stdio.h>

#include "exit_codes.h"
#include "options.h"

typedef struct cli_manual {
    const char        *arguments; /* such as "[OPTION...] INPUT..."; words in capitals are those of values.def   */
    const char        *about;     /* as prose.h has it, ending with a newline                                   */
    const char        *examples;  /* lines, each beginning with two blanks and ending with a newline            */
    struct poptOption *options;   /* the command's own; -v, -q and --help are added to it. What stands for their
                                     values is a list of words as "auto|cpu|cuda", or a word of values.def      */
} cli_manual;

typedef struct cli_command {
    const char       *name, *summary;
    const cli_manual *manual;
    /** Called once the options are parsed. @param args the other arguments, ending with NULL */
    cli_exit (*run)(int count, const char **args);
} cli_command;

#define FOV_COMMAND(name, function, summary)                                                                                       \
    cli_exit                function(int count, const char **args);                                                                \
    extern const cli_manual function##_manual;
#include "commands.def"
#undef FOV_COMMAND

extern const cli_command cli_commands[]; /* ends with a NULL name */

/** Its own options and those that every command has. */
void cli_command_options_each(const cli_command *command, cli_option_visit *visit, void *user);

const cli_command *cli_command_find(const char *name); /* NULL if there is none */
/** Say on stderr that there is no such command, and which is nearest. Returns CLI_USAGE. */
cli_exit cli_command_unknown(const char *name);
/** Parse `argv` (argv[0] is the command's name) and run the command, or print its help. */
cli_exit cli_command_run(const cli_command *command, int argc, const char **argv);
void     cli_command_help(const cli_command *command);

extern const char cli_overview_examples[]; /* what to start with */

#endif
