// SPDX-License-Identifier: MIT
#ifndef FOVEA_MEDIA_PNG_MEMORY_H
#define FOVEA_MEDIA_PNG_MEMORY_H

#include <spng.h>
#include <stdbool.h>

/** A libspng context that allocates through base/alloc.h. @param flags of spng_ctx_new2() */
spng_ctx *fov_png_context(int flags);
/** Read from memory. What metadata may take is bounded by the size of the file. @return libspng's code */
int fov_png_open(spng_ctx *ctx, const void *data, size_t size);
/** Was an allocation refused since this thread made its last context? */
bool fov_png_out_of_memory(void);

#endif
