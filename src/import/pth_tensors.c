// SPDX-License-Identifier: MIT
#include "import/pth_tensors.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EXPANSION = 32,    /* largest sensible ratio of tensors in memory to bytes of the file: half, well deflated */
    SMALL = 16 << 20,  /* always allowed */
    LARGEST = 1 << 30, /* never more */
    MAX_NESTING = 2,   /* {"model": {"state_dict": {..}}} */
    SHOWN = 96         /* characters of a name in a message */
};

/* ---- element types */

/* Storage classes, and what they hold: a row each. */
#define DTYPES(ROW)                                                                                                                \
    ROW(Float, "float32", 4, fov_numbers_load_f32)                                                                                 \
    ROW(Double, "float64", 8, fov_numbers_load_f64)                                                                                \
    ROW(Half, "float16", 2, fov_numbers_load_f16)                                                                                  \
    ROW(BFloat16, "bfloat16", 2, fov_numbers_load_bf16)                                                                            \
    ROW(Long, "int64", 8, NULL)                                                                                                    \
    ROW(Int, "int32", 4, NULL)                                                                                                     \
    ROW(Short, "int16", 2, NULL)                                                                                                   \
    ROW(Char, "int8", 1, NULL)                                                                                                     \
    ROW(Byte, "uint8", 1, NULL)                                                                                                    \
    ROW(Bool, "bool", 1, NULL)                                                                                                     \
    ROW(Untyped, "bytes", 1, NULL)

enum {
#define ROW(name, text, bytes, to_float) DTYPE_##name,
    DTYPES(ROW)
#undef ROW
        DTYPE_COUNT
};

static const fov_pth_dtype dtypes[DTYPE_COUNT] = {
#define ROW(name, text, bytes, to_float) {text, bytes, to_float},
    DTYPES(ROW)
#undef ROW
};

/* ---- the names a checkpoint needs. Ids below DTYPE_COUNT are storage classes. */

enum { ID_TENSOR = DTYPE_COUNT, ID_PARAMETER, ID_OTHER };

