// SPDX-License-Identifier: MIT
/* Every allocation of the library goes through these, so that a caller's hooks (and the fault tests) see them all. */
#ifndef FOVEA_BASE_ALLOC_H
#define FOVEA_BASE_ALLOC_H

#include <stddef.h>

/** Alignment of fov_alloc_aligned(): a cache line and the widest vector. */
#define FOV_ALIGN 64

/** Bytes that a kernel may read (never write) past the end of anything it reads: activations, constants, packed weights. */
#define FOV_OVERREAD 64

/** All return NULL on failure or when a size overflows; a size of 0 gives a valid pointer. */
void *fov_alloc(size_t bytes);
void *fov_calloc(size_t count, size_t size); /* zeroed */
void *fov_alloc_array(size_t count, size_t size);
void *fov_realloc_array(void *block, size_t count, size_t size); /* on failure `block` stays valid */
/** Room for one more behind `count`, of an array that grew by this alone: it doubles, so that n cost no more than 2n to copy. */
void *fov_grow_array(void *block, size_t count, size_t size);
char *fov_strdup(const char *s);
char *fov_strndup(const char *s, size_t length);
void  fov_free(void *block); /* NULL is allowed */

/** With FOV_OVERREAD bytes more, which are 0. Release with fov_free(). */
void *fov_alloc_overread(size_t count, size_t size);

/** FOV_ALIGN-aligned; release with fov_free_aligned() only. */
void *fov_alloc_aligned(size_t bytes);
void  fov_free_aligned(void *block);

#endif
