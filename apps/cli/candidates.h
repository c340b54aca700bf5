// SPDX-License-Identifier: MIT
/* What may come next on a command line: the one place where shells' completions are made, of the commands' own tables. */
#ifndef FOVEA_CLI_CANDIDATES_H
#define FOVEA_CLI_CANDIDATES_H

/**
 * Print what may stand where the last word stands, as cli_value_offer() does. All that may: which of it begins as the word
 * does is for the shell to tell.
 * @param words what follows "fovea" on the line, up to the one that is being typed, which may be ""
 */
void cli_candidates_print(int count, const char *const *words);

#endif
