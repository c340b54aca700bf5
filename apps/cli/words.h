// SPDX-License-Identifier: MIT
/* Lists of words in one string, as an option's table has them for its value: "center|top-left". */
#ifndef FOVEA_CLI_WORDS_H
#define FOVEA_CLI_WORDS_H

#include <string.h>

static inline size_t cli_word_bytes(const char *word)
{
    return strcspn(word, "|");
}

/** The word behind this one, or NULL. */
static inline const char *cli_word_next(const char *word)
{
    word += cli_word_bytes(word);
    return *word ? word + 1 : NULL;
}

#endif
