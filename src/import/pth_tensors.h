// SPDX-License-Identifier: MIT
/* What both forms of a .pth share: a pickled object whose tensors are views of storages, which lie elsewhere in the file.
 *
 *     fov_pth_read()     runs the pickle, finds the state_dict, lists storages and the tensors that view them
 *     fov_pth_fill()     once per storage, as the form comes across its bytes: copies out every view of it
 *     fov_pth_give()     hands the tensors over, in the order of the state_dict
 */
#ifndef FOVEA_IMPORT_PTH_TENSORS_H
#define FOVEA_IMPORT_PTH_TENSORS_H

#include "import/import.h"
#include "import/numbers.h"
#include "import/pickle.h"

typedef struct fov_pth_dtype {
    const char       *name;
    size_t            bytes;
    fov_numbers_load *to_float; /* NULL: not floating point, such tensors are left out */
} fov_pth_dtype;

typedef struct fov_pth_storage {
    const unsigned char *key; /* its name in the file; in the pickle's bytes */
    size_t               key_bytes;
    const fov_pth_dtype *dtype;
    size_t               count;      /* elements */
    size_t               first_view; /* tensor index + 1, 0: nobody needs it */
    bool                 filled;
} fov_pth_storage;

typedef struct fov_pth_tensor {
    char     *name;
    fov_shape shape;
    size_t    stride[FOV_MAX_RANK]; /* elements */
    size_t    offset, count;        /* elements */
    size_t    next_view;            /* of the same storage: tensor index + 1 */
    float    *data;                 /* dense, once filled */
} fov_pth_tensor;

typedef struct fov_pth {
    const char      *file;
    fov_pickle       pickle;
    fov_pth_storage *storage; /* by key */
    fov_pth_tensor  *tensor;  /* as in the state_dict */
    size_t           n_storage, n_tensor;
    size_t           budget; /* bytes that tensors may still take: what a file expands to is bounded by its size */
} fov_pth;

/**
 * @param in    as for fov_pickle_load(); its bytes must outlive `pth`
 * @param part  for messages, as in fov_pickle_rules
 * @param pth   out: release with fov_pth_clear(), also after a failure
 */
fov_status fov_pth_read(const fov_source *source, fov_bytes *in, const char *part, fov_pth *pth, fov_error *err);

/** NULL if no tensor mentions the key. */
fov_pth_storage *fov_pth_find_storage(const fov_pth *pth, const void *key, size_t key_bytes);

/** Bytes of a storage in the file; fov_pth_read() has made sure that they fit a size_t. */
size_t fov_pth_storage_bytes(const fov_pth_storage *storage);

/** Take `bytes` from the budget. @param what as in "FILE: <what> takes N bytes" */
fov_status fov_pth_spend(fov_pth *pth, size_t bytes, const char *what, fov_error *err);

/** @param data fov_pth_storage_bytes() of them, little-endian, of any alignment */
fov_status fov_pth_fill(fov_pth *pth, fov_pth_storage *storage, const unsigned char *data, fov_error *err);

/** Move the tensors into `weights`; fails when a storage was not filled. */
fov_status fov_pth_give(fov_pth *pth, fov_weights *weights, fov_error *err);
void       fov_pth_clear(fov_pth *pth);

#endif