static const fov_pickle_global globals[] = {
#define ROW(name, text, bytes, to_float)                                                                                           \
    {"torch", #name "Storage", FOV_PICKLE_CALL_NEVER, DTYPE_##name},                                                               \
        {"torch.cuda", #name "Storage", FOV_PICKLE_CALL_NEVER, DTYPE_##name},                                                      \
        {"torch.storage", #name "Storage", FOV_PICKLE_CALL_NEVER, DTYPE_##name},
    DTYPES(ROW)
#undef ROW
        {"torch._utils", "_rebuild_tensor_v2", FOV_PICKLE_CALL_OBJECT, ID_TENSOR},
    {"torch._utils", "_rebuild_tensor", FOV_PICKLE_CALL_OBJECT, ID_TENSOR}, /* PyTorch 0.3; its arguments come first in v2 too */
    {"torch._utils", "_rebuild_parameter", FOV_PICKLE_CALL_OBJECT, ID_PARAMETER},
    {"torch._utils", "_rebuild_parameter_with_state", FOV_PICKLE_CALL_OBJECT, ID_PARAMETER},
    {"torch", "Size", FOV_PICKLE_CALL_ARGUMENT, ID_OTHER},
    {"collections", "OrderedDict", FOV_PICKLE_CALL_DICT, ID_OTHER},
    {"builtins", "dict", FOV_PICKLE_CALL_DICT, ID_OTHER},
    {"__builtin__", "dict", FOV_PICKLE_CALL_DICT, ID_OTHER},
    {"builtins", "set", FOV_PICKLE_CALL_OBJECT, ID_OTHER},
    {"__builtin__", "set", FOV_PICKLE_CALL_OBJECT, ID_OTHER},
};

/* ---- storages */

static int compare_keys(const void *key_a, size_t bytes_a, const void *key_b, size_t bytes_b)
{
    int order = memcmp(key_a, key_b, bytes_a < bytes_b ? bytes_a : bytes_b);
    return order ? order : (bytes_a > bytes_b) - (bytes_a < bytes_b);
}

static int compare_storages(const void *a, const void *b)
{
    const fov_pth_storage *x = a, *y = b;
    return compare_keys(x->key, x->key_bytes, y->key, y->key_bytes);
}

fov_pth_storage *fov_pth_find_storage(const fov_pth *pth, const void *key, size_t key_bytes)
{
    fov_pth_storage wanted = {.key = key, .key_bytes = key_bytes};
    return pth->n_storage ? bsearch(&wanted, pth->storage, pth->n_storage, sizeof wanted, compare_storages) : NULL;
}

size_t fov_pth_storage_bytes(const fov_pth_storage *storage)
{
    return storage->count * storage->dtype->bytes;
}

/* ("storage", class, key, device, elements[, view of it]) */
static fov_status parse_storage(const fov_pth *pth, const fov_pickle_value *reference, fov_pth_storage *out, fov_error *err)
{
    const fov_pickle       *p = &pth->pickle;
    const fov_pickle_value *tag = fov_pickle_item(p, reference, 0), *type = fov_pickle_item(p, reference, 1);
    const fov_pickle_value *key = fov_pickle_item(p, reference, 2), *count = fov_pickle_item(p, reference, 4);
    size_t                  bytes;
    if (!count || !fov_pickle_is(tag, "storage") || type->kind != FOV_PICKLE_GLOBAL || type->global->id >= DTYPE_COUNT ||
        key->kind != FOV_PICKLE_STRING || count->kind != FOV_PICKLE_INT)
        return fov_fail(
            err, FOV_ERR_FORMAT,
            "%s: a reference of %u items is not (\"storage\", class, key, device, elements); the file is damaged, or saved "
            "by something else than torch.save()",
            pth->file, reference->count);
    *out = (fov_pth_storage){.key = key->bytes, .key_bytes = key->count, .dtype = &dtypes[type->global->id]};
    if (count->integer < 0 || __builtin_mul_overflow((uint64_t)count->integer, out->dtype->bytes, &bytes))
        return fov_fail(err, FOV_ERR_FORMAT, "%s: a storage of %lld elements; the file is damaged", pth->file,
                        (long long)count->integer);
    out->count = (size_t)count->integer;
    return FOV_OK;
}

/* Sorted storages become one per key; all references to one must agree. */
static fov_status unite_storages(fov_pth *pth, fov_error *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < pth->n_storage; i++) {
        const fov_pth_storage *s = &pth->storage[i], *last = kept ? &pth->storage[kept - 1] : NULL;
        if (!last || compare_storages(last, s)) {
            pth->storage[kept++] = *s;
        } else if (s->dtype != last->dtype || s->count != last->count) {
            char key[SHOWN];
            return fov_fail(err, FOV_ERR_FORMAT,
                            "%s: storage \"%s\" is %zu %s in one place and %zu %s in another; the file is damaged", pth->file,
                            fov_pickle_print(s->key, s->key_bytes, key, sizeof key), last->count, last->dtype->name, s->count,
                            s->dtype->name);
        }
    }
    pth->n_storage = kept;
    return FOV_OK;
}

static fov_status list_storages(fov_pth *pth, fov_error *err)
{
    const fov_pickle *p = &pth->pickle;
    size_t            count = 0;
    for (uint32_t i = 0; i < p->n_value; i++) count += p->value[i].kind == FOV_PICKLE_PERSISTENT;
    if (!(pth->storage = fov_alloc_array(count, sizeof *pth->storage))) return fov_fail_memory(err, pth->file);
    for (uint32_t i = 0; i < p->n_value; i++) {
        if (p->value[i].kind != FOV_PICKLE_PERSISTENT) continue;
        fov_status st = parse_storage(pth, &p->value[i], &pth->storage[pth->n_storage++], err);
        if (st) return st;
    }
    qsort(pth->storage, pth->n_storage, sizeof *pth->storage, compare_storages);
    return unite_storages(pth, err);
}

/* ---- the state_dict */

/* The tensor inside of a parameter, `value` itself if it is a tensor, else NULL. A parameter of a parameter is nothing. */
static const fov_pickle_value *as_tensor(const fov_pickle *p, const fov_pickle_value *value)
{
    if (value->kind == FOV_PICKLE_OBJECT && value->global->id == ID_PARAMETER) value = fov_pickle_item(p, value, 0);
    return value && value->kind == FOV_PICKLE_OBJECT && value->global->id == ID_TENSOR ? value : NULL;
}

static bool has_tensors(const fov_pickle *p, const fov_pickle_value *dict)
{
    for (uint32_t cell = dict->first; cell;) {
        uint32_t value = p->cell[cell].next;
        if (as_tensor(p, fov_pickle_at(p, value))) return true;
        cell = p->cell[value].next;
    }
    return false;
}

static const char *const wrappers[] = {"state_dict", "model", "net", "weights"};

/* Training loops save {"epoch": .., "optimizer": .., "state_dict": {..}}. */
static const fov_pickle_value *find_state_dict(const fov_pickle *p, const fov_pickle_value *value, int depth)
{
    if (value->kind != FOV_PICKLE_DICT) return NULL;
    for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers && depth < MAX_NESTING; i++) {
        const fov_pickle_value *inner = fov_pickle_find(p, value, wrappers[i]);
        const fov_pickle_value *found = inner ? find_state_dict(p, inner, depth + 1) : NULL;
        if (found) return found;
    }
    return has_tensors(p, value) ? value : NULL;
}

static fov_status fail_no_state_dict(const fov_pth *pth, fov_error *err)
{
    const fov_pickle       *p = &pth->pickle;
    const fov_pickle_value *root = &p->value[p->root];
    char                    keys[256] = "", key[SHOWN];
    size_t                  used = 0;
    for (uint32_t cell = root->kind == FOV_PICKLE_DICT ? root->first : 0; cell && used < sizeof keys;) {
        const fov_pickle_value *k = fov_pickle_at(p, cell);
        if (k->kind == FOV_PICKLE_STRING)
            used += (size_t)snprintf(keys + used, sizeof keys - used, "%s%s", used ? ", " : "",
                                     fov_pickle_print(k->bytes, k->count, key, sizeof key));
        cell = p->cell[p->cell[cell].next].next;
    }
    return fov_fail(
        err, FOV_ERR_UNSUPPORTED,
        "%s: no tensors at the top nor under state_dict, model, net or weights (keys found: %s); save model.state_dict()",
        pth->file, keys[0] ? keys : "none");
}

/* ---- tensors */

fov_status fov_pth_spend(fov_pth *pth, size_t bytes, const char *what, fov_error *err)
{
    if (bytes > pth->budget)
        return fov_fail(err, FOV_ERR_LIMIT, "%s: %s takes %zu bytes, %zu are left of what a file of this size may expand to",
                        pth->file, what, bytes, pth->budget);
    pth->budget -= bytes;
    return FOV_OK;
}

static fov_status copy_name(const fov_pth *pth, const fov_pickle_value *key, char **name, fov_error *err)
{
    char shown[SHOWN];
    if (key->kind != FOV_PICKLE_STRING)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: the state_dict has a tensor whose name is not a string; save model.state_dict()",
                        pth->file);
    bool plain = key->count > 0;
    for (uint32_t i = 0; i < key->count && plain; i++) plain = key->bytes[i] >= 0x20 && key->bytes[i] != 0x7f;
    if (!plain)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: tensor name \"%s\" is empty or has control characters; the file is damaged",
                        pth->file, fov_pickle_print(key->bytes, key->count, shown, sizeof shown));
    *name = fov_strndup((const char *)key->bytes, key->count);
    return *name ? FOV_OK : fov_fail_memory(err, pth->file);
}

