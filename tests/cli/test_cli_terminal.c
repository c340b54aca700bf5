// SPDX-License-Identifier: MIT
/* What people see while they wait: a bar on a terminal, and nothing of it anywhere else. */
#include "pictures.h"
#include "program.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_pictures(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_folder("photos"), 0777), 0);
    picture_save_blank(64, 64, in_folder("photos/a.png"));
    picture_save_blank(64, 64, in_folder("photos/b.png"));
    picture_save_blank(64, 64, in_folder("photos/c.png"));
    return 0;
}

/* What a run writes to a terminal of so many columns as its standard error. To free(). */
static char *seen(int columns, const char *const *args)
{
    enum { MOST = 1 << 16 };
    char                *text = calloc(MOST, 1), name[64];
    const int            master = posix_openpt(O_RDWR | O_NOCTTY), nothing = open("/dev/null", O_RDWR);
    const struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = 24};
    size_t               bytes = 0;
    ssize_t              got;
    assert_true(text && master >= 0 && nothing >= 0);
    assert_false(grantpt(master) || unlockpt(master) || ptsname_r(master, name, sizeof name));
    const int slave = open(name, O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
    const pid_t pid = program_start((const int[]){nothing, nothing, slave}, args);
    close(slave);
    while (bytes < MOST - 1 && (got = read(master, text + bytes, MOST - 1 - bytes)) > 0) bytes += (size_t)got; /* until it ends */
    assert_int_equal(program_wait(pid), 0);
    close(master);
    close(nothing);
    return text;
}

#define SEEN(columns, ...) seen(columns, (const char *const[]){__VA_ARGS__, NULL})

static void a_bar_shows_how_far_it_is_and_goes(void **state)
{
    (void)state;
    assert_int_equal(setenv("TERM", "xterm", 1), 0);
    char *text = SEEN(100, "detect", "--size", "long:64", "photos");
    check_contains(text, "/3 photos, 0 faces, ");
    check_contains(text, "\r\033[Kfovea: 3 photos"); /* it goes before anything else is said */
    free(text);
    text = SEEN(100, "calibrate", "--size", "long:64", "default", "photos", "-o", "x.cache");
    check_contains(text, "/3");
    free(text);
}

static void a_bar_fits_into_its_line(void **state)
{
    (void)state;
    assert_int_equal(setenv("TERM", "xterm", 1), 0);
    char       *text = SEEN(20, "detect", "--size", "long:64", "photos");
    const char *bar = strstr(text, "\r["), *end = bar ? strstr(bar, "\033[K") : NULL;
    assert_non_null(end);
    assert_int_equal(end - bar, 20); /* with what takes the cursor to the line's begin */
    free(text);
}

static void nothing_is_drawn_where_it_would_be_in_the_way(void **state)
{
    (void)state;
    assert_int_equal(setenv("TERM", "dumb", 1), 0);
    char *text = SEEN(100, "detect", "--size", "long:64", "photos");
    check_contains(text, "3 photos");
    assert_null(strchr(text, '\033'));
    free(text);
    assert_int_equal(setenv("TERM", "xterm", 1), 0);
    text = SEEN(100, "detect", "-q", "--size", "long:64", "photos");
    assert_string_equal(text, "");
    free(text);
    program p = RUN("detect", "--size", "long:64", "photos"); /* into a file */
    check_code(&p, 0);
    check_contains(p.err, "3 photos");
    assert_null(strpbrk(p.err, "\r\033"));
    program_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bar_shows_how_far_it_is_and_goes),
        cmocka_unit_test(a_bar_fits_into_its_line),
        cmocka_unit_test(nothing_is_drawn_where_it_would_be_in_the_way),
    };
    return cmocka_run_group_tests_name("cli_terminal", tests, make_pictures, NULL);
}
