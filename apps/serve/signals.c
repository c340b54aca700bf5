// SPDX-License-Identifier: MIT
#include "signals.h"

#include "exit_codes.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

enum { COUNT = sizeof numbers / sizeof *numbers };

static sigset_t              stopping; /* those of them that do */
static pthread_t             main_thread;
static volatile sig_atomic_t starts;
static const char *volatile to_remove;

void srv_signals_block(void)
{
    struct sigaction now;
    main_thread = pthread_self();
    sigemptyset(&stopping);
    for (int i = 0; i < COUNT; i++)
        if (numbers[i] != SIGHUP || (!sigaction(SIGHUP, NULL, &now) && now.sa_handler != SIG_IGN)) sigaddset(&stopping, numbers[i]);
    pthread_sigmask(SIG_BLOCK, &stopping, NULL);
}

/* ---------------------------------------------------------------- the start */

/* What it waits for may be a pipe, a disk or a worker. A driver's threads may have signals unblocked for ever: the main thread is
 * to hear of those that come later. */
static void on_signal(int number)
{
    static const char text[] = "fovea: stopped before it listened\n";
    if (!starts) {
        pthread_kill(main_thread, number);
        return;
    }
    const ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written; /* nobody listens, then */
    if (to_remove) unlink(to_remove);
    _exit(CLI_SIGNAL + number);
}

void srv_signals_begin_start(void)
{
    struct sigaction action = {.sa_flags = SA_RESTART};
    action.sa_handler = on_signal;
    sigfillset(&action.sa_mask);
    starts = true;
    for (int i = 0; i < COUNT; i++)
        if (sigismember(&stopping, numbers[i])) sigaction(numbers[i], &action, NULL);
    pthread_sigmask(SIG_UNBLOCK, &stopping, NULL);
}

void srv_signals_remove_file(const char *path)
{
    to_remove = path;
}

void srv_signals_end_start(void)
{
    pthread_sigmask(SIG_BLOCK, &stopping, NULL);
    starts = false;
}

/* ---------------------------------------------------------------- later */

int srv_signals_wait(double seconds)
{
    const struct timespec t = {0, (long)(seconds * 1e9)};
    const int             number = sigtimedwait(&stopping, NULL, &t);
    return number > 0 ? number : 0;
}

int srv_thread_start(pthread_t *thread, void *(*run)(void *), void *user)
{
    sigset_t before;
    pthread_sigmask(SIG_BLOCK, &stopping, &before);
    const int error = pthread_create(thread, NULL, run, user);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}
