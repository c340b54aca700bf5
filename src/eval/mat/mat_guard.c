// SPDX-License-Identifier: MIT
/* "MAT-File Level 5": a header, then elements, of a type, a size, and bytes up to a multiple of eight. A matrix is an element whose
 * bytes are elements: its class, its dimensions, its name, and its numbers, or the matrices that are its cells. */
#include "eval/mat/mat_guard.h"

#include "base/alloc.h"

#include <string.h>
#include <zlib.h>

enum { HEADER_BYTES = 128, VERSION_AT = 124, ORDER_AT = 126, VERSION_5 = 0x0100 };
enum { TYPE_MATRIX = 14, TYPE_COMPRESSED = 15, CLASS_CELL = 1, CLASS_TEXT = 4, CLASS_FIRST_NUMBER = 6, CLASS_LAST_NUMBER = 15 };
enum { MAX_DEPTH = 8, FREE_BYTES = 64 << 20, BYTES_PER_BYTE = 16 };
/* What libmatio takes for a matrix, its numbers aside; for a number, which may be complex; and for a cell, the matrix in it aside.
 */
enum { MATRIX_COST = 512, NUMBER_COST = 16, CELL_COST = 8 };

typedef struct guard {
    const char *path;
    bool        swapped; /* written by a machine of the other byte order */
    size_t      budget;  /* bytes that may still be allocated */
    fov_error  *err;
} guard;

typedef struct part {
    const unsigned char *at;
    size_t               left;
} part;

static fov_status check_matrix(guard *g, part body, int depth);

static fov_status damaged(const guard *g)
{
    return fov_fail(g->err, FOV_ERR_FORMAT, "%s: its parts do not fit into each other; the file is damaged", g->path);
}

static fov_status spend(guard *g, size_t count, size_t each)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, each, &bytes) || bytes > g->budget)
        return fov_fail(g->err, FOV_ERR_LIMIT, "%s: would take more memory than 64 MiB and %d times its bytes", g->path,
                        BYTES_PER_BYTE);
    g->budget -= bytes;
    return FOV_OK;
}

static uint32_t read_u32(const guard *g, const unsigned char *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return g->swapped ? __builtin_bswap32(word) : word;
}

/* @return false: there is no whole one */
static bool take_element(const guard *g, part *from, uint32_t *type, part *body)
{
    if (from->left < 8) return false;
    const uint32_t word = read_u32(g, from->at);
    const size_t   head = word >> 16 ? 4 : 8; /* of few bytes, an element has its size beside its type */
    const size_t   size = head == 4 ? word >> 16 : read_u32(g, from->at + 4);
    if (head == 4 ? size > 4 : size > from->left - 8) return false;
    *type = head == 4 ? word & 0xffff : word;
    *body = (part){from->at + head, size};
    size_t whole = head == 4 ? 8 : 8 + (size + 7) / 8 * 8;
    if (whole > from->left) whole = from->left;
    *from = (part){from->at + whole, from->left - whole};
    return true;
}

/* @return the product of the dimensions; SIZE_MAX: there is none */
static size_t count_of(const guard *g, part dimensions)
{
    size_t count = dimensions.left >= 8 && dimensions.left % 4 == 0 ? 1 : SIZE_MAX;
    for (size_t i = 0; i + 4 <= dimensions.left; i += 4)
        if (__builtin_mul_overflow(count, (size_t)read_u32(g, dimensions.at + i), &count)) return SIZE_MAX;
    return count;
}

static fov_status check_cells(guard *g, part cells, size_t count, int depth)
{
    fov_status st = spend(g, count, CELL_COST);
    uint32_t   type;
    part       body;
    for (; !st && count; count--) {
        if (!take_element(g, &cells, &type, &body) || type != TYPE_MATRIX) return damaged(g);
        st = check_matrix(g, body, depth + 1);
    }
    return st || !cells.left ? st : damaged(g);
}

static fov_status check_numbers(guard *g, part numbers, size_t count)
{
    fov_status st = spend(g, count, NUMBER_COST);
    uint32_t   type;
    part       body;
    while (!st && numbers.left)
        if (!take_element(g, &numbers, &type, &body) || type == TYPE_MATRIX || type == TYPE_COMPRESSED) return damaged(g);
    return st;
}

