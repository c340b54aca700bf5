// SPDX-License-Identifier: MIT
#include "offer.h"

#include "command.h"
#include "console.h"
#include "fovea/fovea.h"
#include "json_read.h"
#include "options.h"
#include "settings.h"
#include "topic.h"

#include <stdio.h>
#include <string.h>

void cli_offer(const char *before, const char *word, const char *end, const char *meaning)
{
    printf("%s%s%s\t", before, word, end);
    cli_print_plain(stdout, meaning);
    putchar('\n');
}

void cli_offer_commands(const char *before)
{
    for (const cli_command *c = cli_commands; c->name; c++) cli_offer(before, c->name, "", c->summary);
}

void cli_offer_topics(const char *before)
{
    for (const cli_topic *t = cli_topics; t->name; t++) cli_offer(before, t->name, "", t->summary);
}

/* The settings that have options of their own are all that there are. */
static void offer_setting(void *before, const char *title, const struct poptOption *option)
{
    (void)title;
    if (strcmp(option->longName, "set") != 0) cli_offer(before, option->longName, "=", option->descrip);
}

void cli_offer_settings(const char *before)
{
    cli_options_each(cli_settings_options, NULL, offer_setting, (void *)before);
}

void cli_offer_gpus(const char *before)
{
    char   *text = fov_doctor_json();
    json_t *info = text ? json_loads(text, 0, NULL) : NULL, *device;
    size_t  i;
    json_array_foreach(json_object_get(json_object_get(info, "cuda"), "devices"), i, device)
    {
        char number[24];
        snprintf(number, sizeof number, "%lld", cli_json_count_of(device, "index"));
        cli_offer(before, number, "", cli_json_text_of(device, "name"));
    }
    json_decref(info);
    fov_string_free(text);
}
