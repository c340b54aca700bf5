// SPDX-License-Identifier: MIT
/* Pages for man (groff's man macros, which mandoc knows too), of the same tables as --help. */
#ifndef FOVEA_CLI_MAN_PAGE_H
#define FOVEA_CLI_MAN_PAGE_H

#include "command.h"
#include "topic.h"

void cli_man_overview(void);                      /* fovea(1)         */
void cli_man_command(const cli_command *command); /* fovea-COMMAND(1) */
void cli_man_topic(const cli_topic *topic);       /* fovea-TOPIC(7)   */

#endif
