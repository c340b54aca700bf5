// SPDX-License-Identifier: MIT
/* fovea: the command-line program. Finds the command and runs it; everything else is in the command's file. */
#include "command.h"
#include "console.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A closed standard stream's number would be given to the next file opened, and a message would end up in a picture.
 * Opened the wrong way round, so that using it still fails and is noticed. */
static void occupy_standard_streams(void)
{
    static const int modes[] = {O_WRONLY, O_RDONLY, O_RDWR};
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd) _exit(CLI_INTERNAL);
}

static const char *command_name(const char *argument)
{
    if (!strcmp(argument, "--version") || !strcmp(argument, "-V")) return "version";
    if (!strcmp(argument, "--help") || !strcmp(argument, "-h")) return "help";
    return argument;
}

static cli_exit run(int argc, char **argv)
{
    if (argc < 2) {
        cli_error("a command is needed: 'fovea detect photo.jpg' finds faces, 'fovea help' lists the commands");
        return CLI_USAGE;
    }
    const char        *name = command_name(argv[1]);
    const cli_command *command = cli_command_find(name);
    if (command) return cli_command_run(command, argc - 1, (const char **)argv + 1);
    if (name[0] == '-') {
        cli_error("%s: options come after a command, as in 'fovea detect --json photo.jpg'; see 'fovea help'", name);
        return CLI_USAGE;
    }
    return cli_command_unknown(name);
}

int main(int argc, char **argv)
{
    occupy_standard_streams();
    signal(SIGPIPE, SIG_IGN); /* a reader that has enough is seen as a failed write, after which files are left whole */
    signal(SIGXFSZ, SIG_IGN); /* and so is a file that may not grow */
    cli_exit code = run(argc, argv);
    cli_progress_hide();
    if (!cli_stdout_end()) code = CLI_OUTPUT;
    return (int)code;
}
