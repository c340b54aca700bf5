// SPDX-License-Identifier: MIT
/* The files of models below a folder (repository.h says how it is laid out). */
#ifndef FOVEA_SERVE_MODEL_FILES_H
#define FOVEA_SERVE_MODEL_FILES_H

#include <stdbool.h>

typedef void srv_model_file(void *user, const char *name, const char *version, const char *path);

/**
 * Visit all of them, in the order of their names. What is laid out otherwise is left out.
 * @return false: the folder cannot be read, and errno says why
 */
bool srv_model_files(const char *folder, srv_model_file *visit, void *user);

/** A model's name as its file has it, without folder and ending; to free(). NULL: no memory */
char *srv_model_stem(const char *path);

/** May it be a model's name? Visible ASCII: in addresses it is one segment, in folders one that is not hidden. */
bool srv_model_name_serves(const char *name);

#endif
