// SPDX-License-Identifier: MIT
/* What families build their graphs with: layers by module name, as in PyTorch, whose parameters come from a checkpoint.
 *
 * The first failure is kept and turns every later call into nothing, so a family reads as its network and asks once, at
 * fov_net_finish(). Tensors that are missing or misshapen do not stop the building: they are listed together at the end. */
#ifndef FOVEA_MODELS_NET_H
#define FOVEA_MODELS_NET_H

#include "base/text.h"
#include "models/model.h"

enum { FOV_NET_NAME = 64 };

typedef struct fov_net {
    fov_graph   *graph;
    fov_weights *weights; /* NULL: a template, whose parameters have shapes and no data */
    fov_status   status;
    fov_error   *err;
    fov_text     misfits; /* the first few, as text */
    int          n_misfit;
} fov_net;

/** A convolution's parameters and geometry; square kernel, "same" padding. */
typedef struct fov_net_conv {
    char name[FOV_NET_NAME];
    int  weight, bias; /* value ids; bias FOV_NONE: none */
    int  out, kernel, stride, group;
} fov_net_conv;

typedef struct fov_net_norm {
    char name[FOV_NET_NAME];
    int  param[4]; /* weight, bias, running_mean, running_var */
} fov_net_norm;

fov_net fov_net_begin(fov_weights *weights, fov_error *err);
/** Hands out the graph, or says all that does not fit. @param title of the family */
fov_status fov_net_finish(fov_net *net, const char *source, const char *title, fov_graph **graph);
void       fov_net_fail(fov_net *net, fov_status code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Parameters first, then nodes: a checkpoint's order need not be the order of computation. */
fov_net_conv fov_net_conv_params(fov_net *net, const char *name, int in, int out, int kernel, int stride, int group, bool bias);
fov_net_norm fov_net_norm_params(fov_net *net, const char *name, int channels);

/* Nodes; each returns its output value. */
int  fov_net_input(fov_net *net, const char *name, int channels);
int  fov_net_convolve(fov_net *net, int x, const fov_net_conv *conv);
int  fov_net_normalise(fov_net *net, int x, const fov_net_norm *norm);
int  fov_net_activate(fov_net *net, int x, const char *name, float slope); /* slope 0: Relu */
int  fov_net_max_pool(fov_net *net, int x, const char *name, int kernel, int stride);
int  fov_net_upsample2(fov_net *net, int x, const char *name); /* nearest */
int  fov_net_add(fov_net *net, int a, int b, const char *name);
int  fov_net_concat(fov_net *net, const int *x, int count, const char *name);
void fov_net_output(fov_net *net, int x);

#endif
