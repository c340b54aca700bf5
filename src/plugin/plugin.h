// SPDX-License-Identifier: MIT
/* Shared libraries with operators (fovea/plugin.h): loaded, their tables checked, and their operators made ready for nodes. Knows
 * no graph. Both objects count their users, so that a library stays as long as anybody has an operator of it. */
#ifndef FOVEA_PLUGIN_PLUGIN_H
#define FOVEA_PLUGIN_PLUGIN_H

#include "base/error.h"
#include "fovea/plugin.h"

#include <stdatomic.h>

/** Inputs, or outputs, that an operator may have. */
enum { FOV_PLUGIN_MAX_PORTS = 64 };

struct fov_plugin {
    atomic_int                  users;
    void                       *handle; /* of dlopen() */
    const fovea_plugin_library *library;
    char                       *path;
};

/** An operator with what its `create` made of one node's attributes. Shared by copies of the node. */
typedef struct fov_plugin_op {
    atomic_int                   users;
    fov_plugin                  *plugin;
    const fovea_plugin_operator *call;
    void                        *state;
} fov_plugin_op;

/** The plugins that a caller named. */
typedef struct fov_plugin_set {
    const fov_plugin *const *item;
    size_t                   count;
} fov_plugin_set;

/** Refuse a table that could not be used. @param path for messages */
fov_status fov_plugin_check(const fovea_plugin_library *library, const char *path, fov_error *err);

/** Refuse a file that is no shared library, or one cut short, which dlopen() would touch beyond its end. */
fov_status fov_plugin_check_file(const char *path, fov_error *err);

/**
 * Find an operator.
 * @param domain NULL: any
 * @param plugin out: the library that has it, NULL when none has
 * @return FOV_ERR_ARGUMENT when more than one has it
 */
fov_status fov_plugin_find(fov_plugin_set set, const char *domain, const char *name, const fov_plugin **plugin,
                           const fovea_plugin_operator **call, fov_error *err);

/** Make an operator of `plugin` ready. @param node for messages. @param op out: release with fov_plugin_op_release() */
fov_status           fov_plugin_op_new(const fov_plugin *plugin, const fovea_plugin_operator *call,
                                       const fovea_plugin_attribute *const *attributes, size_t count, const char *node,
                                       const fov_plugin_op **op, fov_error *err);
const fov_plugin_op *fov_plugin_op_retain(const fov_plugin_op *op);  /* NULL is allowed */
void                 fov_plugin_op_release(const fov_plugin_op *op); /* NULL is allowed */

/** @param type FOVEA_PLUGIN_F32, .. */
bool fov_plugin_op_supports(const fov_plugin_op *op, bool is_input, int index, int32_t type);

#endif
