// SPDX-License-Identifier: MIT
/* Memory by liveness: random lifetimes never overlap in space while they overlap in time; known cases pack as they should. */
#include "engine/engine.h"
#include "support.h"

#include "base/alloc.h"

static void chain_needs_two_buffers(void **state)
{
    fov_buffer_need need[4];
    size_t          total;
    (void)state;
    for (int i = 0; i < 4; i++) need[i] = (fov_buffer_need){.bytes = 64, .first = i, .last = i + 1};
    assert_true(fov_memory_assign(need, 4, &total));
    assert_int_equal(total, 128);
}

static void nothing_overlaps(void **state)
{
    enum { COUNT = 60 };
    test_random r = {1};
    (void)state;
    for (int round = 0; round < 200; round++) {
        fov_buffer_need need[COUNT];
        size_t          total, sum = 0;
        for (int i = 0; i < COUNT; i++) {
            int first = test_random_int(&r, 0, 50);
            need[i] = (fov_buffer_need){.bytes = (size_t)test_random_int(&r, 0, 40) * 64, .first = first};
            need[i].last = first + test_random_int(&r, 0, 8);
            sum += need[i].bytes;
        }
        assert_true(fov_memory_assign(need, COUNT, &total));
        assert_true(total <= sum);
        for (int i = 0; i < COUNT; i++) {
            assert_true(need[i].offset + need[i].bytes <= total);
            for (int j = 0; j < i; j++) {
                bool time = need[i].first <= need[j].last && need[j].first <= need[i].last;
                bool space = need[i].offset < need[j].offset + need[j].bytes && need[j].offset < need[i].offset + need[i].bytes;
                assert_false(time && space && need[i].bytes && need[j].bytes);
            }
        }
    }
}

/* Concat(Conv, Conv) becomes two slices; Concat(x, x) and Concat of a graph input stay copies. */
static void concat_becomes_slices(void **state)
{
    fov_error     err;
    fov_graph    *g = fov_graph_new();
    const int64_t channels[] = {3, 4, 6, 10, 8, 7};
    const char   *names[] = {"x", "a", "b", "ab", "aa", "xa"};
    int           id[6];
    fov_slice     slice[6];
    bool          in_place[5];
    (void)state;
    for (int i = 0; i < 6; i++) id[i] = fov_graph_add_value(g, names[i], FOV_F32, NULL, &err);
    fov_graph_add_input(g, id[0], &err);
    fov_graph_add_node(g, "", FOV_OP_Relu, &id[0], 1, &id[1], 1, &err);
    fov_graph_add_node(g, "", FOV_OP_Relu, &id[0], 1, &id[2], 1, &err);
    int ab = fov_graph_add_node(g, "", FOV_OP_Concat, (int[]){id[1], id[2]}, 2, &id[3], 1, &err);
    int aa = fov_graph_add_node(g, "", FOV_OP_Concat, (int[]){id[1], id[1]}, 2, &id[4], 1, &err);
    int xa = fov_graph_add_node(g, "", FOV_OP_Concat, (int[]){id[0], id[1]}, 2, &id[5], 1, &err);
    for (int i = 2; i < 5; i++) assert_ok(fov_node_set_int(&g->node[i], "axis", 1, &err));
    fov_slices_assign(g, channels, slice, in_place);
    assert_true(in_place[ab]);
    assert_false(in_place[aa]);
    assert_false(in_place[xa]);
    assert_int_equal(slice[id[2]].parent, id[3]);
    assert_int_equal(slice[id[2]].channel, 4);
    assert_int_equal(slice[id[0]].parent, FOV_NONE);
    fov_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chain_needs_two_buffers),
        cmocka_unit_test(nothing_overlaps),
        cmocka_unit_test(concat_becomes_slices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
