// SPDX-License-Identifier: MIT
/* Allocation for a program: lists of names fit in memory, or the program says so and exits with CLI_INTERNAL. */
#ifndef FOVEA_CLI_MEMORY_H
#define FOVEA_CLI_MEMORY_H

#include <stddef.h>

char *cli_strdup(const char *text);
char *cli_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Room for one element more than `count`; the array doubles, so adding n elements costs n. */
void *cli_grow(void *array, size_t count, size_t *capacity, size_t element_bytes);
void *cli_calloc(size_t count, size_t element_bytes);

#endif
