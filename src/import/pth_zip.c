// SPDX-License-Identifier: MIT
/* The zip form of torch.save(): NAME/data.pkl, NAME/data/KEY for each storage, NAME/byteorder; NAME is any folder. */
#include "import/pth.h"

#include "base/alloc.h"
#include "base/file.h"
#include "import/pth_tensors.h"

#include <string.h>
#include <unzip.h>

enum {
    MAX_NAME = 512,
    MAX_RATIO = 1100, /* deflate makes at most 1032 bytes of one */
    MAX_CHUNK = 1 << 30,
    MAX_PICKLE = 64 << 20 /* bytes; it has some 200 for each tensor, and the tensors' numbers lie elsewhere */
};

/* ---- minizip reads the file from memory. It takes the end of a file for success unless it is told of an error. */

typedef struct stream {
    fov_bytes bytes;
    bool      ended; /* more was asked for than there is */
} stream;

static voidpf ZCALLBACK io_open(voidpf opaque, const void *name, int mode)
{
    (void)name;
    (void)mode;
    return opaque;
}

static uLong ZCALLBACK io_read(voidpf opaque, voidpf handle, void *buffer, uLong size)
{
    stream *in = opaque;
    size_t  left = fov_bytes_left(&in->bytes), count = size < left ? size : left;
    (void)handle;
    if (count < size) in->ended = true;
    const unsigned char *from = fov_bytes_take(&in->bytes, count);
    if (from) memcpy(buffer, from, count);
    return count;
}

static uLong ZCALLBACK io_write(voidpf opaque, voidpf handle, const void *buffer, uLong size)
{
    (void)opaque;
    (void)handle;
    (void)buffer;
    (void)size;
    return 0;
}

static ZPOS64_T ZCALLBACK io_tell(voidpf opaque, voidpf handle)
{
    (void)handle;
    return ((const stream *)opaque)->bytes.pos;
}

static long ZCALLBACK io_seek(voidpf opaque, voidpf handle, ZPOS64_T offset, int origin)
{
    fov_bytes *in = &((stream *)opaque)->bytes;
    size_t     base = origin == ZLIB_FILEFUNC_SEEK_CUR ? in->pos : origin == ZLIB_FILEFUNC_SEEK_END ? in->size : 0;
    (void)handle;
    if (offset > in->size - base) return -1;
    in->pos = base + (size_t)offset;
    return 0;
}

static int ZCALLBACK io_close(voidpf opaque, voidpf handle)
{
    (void)opaque;
    (void)handle;
    return 0;
}

static int ZCALLBACK io_error(voidpf opaque, voidpf handle)
{
    (void)handle;
    return ((const stream *)opaque)->ended;
}

/* ---- members */

typedef struct archive {
    const fov_source *source;
    stream            stream;
    unzFile           zip;
    char              folder[MAX_NAME]; /* "NAME/", or "" */
    fov_buffer        pickle;
} archive;

typedef struct member {
    char   name[MAX_NAME];
    size_t packed, size;
    uLong  method, flags;
} member;

static fov_status fail_directory(const archive *a, fov_error *err)
{
    return fov_fail(err, FOV_ERR_FORMAT, "%s: the zip archive's directory is damaged", a->source->name);
}

/* The member that the archive stands at. A name too long to be PyTorch's comes out as "". */
static fov_status look(const archive *a, member *m, fov_error *err)
{
    unz_file_info64 info;
    if (unzGetCurrentFileInfo64(a->zip, &info, m->name, sizeof m->name, NULL, 0, NULL, 0) != UNZ_OK) return fail_directory(a, err);
    if (info.size_filename >= sizeof m->name) m->name[0] = '\0';
    m->packed = info.compressed_size;
    m->size = info.uncompressed_size;
    m->method = info.compression_method;
    m->flags = info.flag;
    return FOV_OK;
}

/* Refuse before allocating what the archive cannot hold. */
static fov_status check_member(const archive *a, const member *m, fov_error *err)
{
    const char *file = a->source->name;
    if (m->flags & 1U)
        return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: %s is encrypted; PyTorch writes plain archives", file, m->name);
    if (m->method != 0 && m->method != Z_DEFLATED)
        return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: %s is packed by method %lu, known are stored (0) and deflate (8)", file,
                        m->name, m->method);
    if (m->packed > a->source->size)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: %s takes %zu bytes, the file has %zu; it is truncated or damaged", file, m->name,
                        m->packed, a->source->size);
    if (m->size > m->packed * (m->method ? MAX_RATIO : 1) + (m->method ? MAX_RATIO : 0))
        return fov_fail(err, FOV_ERR_FORMAT, "%s: %s cannot unpack %zu bytes to %zu; the file is damaged", file, m->name, m->packed,
                        m->size);
    return FOV_OK;
}

/* The whole member into `data` of m->size bytes; its checksum is verified. */
static fov_status read_member(const archive *a, const member *m, unsigned char *data, fov_error *err)
{
    size_t done = 0;
    int    got = 0, closed;
    if (unzOpenCurrentFile(a->zip) != UNZ_OK)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: the header of %s is damaged", a->source->name, m->name);
    while (done < m->size) {
        size_t left = m->size - done;
        got = unzReadCurrentFile(a->zip, data + done, (unsigned)(left < MAX_CHUNK ? left : MAX_CHUNK));
        if (got <= 0) break;
        done += (size_t)got;
    }
    closed = unzCloseCurrentFile(a->zip);
    if (done < m->size)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: %s breaks off after %zu of %zu bytes; the file is truncated or damaged",
                        a->source->name, m->name, done, m->size);
    if (closed == UNZ_CRCERROR)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: the checksum of %s is wrong; the file is damaged", a->source->name, m->name);
    return FOV_OK;
}

