// SPDX-License-Identifier: MIT
/* Words that only the program knows, offered to a shell: each on a line behind `before`, then a tab and what it means. */
#ifndef FOVEA_CLI_OFFER_H
#define FOVEA_CLI_OFFER_H

void cli_offer_commands(const char *before);
void cli_offer_topics(const char *before);
void cli_offer_settings(const char *before); /* "leaky=" */
void cli_offer_gpus(const char *before);     /* their numbers, as 'fovea doctor' lists them; opens every GPU */

/** For those that others write. @param end of the word, such as "=" */
void cli_offer(const char *before, const char *word, const char *end, const char *meaning);

#endif
