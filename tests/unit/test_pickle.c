// SPDX-License-Identifier: MIT
/* The pickle machine: what each opcode gives, and that nothing a pickle says is ever done. */
#include "support.h"

#include "import/pickle.h"

#include <string.h>

static const fov_pickle_global allowed[] = {
    {"collections", "OrderedDict", FOV_PICKLE_CALL_DICT, 1},
    {"torch", "Size", FOV_PICKLE_CALL_ARGUMENT, 2},
    {"torch", "FloatStorage", FOV_PICKLE_CALL_NEVER, 3},
    {"torch._utils", "_rebuild_tensor_v2", FOV_PICKLE_CALL_OBJECT, 4},
};
static const fov_pickle_rules rules = {"x.pth", "data.pkl ", allowed, sizeof allowed / sizeof *allowed};

/* The pickle lies in a block of exactly its size, so that a sanitizer sees the first byte beyond it. */
static fov_status load(const void *bytes, size_t count, unsigned char **copy, fov_pickle *p, fov_error *err)
{
    *copy = test_malloc(count ? count : 1);
    memcpy(*copy, bytes, count);
    fov_bytes  in = {*copy, count, 0};
    fov_status st = fov_pickle_load(&in, &rules, p, err);
    if (!st) assert_int_equal(in.pos, count);
    return st;
}

static void unload(unsigned char *copy, fov_pickle *p)
{
    fov_pickle_clear(p);
    test_free(copy);
}

/* A pickle that must be taken; declares `p`, its `root` and the `copy` to unload. */
#define LOADED(literal)                                                                                                            \
    fov_error      err = {0};                                                                                                      \
    fov_pickle     p;                                                                                                              \
    unsigned char *copy;                                                                                                           \
    assert_ok(load(literal, sizeof literal - 1, &copy, &p, &err));                                                                 \
    const fov_pickle_value *root = &p.value[p.root]

static void expect_refusal(const void *bytes, size_t count, fov_status status, const char *message)
{
    fov_error      err = {0};
    fov_pickle     p;
    unsigned char *copy;
    assert_int_equal(load(bytes, count, &copy, &p, &err), status);
    assert_int_equal(err.code, status);
    if (!strstr(err.message, message)) fail_msg("\"%s\" does not say \"%s\"", err.message, message);
    unload(copy, &p);
}

#define REFUSED(literal, status, message) expect_refusal(literal, sizeof literal - 1, status, message)

static void test_integers(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t      count;
        int64_t     value;
    } cases[] = {
        {"K\xff.", 3, 255},
        {"M\x34\x12.", 4, 0x1234},
        {"J\xff\xff\xff\xff.", 6, -1},
        {"J\x00\x00\x00\x80.", 6, INT32_MIN},
        {"\x8a\x00.", 3, 0},
        {"\x8a\x01\x80.", 4, -128},
        {"\x8a\x05\x00\x00\x00\x00\x01.", 8, 1LL << 32},
        {"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f.", 11, INT64_MAX},
        {"\x8b\x02\x00\x00\x00\x00\x01.", 8, 256},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fov_error      err = {0};
        fov_pickle     p;
        unsigned char *copy;
        assert_ok(load(cases[i].bytes, cases[i].count, &copy, &p, &err));
        assert_int_equal(p.value[p.root].kind, FOV_PICKLE_INT);
        assert_int_equal(p.value[p.root].integer, cases[i].value);
        unload(copy, &p);
    }
}

static void test_long_beyond_64_bits(void **state)
{
    (void)state;
    LOADED("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.");
    assert_int_equal(root->kind, FOV_PICKLE_LONG);
    assert_int_equal(root->count, 10);
    assert_memory_equal(root->bytes, "l\xfc\x9c\x46\xf9 j\xa8P\x19", 10);
    unload(copy, &p);
}

