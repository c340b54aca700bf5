// SPDX-License-Identifier: MIT
/* fovea version, fovea --version */
#include "command.h"
#include "console.h"
#include "fovea/fovea.h"

#include <jansson.h>

static int as_json;

static struct poptOption options[] = {{"json", '\0', POPT_ARG_NONE, &as_json, 0, "print as JSON", NULL}, POPT_TABLEEND};

const cli_manual cli_version_manual = {
    .arguments = "[OPTION...]",
    .about = "Tells the release, how it was built, the processor's features that count, and the backends.\n",
    .examples = "  fovea --version\n  fovea version --json\n",
    .options = options,
};

static void print_list(const char *title, const json_t *list)
{
    size_t  i;
    json_t *item;
    printf("%-10s", title);
    json_array_foreach(list, i, item) printf("%s%s", i ? " " : "", json_string_value(item) ? json_string_value(item) : "?");
    putchar('\n');
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "unknown";
}

static void print_text(const json_t *info)
{
    const json_t *cpu = json_object_get(info, "cpu");
    printf("fovea %s\n", text_of(info, "version"));
    printf("%-10s%s\n", "compiler", text_of(info, "compiler"));
    printf("%-10s%s, kernels for %s\n", "processor", text_of(cpu, "brand"), text_of(cpu, "used"));
    print_list("features", json_object_get(cpu, "features"));
    print_list("backends", json_object_get(info, "backends"));
    printf("%-10s%d\n", "threads", (int)json_integer_value(json_object_get(info, "threads")));
}

cli_exit cli_version(int count, const char **args)
{
    if (count) {
        cli_error("version takes no arguments; '%s' is one", args[0]);
        return CLI_USAGE;
    }
    char *text = fov_build_info_json();
    if (!text) return cli_no_memory();
    json_t *info = json_loads(text, 0, NULL);
    if (as_json) puts(text);
    else print_text(info);
    json_decref(info);
    fov_string_free(text);
    return CLI_OK;
}