static fov_status check_matrix(guard *g, part body, int depth)
{
    uint32_t   type;
    part       flags, dimensions, name;
    fov_status st = spend(g, 1, MATRIX_COST);
    if (st || !body.left) return st; /* a cell without anything in it */
    if (depth > MAX_DEPTH || !take_element(g, &body, &type, &flags) || flags.left != 8 ||
        !take_element(g, &body, &type, &dimensions) || !take_element(g, &body, &type, &name))
        return damaged(g);
    const uint32_t class = read_u32(g, flags.at) & 0xff;
    const size_t count = count_of(g, dimensions);
    if ((st = spend(g, dimensions.left + name.left, 2))) return st;
    if (class == CLASS_CELL) return check_cells(g, body, count, depth);
    if (class == CLASS_TEXT || (class >= CLASS_FIRST_NUMBER && class <= CLASS_LAST_NUMBER)) return check_numbers(g, body, count);
    return fov_fail(g->err, FOV_ERR_UNSUPPORTED, "%s: has a value of class %u, where numbers, text and cells of them are expected",
                    g->path, class);
}

/* @return false: that is not what it unpacks to */
static bool unpack(part packed, unsigned char *to, size_t bytes)
{
    z_stream z = {.next_in = (unsigned char *)packed.at, .avail_in = (uInt)packed.left, .next_out = to, .avail_out = (uInt)bytes};
    if (inflateInit(&z) != Z_OK) return false;
    const int end = inflate(&z, Z_SYNC_FLUSH);
    inflateEnd(&z);
    return (end == Z_OK || end == Z_STREAM_END) && !z.avail_out;
}

/* One matrix, which says first how many bytes it has. */
static fov_status check_compressed(guard *g, part packed)
{
    unsigned char head[8];
    part          body;
    uint32_t      type;
    if (!unpack(packed, head, sizeof head) || read_u32(g, head) != TYPE_MATRIX) return damaged(g);
    const size_t bytes = sizeof head + read_u32(g, head + 4);
    fov_status   st = spend(g, bytes, 1);
    if (st) return st;
    unsigned char *whole = fov_alloc(bytes);
    if (!whole) return fov_fail_memory(g->err, g->path);
    part element = {whole, bytes};
    st = unpack(packed, whole, bytes) && take_element(g, &element, &type, &body) ? check_matrix(g, body, 1) : damaged(g);
    fov_free(whole);
    return st;
}

/* Compressed elements alone do not end at a multiple of eight. */
static fov_status check_elements(guard *g, part file)
{
    fov_status st = FOV_OK;
    while (!st && file.left) {
        part     from = file, body;
        uint32_t type;
        if (!take_element(g, &from, &type, &body)) return damaged(g);
        if (type == TYPE_COMPRESSED) from = (part){body.at + body.left, file.left - 8 - body.left};
        st = type == TYPE_COMPRESSED ? check_compressed(g, body) : type == TYPE_MATRIX ? check_matrix(g, body, 1) : damaged(g);
        file = from;
    }
    return st;
}

static fov_status check_file(guard *g, const fov_buffer *file)
{
    static const char here[2] = {'I', 'M'}, other[2] = {'M', 'I'};
    if (file->size < HEADER_BYTES) return damaged(g);
    g->swapped = !memcmp(file->data + ORDER_AT, other, 2);
    if (!g->swapped && memcmp(file->data + ORDER_AT, here, 2) != 0) return damaged(g);
    const int first = file->data[VERSION_AT + (g->swapped ? 0 : 1)], second = file->data[VERSION_AT + (g->swapped ? 1 : 0)];
    const int version = first << 8 | second;
    if (version != VERSION_5)
        return fov_fail(g->err, FOV_ERR_UNSUPPORTED, "%s: a MATLAB file of another version than 5 to 7; save it with -v7", g->path);
    return check_elements(g, (part){file->data + HEADER_BYTES, file->size - HEADER_BYTES});
}

fov_status fov_mat_guard(const char *path, const fov_buffer *file, fov_error *err)
{
    guard g = {.path = path, .budget = FREE_BYTES + BYTES_PER_BYTE * file->size, .err = err};
    return check_file(&g, file);
}
