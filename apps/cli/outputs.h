// SPDX-License-Identifier: MIT
/* Pictures written for photos: one output folder, a name for every photo that no other photo has, and nothing replaced that
 * is an input or was written for another photo. */
#ifndef FOVEA_CLI_OUTPUTS_H
#define FOVEA_CLI_OUTPUTS_H

#include "fovea/fovea.h"
#include "inputs.h"

typedef struct cli_outputs {
    const cli_inputs *inputs;
    bool             *ambiguous; /* per input: another one has the same name, so the whole path is kept */
    bool             *repeated;  /* per input: the same path was named before, so its pictures are written already */
    cli_file_set      written;
} cli_outputs;

void cli_outputs_init(cli_outputs *outputs, const cli_inputs *inputs);
void cli_outputs_clear(cli_outputs *outputs);

/** Make `folder` and those above it. Says what failed. */
bool cli_folder_make(const char *folder);

/**
 * Write a picture for inputs->item[input] to folder/[path/]stem[_number].jpg or .png, as the photo is; PNG for other formats.
 * @param number 0: none
 * @return false: it was said why
 */
bool cli_outputs_write(cli_outputs *outputs, size_t input, const char *folder, size_t number, const fov_image *image);

/**
 * Path for a file made of inputs->item[input], whatever its format: folder/[path/]name. Its folder is made.
 * @return NULL: it may not be written, and it was said why; release with free()
 */
char *cli_outputs_claim(cli_outputs *outputs, size_t input, const char *folder);
/** May this file be written, other than over an input or what this run wrote? Says why not. */
bool cli_outputs_may_replace(const cli_outputs *outputs, const char *path);
/** To be told once a claimed file is there. */
void cli_outputs_wrote(cli_outputs *outputs, const char *path);

#endif
