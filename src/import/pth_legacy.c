// SPDX-License-Identifier: MIT
/* The stream that torch.save() wrote before PyTorch 1.6, and writes with _use_new_zipfile_serialization=False:
 * pickles of a magic number, the protocol, the system and the object; a pickled list of storage keys; then, for each key in that
 * order, the count of its elements as an int64 and the elements. */
#include "import/pth.h"

#include "import/pth_tensors.h"

enum { PROTOCOL = 1001 };

/* 0x1950a86a20f9469cfc6c, as the pickle has it */
static const unsigned char magic[] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

/* A pickle of plain values. */
static fov_status load_plain(const fov_source *source, fov_bytes *in, fov_pickle *out, fov_error *err)
{
    fov_pickle_rules nothing = {.file = source->name, .part = ""};
    return fov_pickle_load(in, &nothing, out, err);
}

static fov_status check_magic(const fov_source *source, fov_bytes *in, fov_error *err)
{
    fov_pickle p;
    fov_status st = load_plain(source, in, &p, err);
    if (!st) {
        const fov_pickle_value *v = &p.value[p.root];
        if (v->kind != FOV_PICKLE_LONG || v->count != sizeof magic || memcmp(v->bytes, magic, sizeof magic))
            st = fov_fail(err, FOV_ERR_FORMAT,
                          "%s: a pickle, but not one of PyTorch; save with torch.save(model.state_dict(), path)", source->name);
    }
    fov_pickle_clear(&p);
    return st;
}

static fov_status check_protocol(const fov_source *source, fov_bytes *in, fov_error *err)
{
    fov_pickle p;
    size_t     at = in->pos;
    fov_status st = load_plain(source, in, &p, err);
    if (!st) {
        const fov_pickle_value *v = &p.value[p.root];
        if (v->kind != FOV_PICKLE_INT || v->integer != PROTOCOL)
            st = fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: byte %zu: the protocol of the stream is %lld, known is %d", source->name,
                          at, v->kind == FOV_PICKLE_INT ? (long long)v->integer : -1LL, PROTOCOL);
    }
    fov_pickle_clear(&p);
    return st;
}

static fov_status check_system(const fov_source *source, fov_bytes *in, fov_error *err)
{
    fov_pickle p;
    size_t     at = in->pos;
    fov_status st = load_plain(source, in, &p, err);
    if (!st) {
        const fov_pickle_value *little = fov_pickle_find(&p, &p.value[p.root], "little_endian");
        if (!little || little->kind != FOV_PICKLE_BOOL)
            st = fov_fail(err, FOV_ERR_FORMAT,
                          "%s: byte %zu: no \"little_endian\" in the description of the system; the file is damaged", source->name,
                          at);
        else if (!little->integer)
            st = fov_fail(err, FOV_ERR_UNSUPPORTED,
                          "%s: written on a big-endian machine; load it with torch.load() and save it again", source->name);
    }
    fov_pickle_clear(&p);
    return st;
}

/* The elements of one storage, which lie next in the stream. */
static fov_status read_storage(fov_bytes *in, const fov_pickle_value *key, fov_pth *pth, fov_error *err)
{
    char             shown[96];
    size_t           at = in->pos;
    uint64_t         count;
    fov_pth_storage *s = key->kind == FOV_PICKLE_STRING ? fov_pth_find_storage(pth, key->bytes, key->count) : NULL;
    if (!s)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: a key in the list of storages that no tensor mentions; the file is damaged",
                        pth->file);
    fov_pickle_print(key->bytes, key->count, shown, sizeof shown);
    if (!fov_bytes_le(in, 8, &count))
        return fov_fail(err, FOV_ERR_FORMAT, "%s: byte %zu: ends before storage \"%s\"; the file is truncated", pth->file, at,
                        shown);
    if (count != s->count)
        return fov_fail(err, FOV_ERR_FORMAT,
                        "%s: byte %zu: storage \"%s\" has %llu elements, the pickle says %zu; the file is damaged", pth->file, at,
                        shown, (unsigned long long)count, s->count);
    const unsigned char *data = fov_bytes_take(in, fov_pth_storage_bytes(s));
    if (!data)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: byte %zu: storage \"%s\" takes %zu bytes, %zu are left; the file is truncated",
                        pth->file, in->pos, shown, fov_pth_storage_bytes(s), fov_bytes_left(in));
    return fov_pth_fill(pth, s, data, err);
}

static fov_status read_storages(const fov_source *source, fov_bytes *in, fov_pth *pth, fov_error *err)
{
    fov_pickle keys;
    fov_status st = load_plain(source, in, &keys, err);
    if (!st && keys.value[keys.root].kind != FOV_PICKLE_LIST)
        st = fov_fail(err, FOV_ERR_FORMAT, "%s: byte %zu: no list of storages before it; the file is damaged", source->name,
                      in->pos);
    uint32_t cell = st ? 0 : keys.value[keys.root].first;
    for (; cell && !st; cell = keys.cell[cell].next) st = read_storage(in, fov_pickle_at(&keys, cell), pth, err);
    fov_pickle_clear(&keys);
    return st;
}

fov_status fov_pth_load_legacy(const fov_source *source, fov_weights *weights, fov_error *err)
{
    fov_bytes  in = {source->data, source->size, 0};
    fov_pth    pth = {0};
    fov_status st;

    if ((st = check_magic(source, &in, err))) goto done;
    if ((st = check_protocol(source, &in, err))) goto done;
    if ((st = check_system(source, &in, err))) goto done;
    if ((st = fov_pth_read(source, &in, "", &pth, err))) goto done;
    if ((st = read_storages(source, &in, &pth, err))) goto done;
    st = fov_pth_give(&pth, weights, err);
done:
    fov_pth_clear(&pth);
    return st;
}
