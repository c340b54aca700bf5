// SPDX-License-Identifier: MIT
#include "checkpoint.h"

#include "base/file.h"

#include <zip.h>
#include <string.h>
#include <unistd.h>

static void put(checkpoint_bytes *w, const void *bytes, size_t count)
{
    assert_true(w->size + count <= sizeof w->data);
    if (count) memcpy(w->data + w->size, bytes, count);
    w->size += count;
}

static void put_byte(checkpoint_bytes *w, int byte)
{
    unsigned char b = (unsigned char)byte;
    put(w, &b, 1);
}

static void put_string(checkpoint_bytes *w, const char *text)
{
    uint32_t count = (uint32_t)strlen(text);
    put_byte(w, 'X');
    put(w, &count, 4);
    put(w, text, count);
}

static void put_int(checkpoint_bytes *w, int64_t value)
{
    put(w, "\x8a\x08", 2);
    put(w, &value, 8);
}

static void put_global(checkpoint_bytes *w, const char *module, const char *name)
{
    put_byte(w, 'c');
    put(w, module, strlen(module));
    put_byte(w, '\n');
    put(w, name, strlen(name));
    put_byte(w, '\n');
}

static void put_ints(checkpoint_bytes *w, const int64_t *value, int count)
{
    put_byte(w, '(');
    for (int i = 0; i < count; i++) put_int(w, value[i]);
    put_byte(w, 't');
}

/* torch._utils._rebuild_tensor_v2(storage, offset, size, stride, False, OrderedDict()) */
static void put_tensor(checkpoint_bytes *w, const checkpoint_storage *s, const checkpoint_view *v)
{
    put_global(w, "torch._utils", "_rebuild_tensor_v2");
    put(w, "((", 2);
    put_string(w, "storage");
    put_global(w, "torch", s->kind);
    put_string(w, s->key);
    put_string(w, "cpu");
    put_int(w, s->count);
    put(w, "tQ", 2);
    put_int(w, v->offset);
    put_ints(w, v->size, v->rank);
    put_ints(w, v->stride, v->rank);
    put_byte(w, 0x89);
    put_global(w, "collections", "OrderedDict");
    put(w, ")RtR", 4);
}

static void put_view(checkpoint_bytes *w, const checkpoint_storage *s, const checkpoint_view *v)
{
    put_string(w, v->name);
    if (v->parameter) {
        put_global(w, "torch._utils", "_rebuild_parameter");
        put_byte(w, '(');
    }
    put_tensor(w, s, v);
    if (v->parameter) {
        put_byte(w, 0x88);
        put_global(w, "collections", "OrderedDict");
        put(w, ")RtR", 4);
    }
    put_byte(w, 's');
}

static void put_object(checkpoint_bytes *w, const checkpoint *c)
{
    put(w, "\x80\x02", 2);
    if (c->wrapper) {
        put_byte(w, '}');
        put_string(w, "epoch");
        put(w, "K\x07s", 3);
        put_string(w, c->wrapper);
    }
    put_global(w, "collections", "OrderedDict");
    put(w, ")R", 2);
    for (int i = 0; i < c->n_view; i++) put_view(w, &c->storage[c->view[i].storage], &c->view[i]);
    if (c->wrapper) put_byte(w, 's');
    put_byte(w, '.');
}

static void write_legacy(checkpoint_bytes *w, const checkpoint *c)
{
    put(w, "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.", 15);
    put(w, "\x80\x02M\xe9\x03.", 6);
    put(w, "\x80\x02}", 3);
    put_string(w, "little_endian");
    put_byte(w, c->big_endian ? 0x89 : 0x88);
    put(w, "s.", 2);
    put_object(w, c);
    put(w, "\x80\x02]", 3);
    for (int i = 0; i < c->n_storage; i++) {
        put_string(w, c->storage[i].key);
        put_byte(w, 'a');
    }
    put_byte(w, '.');
    for (int i = 0; i < c->n_storage; i++) {
        put(w, &c->storage[i].count, 8);
        put(w, c->storage[i].data, c->storage[i].bytes);
    }
}

static void zip_member(zipFile zip, const char *name, const void *data, size_t bytes, int method)
{
    assert_int_equal(zipOpenNewFileInZip(zip, name, NULL, NULL, 0, NULL, 0, NULL, method, 6), ZIP_OK);
    assert_int_equal(zipWriteInFileInZip(zip, data, (unsigned)bytes), ZIP_OK);
    assert_int_equal(zipCloseFileInZip(zip), ZIP_OK);
}

static void write_zip(checkpoint_bytes *w, const checkpoint *c, int method)
{
    char             path[256], name[64];
    checkpoint_bytes pickle = {.size = 0};
    fov_buffer       file;
    fov_error        err = {0};
    const char      *order = c->big_endian ? "big" : "little";
    snprintf(path, sizeof path, "%s/x.pth", test_folder());
    zipFile zip = zipOpen(path, APPEND_STATUS_CREATE);
    assert_non_null(zip);
    put_object(&pickle, c);
    zip_member(zip, "any name/data.pkl", pickle.data, pickle.size, method);
    zip_member(zip, "any name/byteorder", order, strlen(order), method);
    for (int i = 0; i < c->n_storage; i++) {
        snprintf(name, sizeof name, "any name/data/%s", c->storage[i].key);
        zip_member(zip, name, c->storage[i].data, c->storage[i].bytes, method);
    }
    assert_int_equal(zipClose(zip, NULL), ZIP_OK);
    assert_ok(fov_file_read(path, sizeof w->data, &file, &err));
    put(w, file.data, file.size);
    fov_buffer_clear(&file);
    unlink(path);
}

void checkpoint_write(checkpoint_bytes *out, const checkpoint *c, checkpoint_form form)
{
    out->size = 0;
    if (form == CHECKPOINT_LEGACY) write_legacy(out, c);
    else write_zip(out, c, form == CHECKPOINT_ZIP ? 0 : Z_DEFLATED);
}
