// SPDX-License-Identifier: MIT
/* Checkpoints as torch.save() writes them, made here by hand: a small pickle checkpoint_bytes, and the two forms around it. */
#include "checkpoint.h"

#include "base/file.h"
#include "import/pth.h"

#include <zip.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

static fov_status load_bytes(const void *data, size_t size, fov_weights *weights, fov_error *err)
{
    fov_source source = {.data = data, .size = size, .name = "x.pth", .settings = ""};
    return fov_pth_load_weights(&source, weights, err);
}

static fov_status load(const checkpoint *c, checkpoint_form f, fov_weights *weights, fov_error *err)
{
    checkpoint_bytes w;
    checkpoint_write(&w, c, f);
    return load_bytes(w.data, w.size, weights, err);
}

/* ---------------------------------------------------------------- what is read */

static void expect(fov_weights *weights, const char *name, int rank, const int64_t *dim, const float *value, size_t count)
{
    const fov_weight *w = fov_weights_find(weights, name);
    assert_non_null(w);
    assert_int_equal(w->shape.rank, rank);
    for (int i = 0; i < rank; i++) assert_int_equal(w->shape.dim[i], dim[i]);
    assert_int_equal(w->count, count);
    assert_memory_equal(w->data, value, count * sizeof *value);
}

static const float six[6] = {0, 1, 2, 3, 4, 5};

static checkpoint one_tensor(void)
{
    return (checkpoint){.storage = {{"FloatStorage", "0", 6, six, sizeof six}},
                        .n_storage = 1,
                        .view = {{"a.weight", 0, 0, 2, {2, 3}, {3, 1}, false}},
                        .n_view = 1};
}

static void test_dense_tensor(void **state)
{
    (void)state;
    checkpoint c = one_tensor();
    for (checkpoint_form f = 0; f < CHECKPOINT_FORMS; f++) {
        fov_error   err = {0};
        fov_weights weights = {0};
        assert_ok(load(&c, f, &weights, &err));
        assert_int_equal(weights.count, 1);
        expect(&weights, "a.weight", 2, (int64_t[]){2, 3}, six, 6);
        fov_weights_clear(&weights);
    }
}

static void test_views_of_a_shared_storage(void **state)
{
    (void)state;
    checkpoint c = one_tensor();
    c.view[1] = (checkpoint_view){"transposed", 0, 0, 2, {3, 2}, {1, 3}, false};
    c.view[2] = (checkpoint_view){"column", 0, 1, 3, {1, 2, 1}, {99, 3, 77}, true};
    c.view[3] = (checkpoint_view){"repeated", 0, 4, 2, {2, 2}, {0, 1}, false};
    c.n_view = 4;
    for (checkpoint_form f = 0; f < CHECKPOINT_FORMS; f++) {
        fov_error   err = {0};
        fov_weights weights = {0};
        assert_ok(load(&c, f, &weights, &err));
        assert_int_equal(weights.count, 4);
        assert_string_equal(weights.item[1].name, "transposed");
        expect(&weights, "transposed", 2, (int64_t[]){3, 2}, (float[]){0, 3, 1, 4, 2, 5}, 6);
        expect(&weights, "column", 3, (int64_t[]){1, 2, 1}, (float[]){1, 4}, 2);
        expect(&weights, "repeated", 2, (int64_t[]){2, 2}, (float[]){4, 5, 4, 5}, 4);
        fov_weights_clear(&weights);
    }
}

