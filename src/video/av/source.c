// SPDX-License-Identifier: MIT
#include "video/av/source.h"

#include <fcntl.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 16 };

bool fov_source_stopped(const fov_source *s)
{
    return s->stop && s->stop(s->stop_user);
}

fov_stamp fov_source_stamp(const fov_source *s)
{
    struct stat info;
    fov_stamp   stamp = {0};
    if (!fstat(s->fd, &info)) stamp = fov_stamp_of(&info);
    return stamp;
}

static int take(void *opaque, uint8_t *data, int bytes)
{
    const fov_source *s = opaque;
    ssize_t           got;
    if (fov_source_stopped(s)) return AVERROR_EXIT;
    do got = read(s->fd, data, (size_t)bytes);
    while (got < 0 && errno == EINTR);
    return got > 0 ? (int)got : got < 0 ? AVERROR(errno) : AVERROR_EOF;
}

static int64_t seek_to(void *opaque, int64_t offset, int whence)
{
    const fov_source *s = opaque;
    struct stat       info;
    if (whence == AVSEEK_SIZE) return fstat(s->fd, &info) ? AVERROR(errno) : info.st_size;
    const off_t at = lseek(s->fd, offset, whence & ~AVSEEK_FORCE);
    return at < 0 ? AVERROR(errno) : at;
}

/* What is no file would be empty the second time. Not waiting: nobody may ever write to a pipe. */
static fov_status open_file(fov_source *s, const char *path, fov_error *err)
{
    struct stat info;
    s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (s->fd < 0 || fstat(s->fd, &info)) return fov_fail(err, FOV_ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    if (S_ISREG(info.st_mode)) return FOV_OK;
    return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: not a file; a video is read twice, so write a stream to a file first", path);
}

fov_status fov_source_open(fov_source *s, const fov_av *av, const char *path, fov_error *err)
{
    *s = (fov_source){.av = av};
    fov_status st = open_file(s, path, err);
    if (!st) {
        unsigned char *buffer = av->av_malloc(BUFFER_BYTES);
        s->io = buffer ? av->avio_alloc_context(buffer, BUFFER_BYTES, 0, s, take, NULL, seek_to) : NULL;
        if (s->io) return FOV_OK;
        av->av_free(buffer);
        st = fov_fail_memory(err, path);
    }
    if (s->fd >= 0) close(s->fd);
    *s = (fov_source){0};
    return st;
}

void fov_source_close(fov_source *s)
{
    if (!s->io) return;
    s->av->av_free(s->io->buffer); /* not always the one that it was given */
    s->av->avio_context_free(&s->io);
    close(s->fd);
    *s = (fov_source){0};
}
