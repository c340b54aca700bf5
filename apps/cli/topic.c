// SPDX-License-Identifier: MIT
#include "topic.h"

#include <stddef.h>
#include <string.h>

#define FOV_TOPIC(name, text, summary) {name, summary, cli_topic_##text},
const cli_topic cli_topics[] = {
#include "topics.def"
    {NULL, NULL, NULL}};
#undef FOV_TOPIC

const cli_topic *cli_topic_find(const char *name)
{
    for (const cli_topic *t = cli_topics; t->name; t++)
        if (!strcmp(t->name, name)) return t;
    return NULL;
}
