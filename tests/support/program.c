// SPDX-License-Identifier: MIT
#include "program.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { MAX_ARGS = 64 };

const char *in_folder(const char *relative)
{
    static char ring[8][512];
    static int  next;
    char       *path = ring[next++ % 8];
    snprintf(path, sizeof ring[0], "%s/%s", test_folder(), relative);
    return path;
}

pid_t program_start(const int fd[3], const char *const *args)
{
    static char                name[] = "fovea";
    char                      *argv[MAX_ARGS] = {name};
    const char                *path = getenv("FOVEA_CLI");
    posix_spawn_file_actions_t actions;
    pid_t                      pid;

    if (!path) fail_msg("FOVEA_CLI must name the program to test");
    for (int i = 0; args[i]; i++) {
        assert_true(i + 2 < MAX_ARGS);
        argv[i + 1] = (char *)(uintptr_t)args[i];
    }
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_addchdir_np(&actions, test_folder()), 0);
    for (int i = 0; i < 3; i++) assert_int_equal(posix_spawn_file_actions_adddup2(&actions, fd[i], i), 0);
    int code = posix_spawn(&pid, path, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (code) fail_msg("%s: cannot start: %s", path, strerror(code));
    return pid;
}

int program_wait(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Files in memory, not pipes: nobody has to read while the other writes. */
static int memory_file(const void *data, size_t bytes)
{
    int fd = memfd_create("stream", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data ? data : "", bytes), (ssize_t)bytes);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static char *take_text(int fd)
{
    struct stat info;
    assert_int_equal(fstat(fd, &info), 0);
    char *text = calloc((size_t)info.st_size + 1, 1);
    assert_non_null(text);
    assert_int_equal(pread(fd, text, (size_t)info.st_size, 0), info.st_size);
    close(fd);
    return text;
}

program program_run(const void *input, size_t input_bytes, const char *const *args)
{
    int     fd[3] = {memory_file(input, input_bytes), memory_file(NULL, 0), memory_file(NULL, 0)};
    program p;
    p.code = program_wait(program_start(fd, args));
    close(fd[0]);
    p.out = take_text(fd[1]);
    p.err = take_text(fd[2]);
    return p;
}

void program_clear(program *p)
{
    free(p->out);
    free(p->err);
    *p = (program){0};
}

void check_code(const program *p, int code)
{
    if (p->code != code) fail_msg("exit status %d, expected %d; it said:\n%s", p->code, code, p->err);
}

void check_contains(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("'%s' is missing in:\n%s", part, text);
}

json_t *parse_json(const char *text)
{
    json_error_t error;
    json_t      *json = json_loads(text, 0, &error);
    if (!json) fail_msg("not JSON: %s, line %d of:\n%s", error.text, error.line, text);
    return json;
}
