// SPDX-License-Identifier: MIT
/* Running the real command-line program ($FOVEA_CLI) in test_folder(), as a shell would. */
#ifndef FOVEA_TESTS_PROGRAM_H
#define FOVEA_TESTS_PROGRAM_H

#include "support.h"

#include <jansson.h>
#include <sys/types.h>

typedef struct program {
    int   code;      /* exit status; 128 + n when signal n ended it */
    char *out, *err; /* what it printed, NUL-terminated */
} program;

/** Run to the end. @param input for its standard input, may be NULL @param args without the program's name, ends with NULL */
program program_run(const void *input, size_t input_bytes, const char *const *args);
void    program_clear(program *p);

/** Start only, on the descriptors given; they stay the caller's. */
pid_t program_start(const int fd[3], const char *const *args);
int   program_wait(pid_t pid); /* as program.code */

#define RUN(...) program_run(NULL, 0, (const char *const[]){__VA_ARGS__, NULL})

/* Each fails the running test, showing what the program said. */
void    check_code(const program *p, int code);
void    check_contains(const char *text, const char *part);
json_t *parse_json(const char *text); /* release with json_decref() */

/** Path of a file in test_folder(). Valid until 8 calls later. */
const char *in_folder(const char *relative);

#endif
