// SPDX-License-Identifier: MIT
#include "exit_codes.h"
#include "topic.h"

#define ROW(name, code, meaning) " " #code "\t" meaning "\n"
const char cli_topic_exit_codes[] = "What went wrong is told on standard error, a line each, as 'fovea: FILE: what is wrong,\n"
                                    "and what to do'. Whatever the status, what was printed and written is complete: files\n"
                                    "appear whole or not at all.\n"
                                    "\n" CLI_EXIT_CODES(ROW);
