// SPDX-License-Identifier: MIT
/* fovea help [COMMAND|TOPIC] */
#include "command.h"
#include "console.h"
#include "man_page.h"
#include "nearest.h"
#include "prose.h"
#include "topic.h"

static int as_man_page;

static struct poptOption options[] = {
    {"man", '\0', POPT_ARG_NONE, &as_man_page, 0, "print the page for man instead; of no command or topic, fovea(1)", NULL},
    POPT_TABLEEND};

const cli_manual cli_help_manual = {
    .arguments = "[OPTION...] [COMMAND|TOPIC]",
    .about = "Lists commands and topics, or explains one: a command as 'fovea COMMAND --help' does.\n",
    .examples = "  fovea help detect\n"
                "  fovea help sizes\n"
                "  fovea help --man detect | man -l -\n",
    .options = options,
};

const char cli_overview_examples[] =
    "  fovea detect photo.jpg               print the faces of a photo\n"
    "  fovea detect --draw out photo.jpg    and write the photo with the faces marked to out/photo.jpg\n"
    "  fovea help detect                    all options, with examples\n";

static void print_overview(void)
{
    printf("Fovea finds faces in photos with networks of the RetinaFace family.\n\n"
           "Usage: fovea COMMAND [OPTION...] [ARGUMENT...]\n\nCommands:\n");
    for (const cli_command *c = cli_commands; c->name; c++) printf("  %-12s %s\n", c->name, c->summary);
    printf("\nTopics:\n");
    for (const cli_topic *t = cli_topics; t->name; t++) printf("  %-12s %s\n", t->name, t->summary);
    printf("\nStart with:\n%s", cli_overview_examples);
}

static void print_topic(const cli_topic *topic)
{
    printf("fovea %s: %s\n\n", topic->name, topic->summary);
    cli_prose_print(topic->text);
}

static cli_exit unknown(const char *name)
{
    cli_nearest nearest = cli_nearest_to(name);
    for (const cli_command *c = cli_commands; c->name; c++) cli_nearest_try(&nearest, c->name);
    for (const cli_topic *t = cli_topics; t->name; t++) cli_nearest_try(&nearest, t->name);
    if (nearest.best) cli_error("there is no command or topic '%s'; did you mean '%s'?", name, nearest.best);
    else cli_error("there is no command or topic '%s'; 'fovea help' lists them", name);
    return CLI_USAGE;
}

static cli_exit explain(const char *name)
{
    const cli_command *command = cli_command_find(name);
    const cli_topic   *topic = cli_topic_find(name);
    if (!command && !topic) return unknown(name);
    if (command && as_man_page) cli_man_command(command);
    else if (command) cli_command_help(command);
    else if (as_man_page) cli_man_topic(topic);
    else print_topic(topic);
    return CLI_OK;
}

cli_exit cli_help(int count, const char **args)
{
    if (count > 1) {
        cli_error("help explains one command or topic at a time; 'fovea help' lists them");
        return CLI_USAGE;
    }
    if (count) return explain(args[0]);
    if (as_man_page) cli_man_overview();
    else print_overview();
    return CLI_OK;
}