static void test_scalars_in_a_tuple(void **state)
{
    (void)state;
    LOADED("\x80\x02(N\x88\x89G\x3f\xf8\x00\x00\x00\x00\x00\x00X\x03\x00\x00\x00"
           "abcC\x02\x00\x01t.");
    assert_int_equal(root->kind, FOV_PICKLE_TUPLE);
    assert_int_equal(root->count, 6);
    assert_int_equal(fov_pickle_item(&p, root, 0)->kind, FOV_PICKLE_NONE);
    assert_int_equal(fov_pickle_item(&p, root, 1)->integer, 1);
    assert_int_equal(fov_pickle_item(&p, root, 2)->integer, 0);
    assert_true(fov_pickle_item(&p, root, 3)->number == 1.5);
    assert_true(fov_pickle_is(fov_pickle_item(&p, root, 4), "abc"));
    assert_false(fov_pickle_is(fov_pickle_item(&p, root, 4), "abcd"));
    assert_int_equal(fov_pickle_item(&p, root, 5)->kind, FOV_PICKLE_BYTES);
    assert_null(fov_pickle_item(&p, root, 6));
    unload(copy, &p);
}

static void test_protocol_4(void **state)
{
    (void)state;
    LOADED("\x80\x04\x95\x12\x00\x00\x00\x00\x00\x00\x00]\x94(\x8c\x01"
           "a\x94h\x01\x8f(K\x01K\x02\x90"
           "e.");
    assert_int_equal(root->kind, FOV_PICKLE_LIST);
    assert_int_equal(root->count, 3);
    assert_true(fov_pickle_is(fov_pickle_item(&p, root, 1), "a"));
    assert_int_equal(fov_pickle_item(&p, root, 2)->kind, FOV_PICKLE_SET);
    assert_int_equal(fov_pickle_item(&p, root, 2)->count, 2);
    unload(copy, &p);
}

static void test_dict_keeps_order_and_the_last_of_equal_keys(void **state)
{
    (void)state;
    LOADED("}(X\x01\x00\x00\x00"
           "aK\x01X\x01\x00\x00\x00"
           "bK\x02X\x01\x00\x00\x00"
           "aK\x03uX\x01\x00\x00\x00"
           "cK\x04s.");
    assert_int_equal(root->kind, FOV_PICKLE_DICT);
    assert_int_equal(root->count, 8);
    assert_int_equal(fov_pickle_find(&p, root, "a")->integer, 3);
    assert_int_equal(fov_pickle_find(&p, root, "c")->integer, 4);
    assert_null(fov_pickle_find(&p, root, "d"));
    unload(copy, &p);
}

static void test_a_call_is_recorded_not_made(void **state)
{
    (void)state;
    LOADED("ctorch._utils\n_rebuild_tensor_v2\n(K\x07K\x08tR.");
    assert_int_equal(root->kind, FOV_PICKLE_OBJECT);
    assert_int_equal(root->global->id, 4);
    assert_int_equal(fov_pickle_item(&p, root, 1)->integer, 8);
    unload(copy, &p);
}

static void test_stack_global(void **state)
{
    (void)state;
    LOADED("\x80\x04\x8c\x05torch\x8c\x0c"
           "FloatStorage\x93.");
    assert_int_equal(root->kind, FOV_PICKLE_GLOBAL);
    assert_int_equal(root->global->id, 3);
    unload(copy, &p);
}

static void test_ordered_dict_of_pairs_with_state(void **state)
{
    (void)state;
    LOADED("ccollections\nOrderedDict\n(](](X\x01\x00\x00\x00kK\x05"
           "eetR}X\x09\x00\x00\x00_metadataNsb.");
    assert_int_equal(root->kind, FOV_PICKLE_DICT);
    assert_int_equal(fov_pickle_find(&p, root, "k")->integer, 5);
    unload(copy, &p);
}

static void test_size_is_its_tuple(void **state)
{
    (void)state;
    LOADED("ctorch\nSize\n(K\x02K\x03t\x85R.");
    assert_int_equal(root->kind, FOV_PICKLE_TUPLE);
    assert_int_equal(root->count, 2);
    unload(copy, &p);
}

