// SPDX-License-Identifier: MIT
#include "inputs.h"

#include "console.h"
#include "folder.h"
#include "memory.h"
#include "pattern.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINE = 16 << 10 }; /* a path has 4096 bytes at most, a pattern may have more */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void append(cli_inputs *inputs, const char *path, const char *name, char *problem)
{
    inputs->item = cli_grow(inputs->item, inputs->count, &inputs->capacity, sizeof *inputs->item);
    inputs->item[inputs->count++] = (cli_input){cli_strdup(path), cli_strdup(name), problem};
}

static void append_unopened(cli_inputs *inputs, const char *path, const char *name, int error)
{
    append(inputs, path, name, cli_format("%s: cannot open: %s", path, strerror(error)));
}

static void add_file(cli_inputs *inputs, const char *path, const char *name, const struct stat *info)
{
    cli_file_set_add(&inputs->files, info);
    append(inputs, path, name, NULL);
}

static void add_folder(cli_inputs *inputs, const char *path)
{
    const char *endings = inputs->endings ? inputs->endings : CLI_PICTURE_ENDINGS;
    cli_folder  folder = cli_folder_list(path, endings);
    for (size_t i = 0; i < folder.count; i++) {
        const cli_folder_entry *e = folder.entry + i;
        if (e->error) append_unopened(inputs, e->path, e->name, e->error);
        else add_file(inputs, e->path, e->name, &e->info);
    }
    if (!folder.count) append(inputs, path, last_part(path), cli_format("%s: no pictures in this folder (%s)", path, endings));
    inputs->skipped += folder.skipped;
    cli_folder_clear(&folder);
}

static void add_path(cli_inputs *inputs, const char *path)
{
    struct stat info;
    if (stat(path, &info)) append_unopened(inputs, path, last_part(path), errno);
    else if (S_ISDIR(info.st_mode)) add_folder(inputs, path);
    else add_file(inputs, path, last_part(path), &info);
}

static void add_pattern(cli_inputs *inputs, const char *pattern)
{
    glob_t      found;
    size_t      budget = CLI_PATTERN_BUDGET - inputs->looked_at;
    const char *problem = cli_pattern_find(pattern, &budget, &found);
    inputs->looked_at = CLI_PATTERN_BUDGET - budget;
    if (problem) append(inputs, pattern, last_part(pattern), cli_format("%s: %s", pattern, problem));
    for (size_t i = 0; !problem && i < found.gl_pathc; i++) add_path(inputs, found.gl_pathv[i]);
    globfree(&found);
}

/* A name that exists is taken as it is, whatever characters it has. */
static void add_one(cli_inputs *inputs, const char *argument)
{
    struct stat info;
    if (!*argument) append(inputs, argument, argument, cli_strdup("an empty name was given for a photo; is a variable unset?"));
    else if (!strcmp(argument, "-")) append(inputs, "-", "stdin", NULL);
    else if (lstat(argument, &info) && strpbrk(argument, "*?[{~")) add_pattern(inputs, argument);
    else add_path(inputs, argument);
}

void cli_inputs_add(cli_inputs *inputs, const char *argument)
{
    if (argument[0] == '@' && argument[1]) cli_inputs_add_list(inputs, argument + 1);
    else add_one(inputs, argument);
}

/* A line without its end. Not getline(), which takes all memory for a device that never ends a line.
 * @param problem out: what is wrong with the list. @return false: there is no more of it, or a problem */
static bool read_line(FILE *file, char line[MAX_LINE], const char **problem)
{
    size_t size = 0;
    int    c;
    while ((c = getc(file)) > 0 && c != '\n' && size < MAX_LINE - 1) line[size++] = (char)c;
    if (c == EOF && ferror(file)) *problem = strerror(errno);
    else if (!c) *problem = "it is no text";
    else if (c != EOF && c != '\n') *problem = "a line is longer than any name";
    while (size && line[size - 1] == '\r') size--;
    line[size] = '\0';
    return !*problem && (size || c == '\n');
}

/* @param file NULL: errno says why */
static void add_lines(cli_inputs *inputs, FILE *file, const char *path)
{
    const char *problem = file ? NULL : strerror(errno);
    char        line[MAX_LINE];

    while (file && read_line(file, line, &problem))
        if (*line) add_one(inputs, line);
    if (problem) append(inputs, path, last_part(path), cli_format("%s: cannot read the list: %s", path, problem));
}

void cli_inputs_add_list(cli_inputs *inputs, const char *path)
{
    const bool is_stdin = !strcmp(path, "-");
    FILE      *file = is_stdin ? NULL : fopen(path, "re");
    add_lines(inputs, is_stdin ? stdin : file, path);
    if (file) fclose(file);
}

void cli_inputs_clear(cli_inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++) {
        free(inputs->item[i].path);
        free(inputs->item[i].name);
        free(inputs->item[i].problem);
    }
    free(inputs->item);
    cli_file_set_clear(&inputs->files);
    *inputs = (cli_inputs){0};
}
