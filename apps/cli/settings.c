// SPDX-License-Identifier: MIT
#include "settings.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

static char *settings;

static void add(poptContext context, enum poptCallbackReason reason, const struct poptOption *option, const char *text, void *data)
{
    (void)context;
    (void)data;
    if (reason == POPT_CALLBACK_REASON_PRE) { /* a command line begins */
        free(settings);
        settings = NULL;
    }
    if (!text) return;
    const char *before = settings ? settings : "";
    char       *after = strcmp(option->longName, "set") ? cli_format("%s%s = %s\n", before, option->longName, text)
                                                        : cli_format("%s%s\n", before, text);
    free(settings);
    settings = after;
}

struct poptOption cli_settings_options[] = {
    {NULL, '\0', POPT_ARG_CALLBACK | POPT_CBFLAG_PRE, (void *)add, 0, NULL, NULL},
    {"leaky", '\0', POPT_ARG_STRING, NULL, 0, "negative slope of the activation; 0 is ReLU", "SLOPE"},
    {"anchors", '\0', POPT_ARG_STRING, NULL, 0, "sides of the anchors in pixels, as 16,32/64,128/256,512", "SIDES"},
    {"strides", '\0', POPT_ARG_STRING, NULL, 0, "pixels per cell of each level, as 8,16,32", "PIXELS"},
    {"variances", '\0', POPT_ARG_STRING, NULL, 0, "of centres and of sizes, as 0.1,0.2", "A,B"},
    {"mean", '\0', POPT_ARG_STRING, NULL, 0, "subtracted from the channels, in the network's order", "A,B,C"},
    {"scale", '\0', POPT_ARG_STRING, NULL, 0, "then multiplied", "A,B,C"},
    {"color", '\0', POPT_ARG_STRING, NULL, 0, "order of the network's channels", "bgr|rgb"},
    {"set", '\0', POPT_ARG_STRING, NULL, 0, "any setting by its name; may be repeated", "KEY=VALUE"},
    POPT_TABLEEND};

const char *cli_settings(void)
{
    return settings;
}
