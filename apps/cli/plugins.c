// SPDX-License-Identifier: MIT
#include "plugins.h"

#include "console.h"
#include "memory.h"
#include "options.h"

#include <stdbool.h>
#include <stddef.h>

enum { HEADS = 1, N_SLOT };
static char  *slots[N_SLOT];
static char **paths; /* --plugin, each time it is given */

struct poptOption cli_plugin_options[] = {
    CLI_TEXT_SLOTS(slots),
    {"plugin", '\0', POPT_ARG_ARGV, &paths, 0, "shared library with operators (docs/plugins.md); may be repeated", "PLUGIN"},
    {"heads", '\0', POPT_ARG_STRING, NULL, HEADS, "operator of a plugin that decodes the network's heads", "NAME"},
    POPT_TABLEEND};

/* Models and engines use the libraries until the program ends. */
static const fov_plugin **loaded;
static size_t             n_loaded, cap_loaded;

static cli_exit load_all(void)
{
    for (size_t i = 0; paths && paths[i]; i++) {
        fov_error   err = {0};
        fov_plugin *plugin;
        if (fov_plugin_load(paths[i], &plugin, &err)) {
            cli_error("%s", err.message);
            return CLI_MODEL;
        }
        loaded = cli_grow(loaded, n_loaded, &cap_loaded, sizeof *loaded);
        loaded[n_loaded++] = plugin;
    }
    return CLI_OK;
}

cli_exit cli_plugins(const fov_plugin *const **plugins, size_t *count)
{
    static bool     done;
    static cli_exit code;
    if (slots[HEADS] && !paths) {
        cli_error("--heads %s: name the shared library that has this operator, with --plugin", slots[HEADS]);
        return CLI_USAGE;
    }
    if (!done) code = load_all();
    done = true;
    *plugins = loaded;
    *count = n_loaded;
    return code;
}

const char *cli_head_plugin(void)
{
    return slots[HEADS];
}
