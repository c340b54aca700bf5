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

enum { FIRST_CAPACITY = 1 << 16, MAX_ATTEMPTS = 100, MODE = 0666 /* less the umask */ };

/* Folder, random number. Short, whatever the file's own name: that may be as long as the file system allows. */
#define TEMPORARY_NAME "%.*s.fovea-%016llx"

/* With the slash; 0: the file lies in the working folder. */
static int folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (int)(slash - path) + 1 : 0;
}

static fov_status fail_errno(fov_error *err, const char *path, const char *verb)
{
    return fov_fail(err, FOV_ERR_IO, "%s: cannot %s: %s", path, verb, strerror(errno));
}

static fov_status read_all(int fd, const char *path, size_t expected, size_t max_bytes, fov_buffer *out, fov_error *err)
{
    size_t capacity = expected ? expected + 1 : FIRST_CAPACITY; /* one more than expected: the read that finds the end */
    out->data = fov_alloc(capacity);
    if (!out->data) return fov_fail_memory(err, path);

    for (;;) {
        if (out->size == capacity) {
            void *more = fov_realloc_array(out->data, capacity, 2);
            if (!more) return fov_fail_memory(err, path);
            out->data = more;
            capacity *= 2;
        }
        ssize_t got = read(fd, out->data + out->size, capacity - out->size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(err, path, "read");
        if (got == 0) return FOV_OK;
        out->size += (size_t)got;
        if (out->size > max_bytes) return fov_fail(err, FOV_ERR_LIMIT, "%s: larger than the limit of %zu bytes", path, max_bytes);
    }
}

fov_status fov_file_read(const char *path, size_t max_bytes, fov_buffer *out, fov_error *err)
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
        st = expected > max_bytes ? fov_fail(err, FOV_ERR_LIMIT, "%s: %zu bytes, the limit is %zu", path, expected, max_bytes)
                                  : read_all(fd, path, expected, max_bytes, out, err);
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

/* Names in the folder of `path`, until `make` finds one that no file has. @return what `make` did */
static int make_beside(const char *path, char *name, size_t name_bytes, int (*make)(const char *name, int fd), int fd)
{
    int made = -1;
    for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        uint64_t random;
        if (getrandom(&random, sizeof random, 0) != sizeof random) return -1;
        snprintf(name, name_bytes, TEMPORARY_NAME, folder_length(path), path, (unsigned long long)random);
        made = make(name, fd);
        if (made >= 0 || errno != EEXIST) return made;
    }
    return made;
}

/* Not mkstemp(): its files are private, and the process's umask, which would say what mode an output should have, cannot be read
 * without changing it for all threads. */
static int make_file(const char *name, int fd)
{
    (void)fd;
    return open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
}

#define OPEN_FILE "/proc/self/fd/%d"

static int make_link(const char *name, int fd)
{
    char open_file[sizeof OPEN_FILE + 16];
    snprintf(open_file, sizeof open_file, OPEN_FILE, fd);
    return linkat(AT_FDCWD, open_file, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}

/* A file without a name, which is gone with the process however that ends. Not every file system has them, and giving it a name
 * later takes /proc. @return less than 0: not here */
static int open_nameless(const char *path, char *name, size_t name_bytes)
{
    char      open_file[sizeof OPEN_FILE + 16];
    const int folder = folder_length(path);
    snprintf(name, name_bytes, "%.*s", folder ? folder : 1, folder ? path : ".");
    const int fd = open(name, O_WRONLY | O_TMPFILE | O_CLOEXEC, MODE);
    snprintf(open_file, sizeof open_file, OPEN_FILE, fd);
    if (fd < 0 || !access(open_file, F_OK)) return fd;
    close(fd);
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

static size_t name_bytes(const char *path)
{
    return strlen(path) + sizeof TEMPORARY_NAME + 16;
}

fov_status fov_draft_begin(fov_draft *draft, const char *path, fov_error *err)
{
    const size_t size = name_bytes(path);
    struct stat  old;
    const bool   exists = !stat(path, &old);
    *draft = (fov_draft){.fd = -1, .path = path};
    if (exists && S_ISDIR(old.st_mode)) return fov_fail(err, FOV_ERR_IO, "%s: is a folder, name a file", path);
    if (exists && !S_ISREG(old.st_mode)) return fov_fail(err, FOV_ERR_IO, "%s: is a pipe or a device, a file is needed", path);
    draft->temporary = fov_alloc(size);
    if (!draft->temporary) return fov_fail_memory(err, path);
    draft->fd = open_nameless(path, draft->temporary, size);
    draft->named = draft->fd < 0;
    if (draft->named) draft->fd = make_beside(path, draft->temporary, size, make_file, -1);
    fov_status st = draft->fd < 0 ? fail_errno(err, path, "create") : FOV_OK;
    if (!st && exists && fchmod(draft->fd, old.st_mode & 07777)) st = fail_errno(err, path, "keep the mode of");
    if (st) fov_draft_drop(draft);
    return st;
}

void fov_draft_drop(fov_draft *draft)
{
    if (draft->fd >= 0) {
        close(draft->fd);
        if (draft->named) unlink(draft->temporary);
    }
    fov_free(draft->temporary);
    *draft = (fov_draft){.fd = -1};
}

/* A link cannot replace a file, a rename can. */
static fov_status name_it(fov_draft *draft, fov_error *err)
{
    draft->named = make_beside(draft->path, draft->temporary, name_bytes(draft->path), make_link, draft->fd) >= 0;
    return draft->named ? FOV_OK : fail_errno(err, draft->path, "create");
}

fov_status fov_draft_keep(fov_draft *draft, fov_error *err)
{
    const char *path = draft->path;
    fov_status  st = flush(draft->fd, path, err);
    if (!st && !draft->named) st = name_it(draft, err);
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