static void test_persistent_reference(void **state)
{
    (void)state;
    LOADED("(X\x07\x00\x00\x00storagectorch\nFloatStorage\ntQ.");
    assert_int_equal(root->kind, FOV_PICKLE_PERSISTENT);
    assert_true(fov_pickle_is(fov_pickle_item(&p, root, 0), "storage"));
    assert_int_equal(fov_pickle_item(&p, root, 1)->global->id, 3);
    unload(copy, &p);
}

static void test_cycles_are_harmless(void **state)
{
    (void)state;
    LOADED("]q\x00h\x00"
           "ah\x00"
           "a.");
    assert_int_equal(root->count, 2);
    assert_ptr_equal(fov_pickle_item(&p, root, 0), root);
    unload(copy, &p);
}

static void test_refuses_names_by_name(void **state)
{
    (void)state;
    REFUSED("\x80\x02}X\x01\x00\x00\x00xcos\nsystem\nX\x02\x00\x00\x00ls\x85Rs.", FOV_ERR_UNSUPPORTED,
            "x.pth: data.pkl byte 9: refuses to load os.system: a checkpoint of tensors does not need it");
    REFUSED("cbuiltins\neval\n(X\x01\x00\x00\x00\x31tR.", FOV_ERR_UNSUPPORTED, "refuses to load builtins.eval");
    REFUSED("\x80\x04\x8c\x05posix\x8c\x06system\x93.", FOV_ERR_UNSUPPORTED, "byte 17: refuses to load posix.system");
    REFUSED("ctorch\nFloatStorage.__init__\n.", FOV_ERR_UNSUPPORTED, "refuses to load torch.FloatStorage.__init__");
    REFUSED("ctorch\nFloatStorage\n(tR.", FOV_ERR_UNSUPPORTED, "refuses to call torch.FloatStorage");
    REFUSED("cos\n\x1b[31mred\n.", FOV_ERR_UNSUPPORTED, "refuses to load os.?[31mred");
    REFUSED("(ios\nsystem\n.", FOV_ERR_FORMAT, "0x69 is no opcode");
}

static void test_whole_models_get_a_remedy(void **state)
{
    (void)state;
    REFUSED("\x80\x02"
            "cmynet\nNet\nq\x00)\x81q\x01.",
            FOV_ERR_UNSUPPORTED, "mynet.Net: the file holds a whole model");
    REFUSED("\x80\x02(X\x06\x00\x00\x00moduleq\x00"
            "cmynet\nNet\ntQ.",
            FOV_ERR_UNSUPPORTED, "save model.state_dict() instead");
    REFUSED("}X\x01\x00\x00\x00mctorch.nn.modules.conv\nConv2d\n)\x81s.", FOV_ERR_UNSUPPORTED, "save model.state_dict() instead");
}

