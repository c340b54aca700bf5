// SPDX-License-Identifier: MIT
/* Whole files: what is written appears whole, with the mode it should have, and nothing is left beside it. */
#include "support.h"

#include "base/file.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static fov_error err;

static const char *path_of(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", test_folder(), name);
    return path;
}

static mode_t mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 07777;
}

static void check_content(const char *path, const char *text)
{
    fov_buffer file;
    assert_ok(fov_file_read(path, 1 << 20, &file, &err));
    assert_int_equal(file.size, strlen(text));
    assert_memory_equal(file.data, text, file.size);
    fov_buffer_clear(&file);
}

static int count_files(void)
{
    int  count = 0;
    DIR *folder = opendir(test_folder());
    assert_non_null(folder);
    for (struct dirent *d; (d = readdir(folder));) count += strcmp(d->d_name, ".") && strcmp(d->d_name, "..");
    closedir(folder);
    return count;
}

static void new_files_obey_the_umask_and_old_ones_keep_their_mode(void **state)
{
    (void)state;
    mode_t before = umask(027);
    assert_ok(fov_file_write(path_of("mode"), "a", 1, &err));
    assert_int_equal(mode_of(path_of("mode")), 0640);
    assert_int_equal(chmod(path_of("mode"), 0600), 0);
    assert_ok(fov_file_write(path_of("mode"), "bc", 2, &err));
    assert_int_equal(mode_of(path_of("mode")), 0600);
    assert_int_equal(umask(before), 027); /* it is the process's, not ours to change */
    check_content(path_of("mode"), "bc");
    unlink(path_of("mode"));
}

/* What may be done with a file that somebody else put there to be replaced is for the umask to say; and a new file is never run as
 * its owner. */
static void no_dangerous_mode_is_handed_on(void **state)
{
    (void)state;
    const char  *path = path_of("mode");
    const mode_t before = umask(022);
    assert_ok(fov_file_write(path, "a", 1, &err));
    assert_int_equal(chmod(path, 07777), 0);
    assert_ok(fov_file_write(path, "b", 1, &err));
    assert_int_equal(mode_of(path), 0777);
    for (int i = 0; i < 2 && !geteuid(); i++) { /* only root can give files away */
        const mode_t old = i ? 0600 : 0777, new = i ? 0600 : 0644;
        assert_false(chown(path, 1, (gid_t)-1) || chmod(path, old));
        assert_ok(fov_file_write(path, "c", 1, &err));
        assert_int_equal(mode_of(path), new);
    }
    umask(before);
    unlink(path);
}

/* Only root can give files away, and become somebody who is in fewer groups. */
static void a_group_is_kept_or_gets_no_more_than_everybody(void **state)
{
    (void)state;
    enum { USER = 1, GROUP = 5 };
    char        path[512];
    struct stat info;
    if (geteuid()) skip();
    snprintf(path, sizeof path, "%s", path_of("group"));
    assert_ok(fov_file_write(path, "a", 1, &err));
    assert_false(chown(path, 0, GROUP) || chmod(path, 0664));
    assert_ok(fov_file_write(path, "b", 1, &err));
    assert_int_equal(mode_of(path), 0664);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_gid, GROUP);
    assert_false(chown(path, USER, GROUP) || chmod(path, 0664) || chmod(test_folder(), 0777) || seteuid(USER));
    const fov_status st = fov_file_write(path, "c", 1, &err);
    assert_int_equal(seteuid(0), 0);
    assert_ok(st);
    assert_int_equal(mode_of(path), 0644);
    unlink(path);
}

/* Whoever plants a link to a file of mine that everybody may write to would have one more of these. */
static void a_link_of_anothers_hands_no_mode_on(void **state)
{
    (void)state;
    char         path[512], target[512];
    const mode_t before = umask(022);
    if (geteuid()) skip();
    snprintf(path, sizeof path, "%s", path_of("link"));
    snprintf(target, sizeof target, "%s", path_of("target"));
    assert_ok(fov_file_write(target, "a", 1, &err));
    assert_false(chmod(target, 0666) || symlink(target, path));
    assert_ok(fov_file_write(path, "b", 1, &err));
    assert_int_equal(mode_of(path), 0666); /* of a link that is mine */
    assert_false(unlink(path) || symlink(target, path) || lchown(path, 1, (gid_t)-1));
    assert_ok(fov_file_write(path, "c", 1, &err));
    assert_int_equal(mode_of(path), 0644);
    umask(before);
    unlink(path);
    unlink(target);
}

static bool begins_with_x(const unsigned char *start, size_t bytes)
{
    assert_int_equal(bytes, FOV_FILE_START);
    return start[0] == 'x';
}

