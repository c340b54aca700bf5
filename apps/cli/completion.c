// SPDX-License-Identifier: MIT
/* fovea completion bash|zsh|fish: a completion script from the commands' own option tables, for packagers and shells' start files.
 */
#include "command.h"
#include "console.h"

#include <string.h>

static struct poptOption completion_options[] = {POPT_TABLEEND};

const cli_manual cli_completion_manual = {
    .arguments = "bash|zsh|fish",
    .about = "Prints a completion script for a shell.\n",
    .examples = "  . <(fovea completion bash)\n"
                "  fovea completion fish > ~/.config/fish/completions/fovea.fish\n",
    .options = completion_options,
};

typedef void visit_option(const cli_command *command, const struct poptOption *option);

static void visit_table(const cli_command *command, const struct poptOption *table, visit_option *visit)
{
    for (const struct poptOption *o = table; o->longName || o->shortName || o->arg; o++)
        if ((o->argInfo & POPT_ARG_MASK) == POPT_ARG_INCLUDE_TABLE) visit_table(command, o->arg, visit);
        else if (o->longName) visit(command, o);
}

static void visit_options(const cli_command *command, visit_option *visit)
{
    visit_table(command, command->manual->options, visit);
    visit_table(command, cli_common_options, visit);
}

/* Only some values are names of files; completing the others with files would mislead. */
static int wants_file(const struct poptOption *option)
{
    return option->argDescrip && (!strcmp(option->argDescrip, "FILE") || !strcmp(option->argDescrip, "DIR"));
}

/* Inside '...' of any of the three shells; no text here has a backslash, which fish would treat otherwise. */
static void print_quoted(const char *text)
{
    for (; *text; text++)
        if (*text == '\'') fputs("'\\''", stdout);
        else putchar(*text);
}

static void print_command_names(void)
{
    for (const cli_command *c = cli_commands; c->name; c++)
        if (c->summary) printf("%s ", c->name);
}

static void bash_option(const cli_command *command, const struct poptOption *option)
{
    (void)command;
    printf("--%s ", option->longName);
}

static void print_bash(void)
{
    fputs("_fovea()\n{\n    local words='' current=\"${COMP_WORDS[COMP_CWORD]}\"\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words='",
          stdout);
    print_command_names();
    fputs("--help --version'\n    elif [[ $current == -* ]]; then\n        case \"${COMP_WORDS[1]}\" in\n", stdout);
    for (const cli_command *c = cli_commands; c->name; c++) {
        printf("        %s) words='", c->name);
        visit_options(c, bash_option);
        puts("' ;;");
    }
    puts("        esac\n    elif [ \"${COMP_WORDS[1]}\" = help ]; then");
    fputs("        words='", stdout);
    print_command_names();
    puts("'\n    fi\n"
         "    if [ -n \"$words\" ]; then mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
         "    else mapfile -t COMPREPLY < <(compgen -f -- \"$current\"); fi\n}\n"
         "complete -o filenames -F _fovea fovea");
}

static void zsh_option(const cli_command *command, const struct poptOption *option)
{
    (void)command;
    printf(" \\\n            '--%s[", option->longName);
    print_quoted(option->descrip);
    putchar(']');
    if (option->argDescrip) printf(": :%s", wants_file(option) ? "_files" : "");
    putchar('\'');
}

static void print_zsh(void)
{
    puts("#compdef fovea\n_fovea()\n{\n    if (( CURRENT == 2 )); then\n        local -a commands=(");
    for (const cli_command *c = cli_commands; c->name; c++)
        if (c->summary) {
            printf("            '%s:", c->name);
            print_quoted(c->summary);
            puts("'");
        }
    puts("        )\n        _describe command commands\n        return\n    fi\n    local command=$words[2]\n"
         "    shift words\n    (( CURRENT-- ))\n    case $command in");
    for (const cli_command *c = cli_commands; c->name; c++) {
        printf("        %s) _arguments", c->name);
        visit_options(c, zsh_option);
        puts(" \\\n            '*:file:_files' ;;");
    }
    puts("    esac\n}\ncompdef _fovea fovea");
}

static void fish_option(const cli_command *command, const struct poptOption *option)
{
    printf("complete -c fovea -n '__fish_seen_subcommand_from %s' -l %s", command->name, option->longName);
    if (option->shortName) printf(" -s %c", option->shortName);
    if (option->argDescrip) fputs(wants_file(option) ? " -rF" : " -x", stdout);
    fputs(" -d '", stdout);
    print_quoted(option->descrip);
    puts("'");
}

static void print_fish(void)
{
    for (const cli_command *c = cli_commands; c->name; c++) {
        if (c->summary) {
            printf("complete -c fovea -f -n __fish_use_subcommand -a %s -d '", c->name);
            print_quoted(c->summary);
            puts("'");
        }
        visit_options(c, fish_option);
    }
}

cli_exit cli_completion(int count, const char **args)
{
    static const struct {
        const char *shell;
        void (*print)(void);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    for (size_t i = 0; count == 1 && i < sizeof shells / sizeof *shells; i++)
        if (!strcmp(args[0], shells[i].shell)) {
            shells[i].print();
            return CLI_OK;
        }
    cli_error("completion needs a shell: bash, zsh or fish");
    return CLI_USAGE;
}
