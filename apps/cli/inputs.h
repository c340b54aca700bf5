// SPDX-License-Identifier: MIT
/* What the user named, as a list of photos in a stable order: files, folders, patterns, lists of those, standard input. */
#ifndef FOVEA_CLI_INPUTS_H
#define FOVEA_CLI_INPUTS_H

#include "file_set.h"

/** Endings that make a file in a folder a photo; files named one by one may have any. */
#define CLI_PICTURE_ENDINGS ".jpg .jpeg .jpe .jfif .png .webp"
#define CLI_VIDEO_ENDINGS ".mp4 .m4v .mov .mkv .webm .avi .mpg .mpeg .ts .mts"

typedef struct cli_input {
    char *path;    /* to open; "-" is standard input                                                 */
    char *name;    /* for outputs: the path below the folder that was named, or the file's last part */
    char *problem; /* NULL, or why there is no photo here; kept in the list so that it is reported in its place */
} cli_input;

typedef struct cli_inputs {
    cli_input   *item;
    size_t       count, capacity;
    size_t       skipped;   /* in folders: files with other endings, pipes, devices */
    size_t       looked_at; /* by patterns, of CLI_PATTERN_BUDGET */
    cli_file_set files;     /* all photos, so that outputs never replace one      */
    const char  *endings;   /* of files taken from folders; NULL: CLI_PICTURE_ENDINGS */
} cli_inputs;

/** A file, folder, pattern, "-", or "@LIST". Nothing fails here: what cannot be used becomes an item with a problem. */
void cli_inputs_add(cli_inputs *inputs, const char *argument);
/** The lines of a file ("-": standard input), each as cli_inputs_add() takes it but for "@". */
void cli_inputs_add_list(cli_inputs *inputs, const char *path);
void cli_inputs_clear(cli_inputs *inputs);

#endif
