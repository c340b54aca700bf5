// SPDX-License-Identifier: MIT
#include "devices.h"

#include "console.h"

#include <ctype.h>
#include <stdlib.h>

static bool fail(const char *text, bool several)
{
    cli_error("--device %s: expected the number of a GPU%s; 'fovea doctor' lists them", text,
              several ? ", such as 0, or of several, each once, such as 0,1" : ", such as 0");
    return false;
}

static bool is_there(const cli_devices *devices, long number)
{
    for (size_t i = 0; i < devices->count; i++)
        if (devices->number[i] == number) return true;
    return false;
}

bool cli_devices_parse(const char *text, bool several, cli_devices *devices)
{
    const char *at = text;
    *devices = (cli_devices){0};
    for (;;) {
        char      *end;
        const long number = isdigit((unsigned char)*at) ? strtol(at, &end, 10) : -1;
        if (number < 0 || number >= CLI_MAX_DEVICES || is_there(devices, number)) return fail(text, several);
        devices->number[devices->count++] = (int)number;
        if (!*end) return true;
        if (*end != ',' || !several) return fail(text, several);
        at = end + 1;
    }
}
