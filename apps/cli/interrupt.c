// SPDX-License-Identifier: MIT
#include "interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t received;

static void note(int number)
{
    static const char text[] = "\nfovea: stopping as soon as nothing is left half-done; once more to stop at once\n";
    const int         before = errno; /* the call that was interrupted still wants its own */
    received = number;
    ssize_t written = number == SIGINT && isatty(STDERR_FILENO) ? write(STDERR_FILENO, text, sizeof text - 1) : 0;
    (void)written; /* a hint that cannot be shown changes nothing */
    errno = before;
}

void cli_interrupt_watch(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction now, action = {.sa_flags = (int)(SA_RESETHAND | (unsigned)SA_RESTART)};
        action.sa_handler = note;
        sigemptyset(&action.sa_mask);
        /* What nohup or a shell's background job ignores stays ignored. */
        if (!sigaction(numbers[i], NULL, &now) && now.sa_handler != SIG_IGN) sigaction(numbers[i], &action, NULL);
    }
}

int cli_interrupt_signal(void)
{
    return received;
}

bool cli_interrupt_stops(void *user)
{
    (void)user;
    return received;
}

cli_exit cli_interrupt_code(void)
{
    return received ? (cli_exit)(CLI_SIGNAL + received) : CLI_OK;
}
