// SPDX-License-Identifier: MIT
#include "import/pickle.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    MAX_ITEMS = 1 << 22, /* of values, cells, stack and memo: a checkpoint has some ten values for each of its tensors */
    MAX_LINE = 512,      /* of a global's module or name */
    SHOWN = 96           /* characters of a name in a message */
};

typedef struct machine {
    fov_bytes              *in;
    const fov_pickle_rules *rules;
    fov_pickle             *p;
    fov_error              *err;
    uint32_t               *stack, *mark, *memo; /* value ids; heights of the stack; value id + 1 or 0 */
    uint32_t                n_stack, cap_stack, n_mark, cap_mark, n_memo, cap_memo;
    size_t                  at; /* of the opcode being run */
    bool                    stopped;
} machine;

typedef struct opcode {
    fov_status (*run)(machine *m, const struct opcode *self);
    unsigned        width; /* bytes of its argument or of the argument's length; values it takes */
    fov_pickle_kind kind;  /* of what it makes or fills */
} opcode;

typedef struct slice {
    const unsigned char *bytes;
    size_t               count;
} slice;

/* ---- messages */

char *fov_pickle_print(const unsigned char *bytes, size_t count, char *text, size_t size)
{
    bool   whole = count < size;
    size_t shown = whole ? count : size - 4;
    for (size_t i = 0; i < shown; i++) text[i] = (char)(bytes[i] >= 0x20 && bytes[i] < 0x7f ? bytes[i] : '?');
    if (whole) text[shown] = '\0';
    else memcpy(text + shown, "...", sizeof "...");
    return text;
}

static fov_status fail(machine *m, fov_status code, const char *format, ...) __attribute__((format(printf, 3, 4)));

static fov_status fail(machine *m, fov_status code, const char *format, ...)
{
    char    what[512];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return fov_fail(m->err, code, "%s: %sbyte %zu: %s", m->rules->file, m->rules->part, m->at, what);
}

static fov_status fail_end(machine *m)
{
    return fail(m, FOV_ERR_FORMAT, "the pickle ends in the middle; the file is truncated or damaged");
}

static const char *kind_name(fov_pickle_kind kind)
{
    static const char *const names[] = {"None",    "a bool", "an int", "a long int", "a float",  "a string",  "bytes",
                                        "a tuple", "a list", "a set",  "a dict",     "a global", "an object", "a reference"};
    return names[kind];
}

/* ---- memory */

/* Room for `need` items of an array; NULL and *status set when there is none. */
static void *reserve(machine *m, void *array, uint32_t *capacity, uint32_t need, size_t size, fov_status *status)
{
    if (array && need <= *capacity) return array;
    if (need > MAX_ITEMS) {
        *status = fail(m, FOV_ERR_LIMIT, "more than %d values; save model.state_dict() alone", MAX_ITEMS);
        return NULL;
    }
    uint32_t wanted = *capacity < 64 ? 128 : *capacity * 2;
    if (wanted < need) wanted = need;
    void *more = fov_realloc_array(array, wanted, size);
    if (!more) *status = fov_fail_memory(m->err, m->rules->file);
    else *capacity = wanted;
    return more;
}

static fov_status new_value(machine *m, fov_pickle_value value, uint32_t *id)
{
    fov_pickle *p = m->p;
    fov_status  st = FOV_OK;
    void       *array = reserve(m, p->value, &p->cap_value, p->n_value + 1, sizeof *p->value, &st);
    if (!array) return st;
    p->value = array;
    *id = p->n_value++;
    p->value[*id] = value;
    return FOV_OK;
}

static fov_status push_id(machine *m, uint32_t id)
{
    fov_status st = FOV_OK;
    void      *array = reserve(m, m->stack, &m->cap_stack, m->n_stack + 1, sizeof *m->stack, &st);
    if (!array) return st;
    m->stack = array;
    m->stack[m->n_stack++] = id;
    return FOV_OK;
}

static fov_status push(machine *m, fov_pickle_value value)
{
    uint32_t   id = 0;
    fov_status st = new_value(m, value, &id);
    return st ? st : push_id(m, id);
}

