// SPDX-License-Identifier: MIT
/* A pickle machine that executes nothing: it turns the opcodes that torch.save() writes (protocols 2 to 5) into inert values.
 *
 * Python's own machine imports any function that a pickle names and calls it. This one looks names up in a list that its caller
 * gives, refuses all others, and a "call" only records what would have been called with what.
 *
 * Values live in one array and name each other by id, so that cycles need no care and everything goes at once. An opcode makes
 * at most one value and pops what it puts into containers: memory is proportional to the bytes read. */
#ifndef FOVEA_IMPORT_PICKLE_H
#define FOVEA_IMPORT_PICKLE_H

#include "base/bytes.h"
#include "base/error.h"

typedef enum fov_pickle_kind {
    FOV_PICKLE_NONE,
    FOV_PICKLE_BOOL,
    FOV_PICKLE_INT,
    FOV_PICKLE_LONG, /* beyond 64 bits: little-endian two's complement in `bytes` */
    FOV_PICKLE_FLOAT,
    FOV_PICKLE_STRING,
    FOV_PICKLE_BYTES,
    FOV_PICKLE_TUPLE,
    FOV_PICKLE_LIST,
    FOV_PICKLE_SET,
    FOV_PICKLE_DICT, /* items alternate: key, value, key, value */
    FOV_PICKLE_GLOBAL,
    FOV_PICKLE_OBJECT,    /* a call that was not made: `global`, items are the arguments */
    FOV_PICKLE_PERSISTENT /* a reference to outside of the pickle: items are those of its id */
} fov_pickle_kind;

/** What calling a global gives. */
typedef enum fov_pickle_call {
    FOV_PICKLE_CALL_NEVER,   /* it is only ever named */
    FOV_PICKLE_CALL_OBJECT,  /* FOV_PICKLE_OBJECT */
    FOV_PICKLE_CALL_DICT,    /* a dict, of a list of pairs if there is one */
    FOV_PICKLE_CALL_ARGUMENT /* its first argument */
} fov_pickle_call;

/** A name that a pickle may mention. */
typedef struct fov_pickle_global {
    const char     *module, *name;
    fov_pickle_call call;
    int             id; /* the caller's own */
} fov_pickle_global;

typedef struct fov_pickle_value {
    fov_pickle_kind kind;
    uint32_t        count; /* items of a container; bytes of a string */
    uint32_t        first; /* cell of the first item, 0 if there is none */
    uint32_t        last;
    union {
        int64_t                  integer; /* BOOL, INT */
        double                   number;
        const unsigned char     *bytes; /* inside of the pickle */
        const fov_pickle_global *global;
    };
} fov_pickle_value;

typedef struct fov_pickle_cell {
    uint32_t value;
    uint32_t next; /* 0 ends the list */
} fov_pickle_cell;

typedef struct fov_pickle {
    fov_pickle_value *value;
    fov_pickle_cell  *cell; /* cell 0 is nobody's */
    uint32_t          n_value, cap_value;
    uint32_t          n_cell, cap_cell;
    uint32_t          root;
} fov_pickle;

/** What may be loaded, and how to speak of where it is. */
typedef struct fov_pickle_rules {
    const char              *file; /* named in messages, with ... */
    const char              *part; /* ... what of it: "" or "data.pkl " */
    const fov_pickle_global *allowed;
    size_t                   n_allowed;
} fov_pickle_rules;

/**
 * Run one pickle, from in->pos up to its STOP, where in->pos then is.
 * @param in  its bytes must outlive `out`, whose strings lie in them
 * @param out release with fov_pickle_clear(), also after a failure
 * @return FOV_ERR_FORMAT (damaged), FOV_ERR_UNSUPPORTED (names something that is not allowed), FOV_ERR_LIMIT, FOV_ERR_MEMORY
 */
fov_status fov_pickle_load(fov_bytes *in, const fov_pickle_rules *rules, fov_pickle *out, fov_error *err);
void       fov_pickle_clear(fov_pickle *pickle);

/** The n-th item of a container or argument of an object; NULL if there are fewer. Walks: for small n. */
const fov_pickle_value *fov_pickle_item(const fov_pickle *pickle, const fov_pickle_value *container, uint32_t n);
/** The value under a string key; the last one, should there be several, as in Python. NULL if there is none. */
const fov_pickle_value *fov_pickle_find(const fov_pickle *pickle, const fov_pickle_value *dict, const char *key);

/** Iterate: `cell` runs from container->first to 0. */
static inline const fov_pickle_value *fov_pickle_at(const fov_pickle *pickle, uint32_t cell)
{
    return &pickle->value[pickle->cell[cell].value];
}

/** True for a string with exactly this text. */
bool fov_pickle_is(const fov_pickle_value *value, const char *text);

/** Bytes from outside as printable ASCII in `text` of `size` bytes, the rest as "?", shortened with "..."; returns text. */
char *fov_pickle_print(const unsigned char *bytes, size_t count, char *text, size_t size);

#endif
