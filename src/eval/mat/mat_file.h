// SPDX-License-Identifier: MIT
/* MATLAB's version 5 files, by libmatio. That library brings HDF5 along, which would cost every start of a program that mostly
 * looks at photos; therefore it is loaded when a .mat file is first read, and may be missing. */
#ifndef FOVEA_EVAL_MAT_MAT_FILE_H
#define FOVEA_EVAL_MAT_MAT_FILE_H

#include "base/file.h"

typedef struct fov_mat       fov_mat;       /* an open file  */
typedef struct fov_mat_value fov_mat_value; /* a value in it */

/** @param path for messages; stays the caller's, until then. @param bytes the whole file. @param mat out: close with
 * fov_mat_close(), after which its values are gone. @return FOV_ERR_UNSUPPORTED where the library is missing */
fov_status fov_mat_open(const char *path, const fov_buffer *bytes, fov_mat **mat, fov_error *err);
void       fov_mat_close(fov_mat *mat); /* NULL is allowed */
/** Read a variable. */
fov_status fov_mat_get(fov_mat *mat, const char *name, const fov_mat_value **value, fov_error *err);

/** How many elements; 0 of anything that is empty. */
size_t fov_mat_count(const fov_mat_value *value);
size_t fov_mat_rows(const fov_mat_value *value);
/** An element of a cell array; NULL if this is none. */
const fov_mat_value *fov_mat_cell(const fov_mat_value *value, size_t index);
/** An element, in MATLAB's order, of an array of numbers. @return false if this is none */
bool fov_mat_number(const fov_mat_value *value, size_t index, double *number);
/** A line of ASCII. @return false if this is none, or `size` bytes do not hold it and a NUL */
bool fov_mat_text(const fov_mat_value *value, char *text, size_t size);

#endif
