// SPDX-License-Identifier: MIT
/* A command: a row in commands.def, a function, and a manual. Parsing, --help and shell completion all come from the manual. */
#ifndef FOVEA_CLI_COMMAND_H
#define FOVEA_CLI_COMMAND_H

#include <popt.h>
#include <stdio.h>

#include "exit_codes.h"

typedef struct cli_manual {
    const char        *arguments; /* what follows the options, such as "INPUT..." */
    const char        *about;     /* paragraphs, ending with a newline            */
    const char        *examples;  /* lines, each ending with a newline            */
    struct poptOption *options;   /* the command's own; -v, -q and --help are added to it */
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

extern struct poptOption cli_common_options[]; /* -v, -q and --help, which every command has */

const cli_command *cli_command_find(const char *name); /* NULL if there is none */
/** Say on stderr that there is no such command, and which is nearest. Returns CLI_USAGE. */
cli_exit cli_command_unknown(const char *name);
/** Parse `argv` (argv[0] is the command's name) and run the command, or print its help. */
cli_exit cli_command_run(const cli_command *command, int argc, const char **argv);
void     cli_command_help(const cli_command *command);

#endif
