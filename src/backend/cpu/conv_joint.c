// SPDX-License-Identifier: MIT
/* Convolutions of one input as one step, of whichever kind: what the kind makes of the input, it makes once. */
#include "backend/cpu/conv.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

typedef struct conv_joint {
    const fov_conv_kind *kind;
    int                  count;
    const void          *step[FOV_STEP_NODES];
    char                 name[FOV_STEP_NODES * 64];
} conv_joint;

size_t fov_conv_one_scratch(const void *step, const fov_view *const *in, const fov_view *out, int threads)
{
    const fov_conv *conv = step;
    (void)in;
    return conv->kind->scratch(&step, 1, out, threads);
}

fov_status fov_conv_one_run(const void *step, const fov_view *const *in, fov_view *out, void *scratch, fov_pool *pool,
                            fov_error *err)
{
    const fov_conv *conv = step;
    return conv->kind->run(&step, 1, in, out, scratch, pool, err);
}

fov_status fov_conv_shapes_read(const void *const *step, int count, const fov_view *const *in, fov_view *out, fov_conv_shape *shape,
                                fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < count && !st; i++) st = fov_conv_shape_read(step[i], in, &out[i], &shape[i], err);
    return st;
}

bool fov_conv_is_3x3(const fov_conv *conv)
{
    for (size_t axis = 0; axis < 2; axis++)
        if (conv->stride[axis] != 1 || conv->dilation[axis] != 1) return false;
    return conv->group == 1 && conv->kh == 3 && conv->kw == 3;
}

bool fov_conv_alike(const fov_lowered *a, const fov_lowered *b)
{
    const fov_conv_kind *kind = a->kin;
    return kind && kind == b->kin && kind->alike(a->impl, b->impl);
}

static size_t joint_scratch(const void *impl, const fov_view *const *in, const fov_view *out, int threads)
{
    const conv_joint *joint = impl;
    (void)in;
    return joint->kind->scratch(joint->step, joint->count, out, threads);
}

static fov_status joint_step(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_pool *pool,
                             fov_error *err)
{
    const conv_joint *joint = impl;
    return joint->kind->run(joint->step, joint->count, in, out, scratch, pool, err);
}

/* Kernels by name, each once. */
static void name_joint(conv_joint *joint, const fov_lowered *const *nodes)
{
    for (int i = 0; i < joint->count; i++) {
        const size_t length = strlen(joint->name);
        if (i == 0 || strcmp(nodes[i]->kernel, nodes[i - 1]->kernel) != 0)
            snprintf(joint->name + length, sizeof joint->name - length, "%s%s", i ? "|" : "", nodes[i]->kernel);
    }
}

fov_status fov_conv_join(const fov_lowered *const *nodes, int count, fov_lowered *out, fov_error *err)
{
    conv_joint *joint = fov_calloc(1, sizeof *joint);
    *out = (fov_lowered){0};
    if (!joint) return fov_fail_memory(err, "a step of several layers");
    joint->kind = nodes[0]->kin;
    joint->count = count;
    for (int i = 0; i < count; i++) joint->step[i] = nodes[i]->impl;
    name_joint(joint, nodes);
    *out = (fov_lowered){.kernel = joint->name, .impl = joint, .scratch = joint_scratch, .run = joint_step, .free = fov_free};
    return FOV_OK;
}