static bool parse_geometry(const fov_pickle *p, const fov_pickle_value *sizes, const fov_pickle_value *strides, fov_pth_tensor *t)
{
    t->shape.rank = (int)sizes->count;
    for (uint32_t i = 0; i < sizes->count; i++) {
        const fov_pickle_value *size = fov_pickle_item(p, sizes, i), *stride = fov_pickle_item(p, strides, i);
        if (size->kind != FOV_PICKLE_INT || stride->kind != FOV_PICKLE_INT || size->integer < 0 || stride->integer < 0)
            return false;
        t->shape.dim[i] = size->integer;
        t->stride[i] = (size_t)stride->integer;
    }
    return true;
}

/* Elements of the storage up to the last one that the view touches; false when that overflows. */
static bool view_end(const fov_pth_tensor *t, size_t *end)
{
    *end = t->offset;
    for (int i = 0; i < t->shape.rank && t->count; i++) {
        size_t reach;
        if (__builtin_mul_overflow((size_t)t->shape.dim[i] - 1, t->stride[i], &reach) || __builtin_add_overflow(*end, reach, end))
            return false;
    }
    return !t->count || !__builtin_add_overflow(*end, 1U, end);
}

/* (view key, offset, elements) or None: before PyTorch 0.4 a storage could be a part of another one. */
static bool apply_storage_view(const fov_pickle *p, const fov_pickle_value *reference, fov_pth_tensor *t)
{
    const fov_pickle_value *view = fov_pickle_item(p, reference, 5);
    if (!view || view->kind == FOV_PICKLE_NONE) return true;
    const fov_pickle_value *offset = fov_pickle_item(p, view, 1);
    return offset && view->kind == FOV_PICKLE_TUPLE && offset->kind == FOV_PICKLE_INT && offset->integer >= 0 &&
           !__builtin_add_overflow(t->offset, (size_t)offset->integer, &t->offset);
}