/* Append an item to a container. */
static fov_status link_item(machine *m, uint32_t container, uint32_t item)
{
    fov_pickle *p = m->p;
    fov_status  st = FOV_OK;
    uint32_t    cell = p->n_cell ? p->n_cell : 1;
    void       *array = reserve(m, p->cell, &p->cap_cell, cell + 1, sizeof *p->cell, &st);
    if (!array) return st;
    p->cell = array;
    p->cell[cell] = (fov_pickle_cell){item, 0};
    p->n_cell = cell + 1;
    fov_pickle_value *c = &p->value[container];
    if (c->last) p->cell[c->last].next = cell;
    else c->first = cell;
    c->last = cell;
    c->count++;
    return FOV_OK;
}

/* Values that the code after the last MARK may take. */
static uint32_t available(const machine *m)
{
    return m->n_stack - (m->n_mark ? m->mark[m->n_mark - 1] : 0);
}

static fov_status need(machine *m, uint32_t count)
{
    if (available(m) >= count) return FOV_OK;
    return fail(m, FOV_ERR_FORMAT, "needs %u values, the stack has %u; the file is damaged", count, available(m));
}

/* The value `depth` below the top of the stack; call need() first. */
static uint32_t peek(const machine *m, uint32_t depth)
{
    return m->stack[m->n_stack - 1 - depth];
}

static fov_status pop_mark(machine *m, uint32_t *height)
{
    if (!m->n_mark) return fail(m, FOV_ERR_FORMAT, "needs a mark, there is none; the file is damaged");
    *height = m->mark[--m->n_mark];
    return FOV_OK;
}

/* ---- opcodes: stack and memo */

static fov_status run_mark(machine *m, const opcode *self)
{
    fov_status st = FOV_OK;
    void      *array = reserve(m, m->mark, &m->cap_mark, m->n_mark + 1, sizeof *m->mark, &st);
    (void)self;
    if (!array) return st;
    m->mark = array;
    m->mark[m->n_mark++] = m->n_stack;
    return FOV_OK;
}

static fov_status run_pop(machine *m, const opcode *self)
{
    fov_status st = need(m, 1);
    (void)self;
    if (!st) m->n_stack--;
    return st;
}

static fov_status run_pop_mark(machine *m, const opcode *self)
{
    (void)self;
    return pop_mark(m, &m->n_stack);
}

static fov_status run_dup(machine *m, const opcode *self)
{
    fov_status st = need(m, 1);
    (void)self;
    return st ? st : push_id(m, peek(m, 0));
}

/* Python numbers what it remembers one by one, so an index beyond the bytes read is damage, and never a reason to allocate. */
static fov_status run_put(machine *m, const opcode *self)
{
    uint64_t   index = m->n_memo;
    fov_status st = need(m, 1);
    if (st) return st;
    if (self->width && !fov_bytes_le(m->in, self->width, &index)) return fail_end(m);
    if (index > m->at || index >= MAX_ITEMS)
        return fail(m, FOV_ERR_FORMAT, "memo index %llu is not the next one, %u; the file is damaged", (unsigned long long)index,
                    m->n_memo);
    void *array = reserve(m, m->memo, &m->cap_memo, (uint32_t)index + 1, sizeof *m->memo, &st);
    if (!array) return st;
    m->memo = array;
    while (m->n_memo <= index) m->memo[m->n_memo++] = 0;
    m->memo[index] = peek(m, 0) + 1;
    return FOV_OK;
}

static fov_status run_get(machine *m, const opcode *self)
{
    uint64_t index;
    if (!fov_bytes_le(m->in, self->width, &index)) return fail_end(m);
    if (index >= m->n_memo || !m->memo[index])
        return fail(m, FOV_ERR_FORMAT, "memo %llu was never set; the file is damaged", (unsigned long long)index);
    return push_id(m, m->memo[index] - 1);
}

/* ---- opcodes: plain values */

static fov_status run_empty(machine *m, const opcode *self)
{
    return push(m, (fov_pickle_value){.kind = self->kind});
}

static fov_status run_bool(machine *m, const opcode *self)
{
    return push(m, (fov_pickle_value){.kind = FOV_PICKLE_BOOL, .integer = self->width});
}

