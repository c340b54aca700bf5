// SPDX-License-Identifier: MIT
/* GPUs by their numbers. */
#ifndef FOVEA_CLI_DEVICES_H
#define FOVEA_CLI_DEVICES_H

#include <stdbool.h>
#include <stddef.h>

enum { CLI_MAX_DEVICES = 64 };

typedef struct cli_devices {
    int    number[CLI_MAX_DEVICES];
    size_t count;
} cli_devices;

/** "1", or where `several` are allowed "0,1". Says what is wrong. */
bool cli_devices_parse(const char *text, bool several, cli_devices *devices);

#endif
