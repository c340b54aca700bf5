// SPDX-License-Identifier: MIT
#include "base/file.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_CAPACITY = 1 << 16, MAX_ATTEMPTS = 100, OPEN_PATH_BYTES = 32, ACCESS_MODE = 0777 };

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
    fov_file_wanted *wanted;   /* NULL: whatever it is, or seen to be wanted */
    size_t           expected; /* bytes; 0: not known */
    size_t           capacity, max_bytes;
    fov_error       *err;
} source;

/* One more than expected, for the read that finds the end; but for nothing that nobody may want. */
static size_t first_capacity(const source *s)
{
    const size_t capacity = s->expected ? s->expected + 1 : FIRST_CAPACITY;
    return s->wanted && capacity > FOV_FILE_START ? FOV_FILE_START : capacity;
}

static fov_status make_room(source *s, fov_buffer *out)
{
    if (out->size < s->capacity) return FOV_OK;
    const size_t capacity = s->capacity <= s->expected ? s->expected + 1 : 2 * s->capacity;
    void        *more = fov_realloc_array(out->data, capacity, 1);
    if (!more) return fov_fail_memory(s->err, s->path);
    out->data = more;
    s->capacity = capacity;
    return FOV_OK;
}

static fov_status read_all(source *s, fov_buffer *out)
{
    s->capacity = first_capacity(s);
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
        source s = {.fd = fd, .path = path, .wanted = wanted, .expected = expected, .max_bytes = max_bytes, .err = err};
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

int fov_file_in_memory(const fov_buffer *bytes, const char *path, fov_error *err)
{
    const int fd = memfd_create("fovea", MFD_CLOEXEC);
    if (fd < 0) fail_errno(err, path, "copy into memory");
    if (fd < 0 || !write_all(fd, bytes->data, bytes->size, path, err)) return fd;
    close(fd);
    return -1;
}

static fov_status flush(int fd, const char *path, fov_error *err)
{
    return fsync(fd) && errno != EINVAL && errno != EROFS ? fail_errno(err, path, "flush") : FOV_OK;
}

static size_t temporary_bytes(const char *path)
{
    return strlen(path) + sizeof TEMPORARY_NAME + 16;
}

/* In the place of the temporary name, so that nothing is allocated: a file can be kept when there is no memory left. */
static int open_folder(fov_draft *draft, int flags)
{
    memcpy(draft->temporary, draft->path, strlen(draft->path) + 1);
    return open(dirname(draft->temporary), flags | O_CLOEXEC, 0666);
}

/* A rename is durable once its folder is flushed too; some file systems refuse that, which costs nothing but the promise. */
static void flush_folder(fov_draft *draft)
{
    int fd = open_folder(draft, O_RDONLY | O_DIRECTORY);
    if (fd < 0) return;
    fsync(fd);
    close(fd);
}

static bool make_temporary_name(fov_draft *draft)
{
    const char *slash = strrchr(draft->path, '/');
    uint64_t    random;
    if (getrandom(&random, sizeof random, 0) != sizeof random) return false;
    snprintf(draft->temporary, temporary_bytes(draft->path), TEMPORARY_NAME, slash ? (int)(slash - draft->path) + 1 : 0,
             draft->path, (unsigned long long)random);
    return true;
}

/* A new file beside `path`, under a name that no file has. Not mkstemp(): its files are private, and the process's
 * umask, which would say what mode an output should have, cannot be read without changing it for all threads. */
static void create_named(fov_draft *draft)
{
    for (int attempt = 0; attempt < MAX_ATTEMPTS && make_temporary_name(draft); attempt++) {
        draft->fd = open(draft->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        draft->named = draft->fd >= 0;
        if (draft->named || errno != EEXIST) return;
    }
}

/* How linkat() is told of a file that has no name. */
static void print_open_path(int fd, char path[OPEN_PATH_BYTES])
{
    snprintf(path, OPEN_PATH_BYTES, "/proc/self/fd/%d", fd);
}

/* A new file in the folder of `path`, without a name. Neither all file systems nor a system without /proc can do that. */
static void create_unnamed(fov_draft *draft)
{
    char open_path[OPEN_PATH_BYTES];
    draft->fd = open_folder(draft, O_TMPFILE | O_WRONLY);
    print_open_path(draft->fd, open_path);
    if (draft->fd < 0 || !access(open_path, F_OK)) return;
    close(draft->fd);
    draft->fd = -1;
}

/* Where a file has the name already, it can only be replaced by another one that has a name, if for a moment. */
static fov_status give_name(fov_draft *draft, fov_error *err)
{
    char open_path[OPEN_PATH_BYTES];
    print_open_path(draft->fd, open_path);
    if (!draft->named && !linkat(AT_FDCWD, open_path, AT_FDCWD, draft->path, AT_SYMLINK_FOLLOW)) return FOV_OK;
    for (int attempt = 0; attempt < MAX_ATTEMPTS && !draft->named && errno == EEXIST && make_temporary_name(draft); attempt++)
        draft->named = !linkat(AT_FDCWD, open_path, AT_FDCWD, draft->temporary, AT_SYMLINK_FOLLOW);
    return draft->named && !rename(draft->temporary, draft->path) ? FOV_OK : fail_errno(err, draft->path, "replace");
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

/* The old file's group, or where that cannot be given, no more for the new one's members than everybody had, of whom they were. */
static mode_t with_group(int fd, const struct stat *old, const struct stat *new)
{
    const mode_t mode = old->st_mode & ACCESS_MODE, everybody = (mode & S_IRWXO) << 3;
    if (new->st_gid == old->st_gid || !fchown(fd, (uid_t)-1, old->st_gid)) return mode;
    return mode & ((mode_t)~S_IRWXG | everybody);
}

/* Who may read and write the old file may the new one. But nobody may run it as its owner, and where the old file was another's, or
 * the link that led to it, who may have put it there to be replaced, it gives nobody what a new file would not. */
static mode_t mode_after(int fd, const char *path, const struct stat *old)
{
    struct stat new, named;
    if (fstat(fd, &new) || lstat(path, &named)) return 0;
    if (old->st_uid == geteuid() && named.st_uid == geteuid()) return with_group(fd, old, &new);
    return old->st_mode & new.st_mode &ACCESS_MODE;
}

fov_status fov_draft_begin(fov_draft *draft, const char *path, fov_error *err)
{
    struct stat old;
    const bool  exists = !stat(path, &old);
    *draft = (fov_draft){.fd = -1, .path = path};
    if (exists && S_ISDIR(old.st_mode)) return fov_fail(err, FOV_ERR_IO, "%s: is a folder, name a file", path);
    if (exists && !S_ISREG(old.st_mode)) return fov_fail(err, FOV_ERR_IO, "%s: is a pipe or a device, a file is needed", path);
    draft->temporary = fov_alloc(temporary_bytes(path));
    if (!draft->temporary) return fov_fail_memory(err, path);
    create_unnamed(draft);
    if (draft->fd < 0) create_named(draft);
    fov_status st = draft->fd < 0 ? fail_errno(err, path, "create") : FOV_OK;
    if (!st && exists && fchmod(draft->fd, mode_after(draft->fd, path, &old))) st = fail_errno(err, path, "keep the mode of");
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

fov_status fov_draft_keep(fov_draft *draft, fov_error *err)
{
    const char *path = draft->path;
    fov_status  st = flush(draft->fd, path, err);
    if (!st) st = give_name(draft, err);
    if (st) {
        fov_draft_drop(draft);
        return st;
    }
    if (close(draft->fd)) st = fail_errno(err, path, "close");
    flush_folder(draft);
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
