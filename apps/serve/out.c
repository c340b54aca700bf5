// SPDX-License-Identifier: MIT
#include "out.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- room */

static size_t counted(const srv_out *out, size_t capacity)
{
    return out->budget && capacity > SRV_OUT_OWN_BYTES ? capacity : 0;
}

static void give_back(srv_out *out)
{
    if (out->taken) srv_budget_give_back(out->budget, out->taken);
    out->taken = 0;
}

static bool take(srv_out *out, size_t bytes)
{
    out->no_room = bytes > out->taken && !srv_budget_take(out->budget, bytes - out->taken);
    if (!out->no_room && bytes > out->taken) out->taken = bytes;
    return !out->no_room;
}

static bool reserve(srv_out *out, size_t needed)
{
    if (needed <= out->capacity) return true;
    const size_t more = out->capacity + out->capacity / 2, capacity = needed > more ? needed : more;
    char        *data = take(out, counted(out, capacity)) ? realloc(out->data, capacity) : NULL;
    if (!data) return false;
    out->data = data;
    out->capacity = capacity;
    return true;
}

/* Bytes that only growing took. */
static void trim(srv_out *out)
{
    char *data = out->bytes ? realloc(out->data, out->bytes) : NULL;
    if (!data) return;
    out->data = data;
    out->capacity = out->bytes;
    const size_t kept = counted(out, out->capacity);
    if (kept < out->taken) srv_budget_give_back(out->budget, out->taken - kept);
    if (kept < out->taken) out->taken = kept;
}

/* ---------------------------------------------------------------- the stream */

/* Not open_memstream(), which knows no limit, and whose fclose() says in glibc that all is well where there was no memory. */
static ssize_t put(void *user, const char *data, size_t bytes)
{
    srv_out *out = user;
    if (out->no_room || !reserve(out, out->bytes + bytes)) return 0;
    memcpy(out->data + out->bytes, data, bytes);
    out->bytes += bytes;
    return (ssize_t)bytes;
}

bool srv_out_begin(srv_out *out, srv_budget *budget)
{
    *out = (srv_out){.budget = budget};
    out->file = fopencookie(out, "w", (cookie_io_functions_t){.write = put});
    return out->file != NULL;
}

size_t srv_out_bytes(srv_out *out)
{
    fflush(out->file);
    return out->bytes;
}

bool srv_out_end(srv_out *out)
{
    const bool failed = fflush(out->file) || ferror(out->file);
    fclose(out->file);
    out->file = NULL;
    if (failed) srv_out_drop(out);
    else trim(out);
    return !failed;
}

void srv_out_drop(srv_out *out)
{
    if (out->file) fclose(out->file);
    free(out->data);
    give_back(out);
    out->file = NULL;
    out->data = NULL;
    out->bytes = out->capacity = 0;
}