/* The beginning of what is not wanted, all of the rest, and small files whatever they are. */
static void what_is_not_wanted_is_left_after_its_beginning(void **state)
{
    (void)state;
    static char large[3 * FOV_FILE_START];
    fov_buffer  file;
    for (int wanted = 0; wanted < 2; wanted++) {
        large[0] = wanted ? 'x' : 'y';
        assert_ok(fov_file_write(path_of("large"), large, sizeof large, &err));
        assert_ok(fov_file_read_if(path_of("large"), begins_with_x, sizeof large, &file, &err));
        assert_int_equal(file.size, wanted ? sizeof large : FOV_FILE_START);
        assert_memory_equal(file.data, large, file.size);
        fov_buffer_clear(&file);
    }
    assert_ok(fov_file_read_if("/dev/zero", begins_with_x, SIZE_MAX, &file, &err));
    assert_int_equal(file.size, FOV_FILE_START);
    fov_buffer_clear(&file);
    assert_ok(fov_file_write(path_of("large"), "y", 1, &err));
    assert_ok(fov_file_read_if(path_of("large"), begins_with_x, 1, &file, &err));
    assert_int_equal(file.size, 1);
    fov_buffer_clear(&file);
    unlink(path_of("large"));
}

static void the_longest_name_can_be_written(void **state)
{
    (void)state;
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    assert_ok(fov_file_write(path_of(name), "long", 4, &err));
    check_content(path_of(name), "long");
    assert_int_equal(count_files(), 1);
    unlink(path_of(name));
}

/* Until it is whole, a draft is nowhere to be seen. What is there then is replaced, and a link is, not what it leads to. */
static void a_draft_has_no_name_until_it_is_whole(void **state)
{
    (void)state;
    fov_draft draft;
    char      link[512];
    snprintf(link, sizeof link, "%s", path_of("link"));
    for (int turn = 0; turn < 2; turn++) {
        assert_ok(fov_draft_begin(&draft, path_of("draft"), &err));
        assert_int_equal(write(draft.fd, turn ? "new" : "old", 3), 3);
        assert_int_equal(count_files(), turn);
        assert_ok(fov_draft_keep(&draft, &err));
        check_content(path_of("draft"), turn ? "new" : "old");
        assert_int_equal(count_files(), 1);
    }
    assert_int_equal(symlink("draft", link), 0);
    assert_ok(fov_file_write(link, "linked", 6, &err));
    check_content(link, "linked");
    check_content(path_of("draft"), "new");
    assert_int_equal(count_files(), 2);
    unlink(link);
    unlink(path_of("draft"));
}

static void a_failed_write_leaves_nothing(void **state)
{
    (void)state;
    assert_int_equal(fov_file_write(path_of("no/such/folder"), "x", 1, &err), FOV_ERR_IO);
    assert_non_null(strstr(err.message, "no/such/folder: cannot create: No such file or directory"));
    assert_int_equal(fov_file_write(test_folder(), "x", 1, &err), FOV_ERR_IO);
    assert_non_null(strstr(err.message, "is a folder"));
    assert_int_equal(fov_file_write("/dev/full", "x", 1, &err), FOV_ERR_IO);
    assert_non_null(strstr(err.message, "/dev/full: cannot write: No space left on device"));
    assert_ok(fov_file_write("/dev/null", "x", 1, &err));
    assert_int_equal(count_files(), 0);
}

static void reading_has_a_limit(void **state)
{
    (void)state;
    fov_buffer file;
    assert_ok(fov_file_write(path_of("ten"), "0123456789", 10, &err));
    assert_ok(fov_file_read(path_of("ten"), 10, &file, &err));
    fov_buffer_clear(&file);
    assert_int_equal(fov_file_read(path_of("ten"), 9, &file, &err), FOV_ERR_LIMIT);
    assert_non_null(strstr(err.message, "10 bytes, the limit is 9"));
    assert_int_equal(fov_file_read("/dev/zero", 1 << 20, &file, &err), FOV_ERR_LIMIT);
    assert_null(file.data);
    unlink(path_of("ten"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_files_obey_the_umask_and_old_ones_keep_their_mode),
        cmocka_unit_test(no_dangerous_mode_is_handed_on),
        cmocka_unit_test(a_group_is_kept_or_gets_no_more_than_everybody),
        cmocka_unit_test(a_link_of_anothers_hands_no_mode_on),
        cmocka_unit_test(what_is_not_wanted_is_left_after_its_beginning),
        cmocka_unit_test(the_longest_name_can_be_written),
        cmocka_unit_test(a_draft_has_no_name_until_it_is_whole),
        cmocka_unit_test(a_failed_write_leaves_nothing),
        cmocka_unit_test(reading_has_a_limit),
    };
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
