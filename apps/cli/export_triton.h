// SPDX-License-Identifier: MIT
/* A model in Triton's model repository: NAME/config.pbtxt, and NAME/VERSION/model.fov. */
#ifndef FOVEA_CLI_EXPORT_TRITON_H
#define FOVEA_CLI_EXPORT_TRITON_H

#include "devices.h"
#include "exit_codes.h"
#include "fovea/fovea.h"

typedef struct cli_triton_model {
    const char *repository, *name;
    int         version;
    bool        cuda;    /* instances on GPUs, else on the processor */
    cli_devices devices; /* of the GPUs; none: all that the server has */
    int         instances;
    int         batch;    /* photos of a request, or of those that Triton batches; 0: Triton does not know of batches */
    double      delay_ms; /* that a request waits for others; below 0: nothing was asked for */
} cli_triton_model;

/** Folders are made where they are missing; files appear whole or not at all. Says what fails. */
cli_exit cli_export_triton(const fov_engine *engine, const cli_triton_model *model);

#endif
