// SPDX-License-Identifier: MIT
#include "model_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const size_t MAX_BYTES = (size_t)4 << 30; /* as fov_model_load() has it */

enum { PIECE_BYTES = 1 << 20 };

static fov_status fail(fov_error *err, fov_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
static fov_status fail(fov_error *err, fov_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    err->code = status;
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return status;
}

static fov_status no_memory(const char *path, fov_error *err)
{
    return fail(err, FOV_ERR_MEMORY, "%s: no memory for its bytes", path);
}

/* ---------------------------------------------------------------- the file */

static bool write_all(int fd, const char *data, size_t bytes)
{
    while (bytes) {
        const ssize_t put = write(fd, data, bytes);
        if (put < 0 && errno != EINTR) return false;
        if (put < 0) continue;
        data += put;
        bytes -= (size_t)put;
    }
    return true;
}

/* A pipe has no size to ask for: what comes is counted. */
static fov_status copy(int from, srv_model_source *s, char *piece, fov_error *err)
{
    for (;;) {
        const ssize_t got = read(from, piece, PIECE_BYTES);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(err, FOV_ERR_IO, "%s: cannot read: %s", s->path, strerror(errno));
        if (got == 0) return FOV_OK;
        s->bytes += (size_t)got;
        if (s->bytes > MAX_BYTES) return fail(err, FOV_ERR_LIMIT, "%s: larger than the limit of %zu bytes", s->path, MAX_BYTES);
        if (!write_all(s->fd, piece, (size_t)got)) return no_memory(s->path, err);
    }
}

static fov_status take_in(int from, srv_model_source *s, fov_error *err)
{
    struct stat info;
    if (fstat(from, &info) || S_ISDIR(info.st_mode)) return fail(err, FOV_ERR_IO, "%s: is a folder, a file is needed", s->path);
    char *piece = malloc(PIECE_BYTES);
    s->fd = memfd_create("model", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    fov_status st = piece && s->fd >= 0 ? copy(from, s, piece, err) : no_memory(s->path, err);
    free(piece);
    if (!st && fcntl(s->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)) st = no_memory(s->path, err);
    return st;
}

static fov_status read_file(const char *path, srv_model_source *s, fov_error *err)
{
    const int from = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (from < 0) return fail(err, FOV_ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    const fov_status st = take_in(from, s, err);
    if (from != STDIN_FILENO) close(from);
    return st;
}

/* ---------------------------------------------------------------- its settings */

/* Having none is normal. @return text to free(); NULL with FOV_OK: there is none */
static fov_status read_beside(const char *path, char **text, fov_error *err)
{
    char name[4096];
    *text = NULL;
    if (snprintf(name, sizeof name, "%s.settings", path) >= (int)sizeof name) return FOV_OK;
    FILE *file = fopen(name, "re");
    if (!file && (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG)) return FOV_OK;
    if (!file) return fail(err, FOV_ERR_IO, "%s: cannot open: %s", name, strerror(errno));
    char        *read = malloc(SRV_SETTINGS_BYTES + 1);
    const size_t size = read ? fread(read, 1, SRV_SETTINGS_BYTES + 1, file) : 0;
    const bool   failed = ferror(file) != 0;
    fclose(file);
    if (read && !failed && size <= SRV_SETTINGS_BYTES && !memchr(read, '\0', size)) {
        read[size] = '\0';
        *text = read;
        return FOV_OK;
    }
    free(read);
    if (!read) return no_memory(name, err);
    return fail(err, FOV_ERR_FORMAT, "%s: is not a text of at most %d bytes; write lines of `key = value`", name,
                SRV_SETTINGS_BYTES);
}

/* Of both, the later one wins. */
static fov_status add_settings(srv_model_source *s, const char *path, const char *given, fov_error *err)
{
    char            *beside;
    const fov_status st = read_beside(path, &beside, err);
    if (st) return st;
    if (beside && given) {
        if (asprintf(&s->settings, "%s\n%s", beside, given) < 0) s->settings = NULL;
        free(beside);
    } else {
        s->settings = beside ? beside : given ? strdup(given) : NULL;
    }
    return s->settings || !(beside || given) ? FOV_OK : no_memory(path, err);
}

/* ---------------------------------------------------------------- both */

bool srv_is_engine(const void *data, size_t bytes)
{
    static const char magic[] = "\x89"
                                "FOV\r\n";
    return bytes >= sizeof magic - 1 && !memcmp(data, magic, sizeof magic - 1);
}

/* An engine has what it was built with: what else was asked for would be looked over. */
static fov_status check_choices(const srv_model_source *s, const srv_config *config, fov_error *err)
{
    const char *given = config->engine.precision != FOV_PRECISION_AUTO ? "--precision"
                        : config->model.settings                       ? "a setting"
                        : config->model.head_plugin                    ? "--heads"
                                                                       : NULL;
    if (!given) return FOV_OK;
    return fail(err, FOV_ERR_UNSUPPORTED, "%s: is an engine, for which %s was chosen when it was built: leave it out here", s->path,
                given);
}

fov_status srv_model_source_open(const char *path, const srv_config *config, srv_model_source *s, fov_error *err)
{
    char       start[8] = {0};
    const bool bundled = !strcmp(path, "default");
    *s = (srv_model_source){.path = strdup(strcmp(path, "-") ? path : "standard input"), .fd = -1};
    if (!s->path) return no_memory(path, err);
    fov_status st = bundled ? FOV_OK : read_file(path, s, err);
    if (st) return st;
    if (!bundled && pread(s->fd, start, sizeof start, 0) > 0 && srv_is_engine(start, sizeof start))
        return check_choices(s, config, err);
    if (!bundled) return add_settings(s, path, config->model.settings, err);
    s->settings = config->model.settings ? strdup(config->model.settings) : NULL;
    return s->settings || !config->model.settings ? FOV_OK : no_memory(path, err);
}

void srv_model_source_close(srv_model_source *s)
{
    if (s->fd >= 0) close(s->fd);
    free(s->path);
    free(s->settings);
    *s = (srv_model_source){.fd = -1};
}

const void *srv_model_source_map(const srv_model_source *s)
{
    if (!s->bytes) return ""; /* an empty file is no model, and the importer says so */
    const void *bytes = mmap(NULL, s->bytes, PROT_READ, MAP_PRIVATE, s->fd, 0);
    return bytes == MAP_FAILED ? NULL : bytes;
}

void srv_model_source_unmap(const srv_model_source *s, const void *bytes)
{
    if (s->bytes) munmap((void *)(uintptr_t)bytes, s->bytes);
}
