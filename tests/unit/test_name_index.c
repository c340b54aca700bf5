// SPDX-License-Identifier: MIT
/* Names at random, given, taken back and given to others, beside a search from the start: the same item is found, or none. */
#include "base/name_index.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

enum { MOST = 3000, NAMES = 4000, NAME_SIZE = 16 };

typedef struct item {
    char name[NAME_SIZE];
} item;

static const char *item_name(const void *items, size_t i)
{
    return ((const item *)items)[i].name;
}

static void name_at_random(item *to, test_random *r)
{
    snprintf(to->name, sizeof to->name, "n%d", test_random_int(r, 0, NAMES - 1));
}

static size_t first_of_name(fov_named named, const char *name)
{
    size_t i = 0;
    while (i < named.count && strcmp(named.name(named.items, i), name) != 0) i++;
    return i < named.count ? i : SIZE_MAX;
}

static void each_name_leads_to_the_first_item_that_has_it(void **state)
{
    static item    items[MOST];
    test_random    r = {11};
    fov_name_index index = {0};
    fov_named      named = {items, 0, item_name};
    (void)state;
    assert_int_equal(fov_name_index_find(&index, named, "n1"), SIZE_MAX);
    while (named.count < MOST) {
        name_at_random(&items[named.count++], &r);
        assert_true(fov_name_index_add(&index, named, named.count - 1));
    }
    for (int i = 0; i < NAMES; i++) {
        item asked;
        snprintf(asked.name, sizeof asked.name, "n%d", i);
        assert_int_equal(fov_name_index_find(&index, named, asked.name), first_of_name(named, asked.name));
    }
    named.count /= 3; /* the others are gone, and one of those left is another */
    memset(items[7].name, 'x', 1);
    fov_name_index_rebuild(&index, named);
    for (int i = 0; i < NAMES; i++) {
        item asked;
        snprintf(asked.name, sizeof asked.name, "n%d", i);
        assert_int_equal(fov_name_index_find(&index, named, asked.name), first_of_name(named, asked.name));
    }
    fov_name_index_clear(&index);
}

/* As values of a graph: no two have the same name at once. The table does not grow with what is only called otherwise. */
static void items_get_other_names(void **state)
{
    enum { FEW = 50, ROUNDS = 20000 };
    static item    items[FEW];
    test_random    r = {12};
    fov_name_index index = {0};
    fov_named      named = {items, FEW, item_name};
    (void)state;
    for (int i = 0; i < FEW; i++) {
        snprintf(items[i].name, sizeof items[i].name, "first%d", i);
        assert_true(fov_name_index_add(&index, named, (size_t)i));
    }
    for (int round = 0; round < ROUNDS; round++) {
        item   other = {0};
        size_t i = (size_t)test_random_int(&r, 0, FEW - 1);
        name_at_random(&other, &r);
        assert_int_equal(fov_name_index_find(&index, named, other.name), first_of_name(named, other.name));
        if (first_of_name(named, other.name) < SIZE_MAX) continue;
        items[i] = other;
        assert_true(fov_name_index_add(&index, named, i));
        assert_int_equal(fov_name_index_find(&index, named, other.name), i);
    }
    assert_true(index.slots <= 8 * (FEW + 1));
    fov_name_index_clear(&index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_name_leads_to_the_first_item_that_has_it),
        cmocka_unit_test(items_get_other_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