static int64_t sign_extended(uint64_t value, size_t bytes)
{
    uint64_t sign = 1ULL << (8 * bytes - 1);
    return (int64_t)((value ^ sign) - sign);
}

static fov_status run_int(machine *m, const opcode *self)
{
    uint64_t value;
    if (!fov_bytes_le(m->in, self->width, &value)) return fail_end(m);
    int64_t integer = self->width == 4 ? sign_extended(value, 4) : (int64_t)value; /* one and two bytes have no sign */
    return push(m, (fov_pickle_value){.kind = FOV_PICKLE_INT, .integer = integer});
}

static fov_status run_long(machine *m, const opcode *self)
{
    uint64_t count, value = 0;
    if (!fov_bytes_le(m->in, self->width, &count)) return fail_end(m);
    if (count > 8) {
        const unsigned char *bytes = count <= UINT32_MAX ? fov_bytes_take(m->in, (size_t)count) : NULL;
        if (!bytes) return fail_end(m);
        return push(m, (fov_pickle_value){.kind = FOV_PICKLE_LONG, .count = (uint32_t)count, .bytes = bytes});
    }
    if (count && !fov_bytes_le(m->in, (size_t)count, &value)) return fail_end(m);
    return push(m, (fov_pickle_value){.kind = FOV_PICKLE_INT, .integer = count ? sign_extended(value, (size_t)count) : 0});
}

static fov_status run_float(machine *m, const opcode *self)
{
    uint64_t bits;
    double   number;
    (void)self;
    if (!fov_bytes_le(m->in, 8, &bits)) return fail_end(m);
    bits = __builtin_bswap64(bits); /* the one big-endian thing of the format */
    memcpy(&number, &bits, sizeof number);
    return push(m, (fov_pickle_value){.kind = FOV_PICKLE_FLOAT, .number = number});
}

static fov_status run_bytes(machine *m, const opcode *self)
{
    uint64_t count;
    if (!fov_bytes_le(m->in, self->width, &count)) return fail_end(m);
    const unsigned char *bytes = count <= UINT32_MAX ? fov_bytes_take(m->in, (size_t)count) : NULL;
    if (!bytes)
        return fail(m, FOV_ERR_FORMAT, "a string of %llu bytes, %zu are left; the file is truncated or damaged",
                    (unsigned long long)count, fov_bytes_left(m->in));
    return push(m, (fov_pickle_value){.kind = self->kind, .count = (uint32_t)count, .bytes = bytes});
}

/* ---- opcodes: containers */

/* Make a container of everything above `height`. */
static fov_status collect(machine *m, uint32_t height, fov_pickle_kind kind)
{
    uint32_t   id = 0;
    fov_status st = new_value(m, (fov_pickle_value){.kind = kind}, &id);
    if (kind == FOV_PICKLE_DICT && (m->n_stack - height) % 2)
        return fail(m, FOV_ERR_FORMAT, "a dict with a key that has no value; the file is damaged");
    for (uint32_t i = height; i < m->n_stack && !st; i++) st = link_item(m, id, m->stack[i]);
    if (st) return st;
    m->n_stack = height;
    return push_id(m, id);
}

static fov_status run_collect(machine *m, const opcode *self)
{
    uint32_t   height = 0;
    fov_status st = pop_mark(m, &height);
    return st ? st : collect(m, height, self->kind);
}

static fov_status run_tuple(machine *m, const opcode *self)
{
    fov_status st = need(m, self->width);
    return st ? st : collect(m, m->n_stack - self->width, FOV_PICKLE_TUPLE);
}

/* Put everything above `height` into the container below it. */
static fov_status fill(machine *m, uint32_t height, fov_pickle_kind kind)
{
    uint32_t count = m->n_stack - height;
    if (height <= (m->n_mark ? m->mark[m->n_mark - 1] : 0))
        return fail(m, FOV_ERR_FORMAT, "fills a container, there is none; the file is damaged");
    uint32_t        container = m->stack[height - 1];
    fov_pickle_kind found = m->p->value[container].kind;
    if (found != kind) return fail(m, FOV_ERR_FORMAT, "fills %s, found %s; the file is damaged", kind_name(kind), kind_name(found));
    if (kind == FOV_PICKLE_DICT && count % 2)
        return fail(m, FOV_ERR_FORMAT, "a dict with a key that has no value; the file is damaged");
    for (uint32_t i = height; i < m->n_stack; i++) {
        fov_status st = link_item(m, container, m->stack[i]);
        if (st) return st;
    }
    m->n_stack = height;
    return FOV_OK;
}

