// SPDX-License-Identifier: MIT
/* Where the engine that `fovea build` makes is slower than FP32. */
#ifndef FOVEA_CLI_BUILD_SLOWER_H
#define FOVEA_CLI_BUILD_SLOWER_H

#include "fovea/fovea.h"

#include <jansson.h>

/**
 * Time an engine that has layers in INT8 on every instruction set.
 * @param options what the engine was built with
 * @param slower  out: the array of fov_engine_slower_json(), or NULL: there is no INT8; json_decref()
 */
fov_status cli_build_slower(const fov_model *model, const fov_engine_options *options, const fov_engine *engine, json_t **slower,
                            fov_error *err);
/** Say so on standard error, a line an instruction set. @param slower may be NULL */
void cli_warn_of_slower(const fov_engine *engine, const json_t *slower);

#endif
