// SPDX-License-Identifier: MIT
#include "eval/mat/mat_file.h"

#include "base/alloc.h"
#include "eval/mat/mat_guard.h"

#include <dlfcn.h>
#include <matio.h>
#include <stdio.h>
#include <unistd.h>

enum { MAX_VARIABLES = 8 };

typedef struct library {
    __typeof__(Mat_Open)    *open;
    __typeof__(Mat_Close)   *close;
    __typeof__(Mat_VarRead) *read;
    __typeof__(Mat_VarFree) *free;
} library;

struct fov_mat {
    library     lib;
    int         fd; /* a file of the bytes that were looked at */
    mat_t      *file;
    const char *path; /* the caller's */
    matvar_t   *variable[MAX_VARIABLES];
    int         variables;
};

struct fov_mat_value {
    matvar_t v;
};

/* Never closed again: HDF5 leaves functions for the process to call at its end. */
static bool load_library(library *lib)
{
    void *handle = dlopen(FOVEA_MATIO_SONAME, RTLD_NOW | RTLD_LOCAL);
    if (!handle) return false;
    *(void **)&lib->open = dlsym(handle, "Mat_Open");
    *(void **)&lib->close = dlsym(handle, "Mat_Close");
    *(void **)&lib->read = dlsym(handle, "Mat_VarRead");
    *(void **)&lib->free = dlsym(handle, "Mat_VarFree");
    return lib->open && lib->close && lib->read && lib->free;
}

static fov_status open_copy(fov_mat *m, const fov_buffer *bytes, fov_error *err)
{
    char name[32];
    if ((m->fd = fov_file_in_memory(bytes, m->path, err)) < 0) return FOV_ERR_IO;
    snprintf(name, sizeof name, "/proc/self/fd/%d", m->fd);
    if ((m->file = m->lib.open(name, MAT_ACC_RDONLY))) return FOV_OK;
    return fov_fail(err, FOV_ERR_FORMAT, "%s: cannot be read as a MATLAB file", m->path);
}

static fov_status open_guarded(fov_mat *m, const fov_buffer *bytes, fov_error *err)
{
    if (!load_library(&m->lib))
        return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: MATLAB files are read by %s, which is not here (Debian: libmatio11)",
                        m->path, FOVEA_MATIO_SONAME);
    const fov_status st = fov_mat_guard(m->path, bytes, err);
    return st ? st : open_copy(m, bytes, err);
}

fov_status fov_mat_open(const char *path, const fov_buffer *bytes, fov_mat **mat, fov_error *err)
{
    *mat = NULL;
    fov_mat *m = fov_calloc(1, sizeof *m);
    if (!m) return fov_fail_memory(err, "a MATLAB file");
    m->path = path;
    m->fd = -1;
    const fov_status st = open_guarded(m, bytes, err);
    if (st) fov_mat_close(m);
    else *mat = m;
    return st;
}

void fov_mat_close(fov_mat *m)
{
    if (!m) return;
    for (int i = 0; i < m->variables; i++) m->lib.free(m->variable[i]);
    if (m->file) m->lib.close(m->file);
    if (m->fd >= 0) close(m->fd);
    fov_free(m);
}

fov_status fov_mat_get(fov_mat *m, const char *name, const fov_mat_value **value, fov_error *err)
{
    *value = NULL;
    matvar_t *v = m->variables < MAX_VARIABLES ? m->lib.read(m->file, name) : NULL;
    if (!v) return fov_fail(err, FOV_ERR_FORMAT, "%s: has no variable '%s' that can be read", m->path, name);
    m->variable[m->variables++] = v;
    *value = (const fov_mat_value *)v;
    return FOV_OK;
}

/* What the dimensions promise, but no more than there are bytes for. */
size_t fov_mat_count(const fov_mat_value *value)
{
    const matvar_t *v = &value->v;
    size_t          count = 1, held = v->data && v->data_size > 0 ? v->nbytes / (size_t)v->data_size : 0;
    for (int i = 0; i < v->rank; i++)
        if (__builtin_mul_overflow(count, v->dims[i], &count)) return held;
    return v->rank > 0 && count < held ? count : held;
}

size_t fov_mat_rows(const fov_mat_value *value)
{
    return value->v.rank > 0 ? value->v.dims[0] : 0;
}

const fov_mat_value *fov_mat_cell(const fov_mat_value *value, size_t index)
{
    const matvar_t *v = &value->v;
    if (v->class_type != MAT_C_CELL || index >= fov_mat_count(value)) return NULL;
    return (const fov_mat_value *)((matvar_t *const *)v->data)[index];
}

bool fov_mat_number(const fov_mat_value *value, size_t index, double *number)
{
    const matvar_t *v = &value->v;
    if (index >= fov_mat_count(value)) return false;
    switch (v->data_type) {
    case MAT_T_DOUBLE:
        *number = ((const double *)v->data)[index];
        return true;
    case MAT_T_SINGLE:
        *number = (double)((const float *)v->data)[index];
        return true;
    case MAT_T_INT8:
        *number = ((const int8_t *)v->data)[index];
        return true;
    case MAT_T_UINT8:
        *number = ((const uint8_t *)v->data)[index];
        return true;
    case MAT_T_INT16:
        *number = ((const int16_t *)v->data)[index];
        return true;
    case MAT_T_UINT16:
        *number = ((const uint16_t *)v->data)[index];
        return true;
    case MAT_T_INT32:
        *number = ((const int32_t *)v->data)[index];
        return true;
    case MAT_T_UINT32:
        *number = ((const uint32_t *)v->data)[index];
        return true;
    default:
        return false;
    }
}

bool fov_mat_text(const fov_mat_value *value, char *text, size_t size)
{
    const matvar_t *v = &value->v;
    const size_t    count = fov_mat_count(value);
    const bool      wide = v->data_type == MAT_T_UINT16 || v->data_type == MAT_T_UTF16;
    if (v->class_type != MAT_C_CHAR || fov_mat_rows(value) > 1 || count >= size) return false;
    if (!wide && v->data_type != MAT_T_UINT8 && v->data_type != MAT_T_UTF8 && v->data_type != MAT_T_INT8) return false;
    for (size_t i = 0; i < count; i++) {
        unsigned c = wide ? ((const uint16_t *)v->data)[i] : ((const uint8_t *)v->data)[i];
        if (!c || c > 127) return false;
        text[i] = (char)c;
    }
    text[count] = '\0';
    return true;
}
