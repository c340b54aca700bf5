// SPDX-License-Identifier: MIT
/* PyTorch checkpoints. torch.save() has two forms: a zip archive with one member for the pickle and one for each storage, and,
 * before PyTorch 1.6, a stream of pickles with the storages after them. */
#ifndef FOVEA_IMPORT_PTH_H
#define FOVEA_IMPORT_PTH_H

#include "import/import.h"

/**
 * Every floating-point tensor of the state_dict in a .pth, in its order, widened or narrowed to float32; integer tensors
 * (num_batches_tracked) are left out.
 * @param weights receives the tensors; on failure those read so far may be in it
 * @return FOV_ERR_FORMAT, FOV_ERR_UNSUPPORTED, FOV_ERR_LIMIT or FOV_ERR_MEMORY
 */
fov_status fov_pth_load_weights(const fov_source *source, fov_weights *weights, fov_error *err);

/* The two forms; use fov_pth_load_weights(). */
fov_status fov_pth_load_zip(const fov_source *source, fov_weights *weights, fov_error *err);
fov_status fov_pth_load_legacy(const fov_source *source, fov_weights *weights, fov_error *err);

#endif