/* Values chosen to be exact, or to show rounding, subnormals, infinity and the sign of zero. */
static void test_element_types(void **state)
{
    static const uint16_t half[6] = {0x3c00, 0x8000, 0x0001, 0x03ff, 0x7bff, 0xfc00};
    static const float    from_half[6] = {1.0F, -0.0F, 0x1p-24F, 0x3ffp-24F, 65504.0F, -INFINITY};
    static const uint16_t brain[3] = {0x3f80, 0xc2f7, 0x0001};
    static const float    from_brain[3] = {1.0F, -123.5F, 0x1p-133F};
    static const double   wide[2] = {0.1, -1e300};
    static const float    from_wide[2] = {0.1F, -INFINITY};
    static const int64_t  whole[1] = {41};
    checkpoint            c = {.storage = {{"HalfStorage", "0", 6, half, sizeof half},
                                           {"BFloat16Storage", "1", 3, brain, sizeof brain},
                                           {"DoubleStorage", "2", 2, wide, sizeof wide},
                                           {"LongStorage", "3", 1, whole, sizeof whole}},
                               .n_storage = 4,
                               .view = {{"half", 0, 0, 1, {6}, {1}, false},
                                        {"brain", 1, 0, 1, {3}, {1}, false},
                                        {"wide", 2, 0, 1, {2}, {1}, false},
                                        {"num_batches_tracked", 3, 0, 0, {0}, {0}, false}},
                               .n_view = 4};
    (void)state;
    for (checkpoint_form f = 0; f < CHECKPOINT_FORMS; f++) {
        fov_error   err = {0};
        fov_weights weights = {0};
        assert_ok(load(&c, f, &weights, &err));
        assert_int_equal(weights.count, 3);
        expect(&weights, "half", 1, (int64_t[]){6}, from_half, 6);
        expect(&weights, "brain", 1, (int64_t[]){3}, from_brain, 3);
        expect(&weights, "wide", 1, (int64_t[]){2}, from_wide, 2);
        fov_weights_clear(&weights);
    }
}

static void test_scalar_and_empty(void **state)
{
    (void)state;
    checkpoint c = one_tensor();
    c.view[0] = (checkpoint_view){"scalar", 0, 5, 0, {0}, {0}, false};
    c.view[1] = (checkpoint_view){"empty", 0, 0, 2, {0, 3}, {3, 1}, false};
    c.n_view = 2;
    for (checkpoint_form f = 0; f < CHECKPOINT_FORMS; f++) {
        fov_error   err = {0};
        fov_weights weights = {0};
        assert_ok(load(&c, f, &weights, &err));
        expect(&weights, "scalar", 0, NULL, six + 5, 1);
        expect(&weights, "empty", 2, (int64_t[]){0, 3}, six, 0);
        fov_weights_clear(&weights);
    }
}

static void test_wrapped_state_dicts(void **state)
{
    static const char *const wrappers[] = {"state_dict", "model", "net", "weights"};
    (void)state;
    for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++) {
        fov_error   err = {0};
        fov_weights weights = {0};
        checkpoint  c = one_tensor();
        c.wrapper = wrappers[i];
        assert_ok(load(&c, CHECKPOINT_LEGACY, &weights, &err));
        assert_int_equal(weights.count, 1);
        fov_weights_clear(&weights);
    }
}

/* ---------------------------------------------------------------- what is refused */

static void refused_in(const checkpoint *c, checkpoint_form f, fov_status status, const char *message)
{
    fov_error   err = {0};
    fov_weights weights = {0};
    assert_int_equal(load(c, f, &weights, &err), status);
    if (!strstr(err.message, message)) fail_msg("\"%s\" does not say \"%s\"", err.message, message);
    fov_weights_clear(&weights);
}

static void refused(const checkpoint *c, fov_status status, const char *message)
{
    for (checkpoint_form f = 0; f < CHECKPOINT_FORMS; f++) refused_in(c, f, status, message);
}

static void refused_view(checkpoint_view v, fov_status status, const char *message)
{
    checkpoint c = one_tensor();
    c.view[0] = v;
    refused(&c, status, message);
}

