// SPDX-License-Identifier: MIT
/* Preloaded into a server by tests/serve/isolation.py: stands in for a photo that takes over the decoder. A PNG with one of the
 * words below crashes the process that decodes it; calls that no process of a server may make are tried where the test asks for it,
 * and what came of them is left in memory that it shares with the test: a file named by $FOVEA_CRASHING, struct orders.
 *
 * No function of the server's is changed, only what is between it and its libraries. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <spng.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

enum {
    OPEN,
    CREATE,
    FORK,
    SIGNAL,
    MAKE_CODE,
    SOCKET,
    PASS,
    LIMIT,
    PROCESSORS,
    CONNECT,
    DEVICE,
    OWNER,
    LOOK,
    DATAGRAMS,
    SEND_TO_ANYBODY,
    EXECUTE,
    PTRACE,
    OTHER_ABI,
    TRIES
};

enum { NOT_TRIED = -1, WORKED = 0 }; /* otherwise errno */

/* As the test writes and reads it: 32-bit integers. */
typedef struct orders {
    int32_t fail_starts;                     /* of workers */
    int32_t in_front, in_worker, in_nursery; /* what to try at the next occasion: a bit each */
    int32_t other;                           /* a process of the same user */
    int32_t front[TRIES], worker[TRIES], nursery[TRIES];
} orders;

static orders *shared;
static int     lies; /* what the process says next is nonsense */

__attribute__((constructor)) static void map_orders(void)
{
    const char *path = getenv("FOVEA_CRASHING");
    const int   fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *memory = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (memory != MAP_FAILED) shared = memory;
}

/* ---------------------------------------------------------------- trying */

static long try_one(int which)
{
    char *const nothing[] = {NULL};
    switch (which) {
    case OPEN:
        return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
    case CREATE:
        return syscall(SYS_openat, AT_FDCWD, "/tmp/fovea-was-here", O_WRONLY | O_CREAT, 0600);
    case FORK: {
        const long child = syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L);
        if (!child) _exit(0);
        return child;
    }
    case SIGNAL:
        return syscall(SYS_kill, shared->other, 0);
    case MAKE_CODE:
        return syscall(SYS_mmap, 0L, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    case SOCKET:
        return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    case PASS: {
        struct msghdr nothing_yet = {0};
        return syscall(SYS_sendmsg, STDIN_FILENO, &nothing_yet, 0);
    }
    case LIMIT: {
        const struct rlimit none = {0, 0};
        return syscall(SYS_prlimit64, shared->other, RLIMIT_CORE, &none, 0L);
    }
    case PROCESSORS: {
        unsigned long here[16] = {0};
        const long    size = syscall(SYS_sched_getaffinity, shared->other, sizeof here, here);
        return size < 0 ? size : syscall(SYS_sched_setaffinity, shared->other, size, here);
    }
    case CONNECT: {
        const struct sockaddr_un bus = {AF_UNIX, "/run/fovea-no-such-socket"};
        return syscall(SYS_connect, STDIN_FILENO, &bus, sizeof bus);
    }
    case DEVICE:
        return syscall(SYS_openat, AT_FDCWD, "/dev/full", O_WRONLY);
    case OWNER: /* who is signalled when there is something to read */
        return syscall(SYS_fcntl, STDIN_FILENO, F_SETOWN, shared->other);
    case LOOK: { /* as fstat() of some C libraries, whose path is empty */
        struct stat info;
        return syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", &info, AT_EMPTY_PATH);
    }
    case DATAGRAMS: { /* which may be sent to others than the other end */
        int end[2];
        return syscall(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, end);
    }
    case SEND_TO_ANYBODY: { /* by a socket of TCP that was shut down, such as the one that listens: this connects it */
        struct msghdr nothing_yet = {0};
        const long    sent = syscall(SYS_sendto, STDIN_FILENO, "", 0, MSG_FASTOPEN, 0L, 0L);
        return sent < 0 && errno == EPERM ? syscall(SYS_sendmsg, STDIN_FILENO, &nothing_yet, MSG_FASTOPEN) : sent;
    }
    case EXECUTE:
        return syscall(SYS_execve, "/bin/true", nothing, nothing);
    case PTRACE:
        return syscall(SYS_ptrace, 0, 0, 0, 0);
    default:
        return syscall(1 << 30 | SYS_getpid); /* the number that x32 has for it: another processor's, for the filter */
    }
}

