// SPDX-License-Identifier: MIT
/* Loaded in front of a program (LD_PRELOAD): calls of the C library fail on request, those of the libraries that it uses too.
 *
 *     REFUSE=NAME     which calls: a row of the table below
 *     REFUSE_AT=N     the first of them that fails, counted from 1; not given: none, they are counted only
 *     REFUSE_COUNT=N  how many fail from there on; not given: all
 *     REFUSE_SIGNAL=N they do not fail: the process gets that signal before each of them
 *     REFUSE_LIST=FILE written at the exit: a line for each place in the program that called, with the number of its first call */
#undef _FILE_OFFSET_BITS /* would give open() the name of open64(), which is another function here */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FRAMES = 6, SKIPPED = 2 /* here() and the function that stands in */, PLACES = 1 << 16, GROWTH = 1 << 16 };

typedef enum kind { MEMORY, THREAD, WRITE, FLUSH, CLOSE, RENAME, LINK, OPEN, INTERRUPT, SHRINK, GROW, N_KIND } kind;

static const char *const names[N_KIND] = {"memory", "thread", "write", "fsync",  "close", "rename",
                                          "link",   "open",   "eintr", "shrink", "grow"};

static int             chosen = -1; /* a kind */
static uint64_t        at, count = UINT64_MAX, calls;
static int             instead; /* a signal; 0: none */
static const char     *list;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t        seen[PLACES], first[PLACES];
static size_t          n_seen;
static __thread bool   inside; /* what is called here is not counted */

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

__attribute__((constructor)) static void begin(void)
{
    void       *frame[FRAMES];
    const char *name = getenv("REFUSE");
    inside = true;
    for (int k = 0; name && k < N_KIND; k++)
        if (!strcmp(name, names[k])) chosen = k;
    list = getenv("REFUSE_LIST");
    at = number("REFUSE_AT", 0);
    count = number("REFUSE_COUNT", UINT64_MAX);
    instead = (int)number("REFUSE_SIGNAL", 0);
    backtrace(frame, FRAMES); /* loads a library the first time */
    inside = false;
}

__attribute__((destructor)) static void end(void)
{
    inside = true;
    FILE *file = list ? fopen(list, "w") : NULL;
    for (size_t i = 0; file && i < n_seen; i++) fprintf(file, "%llu\n", (unsigned long long)first[i]);
    if (file) fclose(file);
}

/* Who called: the same for all turns of a loop. */
static uint64_t place(void)
{
    void    *frame[FRAMES + SKIPPED];
    uint64_t hash = 0xcbf29ce484222325U;
    int      depth = backtrace(frame, FRAMES + SKIPPED);
    for (int i = SKIPPED; i < depth; i++) hash = (hash ^ (uint64_t)(uintptr_t)frame[i]) * 0x100000001b3U;
    return hash;
}

static void note(uint64_t who)
{
    for (size_t i = 0; i < n_seen; i++)
        if (seen[i] == who) return;
    if (n_seen == PLACES) return;
    seen[n_seen] = who;
    first[n_seen++] = calls;
}

/* @return whether this call is to fail */
static __attribute__((noinline)) bool here(kind what)
{
    if (inside || chosen != (int)what) return false;
    inside = true;
    const uint64_t who = list ? place() : 0;
    pthread_mutex_lock(&lock);
    calls++;
    if (list) note(who);
    const bool fails = at && calls >= at && calls - at < count;
    pthread_mutex_unlock(&lock);
    inside = false;
    if (fails && instead) kill(getpid(), instead);
    return fails && !instead;
}

#define REAL(name)                                                                                                                 \
    static __typeof__(name) *real;                                                                                                 \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name)

/* ---------------------------------------------------------------- memory: glibc's own functions, since dlsym() itself allocates */

/* NOLINTBEGIN(*-reserved-identifier,cert-dcl*): reserved for glibc, which defines them and has no header that declares them */
extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *block, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);
/* NOLINTEND(*-reserved-identifier,cert-dcl*) */

static void *none(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t bytes)
{
    return here(MEMORY) ? none() : __libc_malloc(bytes);
}

void *calloc(size_t n, size_t size)
{
    return here(MEMORY) ? none() : __libc_calloc(n, size);
}

void *realloc(void *block, size_t bytes)
{
    return here(MEMORY) ? none() : __libc_realloc(block, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    return here(MEMORY) ? none() : __libc_memalign(alignment, bytes);
}

int posix_memalign(void **block, size_t alignment, size_t bytes)
{
    void *made = here(MEMORY) ? NULL : __libc_memalign(alignment, bytes);
    if (!made) return ENOMEM;
    *block = made;
    return 0;
}

/* ---------------------------------------------------------------- threads, files */

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    REAL(pthread_create);
    return here(THREAD) ? EAGAIN : real(thread, attributes, run, argument);
}

static bool is_file(int fd)
{
    struct stat info;
    return !fstat(fd, &info) && S_ISREG(info.st_mode);
}

ssize_t write(int fd, const void *data, size_t bytes)
{
    REAL(write);
    if (!is_file(fd) || !here(WRITE)) return real(fd, data, bytes);
    errno = ENOSPC;
    return -1;
}

int fsync(int fd)
{
    REAL(fsync);
    if (!here(FLUSH)) return real(fd);
    errno = EIO;
    return -1;
}

/* It is closed all the same, as the system does. */
int close(int fd)
{
    REAL(close);
    const bool fails = is_file(fd) && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY && here(CLOSE);
    const int  code = real(fd);
    if (!fails) return code;
    errno = EIO;
    return -1;
}

int rename(const char *from, const char *to)
{
    REAL(rename);
    if (!here(RENAME)) return real(from, to);
    errno = EACCES;
    return -1;
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    REAL(linkat);
    if (!here(LINK)) return real(from_folder, from, to_folder, to, flags);
    errno = EPERM;
    return -1;
}

int open(const char *path, int flags, ...)
{
    REAL(open);
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (!here(OPEN)) return real(path, flags, mode);
    errno = EMFILE;
    return -1;
}

/* What programs call that were compiled for large files. */
int open64(const char *path, int flags, ...) __attribute__((alias("open")));

static void change(int fd, bool grow)
{
    static const char more[GROWTH];
    char              path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    inside = true;
    const int other = open(path, O_WRONLY | (grow ? O_APPEND : O_TRUNC));
    if (other >= 0 && grow && write(other, more, sizeof more) < 0) abort();
    if (other >= 0) close(other);
    inside = false;
}

/* A file that somebody else changes between two reads of it. */
ssize_t read(int fd, void *data, size_t bytes)
{
    REAL(read);
    if (here(INTERRUPT)) {
        errno = EINTR;
        return -1;
    }
    if (is_file(fd) && here(SHRINK)) change(fd, false);
    if (is_file(fd) && here(GROW)) change(fd, true);
    return real(fd, data, bytes);
}