static fov_status fail_tensor(const fov_pth *pth, const fov_pth_tensor *t, const char *what, fov_error *err)
{
    char name[SHOWN];
    fov_pickle_print((const unsigned char *)t->name, strlen(t->name), name, sizeof name);
    return fov_fail(err, FOV_ERR_FORMAT, "%s: tensor %s: %s; the file is damaged", pth->file, name, what);
}

/* _rebuild_tensor_v2(storage, offset, size, stride, ..) */
static fov_status parse_tensor(const fov_pth *pth, const fov_pickle_value *object, fov_pth_tensor *t, fov_error *err)
{
    const fov_pickle       *p = &pth->pickle;
    const fov_pickle_value *reference = fov_pickle_item(p, object, 0), *offset = fov_pickle_item(p, object, 1);
    const fov_pickle_value *sizes = fov_pickle_item(p, object, 2), *strides = fov_pickle_item(p, object, 3);
    char                    what[SHOWN];
    if (!strides || reference->kind != FOV_PICKLE_PERSISTENT || offset->kind != FOV_PICKLE_INT || offset->integer < 0 ||
        sizes->kind != FOV_PICKLE_TUPLE || strides->kind != FOV_PICKLE_TUPLE || sizes->count != strides->count)
        return fail_tensor(pth, t, "it is not made of a storage, an offset, sizes and as many strides", err);
    if (sizes->count > FOV_MAX_RANK)
        return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: tensor %s has %u dimensions, at most %d are supported", pth->file,
                        fov_pickle_print((const unsigned char *)t->name, strlen(t->name), what, sizeof what), sizes->count,
                        FOV_MAX_RANK);
    t->offset = (size_t)offset->integer;
    if (!parse_geometry(p, sizes, strides, t) || !apply_storage_view(p, reference, t))
        return fail_tensor(pth, t, "a size, stride or offset is not a number that is possible", err);
    if (!fov_shape_count(&t->shape, &t->count)) return fail_tensor(pth, t, "its size overflows", err);
    return FOV_OK;
}

/* Check the view against its storage and hang it there. */
static fov_status attach(fov_pth *pth, fov_pth_storage *s, size_t index, fov_error *err)
{
    fov_pth_tensor *t = &pth->tensor[index];
    char            what[160], key[SHOWN];
    size_t          end, bytes;
    if (!view_end(t, &end) || end > s->count) {
        snprintf(what, sizeof what, "it reaches beyond the %zu elements of storage \"%s\"", s->count,
                 fov_pickle_print(s->key, s->key_bytes, key, sizeof key));
        return fail_tensor(pth, t, what, err);
    }
    if (__builtin_mul_overflow(t->count, sizeof *t->data, &bytes)) return fail_tensor(pth, t, "its size overflows", err);
    snprintf(what, sizeof what, "tensor %s", fov_pickle_print((const unsigned char *)t->name, strlen(t->name), key, sizeof key));
    fov_status st = fov_pth_spend(pth, bytes, what, err);
    if (st) return st;
    t->next_view = s->first_view;
    s->first_view = index + 1;
    return FOV_OK;
}

/* @return FOV_OK also for what is no floating-point tensor and is passed over */
static fov_status add_entry(fov_pth *pth, const fov_pickle_value *key, const fov_pickle_value *value, fov_error *err)
{
    const fov_pickle_value *object = as_tensor(&pth->pickle, value);
    const fov_pickle_value *reference = object ? fov_pickle_item(&pth->pickle, object, 0) : NULL;
    fov_pth_storage         wanted, *s = NULL;
    fov_pth_tensor         *t = &pth->tensor[pth->n_tensor];
    fov_status              st;
    if (!object) return FOV_OK;
    if (reference && reference->kind == FOV_PICKLE_PERSISTENT) {
        if ((st = parse_storage(pth, reference, &wanted, err))) return st;
        s = fov_pth_find_storage(pth, wanted.key, wanted.key_bytes);
        if (!s->dtype->to_float) return FOV_OK;
    }
    *t = (fov_pth_tensor){0};
    if ((st = copy_name(pth, key, &t->name, err))) return st;
    pth->n_tensor++;
    if ((st = parse_tensor(pth, object, t, err))) return st;
    assert(s); /* parse_tensor() refuses what refers to none */
    return attach(pth, s, pth->n_tensor - 1, err);
}

