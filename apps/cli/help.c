// SPDX-License-Identifier: MIT
/* fovea help [COMMAND] */
#include "command.h"
#include "console.h"

static struct poptOption options[] = {POPT_TABLEEND};

const cli_manual cli_help_manual = {
    .arguments = "[COMMAND]",
    .about = "Lists the commands, or explains one, as 'fovea COMMAND --help' does.\n",
    .examples = "  fovea help detect\n",
    .options = options,
};

static void list_commands(void)
{
    printf("Fovea finds faces in photos with networks of the RetinaFace family.\n\n"
           "Usage: fovea COMMAND [OPTION...] [ARGUMENT...]\n\nCommands:\n");
    for (const cli_command *c = cli_commands; c->name; c++)
        if (c->summary) printf("  %-10s %s\n", c->name, c->summary);
    printf("\nStart with:\n"
           "  fovea detect photo.jpg               print the faces of a photo\n"
           "  fovea detect --draw out photo.jpg    and write the photo with the faces marked to out/photo.jpg\n"
           "  fovea help detect                    all options, with examples\n");
}

cli_exit cli_help(int count, const char **args)
{
    if (count > 1) {
        cli_error("help explains one command at a time; 'fovea help' lists them");
        return CLI_USAGE;
    }
    if (!count) {
        list_commands();
        return CLI_OK;
    }
    const cli_command *command = cli_command_find(args[0]);
    if (!command) return cli_command_unknown(args[0]);
    cli_command_help(command);
    return CLI_OK;
}
