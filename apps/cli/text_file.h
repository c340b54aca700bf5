// SPDX-License-Identifier: MIT
/* Small text files that options name. */
#ifndef FOVEA_CLI_TEXT_FILE_H
#define FOVEA_CLI_TEXT_FILE_H

/** The whole file, to free(). NULL: it was said what is wrong. @param option for the message, such as "--mapping" */
char *cli_text_file(const char *option, const char *path);

#endif