static void try_all(int32_t *order, int32_t *result)
{
    const int32_t wanted = *order;
    *order = 0;
    for (int i = 0; i < TRIES; i++)
        if (wanted & 1 << i) result[i] = try_one(i) < 0 ? errno : WORKED;
}

/* ---------------------------------------------------------------- occasions */

#define NEXT(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

static int has(const void *data, size_t bytes, const char *word)
{
    return memmem(data, bytes, word, strlen(word)) != NULL;
}

/* A photo is about to be decoded. */
PUBLIC int spng_set_png_buffer(spng_ctx *context, const void *data, size_t bytes)
{
    if (has(data, bytes, "CRASH BY SEGV")) raise(SIGSEGV);
    if (has(data, bytes, "CRASH BY ABORT")) abort();
    if (has(data, bytes, "CRASH BY EXIT")) _exit(0);
    if (has(data, bytes, "SAY NONSENSE")) lies = 1;
    if (has(data, bytes, "PRINT FORGERY"))
        dprintf(STDERR_FILENO, "fovea: \033[2J\302\2332Kall is well\nfovea: secret: %s\n", getenv("SECRET"));
    if (has(data, bytes, "PRINT MUCH"))
        for (int i = 0; i < 5000; i++) dprintf(STDERR_FILENO, "line %d\n", i);
    if (shared) try_all(&shared->in_worker, shared->worker);
    if (has(data, bytes, "COMPUTE FOR EVER"))
        for (;;) sleep(1);
    return NEXT(spng_set_png_buffer)(context, data, bytes);
}

/* The front notes whom it answered. */
PUBLIC int getnameinfo(const struct sockaddr *address, socklen_t size, char *host, socklen_t host_size, char *service,
                       socklen_t service_size, int flags)
{
    if (shared) try_all(&shared->in_front, shared->front);
    return NEXT(getnameinfo)(address, size, host, host_size, service, service_size, flags);
}

/* The nursery starts a worker. */
PUBLIC pid_t fork(void)
{
    if (shared) try_all(&shared->in_nursery, shared->nursery);
    return NEXT(fork)();
}

/* A kernel from before Landlock and seccomp, where $FOVEA_OLD_KERNEL is 0, or with that version of Landlock. */
PUBLIC long syscall(long number, ...)
{
    long    argument[6];
    va_list rest;
    va_start(rest, number);
    for (int i = 0; i < 6; i++) argument[i] = va_arg(rest, long);
    va_end(rest);
    const char *old = getenv("FOVEA_OLD_KERNEL");
    if (old && !atoi(old) && (number == SYS_landlock_create_ruleset || number == SYS_seccomp)) {
        errno = ENOSYS;
        return -1;
    }
    if (old && atoi(old) && number == SYS_landlock_create_ruleset && argument[2]) return atoi(old);
    return NEXT(syscall)(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
}

/* A worker says something. */
PUBLIC ssize_t send(int fd, const void *data, size_t bytes, int flags)
{
    static char nonsense[1 << 16];
    if (lies && bytes <= sizeof nonsense) {
        memset(nonsense, 0x7f, bytes);
        data = nonsense;
    }
    return NEXT(send)(fd, data, bytes, flags);
}

static void *wait_for_ever(void *nothing)
{
    for (;;) sleep(1);
    return nothing;
}

/* A worker is about to be confined: nobody else limits descriptors. A GPU's driver would have threads by then. */
PUBLIC int setrlimit(__rlimit_resource_t what, const struct rlimit *limit)
{
    pthread_t thread;
    if (shared && what == RLIMIT_NOFILE) pthread_create(&thread, NULL, wait_for_ever, NULL);
    if (shared && shared->fail_starts && what == RLIMIT_NOFILE) abort();
    return NEXT(setrlimit)(what, limit);
}