static fov_status run_fill(machine *m, const opcode *self)
{
    uint32_t   height = 0;
    fov_status st = pop_mark(m, &height);
    return st ? st : fill(m, height, self->kind);
}

static fov_status run_fill_some(machine *m, const opcode *self)
{
    fov_status st = need(m, self->width + 1);
    return st ? st : fill(m, m->n_stack - self->width, self->kind);
}

/* ---- opcodes: names and calls */

static bool slice_is(slice s, const char *text)
{
    return s.count == strlen(text) && !memcmp(s.bytes, text, s.count);
}

static bool slice_starts(slice s, const char *text)
{
    size_t count = strlen(text);
    return s.count >= count && !memcmp(s.bytes, text, count);
}

/* torch.save(model) instead of torch.save(model.state_dict()): the first thing named is the class of the model, and an instance
 * is made of it. The legacy stream names it inside of a reference that begins with "module". */
static bool is_whole_model(const machine *m, slice module)
{
    fov_bytes     next = *m->in;
    unsigned char op = 0;
    if (slice_starts(module, "torch.nn") || slice_starts(module, "__torch__")) return true;
    if (m->n_stack) return fov_pickle_is(&m->p->value[peek(m, 0)], "module");
    if (fov_bytes_u8(&next, &op) && (op == 'q' || op == 'r')) fov_bytes_take(&next, op == 'q' ? 1 : 4);
    else if (op != 0x94) next.pos = m->in->pos;
    const unsigned char *call = fov_bytes_take(&next, 2);
    return call && call[0] == ')' && call[1] == 0x81;
}

static fov_status refuse(machine *m, slice module, slice name)
{
    char a[SHOWN], b[SHOWN];
    fov_pickle_print(module.bytes, module.count, a, sizeof a);
    fov_pickle_print(name.bytes, name.count, b, sizeof b);
    if (is_whole_model(m, module))
        return fail(m, FOV_ERR_UNSUPPORTED,
                    "refuses to load %s.%s: the file holds a whole model with its classes; save model.state_dict() instead", a, b);
    return fail(m, FOV_ERR_UNSUPPORTED,
                "refuses to load %s.%s: a checkpoint of tensors does not need it; save model.state_dict() alone", a, b);
}

static fov_status push_global(machine *m, slice module, slice name)
{
    for (size_t i = 0; i < m->rules->n_allowed; i++) {
        const fov_pickle_global *g = &m->rules->allowed[i];
        if (slice_is(name, g->name) && slice_is(module, g->module))
            return push(m, (fov_pickle_value){.kind = FOV_PICKLE_GLOBAL, .global = g});
    }
    return refuse(m, module, name);
}

static bool take_line(fov_bytes *in, slice *line)
{
    const unsigned char *start = in->data + in->pos;
    size_t               left = fov_bytes_left(in);
    const unsigned char *end = memchr(start, '\n', left < MAX_LINE ? left : MAX_LINE);
    if (!end) return false;
    *line = (slice){start, (size_t)(end - start)};
    in->pos += line->count + 1;
    return true;
}

static fov_status run_global(machine *m, const opcode *self)
{
    slice module, name;
    (void)self;
    if (!take_line(m->in, &module) || !take_line(m->in, &name))
        return fail(m, FOV_ERR_FORMAT, "the name of a global does not end; the file is damaged");
    return push_global(m, module, name);
}

static fov_status run_stack_global(machine *m, const opcode *self)
{
    fov_status st = need(m, 2);
    (void)self;
    if (st) return st;
    const fov_pickle_value *module = &m->p->value[peek(m, 1)], *name = &m->p->value[peek(m, 0)];
    if (module->kind != FOV_PICKLE_STRING || name->kind != FOV_PICKLE_STRING)
        return fail(m, FOV_ERR_FORMAT, "a global is named by two strings, not by %s and %s", kind_name(module->kind),
                    kind_name(name->kind));
    m->n_stack -= 2;
    return push_global(m, (slice){module->bytes, module->count}, (slice){name->bytes, name->count});
}