static void test_refuses_views_beyond_the_storage(void **state)
{
    const int64_t huge = INT64_MAX;
    (void)state;
    refused_view((checkpoint_view){"w", 0, 1, 2, {2, 3}, {3, 1}, false}, FOV_ERR_FORMAT,
                 "x.pth: tensor w: it reaches beyond the 6 elements of storage \"0\"");
    refused_view((checkpoint_view){"w", 0, 0, 1, {2}, {6}, false}, FOV_ERR_FORMAT, "reaches beyond");
    refused_view((checkpoint_view){"w", 0, huge, 1, {2}, {1}, false}, FOV_ERR_FORMAT, "reaches beyond");
    refused_view((checkpoint_view){"w", 0, 1, 2, {3, 3}, {huge, huge}, false}, FOV_ERR_FORMAT, "reaches beyond");
    refused_view((checkpoint_view){"w", 0, 0, 3, {huge, huge, 2}, {0, 0, 0}, false}, FOV_ERR_FORMAT, "its size overflows");
    refused_view((checkpoint_view){"w", 0, -1, 1, {2}, {1}, false}, FOV_ERR_FORMAT, "not made of a storage");
    refused_view((checkpoint_view){"w", 0, 0, 1, {-2}, {1}, false}, FOV_ERR_FORMAT, "is not a number that is possible");
    refused_view((checkpoint_view){"w", 0, 5, 1, {2}, {-1}, false}, FOV_ERR_FORMAT, "is not a number that is possible");
    refused_view((checkpoint_view){"w", 0, 0, 7, {1, 1, 1, 1, 1, 1, 6}, {1, 1, 1, 1, 1, 1, 1}, false}, FOV_ERR_UNSUPPORTED,
                 "tensor w has 7 dimensions, at most 6");
}

static void test_refuses_to_expand_without_bound(void **state)
{
    (void)state;
    refused_view((checkpoint_view){"w", 0, 0, 1, {1 << 28}, {0}, false}, FOV_ERR_LIMIT, "tensor w takes 1073741824 bytes");
    refused_view((checkpoint_view){"w", 0, 0, 1, {INT64_MAX}, {0}, false}, FOV_ERR_FORMAT, "its size overflows");
}

static void test_refuses_names(void **state)
{
    (void)state;
    checkpoint c = one_tensor();
    c.view[0].name = "";
    refused(&c, FOV_ERR_FORMAT, "tensor name \"\" is empty");
    c.view[0].name = "a\033[2J";
    refused(&c, FOV_ERR_FORMAT, "tensor name \"a?[2J\"");
}

static void test_refuses_a_name_twice(void **state)
{
    (void)state;
    checkpoint c = one_tensor();
    c.view[1] = c.view[0];
    c.n_view = 2;
    for (checkpoint_form f = 0; f < CHECKPOINT_FORMS; f++) {
        checkpoint_bytes  w;
        fov_error         err = {0};
        struct fov_model *model;
        checkpoint_write(&w, &c, f);
        fov_source source = {.data = w.data, .size = w.size, .name = "x.pth", .settings = ""};
        assert_int_equal(fov_import(&source, &model, &err), FOV_ERR_FORMAT);
        assert_non_null(strstr(err.message, "x.pth: tensors 1 and 2 have the same name 'a.weight'"));
    }
}

/* 64 KB that unpack to 65 MB. */
static void test_refuses_a_pickle_that_unpacks_without_bound(void **state)
{
    static const char zeros[1 << 20];
    char              path[256];
    fov_buffer        file;
    fov_error         err = {0};
    fov_weights       weights = {0};
    (void)state;
    snprintf(path, sizeof path, "%s/bomb.pth", test_folder());
    zipFile zip = zipOpen(path, APPEND_STATUS_CREATE);
    assert_int_equal(zipOpenNewFileInZip(zip, "a/data.pkl", NULL, NULL, 0, NULL, 0, NULL, Z_DEFLATED, 1), ZIP_OK);
    for (int i = 0; i < 65; i++) assert_int_equal(zipWriteInFileInZip(zip, zeros, sizeof zeros), ZIP_OK);
    assert_int_equal(zipCloseFileInZip(zip), ZIP_OK);
    assert_int_equal(zipClose(zip, NULL), ZIP_OK);
    assert_ok(fov_file_read(path, 1 << 20, &file, &err));
    assert_int_equal(load_bytes(file.data, file.size, &weights, &err), FOV_ERR_LIMIT);
    assert_non_null(strstr(err.message, "x.pth: a/data.pkl unpacks to 68157440 bytes, the limit is"));
    fov_buffer_clear(&file);
    unlink(path);
}

