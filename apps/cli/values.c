// SPDX-License-Identifier: MIT
#include "values.h"

#include "offer.h"
#include "words.h"

#include <ctype.h>
#include <stdio.h>

typedef struct row {
    const char *word, *words;
    const char *files; /* endings; NULL: no files */
    void (*others)(const char *before);
} row;

#define FOV_VALUE(word, words, files, others) {word, words, files, others},
static const row rows[] = {
#include "values.def"
    {NULL, NULL, NULL, NULL}};
#undef FOV_VALUE

static const row *find(const char *word, size_t bytes)
{
    const row *r = rows;
    while (r->word && (strlen(r->word) != bytes || strncmp(r->word, word, bytes) != 0)) r++;
    return r->word ? r : NULL;
}

/* "native" as it stands, "long:" of "long:N", nothing of "WxH". */
static void offer_literal(const char *word, size_t bytes, const char *before)
{
    size_t n = 0;
    while (n < bytes && !isupper((unsigned char)word[n])) n++;
    if (n) printf("%s%.*s\n", before, (int)n, word);
}

static void offer_literals(const char *words, const char *before)
{
    for (const char *w = words; w; w = cli_word_next(w)) offer_literal(w, cli_word_bytes(w), before);
}

static void offer_files(const char *endings)
{
    if (!strcmp(endings, CLI_FOLDERS)) puts(":folders");
    else printf(":files %s\n", endings);
}

static void offer_row(const row *r, const char *before)
{
    offer_literals(r->words, before);
    if (r->files) offer_files(r->files);
    if (r->others) r->others(before);
}

void cli_value_offer(const char *value, const char *before)
{
    for (const char *word = value; word; word = cli_word_next(word)) {
        const size_t bytes = cli_word_bytes(word);
        const row   *r = find(word, bytes);
        if (r) offer_row(r, before);
        else offer_literal(word, bytes, before);
    }
}