/* OrderedDict() or, from Python 2, OrderedDict([[key, value], ..]). */
static fov_status call_dict(machine *m, uint32_t args)
{
    uint32_t    id = 0;
    fov_pickle *p = m->p;
    fov_status  st = new_value(m, (fov_pickle_value){.kind = FOV_PICKLE_DICT}, &id);
    if (st) return st;
    const fov_pickle_value *pairs = fov_pickle_item(p, &p->value[args], 0);
    uint32_t                cell = pairs && (pairs->kind == FOV_PICKLE_LIST || pairs->kind == FOV_PICKLE_TUPLE) ? pairs->first : 0;
    if (pairs && pairs->count && !cell) return fail(m, FOV_ERR_FORMAT, "makes a dict of %s", kind_name(pairs->kind));
    for (; cell && !st; cell = p->cell[cell].next) {
        fov_pickle_value pair = *fov_pickle_at(p, cell);
        if ((pair.kind != FOV_PICKLE_LIST && pair.kind != FOV_PICKLE_TUPLE) || pair.count != 2)
            return fail(m, FOV_ERR_FORMAT, "makes a dict of a list whose items are not pairs");
        st = link_item(m, id, p->cell[pair.first].value);
        if (!st) st = link_item(m, id, p->cell[pair.last].value);
    }
    return st ? st : push_id(m, id);
}

/* REDUCE and NEWOBJ: the arguments on top, what is called below. */
static fov_status run_call(machine *m, const opcode *self)
{
    fov_status st = need(m, 2);
    (void)self;
    if (st) return st;
    uint32_t         arguments = peek(m, 0);
    fov_pickle_value args = m->p->value[arguments], callee = m->p->value[peek(m, 1)];
    if (callee.kind != FOV_PICKLE_GLOBAL || args.kind != FOV_PICKLE_TUPLE)
        return fail(m, FOV_ERR_FORMAT, "calls %s with %s; the file is damaged", kind_name(callee.kind), kind_name(args.kind));
    m->n_stack -= 2;
    switch (callee.global->call) {
    case FOV_PICKLE_CALL_OBJECT:
        args.kind = FOV_PICKLE_OBJECT; /* shares the cells of the tuple, which nobody changes */
        args.global = callee.global;
        return push(m, args);
    case FOV_PICKLE_CALL_DICT:
        return call_dict(m, arguments);
    case FOV_PICKLE_CALL_ARGUMENT:
        if (args.count) return push_id(m, m->p->cell[args.first].value);
        return push(m, (fov_pickle_value){.kind = FOV_PICKLE_TUPLE});
    case FOV_PICKLE_CALL_NEVER:
        break;
    }
    return fail(m, FOV_ERR_UNSUPPORTED, "refuses to call %s.%s: a checkpoint of tensors does not need it", callee.global->module,
                callee.global->name);
}

/* Attributes of an object (a state_dict has _metadata): nothing that a checkpoint of tensors needs. */
static fov_status run_build(machine *m, const opcode *self)
{
    fov_status st = need(m, 2);
    (void)self;
    if (!st) m->n_stack--;
    return st;
}

static fov_status run_persistent(machine *m, const opcode *self)
{
    fov_status st = need(m, 1);
    (void)self;
    if (st) return st;
    fov_pickle_value id = m->p->value[peek(m, 0)];
    if (id.kind != FOV_PICKLE_TUPLE) return fail(m, FOV_ERR_FORMAT, "the id of a storage is a tuple, not %s", kind_name(id.kind));
    id.kind = FOV_PICKLE_PERSISTENT;
    m->n_stack--;
    return push(m, id);
}

/* ---- opcodes: framing */