static void test_refuses_storages_that_disagree(void **state)
{
    (void)state;
    checkpoint c = one_tensor();
    c.storage[1] = (checkpoint_storage){"HalfStorage", "0", 6, six, 12};
    c.view[1] = (checkpoint_view){"b", 1, 0, 1, {1}, {1}, false};
    c.n_view = 2; /* the pickle mentions both, the file holds the first */
    refused(&c, FOV_ERR_FORMAT, "storage \"0\" is 6 float");
    c = one_tensor();
    c.storage[0].bytes = 20;
    refused_in(&c, CHECKPOINT_LEGACY, FOV_ERR_FORMAT, "storage \"0\" takes 24 bytes, 20 are left; the file is truncated");
    refused_in(&c, CHECKPOINT_ZIP_DEFLATED, FOV_ERR_FORMAT, "any name/data/0 has 20 bytes, its 6 elements of float32 take 24");
    c = one_tensor();
    c.storage[0].count = -1;
    refused(&c, FOV_ERR_FORMAT, "a storage of -1 elements");
    c.storage[0].count = INT64_MAX;
    refused(&c, FOV_ERR_FORMAT, "a storage of 9223372036854775807 elements");
    c = one_tensor();
    c.n_storage = 0;
    refused(&c, FOV_ERR_FORMAT, "tensor a.weight: the storage it views is not in the file");
    c = one_tensor();
    c.storage[1] = (checkpoint_storage){"FloatStorage", "unheard", 6, six, sizeof six};
    c.n_storage = 2;
    refused_in(&c, CHECKPOINT_LEGACY, FOV_ERR_FORMAT, "a key in the list of storages that no tensor mentions");
}

static void test_refuses_other_machines_and_classes(void **state)
{
    (void)state;
    checkpoint c = one_tensor();
    c.big_endian = true;
    refused(&c, FOV_ERR_UNSUPPORTED, "written on a big-endian machine");
    c = one_tensor();
    c.storage[0].kind = "PosixStorage";
    refused_in(&c, CHECKPOINT_ZIP, FOV_ERR_UNSUPPORTED, "refuses to load torch.PosixStorage");
    c = one_tensor();
    c.wrapper = "optimizer";
    refused(&c, FOV_ERR_UNSUPPORTED, "(keys found: epoch, optimizer); save model.state_dict()");
}

static void refused_bytes(const void *data, size_t size, fov_status status, const char *message)
{
    fov_error   err = {0};
    fov_weights weights = {0};
    assert_int_equal(load_bytes(data, size, &weights, &err), status);
    if (!strstr(err.message, message)) fail_msg("\"%s\" does not say \"%s\"", err.message, message);
    fov_weights_clear(&weights);
}

static void test_refuses_other_files(void **state)
{
    char tar[512] = "sys_info";
    (void)state;
    memcpy(tar + 257, "ustar", 6);
    refused_bytes(tar, sizeof tar, FOV_ERR_UNSUPPORTED, "a tar archive");
    refused_bytes("PK\3\4 and more", 12, FOV_ERR_FORMAT, "no zip directory at the end of its 12 bytes");
    refused_bytes("\x80\x02}q\x00K\x01K\x02s.", 11, FOV_ERR_FORMAT, "not one of PyTorch");
    refused_bytes("", 0, FOV_ERR_FORMAT, "neither a zip archive nor a pickle");
}

static void test_checksum(void **state)
{
    (void)state;
    checkpoint_bytes w;
    checkpoint       c = one_tensor();
    checkpoint_write(&w, &c, CHECKPOINT_ZIP);
    unsigned char *data = memmem(w.data, w.size, six, sizeof six);
    assert_non_null(data);
    data[8] ^= 1;
    refused_bytes(w.data, w.size, FOV_ERR_FORMAT, "the checksum of any name/data/0 is wrong");
}

static void test_legacy_count(void **state)
{
    (void)state;
    checkpoint_bytes w;
    checkpoint       c = one_tensor();
    checkpoint_write(&w, &c, CHECKPOINT_LEGACY);
    w.data[w.size - sizeof six - 8] = 5; /* the count of elements in front of them */
    refused_bytes(w.data, w.size, FOV_ERR_FORMAT, "storage \"0\" has 5 elements, the pickle says 6");
}

