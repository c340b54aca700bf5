// SPDX-License-Identifier: MIT
/* Which file, and as of when: another one once it is replaced or written to. */
#ifndef FOVEA_BASE_STAMP_H
#define FOVEA_BASE_STAMP_H

#include <stdbool.h>
#include <sys/stat.h>

/** All 0: not known. */
typedef struct fov_stamp {
    dev_t           device;
    ino_t           inode;
    off_t           bytes;
    struct timespec written;
} fov_stamp;

static inline fov_stamp fov_stamp_of(const struct stat *info)
{
    return (fov_stamp){info->st_dev, info->st_ino, info->st_size, info->st_mtim};
}

static inline bool fov_stamp_is_known(const fov_stamp *s)
{
    return s->inode || s->written.tv_sec;
}

static inline bool fov_stamp_same(const fov_stamp *a, const fov_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->bytes == b->bytes && a->written.tv_sec == b->written.tv_sec &&
           a->written.tv_nsec == b->written.tv_nsec;
}

#endif