static fov_status list_tensors(fov_pth *pth, fov_error *err)
{
    const fov_pickle       *p = &pth->pickle;
    const fov_pickle_value *dict = find_state_dict(p, &p->value[p->root], 0);
    if (!dict) return fail_no_state_dict(pth, err);
    if (!(pth->tensor = fov_alloc_array(dict->count / 2, sizeof *pth->tensor))) return fov_fail_memory(err, pth->file);
    for (uint32_t cell = dict->first; cell;) {
        uint32_t   value = p->cell[cell].next;
        fov_status st = add_entry(pth, fov_pickle_at(p, cell), fov_pickle_at(p, value), err);
        if (st) return st;
        cell = p->cell[value].next;
    }
    return FOV_OK;
}

fov_status fov_pth_read(const fov_source *source, fov_bytes *in, const char *part, fov_pth *pth, fov_error *err)
{
    fov_pickle_rules rules = {source->name, part, globals, sizeof globals / sizeof *globals};
    size_t           budget;
    *pth = (fov_pth){.file = source->name};
    if (__builtin_mul_overflow(source->size, (size_t)EXPANSION, &budget) || budget > LARGEST - SMALL) budget = LARGEST - SMALL;
    pth->budget = budget + SMALL;

    fov_status st = fov_pickle_load(in, &rules, &pth->pickle, err);
    if (!st) st = list_storages(pth, err);
    if (!st) st = list_tensors(pth, err);
    return st;
}

/* ---- data */

/* Copy a view out: dense runs at the end of the shape in one go, odometer over the dimensions before them. */
static void gather(const fov_pth_dtype *dtype, const unsigned char *data, const fov_pth_tensor *t)
{
    const fov_shape *shape = &t->shape;
    size_t           at = t->offset, run = 1, index[FOV_MAX_RANK] = {0};
    int              outer = shape->rank;
    while (outer > 0 && (t->stride[outer - 1] == run || shape->dim[outer - 1] == 1)) run *= (size_t)shape->dim[--outer];
    for (size_t done = 0; done < t->count; done += run) {
        dtype->to_float(data + at * dtype->bytes, t->data + done, run);
        for (int d = outer - 1; d >= 0; d--) {
            at += t->stride[d];
            if (++index[d] < (size_t)shape->dim[d]) break;
            at -= t->stride[d] * index[d];
            index[d] = 0;
        }
    }
}

fov_status fov_pth_fill(fov_pth *pth, fov_pth_storage *storage, const unsigned char *data, fov_error *err)
{
    char key[SHOWN];
    if (storage->filled)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: storage \"%s\" appears twice; the file is damaged", pth->file,
                        fov_pickle_print(storage->key, storage->key_bytes, key, sizeof key));
    storage->filled = true;
    for (size_t view = storage->first_view; view;) {
        fov_pth_tensor *t = &pth->tensor[view - 1];
        if (!(t->data = fov_alloc_array(t->count, sizeof *t->data))) return fov_fail_memory(err, t->name);
        gather(storage->dtype, data, t);
        view = t->next_view;
    }
    return FOV_OK;
}

fov_status fov_pth_give(fov_pth *pth, fov_weights *weights, fov_error *err)
{
    for (size_t i = 0; i < pth->n_tensor; i++) {
        fov_pth_tensor *t = &pth->tensor[i];
        float          *data = t->data;
        if (!data) return fail_tensor(pth, t, "the storage it views is not in the file", err);
        t->data = NULL;
        fov_status st = fov_weights_add(weights, t->name, &t->shape, t->count, data, err);
        if (st) return st;
    }
    return FOV_OK;
}

void fov_pth_clear(fov_pth *pth)
{
    for (size_t i = 0; i < pth->n_tensor; i++) {
        fov_free(pth->tensor[i].name);
        fov_free(pth->tensor[i].data);
    }
    fov_free(pth->tensor);
    fov_free(pth->storage);
    fov_pickle_clear(&pth->pickle);
    *pth = (fov_pth){0};
}
