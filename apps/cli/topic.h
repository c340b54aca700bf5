// SPDX-License-Identifier: MIT
/* What `fovea help TOPIC` tells: a row in topics.def and a text in topics/, which is also the page fovea-TOPIC(7). */
#ifndef FOVEA_CLI_TOPIC_H
#define FOVEA_CLI_TOPIC_H

typedef struct cli_topic {
    const char *name, *summary, *text; /* text: as prose.h has it */
} cli_topic;

#define FOV_TOPIC(name, text, summary) extern const char cli_topic_##text[];
#include "topics.def"
#undef FOV_TOPIC

extern const cli_topic cli_topics[]; /* ends with a NULL name */

const cli_topic *cli_topic_find(const char *name); /* NULL if there is none */

#endif
