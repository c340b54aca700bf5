// SPDX-License-Identifier: MIT
/* A target without libFuzzer: its seeds, what was once found (regressions/NAME/), and changes of both, the same ones on every
 * machine and in every run. */
#include "fuzz.h"

#include "pictures.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_INPUTS = 256, CHANGES = 2000, MOST_AT_ONCE = 4 };

static damage inputs[MAX_INPUTS];
static int    n_inputs, n_seeds;

static fov_status feed(const damage *input)
{
    const damage_limits limits = {.seconds = 4,
                                  .max_bytes = fuzz_target_here.max_bytes + fuzz_target_here.more_bytes * (int64_t)input->size};
    return damage_check(input, &limits, fuzz_target_here.run);
}

static damage *add_input(const void *data, size_t size)
{
    assert_in_range(n_inputs, 0, MAX_INPUTS - 1);
    damage *input = &inputs[n_inputs++];
    *input = (damage){malloc(size ? size : 1), size, ""};
    assert_non_null(input->data);
    if (size) memcpy(input->data, data, size);
    return input;
}

void fuzz_seed(const void *data, size_t size)
{
    if (size > FUZZ_MAX_BYTES) fail_msg("a seed of %zu bytes: scripts/fuzz would cut it", size);
    damage *input = add_input(data, size);
    snprintf(input->what, sizeof input->what, "%s: seed %d", fuzz_target_here.name, n_seeds++);
}

size_t fuzz_change_bytes(unsigned char *data, size_t size, size_t capacity, test_random *random)
{
    damage changed;
    damage_make(data, size, "", test_random_u64(random), test_random_u64(random), &changed);
    const size_t now = changed.size < capacity ? changed.size : capacity;
    if (now) memcpy(data, changed.data, now);
    damage_clear(&changed);
    return now;
}

/* ---------------------------------------------------------------- tests */

static void seeds_are_read(void **state)
{
    (void)state;
    for (int i = 0; i < n_seeds; i++)
        if (feed(&inputs[i]) == FOV_ERR_FORMAT) fail_msg("%s: is refused", inputs[i].what);
}

static void what_was_found_stays_mended(void **state)
{
    (void)state;
    for (int i = n_seeds; i < n_inputs; i++) feed(&inputs[i]);
    print_message("%d inputs that once went wrong\n", n_inputs - n_seeds);
}

/* Up to MOST_AT_ONCE changes of one input, in a block of exactly its size, so that a sanitizer sees reads past the end. */
static damage changed_input(test_random *random, int k)
{
    static unsigned char work[FUZZ_MAX_BYTES];
    const damage        *from = &inputs[test_random_int(random, 0, n_inputs - 1)];
    size_t               size = from->size < sizeof work ? from->size : sizeof work;
    memcpy(work, from->data, size);
    for (int n = test_random_int(random, 1, MOST_AT_ONCE); n; n--)
        size = fuzz_target_here.change ? fuzz_target_here.change(work, size, sizeof work, random)
                                       : fuzz_change_bytes(work, size, sizeof work, random);
    damage d = {malloc(size ? size : 1), size, ""};
    assert_non_null(d.data);
    if (size) memcpy(d.data, work, size);
    snprintf(d.what, sizeof d.what, "change %d of %.100s", k, from->what);
    return d;
}

static void changes_do_no_harm(void **state)
{
    (void)state;
    test_random random = {2026};
    int         refused = 0;
    for (int k = 0; k < CHANGES; k++) {
        damage d = changed_input(&random, k);
        refused += feed(&d) != FOV_OK;
        damage_clear(&d);
    }
    print_message("%d changed inputs refused, %d accepted\n", refused, CHANGES - refused);
}

static int read_regressions(void)
{
    char           folder[4096], path[4400];
    struct dirent *entry;
    snprintf(folder, sizeof folder, "%s/%s", source_path("tests/fuzz/regressions"), fuzz_target_here.name);
    DIR *dir = opendir(folder);
    while (dir && (entry = readdir(dir))) {
        if (entry->d_name[0] == '.') continue;
        size_t size;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        char   *data = file_read(path, &size);
        damage *input = add_input(data, size);
        snprintf(input->what, sizeof input->what, "regressions/%s/%.100s", fuzz_target_here.name, entry->d_name);
        free(data);
    }
    return dir ? closedir(dir) : 0;
}

static int collect(void **state)
{
    (void)state;
    if (fuzz_target_here.begin) fuzz_target_here.begin();
    fuzz_target_here.seeds();
    return read_regressions();
}

static int drop(void **state)
{
    (void)state;
    for (int i = 0; i < n_inputs; i++) damage_clear(&inputs[i]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_are_read),
        cmocka_unit_test(what_was_found_stays_mended),
        cmocka_unit_test(changes_do_no_harm),
    };
    return cmocka_run_group_tests_name(fuzz_target_here.name, tests, collect, drop);
}
