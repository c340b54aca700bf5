// SPDX-License-Identifier: MIT
/* fovea completion SHELL: a completion script, for packagers and shells' start files; and what the scripts ask in their turn. */
#include "candidates.h"
#include "command.h"
#include "completion_scripts.h" /* made by the build of the files in completion/ */
#include "console.h"

#include <string.h>

static struct poptOption completion_options[] = {POPT_TABLEEND};

const cli_manual cli_completion_manual = {
    .arguments = "bash|zsh|fish|candidates [-- WORD...]",
    .about =
        "Prints a script that makes a shell complete commands, options, their values, and files by their endings. 'meson install'\n"
        "puts the same scripts where shells look for them.\n"
        "\n"
        "The scripts know nothing themselves: they ask the program that stands on the line for 'candidates', which prints what\n"
        "may stand where the last WORD stands.\n",
    .examples = "  . <(fovea completion bash)\n"
                "  fovea completion zsh > ~/.zfunc/_fovea\n"
                "  fovea completion fish > ~/.config/fish/completions/fovea.fish\n"
                "  fovea completion candidates -- detect --precision ''\n",
    .options = completion_options,
};

cli_exit cli_completion(int count, const char **args)
{
    static const struct {
        const char *shell, *script;
    } shells[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
    if (count && !strcmp(args[0], "candidates")) {
        cli_candidates_print(count - 1, args + 1);
        return CLI_OK;
    }
    for (size_t i = 0; count == 1 && i < sizeof shells / sizeof *shells; i++)
        if (!strcmp(args[0], shells[i].shell)) {
            fputs(shells[i].script, stdout);
            return CLI_OK;
        }
    cli_error("completion needs a shell: bash, zsh or fish");
    return CLI_USAGE;
}
