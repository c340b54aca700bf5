// SPDX-License-Identifier: MIT
#include "console.h"

#include "clock.h"
#include "interrupt.h"
#include "json_text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int cli_verbose, cli_quiet;

enum { MESSAGE_BYTES = 8192, BAR_CELLS = 24 };

static const double REDRAW_S = 0.1;

static bool   bar_visible, stdout_failed;
static double bar_start_s, bar_drawn_s; /* 0: not yet */
static size_t bar_done;

void cli_print_plain(FILE *file, const char *text)
{
    while (*text) {
        const int bytes = cli_utf8_bytes(text);
        if (!bytes || cli_is_control(text)) putc('?', file);
        else fwrite(text, 1, (size_t)bytes, file);
        text += bytes ? bytes : 1;
    }
}

int cli_columns(FILE *file)
{
    struct winsize size;
    return !ioctl(fileno(file), TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : 80;
}

static __attribute__((format(printf, 2, 0))) void say(const char *kind, const char *format, va_list args)
{
    char text[MESSAGE_BYTES];
    vsnprintf(text, sizeof text, format, args);
    cli_progress_hide();
    flockfile(stderr);
    fprintf(stderr, "fovea: %s", kind);
    cli_print_plain(stderr, text);
    putc('\n', stderr);
    funlockfile(stderr);
}

#define SAY(kind)                                                                                                                  \
    do {                                                                                                                           \
        va_list args;                                                                                                              \
        va_start(args, format);                                                                                                    \
        say(kind, format, args);                                                                                                   \
        va_end(args);                                                                                                              \
    } while (0)

void cli_error(const char *format, ...)
{
    SAY("");
}

void cli_warning(const char *format, ...)
{
    if (!cli_quiet) SAY("warning: ");
}

void cli_note(const char *format, ...)
{
    if (!cli_quiet) SAY("");
}

void cli_detail(const char *format, ...)
{
    if (cli_verbose) SAY("");
}

cli_exit cli_no_memory(void)
{
    cli_error("out of memory");
    return CLI_INTERNAL;
}

static bool can_show_bar(void)
{
    static int answer = -1;
    if (answer < 0) {
        const char *term = getenv("TERM");
        answer = !cli_quiet && isatty(STDERR_FILENO) && term && strcmp(term, "dumb");
    }
    return answer;
}

/* The line so far gets how long is left, and is drawn. */
static void draw_bar(size_t done, size_t total, double rate, const char *words)
{
    char   line[256], cells[BAR_CELLS + 1];
    size_t full = done < total ? done * BAR_CELLS / total : BAR_CELLS;
    for (size_t i = 0; i < BAR_CELLS; i++) cells[i] = i < full ? '#' : '.';
    cells[BAR_CELLS] = '\0';
    int size = snprintf(line, sizeof line, "[%s] %s", cells, words);
    if (rate > 0 && size < (int)sizeof line)
        snprintf(line + size, sizeof line - (size_t)size, ", %.0f s left", (double)(total - done) / rate);
    fprintf(stderr, "\r%.*s\033[K", cli_columns(stderr) - 1, line);
    bar_visible = true;
    bar_drawn_s = cli_now_s();
}

/* Is it time to draw? @param rate out: of what was done, a second */
static bool bar_is_due(size_t done, size_t total, double *rate)
{
    if (total < 2 || done > total || !can_show_bar()) return false;
    double now = cli_now_s();
    if (bar_start_s <= 0 || done < bar_done) bar_start_s = now; /* work has parts, each of which counts from 0 */
    bar_done = done;
    *rate = now > bar_start_s ? (double)done / (now - bar_start_s) : 0;
    return !bar_visible || now - bar_drawn_s >= REDRAW_S;
}

void cli_progress(size_t done, size_t total, size_t faces)
{
    char   words[128];
    double rate;
    if (!bar_is_due(done, total, &rate)) return;
    snprintf(words, sizeof words, "%zu/%zu photos, %zu faces, %.1f photos/s", done, total, faces, rate);
    draw_bar(done, total, rate, words);
}

bool cli_progress_of_work(void *user, const char *what, size_t done, size_t total)
{
    char   words[160];
    double rate;
    (void)user;
    if (bar_is_due(done, total, &rate)) {
        snprintf(words, sizeof words, "%s %zu/%zu", what, done, total);
        draw_bar(done, total, rate, words);
    }
    return !cli_interrupt_signal();
}

bool cli_progress_of_frames(void *user, const char *what, size_t done, size_t total)
{
    char   words[160];
    double rate;
    (void)user;
    if (total < done) total = done + 1; /* it was an estimate */
    if (bar_is_due(done, total, &rate)) {
        snprintf(words, sizeof words, "%s faces, frame %zu/%zu, %.1f frames/s", what, done, total, rate);
        draw_bar(done, total, rate, words);
    }
    return !cli_interrupt_signal();
}

void cli_progress_hide(void)
{
    if (!bar_visible) return;
    fputs("\r\033[K", stderr);
    bar_visible = false;
}

void cli_stdout_begin(void)
{
    if (isatty(STDOUT_FILENO)) cli_progress_hide();
}

bool cli_stdout_end(void)
{
    if (stdout_failed) return false;
    errno = 0;
    bool flushed = !fflush(stdout);
    if (flushed && !ferror(stdout)) return true;
    stdout_failed = true;
    if (errno != EPIPE) cli_error("standard output: cannot write: %s", errno ? strerror(errno) : "an earlier write failed");
    return false;
}