/* A zip archive ends in the length of its comment, two bytes that minizip can do without. */
static void test_every_truncation_is_refused(void **state)
{
    (void)state;
    checkpoint c = one_tensor();
    for (checkpoint_form f = 0; f < CHECKPOINT_FORMS; f++) {
        checkpoint_bytes w;
        checkpoint_write(&w, &c, f);
        for (size_t size = 0; size < w.size - (f == CHECKPOINT_LEGACY ? 0 : 2); size++) {
            unsigned char *cut = test_malloc(size + 1);
            fov_error      err = {0};
            fov_weights    weights = {0};
            memcpy(cut, w.data, size);
            if (!load_bytes(cut, size, &weights, &err)) fail_msg("form %u cut at %zu of %zu is taken", f, size, w.size);
            assert_true(err.message[0] != '\0');
            fov_weights_clear(&weights);
            test_free(cut);
        }
    }
}

/* ---------------------------------------------------------------- real files */

/* FNV-1a over name, NUL and float32 bits of every tensor in order, recorded from torch.load(). */
static uint64_t fingerprint(const fov_weights *weights)
{
    uint64_t hash = 0xcbf29ce484222325U;
    for (size_t i = 0; i < weights->count; i++) {
        const fov_weight    *w = &weights->item[i];
        const unsigned char *data = (const unsigned char *)w->data;
        for (const char *p = w->name; p <= w->name + strlen(w->name); p++) hash = (hash ^ (unsigned char)*p) * 0x100000001b3U;
        for (size_t k = 0; k < w->count * sizeof *w->data; k++) hash = (hash ^ data[k]) * 0x100000001b3U;
    }
    return hash;
}

static void expect_file(const char *path, size_t count, uint64_t hash)
{
    fov_error   err = {0};
    fov_buffer  file;
    fov_weights weights = {0};
    assert_ok(fov_file_read(path, 1 << 24, &file, &err));
    assert_ok(load_bytes(file.data, file.size, &weights, &err));
    assert_int_equal(weights.count, count);
    assert_true(fingerprint(&weights) == hash);
    fov_weights_clear(&weights);
    fov_buffer_clear(&file);
}

static void test_published_files_bit_for_bit(void **state)
{
    (void)state;
    NEED_SHARED(official, "models/retinaface/mobilenet0.25_Final.pth");
    expect_file(official, 253, 0x8371ae8deffd0396U);
    NEED_SHARED(b, "models/retinaface/mnet025_b.pth");
    expect_file(b, 253, 0xe4ef9e0ef32c1ddbU);
    NEED_SHARED(relu, "models/retinaface/mnet025_relu.pth");
    expect_file(relu, 253, 0xe110b561fb840185U);
    NEED_SHARED(slim, "models/fd1mb/slim.pth");
    expect_file(slim, 173, 0x6e575293b7726584U);
    NEED_SHARED(default_model, "models/default/fovea_mnet025.pth");
    expect_file(default_model, 253, 0xe126003c8b16f675U);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dense_tensor),
        cmocka_unit_test(test_views_of_a_shared_storage),
        cmocka_unit_test(test_element_types),
        cmocka_unit_test(test_scalar_and_empty),
        cmocka_unit_test(test_wrapped_state_dicts),
        cmocka_unit_test(test_refuses_views_beyond_the_storage),
        cmocka_unit_test(test_refuses_to_expand_without_bound),
        cmocka_unit_test(test_refuses_names),
        cmocka_unit_test(test_refuses_a_name_twice),
        cmocka_unit_test(test_refuses_a_pickle_that_unpacks_without_bound),
        cmocka_unit_test(test_refuses_storages_that_disagree),
        cmocka_unit_test(test_refuses_other_machines_and_classes),
        cmocka_unit_test(test_refuses_other_files),
        cmocka_unit_test(test_checksum),
        cmocka_unit_test(test_legacy_count),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_published_files_bit_for_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
