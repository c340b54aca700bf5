// SPDX-License-Identifier: MIT
/* The allocator: hooks that are incomplete are not used, sizes that overflow are refused, aligned blocks are aligned. */
#include "alloc_probe.h"
#include "support.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

static size_t asked;

static void *count_and_take(void *user, size_t bytes)
{
    (void)user;
    asked += bytes;
    return malloc(bytes);
}

static void *grow(void *user, void *block, size_t bytes)
{
    (void)user;
    assert_non_null(block);
    return realloc(block, bytes);
}

static void give_back(void *user, void *block)
{
    (void)user;
    assert_non_null(block);
    free(block);
}

static void incomplete_hooks_restore_the_default(void **state)
{
    (void)state;
    const fov_allocator whole = {count_and_take, grow, give_back, NULL}, partial = {count_and_take, NULL, give_back, NULL};
    fov_allocator_set(&whole);
    char *a = fov_strdup("four");
    assert_int_equal(asked, 5);
    a = fov_realloc_array(a, 1 << 16, 1);
    assert_string_equal(a, "four");
    fov_free(a);
    fov_free(NULL);
    fov_allocator_set(&partial);
    a = fov_realloc_array(fov_alloc(1), 2, 1);
    fov_free(a);
    assert_int_equal(asked, 5);
    fov_allocator_set(NULL);
}

static void impossible_sizes_are_refused(void **state)
{
    (void)state;
    char *block = fov_alloc(0);
    assert_non_null(block);
    assert_null(fov_alloc_array(SIZE_MAX / 2, 3));
    assert_null(fov_calloc(SIZE_MAX / 2, 3));
    assert_null(fov_realloc_array(block, SIZE_MAX / 2, 3));
    assert_null(fov_alloc_aligned(SIZE_MAX - 8));
    assert_null(fov_strndup("", SIZE_MAX));
    fov_free(block);
}

static void an_array_that_grows_is_seldom_copied(void **state)
{
    enum { COUNT = 1000 };
    (void)state;
    int *array = NULL;
    alloc_probe_start(0, 0);
    for (int i = 0; i < COUNT; i++) {
        int *grown = fov_grow_array(array, (size_t)i, sizeof *grown);
        assert_non_null(grown);
        array = grown;
        array[i] = i;
    }
    for (int i = 0; i < COUNT; i++) assert_int_equal(array[i], i);
    fov_free(array);
    assert_true(alloc_probe_stop().calls <= 11);
    assert_null(fov_grow_array(NULL, SIZE_MAX / 2 + 1, 1));
}

static void aligned_blocks_are_aligned(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes < 300; bytes += 7) {
        unsigned char *block = fov_alloc_aligned(bytes);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % FOV_ALIGN, 0);
        memset(block, 0xa5, bytes);
        fov_free_aligned(block);
    }
    fov_free_aligned(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(incomplete_hooks_restore_the_default),
        cmocka_unit_test(impossible_sizes_are_refused),
        cmocka_unit_test(an_array_that_grows_is_seldom_copied),
        cmocka_unit_test(aligned_blocks_are_aligned),
    };
    return cmocka_run_group_tests_name("allocator", tests, NULL, NULL);
}