static fov_status run_protocol(machine *m, const opcode *self)
{
    uint8_t version;
    (void)self;
    if (!fov_bytes_u8(m->in, &version)) return fail_end(m);
    if (version < 2 || version > 5)
        return fail(m, FOV_ERR_UNSUPPORTED, "pickle protocol %u, known are 2 to 5; save with torch.save()'s default", version);
    return FOV_OK;
}

static fov_status run_frame(machine *m, const opcode *self)
{
    uint64_t count;
    (void)self;
    if (!fov_bytes_le(m->in, 8, &count)) return fail_end(m);
    if (count <= fov_bytes_left(m->in)) return FOV_OK;
    return fail(m, FOV_ERR_FORMAT, "a frame of %llu bytes, %zu are left; the file is truncated or damaged",
                (unsigned long long)count, fov_bytes_left(m->in));
}

static fov_status run_stop(machine *m, const opcode *self)
{
    fov_status st = need(m, 1);
    (void)self;
    if (st) return st;
    if (m->n_stack != 1 || m->n_mark)
        return fail(m, FOV_ERR_FORMAT, "%u values are left at the end, one is the result; the file is damaged", m->n_stack);
    m->p->root = m->stack[0];
    m->stopped = true;
    return FOV_OK;
}

/* What torch.save() writes, with Python 2 and 3; names of Python's pickletools beside. */
static const opcode opcodes[256] = {
    [0x80] = {run_protocol, 1, 0},               /* PROTO           */
    [0x95] = {run_frame, 8, 0},                  /* FRAME           */
    ['.'] = {run_stop, 0, 0},                    /* STOP            */
    ['('] = {run_mark, 0, 0},                    /* MARK            */
    ['0'] = {run_pop, 0, 0},                     /* POP             */
    ['1'] = {run_pop_mark, 0, 0},                /* POP_MARK        */
    ['2'] = {run_dup, 0, 0},                     /* DUP             */
    ['q'] = {run_put, 1, 0},                     /* BINPUT          */
    ['r'] = {run_put, 4, 0},                     /* LONG_BINPUT     */
    [0x94] = {run_put, 0, 0},                    /* MEMOIZE         */
    ['h'] = {run_get, 1, 0},                     /* BINGET          */
    ['j'] = {run_get, 4, 0},                     /* LONG_BINGET     */
    ['N'] = {run_empty, 0, FOV_PICKLE_NONE},     /* NONE            */
    [')'] = {run_empty, 0, FOV_PICKLE_TUPLE},    /* EMPTY_TUPLE     */
    [']'] = {run_empty, 0, FOV_PICKLE_LIST},     /* EMPTY_LIST      */
    ['}'] = {run_empty, 0, FOV_PICKLE_DICT},     /* EMPTY_DICT      */
    [0x8f] = {run_empty, 0, FOV_PICKLE_SET},     /* EMPTY_SET       */
    [0x88] = {run_bool, 1, 0},                   /* NEWTRUE         */
    [0x89] = {run_bool, 0, 0},                   /* NEWFALSE        */
    ['K'] = {run_int, 1, 0},                     /* BININT1         */
    ['M'] = {run_int, 2, 0},                     /* BININT2         */
    ['J'] = {run_int, 4, 0},                     /* BININT          */
    [0x8a] = {run_long, 1, 0},                   /* LONG1           */
    [0x8b] = {run_long, 4, 0},                   /* LONG4           */
    ['G'] = {run_float, 8, 0},                   /* BINFLOAT        */
    ['X'] = {run_bytes, 4, FOV_PICKLE_STRING},   /* BINUNICODE      */
    [0x8c] = {run_bytes, 1, FOV_PICKLE_STRING},  /* SHORT_BINUNICODE */
    [0x8d] = {run_bytes, 8, FOV_PICKLE_STRING},  /* BINUNICODE8     */
    ['U'] = {run_bytes, 1, FOV_PICKLE_STRING},   /* SHORT_BINSTRING */
    ['T'] = {run_bytes, 4, FOV_PICKLE_STRING},   /* BINSTRING       */
    ['C'] = {run_bytes, 1, FOV_PICKLE_BYTES},    /* SHORT_BINBYTES  */
    ['B'] = {run_bytes, 4, FOV_PICKLE_BYTES},    /* BINBYTES        */
    [0x8e] = {run_bytes, 8, FOV_PICKLE_BYTES},   /* BINBYTES8       */
    [0x96] = {run_bytes, 8, FOV_PICKLE_BYTES},   /* BYTEARRAY8      */
    ['t'] = {run_collect, 0, FOV_PICKLE_TUPLE},  /* TUPLE           */
    ['l'] = {run_collect, 0, FOV_PICKLE_LIST},   /* LIST            */
    ['d'] = {run_collect, 0, FOV_PICKLE_DICT},   /* DICT            */
    [0x91] = {run_collect, 0, FOV_PICKLE_SET},   /* FROZENSET       */
    [0x85] = {run_tuple, 1, FOV_PICKLE_TUPLE},   /* TUPLE1          */
    [0x86] = {run_tuple, 2, FOV_PICKLE_TUPLE},   /* TUPLE2          */
    [0x87] = {run_tuple, 3, FOV_PICKLE_TUPLE},   /* TUPLE3          */
    ['a'] = {run_fill_some, 1, FOV_PICKLE_LIST}, /* APPEND          */
    ['e'] = {run_fill, 0, FOV_PICKLE_LIST},      /* APPENDS         */
    ['s'] = {run_fill_some, 2, FOV_PICKLE_DICT}, /* SETITEM         */
    ['u'] = {run_fill, 0, FOV_PICKLE_DICT},      /* SETITEMS        */
    [0x90] = {run_fill, 0, FOV_PICKLE_SET},      /* ADDITEMS        */
    ['c'] = {run_global, 0, 0},                  /* GLOBAL          */
    [0x93] = {run_stack_global, 2, 0},           /* STACK_GLOBAL    */
    ['R'] = {run_call, 2, 0},                    /* REDUCE          */
    [0x81] = {run_call, 2, 0},                   /* NEWOBJ          */
    ['b'] = {run_build, 2, 0},                   /* BUILD           */
    ['Q'] = {run_persistent, 1, 0},              /* BINPERSID       */
};

