// SPDX-License-Identifier: MIT
#include "base/file.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_CAPACITY = 1 << 16, MAX_ATTEMPTS = 100 };

/* Folder, random number. Short, whatever the file's own name: that may be as long as the file system allows. */
#define TEMPORARY_NAME "%.*s.fovea-%016llx"

static fov_status fail_errno(fov_error *err, const char *path, const char *verb)
{
    return fov_fail(err, FOV_ERR_IO, "%s: cannot %s: %s", path, verb, strerror(errno));
}

/* A file that is being read. */
typedef struct source {
    int              fd;
    const char      *path;
    fov_file_wanted *wanted; /* NULL: whatever it is, or seen to be wanted */
    size_t           capacity, max_bytes;
    fov_error       *err;
} source;

static fov_status make_room(source *s, fov_buffer *out)
{
    if (out->size < s->capacity) return FOV_OK;
    void *more = fov_realloc_array(out->data, s->capacity, 2);
    if (!more) return fov_fail_memory(s->err, s->path);
    out->data = more;
    s->capacity *= 2;
    return FOV_OK;
}

static fov_status read_all(source *s, fov_buffer *out)
{
    out->data = fov_alloc(s->capacity);
    if (!out->data) return fov_fail_memory(s->err, s->path);
    for (;;) {
        fov_status st = make_room(s, out);
        if (st) return st;
        const size_t end = s->wanted && s->capacity > FOV_FILE_START ? FOV_FILE_START : s->capacity;
        ssize_t      got = read(s->fd, out->data + out->size, end - out->size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(s->err, s->path, "read");
        if (got == 0) return FOV_OK;
        out->size += (size_t)got;
        if (out->size > s->max_bytes)
            return fov_fail(s->err, FOV_ERR_LIMIT, "%s: larger than the limit of %zu bytes", s->path, s->max_bytes);
        if (!s->wanted || out->size < FOV_FILE_START) continue;
        if (!s->wanted(out->data, out->size)) return FOV_OK;
        s->wanted = NULL;
    }
}

fov_status fov_file_read(const char *path, size_t max_bytes, fov_buffer *out, fov_error *err)
{
    return fov_file_read_if(path, NULL, max_bytes, out, err);
}

fov_status fov_file_read_if(const char *path, fov_file_wanted *wanted, size_t max_bytes, fov_buffer *out, fov_error *err)
{
    bool        is_stdin = strcmp(path, "-") == 0;
    int         fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    fov_status  st;

    *out = (fov_buffer){0};
    if (is_stdin) path = "standard input";
    if (fd < 0) return fail_errno(err, path, "open");
    if (fstat(fd, &info)) {
        st = fail_errno(err, path, "stat");
    } else if (S_ISDIR(info.st_mode)) {
        st = fov_fail(err, FOV_ERR_IO, "%s: is a folder, a file is needed", path);
    } else {
        size_t expected = S_ISREG(info.st_mode) && info.st_size > 0 ? (size_t)info.st_size : 0;
        /* one more than expected: the read that finds the end */
        source s = {fd, path, wanted, expected ? expected + 1 : FIRST_CAPACITY, max_bytes, err};
        st = expected > max_bytes ? fov_fail(err, FOV_ERR_LIMIT, "%s: %zu bytes, the limit is %zu", path, expected, max_bytes)
                                  : read_all(&s, out);
    }
    if (!is_stdin) close(fd);
    if (st) fov_buffer_clear(out);
    return st;
}

static fov_status write_all(int fd, const unsigned char *data, size_t bytes, const char *path, fov_error *err)
{
    while (bytes) {
        ssize_t put = write(fd, data, bytes);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return fail_errno(err, path, "write");
        data += put;
        bytes -= (size_t)put;
    }
    return FOV_OK;
}

static fov_status flush(int fd, const char *path, fov_error *err)
{
    return fsync(fd) && errno != EINVAL && errno != EROFS ? fail_errno(err, path, "flush") : FOV_OK;
}

/* A rename is durable once its folder is flushed too; some file systems refuse that, which costs nothing but the promise. */
static void flush_folder_of(const char *path)
{
    char *copy = fov_strdup(path);
    int   fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    fov_free(copy);
}

/* A new file in the folder of `path`, under a name that no file has. Not mkstemp(): its files are private, and the process's
 * umask, which would say what mode an output should have, cannot be read without changing it for all threads. */
static int create_beside(const char *path, char *name, size_t name_bytes)
{
    const char *slash = strrchr(path, '/');
    int         folder = slash ? (int)(slash - path) + 1 : 0;
    for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        uint64_t random;
        if (getrandom(&random, sizeof random, 0) != sizeof random) return -1;
        snprintf(name, name_bytes, TEMPORARY_NAME, folder, path, (unsigned long long)random);
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
    return -1;
}

static fov_status write_device(const char *path, const void *data, size_t bytes, fov_error *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return fail_errno(err, path, "open for writing");
    fov_status st = write_all(fd, data, bytes, path, err);
    if (!st) st = flush(fd, path, err);
    close(fd);
    return st;
}

fov_status fov_draft_begin(fov_draft *draft, const char *path, fov_error *err)
{
    const size_t size = strlen(path) + sizeof TEMPORARY_NAME + 16;
    struct stat  old;
    const bool   exists = !stat(path, &old);
    *draft = (fov_draft){.fd = -1, .path = path};
    if (exists && S_ISDIR(old.st_mode)) return fov_fail(err, FOV_ERR_IO, "%s: is a folder, name a file", path);
    if (exists && !S_ISREG(old.st_mode)) return fov_fail(err, FOV_ERR_IO, "%s: is a pipe or a device, a file is needed", path);
    draft->temporary = fov_alloc(size);
    if (!draft->temporary) return fov_fail_memory(err, path);
    draft->fd = create_beside(path, draft->temporary, size);
    fov_status st = draft->fd < 0 ? fail_errno(err, path, "create") : FOV_OK;
    if (!st && exists && fchmod(draft->fd, old.st_mode & 07777)) st = fail_errno(err, path, "keep the mode of");
    if (st) fov_draft_drop(draft);
    return st;
}

void fov_draft_drop(fov_draft *draft)
{
    if (draft->fd >= 0) {
        close(draft->fd);
        unlink(draft->temporary);
    }
    fov_free(draft->temporary);
    *draft = (fov_draft){.fd = -1};
}

fov_status fov_draft_keep(fov_draft *draft, fov_error *err)
{
    const char *path = draft->path;
    fov_status  st = flush(draft->fd, path, err);
    if (!st && rename(draft->temporary, path)) st = fail_errno(err, path, "replace");
    if (st) {
        fov_draft_drop(draft);
        return st;
    }
    if (close(draft->fd)) st = fail_errno(err, path, "close");
    flush_folder_of(path);
    fov_free(draft->temporary);
    *draft = (fov_draft){.fd = -1};
    return st;
}

fov_status fov_file_write(const char *path, const void *data, size_t bytes, fov_error *err)
{
    struct stat info;
    fov_draft   draft;
    /* A pipe or /dev/null cannot be replaced by a rename, and must not be. */
    if (!stat(path, &info) && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return write_device(path, data, bytes, err);
    fov_status st = fov_draft_begin(&draft, path, err);
    if (st) return st;
    st = write_all(draft.fd, data, bytes, path, err);
    if (!st) return fov_draft_keep(&draft, err);
    fov_draft_drop(&draft);
    return st;
}

bool fov_file_exists(const char *path)
{
    struct stat info;
    return !stat(path, &info) && S_ISREG(info.st_mode) && !access(path, R_OK);
}

void fov_buffer_clear(fov_buffer *buffer)
{
    fov_free(buffer->data);
    *buffer = (fov_buffer){0};
}