static void test_refuses_broken_streams(void **state)
{
    (void)state;
    REFUSED("", FOV_ERR_FORMAT, "byte 0: the pickle ends");
    REFUSED("\x80\x06N.", FOV_ERR_UNSUPPORTED, "pickle protocol 6");
    REFUSED("\x80\x01N.", FOV_ERR_UNSUPPORTED, "pickle protocol 1");
    REFUSED("X\xff\xff\xff\x7f"
            "ab",
            FOV_ERR_FORMAT, "a string of 2147483647 bytes, 2 are left");
    REFUSED("\x8d\xff\xff\xff\xff\xff\xff\xff\xff", FOV_ERR_FORMAT, "18446744073709551615 bytes");
    REFUSED("\x8b\xff\xff\xff\xff", FOV_ERR_FORMAT, "byte 0");
    REFUSED("h\x00.", FOV_ERR_FORMAT, "memo 0 was never set");
    REFUSED("Nr\xff\xff\xff\x7f.", FOV_ERR_FORMAT, "byte 1: memo index 2147483647");
    REFUSED("t.", FOV_ERR_FORMAT, "needs a mark");
    REFUSED("N(\x85.", FOV_ERR_FORMAT, "needs 1 values, the stack has 0");
    REFUSED("0.", FOV_ERR_FORMAT, "needs 1 values");
    REFUSED("](K\x01"
            "a.",
            FOV_ERR_FORMAT, "needs 2 values");
    REFUSED("(K\x01"
            "e.",
            FOV_ERR_FORMAT, "there is none");
    REFUSED("}(K\x01u.", FOV_ERR_FORMAT, "a key that has no value");
    REFUSED(")K\x01"
            "a.",
            FOV_ERR_FORMAT, "fills a list, found a tuple");
    REFUSED("NN.", FOV_ERR_FORMAT, "2 values are left");
    REFUSED("K\x01)R.", FOV_ERR_FORMAT, "calls an int with a tuple");
    REFUSED("K\x01Q.", FOV_ERR_FORMAT, "a tuple, not an int");
    REFUSED("ctorch\nSize", FOV_ERR_FORMAT, "does not end");
    REFUSED("\x95\xff\x00\x00\x00\x00\x00\x00\x00N.", FOV_ERR_FORMAT, "a frame of 255 bytes, 2 are left");
    REFUSED("ccollections\nOrderedDict\n]K\x01"
            "a\x85R.",
            FOV_ERR_FORMAT, "not pairs");
}

static void test_every_truncation_is_refused(void **state)
{
    static const char whole[] =
        "\x80\x02}q\x00(X\x01\x00\x00\x00xq\x01"
        "ccollections\nOrderedDict\nq\x02)Rq\x03G\x3f\xf8\x00\x00\x00\x00\x00\x00K\x01\x86q\x04\x8a\x01\x05u.";
    (void)state;
    for (size_t count = 0; count < sizeof whole - 1; count++) expect_refusal(whole, count, FOV_ERR_FORMAT, "x.pth: data.pkl byte");
}

/* Millions of values and a deep nest: refused by count, and nothing recurses. */
static void test_limits(void **state)
{
    enum { MANY = 5000000 };
    char *bytes = test_malloc(MANY);
    (void)state;
    memset(bytes, 'N', MANY);
    expect_refusal(bytes, MANY, FOV_ERR_LIMIT, "more than 4194304 values");
    memset(bytes, '(', MANY);
    expect_refusal(bytes, MANY, FOV_ERR_LIMIT, "more than 4194304 values");
    memset(bytes, '\x85', MANY); /* (((None,),),) .. a million deep */
    bytes[0] = 'N';
    bytes[1000000] = '.';
    fov_error      err = {0};
    fov_pickle     p;
    unsigned char *copy;
    assert_ok(load(bytes, 1000001, &copy, &p, &err));
    unload(copy, &p);
    test_free(bytes);
}

static void test_print(void **state)
{
    char text[8];
    (void)state;
    assert_string_equal(fov_pickle_print((const unsigned char *)"abc\n", 4, text, sizeof text), "abc?");
    assert_string_equal(fov_pickle_print((const unsigned char *)"1234567", 7, text, sizeof text), "1234567");
    assert_string_equal(fov_pickle_print((const unsigned char *)"12345678", 8, text, sizeof text), "1234...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_long_beyond_64_bits),
        cmocka_unit_test(test_scalars_in_a_tuple),
        cmocka_unit_test(test_protocol_4),
        cmocka_unit_test(test_dict_keeps_order_and_the_last_of_equal_keys),
        cmocka_unit_test(test_a_call_is_recorded_not_made),
        cmocka_unit_test(test_stack_global),
        cmocka_unit_test(test_ordered_dict_of_pairs_with_state),
        cmocka_unit_test(test_size_is_its_tuple),
        cmocka_unit_test(test_persistent_reference),
        cmocka_unit_test(test_cycles_are_harmless),
        cmocka_unit_test(test_refuses_names_by_name),
        cmocka_unit_test(test_whole_models_get_a_remedy),
        cmocka_unit_test(test_refuses_broken_streams),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