/* ---- what is in the archive */

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && !strcmp(text + a - b, end);
}

/* NAME/data.pkl with one folder at most: deeper ones belong to something else. */
static bool is_main_pickle(const char *name)
{
    const char *slash = strchr(name, '/');
    return !strcmp(slash ? slash + 1 : name, "data.pkl");
}

static fov_status read_pickle(archive *a, const member *m, fov_error *err)
{
    fov_status st = check_member(a, m, err);
    if (st) return st;
    if (m->size > MAX_PICKLE)
        return fov_fail(err, FOV_ERR_LIMIT, "%s: %s unpacks to %zu bytes, the limit is %d; save model.state_dict() alone",
                        a->source->name, m->name, m->size, MAX_PICKLE);
    if (!(a->pickle.data = fov_alloc(m->size))) return fov_fail_memory(err, m->name);
    a->pickle.size = m->size;
    size_t folder = strlen(m->name) - strlen("data.pkl");
    memcpy(a->folder, m->name, folder);
    a->folder[folder] = '\0';
    return read_member(a, m, a->pickle.data, err);
}

static fov_status check_byte_order(const archive *a, const member *m, fov_error *err)
{
    unsigned char text[16];
    fov_status    st = check_member(a, m, err);
    if (st) return st;
    if (m->size <= sizeof text && (st = read_member(a, m, text, err))) return st;
    if (m->size == strlen("little") && !memcmp(text, "little", m->size)) return FOV_OK;
    return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: written on a big-endian machine; load it with torch.load() and save it again",
                    a->source->name);
}

/* Call `visit` for every member; minizip never says more of them than the end record does. */
static fov_status each_member(archive *a, fov_pth *pth, fov_status (*visit)(archive *, const member *, fov_pth *, fov_error *),
                              fov_error *err)
{
    int at = unzGoToFirstFile(a->zip);
    for (; at == UNZ_OK; at = unzGoToNextFile(a->zip)) {
        member     m;
        fov_status st = look(a, &m, err);
        if (!st) st = visit(a, &m, pth, err);
        if (st) return st;
    }
    return at == UNZ_END_OF_LIST_OF_FILE ? FOV_OK : fail_directory(a, err);
}

static fov_status visit_header(archive *a, const member *m, fov_pth *pth, fov_error *err)
{
    (void)pth;
    if (!a->pickle.data && is_main_pickle(m->name)) return read_pickle(a, m, err);
    if (ends_with(m->name, "/byteorder")) return check_byte_order(a, m, err);
    if (ends_with(m->name, "/constants.pkl"))
        return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: a TorchScript program (%s); save model.state_dict() instead",
                        a->source->name, m->name);
    return FOV_OK;
}

static fov_status visit_storage(archive *a, const member *m, fov_pth *pth, fov_error *err)
{
    size_t folder = strlen(a->folder);
    if (strncmp(m->name, a->folder, folder) || strncmp(m->name + folder, "data/", 5)) return FOV_OK;
    const char      *key = m->name + folder + 5;
    fov_pth_storage *s = fov_pth_find_storage(pth, key, strlen(key));
    if (!s || !s->first_view) return FOV_OK;

    fov_status st = check_member(a, m, err);
    if (st) return st;
    if (m->size != fov_pth_storage_bytes(s))
        return fov_fail(err, FOV_ERR_FORMAT, "%s: %s has %zu bytes, its %zu elements of %s take %zu; the file is damaged",
                        a->source->name, m->name, m->size, s->count, s->dtype->name, fov_pth_storage_bytes(s));
    if ((st = fov_pth_spend(pth, m->size, m->name, err))) return st;
    unsigned char *data = fov_alloc(m->size);
    if (!data) return fov_fail_memory(err, m->name);
    st = read_member(a, m, data, err);
    if (!st) st = fov_pth_fill(pth, s, data, err);
    fov_free(data);
    return st;
}

static fov_status open_archive(archive *a, fov_error *err)
{
    zlib_filefunc64_def io = {io_open, io_read, io_write, io_tell, io_seek, io_close, io_error, &a->stream};
    a->zip = unzOpen2_64(a->source->name, &io);
    if (a->zip) return FOV_OK;
    return fov_fail(err, FOV_ERR_FORMAT, "%s: no zip directory at the end of its %zu bytes; the file is truncated or damaged",
                    a->source->name, a->source->size);
}

fov_status fov_pth_load_zip(const fov_source *source, fov_weights *weights, fov_error *err)
{
    archive    a = {.source = source, .stream = {.bytes = {source->data, source->size, 0}}};
    fov_pth    pth = {0};
    fov_status st;

    if ((st = open_archive(&a, err))) return st;
    if ((st = each_member(&a, NULL, visit_header, err))) goto done;
    if (!a.pickle.data) {
        st = fov_fail(err, FOV_ERR_FORMAT, "%s: a zip archive without data.pkl is no PyTorch checkpoint", source->name);
        goto done;
    }
    fov_bytes in = {a.pickle.data, a.pickle.size, 0};
    if ((st = fov_pth_read(source, &in, "data.pkl ", &pth, err))) goto done;
    if ((st = each_member(&a, &pth, visit_storage, err))) goto done;
    st = fov_pth_give(&pth, weights, err);
done:
    fov_pth_clear(&pth);
    fov_buffer_clear(&a.pickle);
    unzClose(a.zip);
    return st;
}
