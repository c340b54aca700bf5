// SPDX-License-Identifier: MIT
/* The person at the terminal: messages and the progress bar on standard error, and whether standard output still takes data. */
#ifndef FOVEA_CLI_CONSOLE_H
#define FOVEA_CLI_CONSOLE_H

#include <stdbool.h>
#include <stdio.h>

#include "exit_codes.h"

extern int cli_verbose, cli_quiet; /* -v and -q */

void     cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void     cli_warning(const char *format, ...) __attribute__((format(printf, 1, 2))); /* not with -q       */
void     cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));    /* not with -q       */
void     cli_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));  /* only with -v      */
cli_exit cli_no_memory(void);                                                        /* says so; CLI_INTERNAL */

int cli_columns(FILE *file); /* of the terminal that it is; 80 where it is none */

/** Print text that came from outside: control characters, which a terminal might obey, and what is no UTF-8 become '?'. */
void cli_print_plain(FILE *file, const char *text);

/**
 * Draw the bar, at most ten times a second; nothing unless standard error is a terminal, or with -q.
 * Messages and cli_stdout_begin() take it away; the next call draws it again.
 */
void cli_progress(size_t done, size_t total, size_t faces);
/** The same for other work, as a fov_progress: asks to stop after cli_interrupt_watch() caught a signal. */
bool cli_progress_of_work(void *user, const char *what, size_t done, size_t total);
/** The same for a video's frames, with how many a second. */
bool cli_progress_of_frames(void *user, const char *what, size_t done, size_t total);
void cli_progress_hide(void);

/** Before a record is printed: the bar and the record may share a terminal. */
void cli_stdout_begin(void);
/** After it: flush. @return false when it could not be written, which was then said (not for a closed pipe: its reader has enough)
 */
bool cli_stdout_end(void);

#endif
