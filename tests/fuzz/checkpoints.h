// SPDX-License-Identifier: MIT
/* What both forms of a .pth are fuzzed with. */
#ifndef FOVEA_TESTS_FUZZ_CHECKPOINTS_H
#define FOVEA_TESTS_FUZZ_CHECKPOINTS_H

#include "checkpoint.h"
#include "fuzz.h"

/** Read the tensors, and make a model of them. */
damage_target checkpoints_run;
void          checkpoints_seed(checkpoint_form form);

#endif
