// SPDX-License-Identifier: MIT
/* Command lines: lines of words, the first of them a command. They are parsed, and what the shared options say is understood, but
 * no command runs. */
#include "fuzz.h"

#include "command.h"
#include "detect_options.h"
#include "devices.h"
#include "settings.h"

#include "models/settings.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_WORDS = 64 };

static bool understood;

static cli_exit understand(int count, const char **args)
{
    fov_detect_options detect;
    fov_settings       settings = fov_settings_default();
    cli_devices        devices;
    understood = cli_detect_options_get(&detect);
    if (cli_settings()) fov_settings_parse(&settings, cli_settings(), "options", NULL);
    for (int i = 0; i < count; i++) cli_devices_parse(args[i], true, &devices);
    return CLI_OK;
}

/* ---------------------------------------------------------------- between command lines, which are one a process elsewhere */

static void forget_list(char ***list)
{
    for (char **word = *list; word && *word; word++) free(*word);
    free(*list);
    *list = NULL;
}

static void forget_value(char **slots, const struct poptOption *o)
{
    const unsigned kind = o->argInfo & POPT_ARG_MASK;
    if (kind == POPT_ARG_NONE && o->arg) *(int *)o->arg = 0;
    if (kind == POPT_ARG_ARGV) forget_list(o->arg);
    if (kind != POPT_ARG_STRING || !slots || !o->val) return;
    free(slots[o->val]);
    slots[o->val] = NULL;
}

static void forget(const struct poptOption *table)
{
    char **slots = NULL;
    for (const struct poptOption *o = table; o->longName || o->shortName || o->arg; o++) {
        const unsigned kind = o->argInfo & POPT_ARG_MASK;
        if (kind == POPT_ARG_CALLBACK && o->arg == (void *)cli_take_text) slots = (char **)(uintptr_t)o->descrip;
        else if (kind == POPT_ARG_INCLUDE_TABLE) forget(o->arg);
        else forget_value(slots, o);
    }
}

static void forget_common(void *user, const char *title, const struct poptOption *option)
{
    (void)user;
    (void)title;
    if ((option->argInfo & POPT_ARG_MASK) == POPT_ARG_NONE && option->arg) *(int *)option->arg = 0;
}

/* ---------------------------------------------------------------- the target */

/* What is told goes nowhere: it is told of nearly every input. */
static cli_exit parse(const cli_command *command, int count, const char **words)
{
    static FILE *nowhere;
    FILE *const out = stdout, *const err = stderr;
    cli_command tame = *command;
    if (!nowhere && !(nowhere = fopen("/dev/null", "w"))) abort();
    tame.run = understand;
    stdout = stderr = nowhere;
    const cli_exit code = cli_command_run(&tame, count, words);
    stdout = out;
    stderr = err;
    forget(command->manual->options);
    cli_command_options_each(command, forget_common, NULL);
    return code;
}

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    const char *words[MAX_WORDS + 1] = {NULL};
    int         count = 0;
    char       *text = malloc(bytes + 1), *rest = text;
    if (!text) abort();
    if (bytes) memcpy(text, data, bytes);
    text[bytes] = '\0';
    for (char *word; count < MAX_WORDS && (word = strsep(&rest, "\n"));) words[count++] = word;
    const cli_command *command = cli_command_find(words[0]);
    understood = true;
    const cli_exit code = command ? parse(command, count, words) : CLI_USAGE;
    free(text);
    return code || !understood ? fov_fail(err, FOV_ERR_FORMAT, "%s: not understood", name) : FOV_OK;
}

static void seeds(void)
{
    fuzz_seed_text("detect\n--json\n--size\nlong:1280\n-m\nx.onnx\n--score=0.3\n--place\ntop-left\n--fill\n1,2,3\nphoto.jpg");
    fuzz_seed_text(
        "detect\n--size=tiles:640\n--tile-overlap\n100\n--set\nleaky = 0\n--anchors\n16,32/64,128/256,512\n--\n-odd.jpg");
    fuzz_seed_text("blur\n--style=pixelate\n--in-place\n--strip-location\na.jpg");
    fuzz_seed_text("build\nx.pth\n-o\nx.fov\n--precision\nmixed\n--calibrate\na\n--calibrate\nb\n--max-loss=0.5%");
    fuzz_seed_text("serve\n--port\n8080\n-m\na=x.fov\n-m\nb.onnx\n--allow-host=a.example");
    fuzz_seed_text("eval\n--help");
}

const fuzz_target fuzz_target_here = {
    .name = "options",
    .sources = "apps/cli/options.c apps/cli/command.c apps/cli/settings.c apps/cli/detect_options.c "
               "apps/cli/detect_text.c apps/cli/sizes.c apps/cli/devices.c apps/cli/nearest.c apps/cli/words.h",
    .run = run,
    .max_bytes = 1 << 20,
    .more_bytes = 64,
    .seeds = seeds,
};
