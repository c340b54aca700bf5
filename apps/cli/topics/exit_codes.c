// SPDX-License-Identifier: MIT
#include "exit_codes.h"
#include "topic.h"

#define ROW(name, code, meaning) " " #code "\t" meaning "\n"
const char cli_topic_exit_codes[] = CLI_EXIT_CODES(ROW) "\n"
                                                        "Whatever the status, what was printed and written is complete: files "
                                                        "appear whole or not at all. What went wrong is told on standard\n"
                                                        "error, a line each, as 'fovea: FILE: what is wrong, and what to do'.\n";
