// SPDX-License-Identifier: MIT
#include "eval_entrants.h"

#include "console.h"
#include "engine.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>

static char **models, **precisions;

struct poptOption cli_entrant_options[] = {
    {"model", 'm', POPT_ARG_ARGV, &models, 0, "a model, or an engine (.fov); default: the bundled model; may be repeated", "MODEL"},
    {"precision", '\0', POPT_ARG_ARGV, &precisions, 0, "auto, fp32, bf16, fp16 or int8, of models (default: auto); may be repeated",
     "PRECISION"},
    POPT_TABLEEND};

static char **or_default(char **list, char **fallback)
{
    return list && *list ? list : fallback;
}

static bool is_named(const cli_entrants *entrants, const char *name)
{
    for (size_t i = 0; i < entrants->count; i++)
        if (!strcmp(entrants->item[i].name, name)) return true;
    return false;
}

/* The file's last part and the precision, if it was asked for; a number where that is not enough. */
static char *name_of(const cli_entrants *entrants, const char *path, const char *precision)
{
    const char *slash = strrchr(path, '/'), *last = slash && slash[1] ? slash + 1 : path;
    const char *blank = precision ? " " : "";
    if (!precision) precision = "";
    char *name = cli_format("%s%s%s", last, blank, precision);
    for (int n = 2; is_named(entrants, name); n++) {
        free(name);
        name = cli_format("%s%s%s (%d)", last, blank, precision, n);
    }
    return name;
}

static cli_exit add(cli_entrants *e, const char *path, const char *precision)
{
    fov_error     err = {0};
    fov_precision p = FOV_PRECISION_AUTO;
    fov_engine   *engine = NULL;
    if (precision && fov_precision_parse(precision, &p, &err)) {
        cli_error("--precision %s: %s", precision, err.message);
        return CLI_USAGE;
    }
    cli_exit code = cli_engine_at(path, p, &engine);
    if (code) return code;
    e->item = cli_grow(e->item, e->count, &e->capacity, sizeof *e->item);
    e->item[e->count] = (fov_entrant){name_of(e, path, precision), engine};
    e->count++;
    return CLI_OK;
}

cli_exit cli_entrants_open(cli_entrants *e)
{
    static char  name[] = "default";
    static char *bundled[] = {name, NULL}, *automatic[] = {NULL, NULL};
    cli_exit     code = cli_threads(&e->threads);
    for (char **m = or_default(models, bundled); *m && !code; m++) {
        char **p = cli_is_engine(*m) ? automatic : or_default(precisions, automatic); /* an engine has its own */
        do code = add(e, *m, *p);
        while (!code && *p && *++p);
    }
    return code;
}

void cli_entrants_close(cli_entrants *e)
{
    for (size_t i = 0; i < e->count; i++) {
        fov_engine_free((fov_engine *)e->item[i].engine);
        free((char *)e->item[i].name);
    }
    free(e->item);
    *e = (cli_entrants){0};
}