fov_status fov_pickle_load(fov_bytes *in, const fov_pickle_rules *rules, fov_pickle *out, fov_error *err)
{
    machine    m = {.in = in, .rules = rules, .p = out, .err = err};
    fov_status st = FOV_OK;

    *out = (fov_pickle){0};
    while (!st && !m.stopped) {
        uint8_t op;
        m.at = in->pos;
        if (!fov_bytes_u8(in, &op)) st = fail_end(&m);
        else if (!opcodes[op].run)
            st = fail(&m, FOV_ERR_FORMAT, "0x%02x is no opcode that torch.save() writes; the file is damaged", op);
        else st = opcodes[op].run(&m, &opcodes[op]);
    }
    fov_free(m.stack);
    fov_free(m.mark);
    fov_free(m.memo);
    return st;
}

void fov_pickle_clear(fov_pickle *pickle)
{
    fov_free(pickle->value);
    fov_free(pickle->cell);
    *pickle = (fov_pickle){0};
}

/* ---- looking */

const fov_pickle_value *fov_pickle_item(const fov_pickle *pickle, const fov_pickle_value *container, uint32_t n)
{
    if (container->kind < FOV_PICKLE_TUPLE || container->kind == FOV_PICKLE_GLOBAL || n >= container->count) return NULL;
    uint32_t cell = container->first;
    while (n--) cell = pickle->cell[cell].next;
    return fov_pickle_at(pickle, cell);
}

bool fov_pickle_is(const fov_pickle_value *value, const char *text)
{
    return value->kind == FOV_PICKLE_STRING && slice_is((slice){value->bytes, value->count}, text);
}

const fov_pickle_value *fov_pickle_find(const fov_pickle *pickle, const fov_pickle_value *dict, const char *key)
{
    const fov_pickle_value *found = NULL;
    if (dict->kind != FOV_PICKLE_DICT) return NULL;
    for (uint32_t cell = dict->first; cell;) {
        uint32_t value = pickle->cell[cell].next;
        if (fov_pickle_is(fov_pickle_at(pickle, cell), key)) found = fov_pickle_at(pickle, value);
        cell = pickle->cell[value].next;
    }
    return found;
}
