// SPDX-License-Identifier: MIT
/* Checkpoints as torch.save() writes them: a small pickle writer, and the two forms around it. */
#ifndef FOVEA_TESTS_CHECKPOINT_H
#define FOVEA_TESTS_CHECKPOINT_H

#include "support.h"

typedef struct checkpoint_storage {
    const char *kind, *key;
    int64_t     count;
    const void *data;
    size_t      bytes;
} checkpoint_storage;

typedef struct checkpoint_view {
    const char *name;
    int         storage;
    int64_t     offset;
    int         rank;
    int64_t     size[8], stride[8];
    bool        parameter;
} checkpoint_view;

typedef struct checkpoint {
    const char        *wrapper; /* key that the state_dict lies under, NULL: at the top */
    checkpoint_storage storage[4];
    int                n_storage;
    checkpoint_view    view[4];
    int                n_view;
    bool               big_endian;
} checkpoint;

typedef enum checkpoint_form { CHECKPOINT_LEGACY, CHECKPOINT_ZIP, CHECKPOINT_ZIP_DEFLATED, CHECKPOINT_FORMS } checkpoint_form;

/** A file. */
typedef struct checkpoint_bytes {
    unsigned char data[1 << 14];
    size_t        size;
} checkpoint_bytes;

void checkpoint_write(checkpoint_bytes *out, const checkpoint *c, checkpoint_form form);

#endif
