// SPDX-License-Identifier: MIT
#include "multipart.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 1 << 16 };

bool srv_is_multipart(const srv_request *r)
{
    static const char type[] = MHD_HTTP_POST_ENCODING_MULTIPART_FORMDATA;
    return !strncasecmp(srv_request_header(r, MHD_HTTP_HEADER_CONTENT_TYPE), type, sizeof type - 1);
}

void srv_parts_free(void *user)
{
    srv_parts *p = user;
    if (!p) return;
    for (size_t i = 0; i < p->count; i++) {
        free(p->part[i].file);
        free(p->part[i].data);
    }
    free(p->part);
    free(p);
}

static srv_part *part_new(srv_parts *p, const char *file)
{
    if (p->count == p->most) {
        p->too_many = true;
        return NULL;
    }
    srv_part *more = realloc(p->part, (p->count + 1) * sizeof *more);
    if (more) {
        p->part = more;
        more[p->count] = (srv_part){.file = strdup(file)};
    }
    p->no_memory = !more || !more[p->count].file;
    return p->no_memory ? NULL : more + p->count++;
}

static bool part_add(srv_part *part, const char *data, size_t bytes)
{
    if (part->bytes + bytes > part->capacity) {
        const size_t   capacity = 2 * part->capacity > part->bytes + bytes ? 2 * part->capacity : part->bytes + bytes;
        unsigned char *more = realloc(part->data, capacity);
        if (!more) return false;
        part->data = more;
        part->capacity = capacity;
    }
    if (bytes) memcpy(part->data + part->bytes, data, bytes);
    part->bytes += bytes;
    return true;
}

/* A part begins at offset 0. */
static enum MHD_Result on_data(void *user, enum MHD_ValueKind kind, const char *key, const char *file, const char *type,
                               const char *encoding, const char *data, uint64_t offset, size_t bytes)
{
    srv_parts *p = user;
    (void)kind;
    (void)key;
    (void)type;
    (void)encoding;
    if (!file) return MHD_YES;
    srv_part *part = offset == 0 ? part_new(p, file) : p->count ? p->part + p->count - 1 : NULL;
    if (part && part_add(part, data, bytes)) return MHD_YES;
    if (part) p->no_memory = true;
    return MHD_NO;
}

/* Also ends with what is buffered, which a body that is cut off leaves. */
static bool process(srv_request *r, srv_parts *p)
{
    struct MHD_PostProcessor *processor = srv_http.MHD_create_post_processor(r->connection, PIECE_BYTES, on_data, p);
    if (!processor) return false;
    bool good = srv_http.MHD_post_process(processor, (const char *)r->body.data, r->body.bytes) == MHD_YES;
    return srv_http.MHD_destroy_post_processor(processor) == MHD_YES && good;
}

srv_reply srv_multipart_read(srv_request *r, size_t most, srv_parts **parts)
{
    srv_parts *p = *parts = calloc(1, sizeof *p);
    if (!p) return srv_reply_error(MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory");
    p->most = most;
    const bool good = process(r, p);
    srv_body_drop(&r->body);
    if (p->no_memory) return srv_reply_error(MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory");
    if (p->too_many)
        return srv_reply_error(MHD_HTTP_CONTENT_TOO_LARGE,
                               "more than %zu photos, which is what this server takes at a time: send fewer", most);
    if (!good)
        return srv_reply_error(MHD_HTTP_BAD_REQUEST, "the body is not the multipart/form-data that its Content-Type tells: is the "
                                                     "boundary right, and all of it here?");
    if (!p->count)
        return srv_reply_error(MHD_HTTP_BAD_REQUEST,
                               "the form has no file: send each photo as one, as curl -F photo=@face.jpg does");
    return (srv_reply){0};
}
