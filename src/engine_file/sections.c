// SPDX-License-Identifier: MIT
/* The outer form of an engine file: header, table of sections, sections. Nothing in a section is looked at before its checksum
 * fits. */
#include "engine_file/format.h"

#include <stdio.h>
#include <xxhash.h>

/* Features that a file of this release may require of its reader: none so far. */
#define KNOWN_FEATURES UINT64_C(0)

const char *fov_section_name(uint32_t section)
{
    static const char *const names[FOV_SECTION_END] = {NULL, "meta", "graph", "tensors", "scales", "certificate", "golden"};
    return section && section < FOV_SECTION_END ? names[section] : "unknown";
}

/* ---------------------------------------------------------------- reading */

typedef struct header {
    uint64_t checksum;
    uint64_t version, count, required, optional, size;
    uint64_t needs[3];
} header;

typedef struct entry {
    uint64_t section, flags, offset, size, checksum;
} entry;

static fov_status fail_damaged(const char *name, const char *what, fov_error *err)
{
    return fov_fail(err, FOV_ERR_FORMAT, "%s: %s: the file is damaged; copy or build it again", name, what);
}

static void read_header(fov_bytes *in, header *h)
{
    uint64_t zero;
    in->pos = FOV_FILE_MAGIC_BYTES;
    fov_bytes_le(in, 8, &h->checksum);
    fov_bytes_le(in, 4, &h->version);
    fov_bytes_le(in, 4, &h->count);
    fov_bytes_le(in, 8, &h->required);
    fov_bytes_le(in, 8, &h->optional);
    fov_bytes_le(in, 8, &h->size);
    for (int i = 0; i < 3; i++) fov_bytes_le(in, 2, &h->needs[i]);
    fov_bytes_le(in, 2, &zero);
    fov_bytes_le(in, 8, &zero);
}

static void read_entry(fov_bytes *in, entry *e)
{
    fov_bytes_le(in, 4, &e->section);
    fov_bytes_le(in, 4, &e->flags);
    fov_bytes_le(in, 8, &e->offset);
    fov_bytes_le(in, 8, &e->size);
    fov_bytes_le(in, 8, &e->checksum);
}

static fov_status fail_newer(const header *h, const char *name, const char *what, fov_error *err)
{
    return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: %s, which Fovea %s does not know; Fovea %u.%u.%u or newer reads it", name, what,
                    fov_version(), (unsigned)h->needs[0], (unsigned)h->needs[1], (unsigned)h->needs[2]);
}

/* Where the header stands and how it is summed is the same in every version: an older reader can tell what it needs. */
static fov_status check_header(const header *h, const fov_bytes *in, const char *name, fov_error *err)
{
    char what[96];
    if (h->size != in->size)
        return fov_fail(err, FOV_ERR_FORMAT,
                        "%s: has %zu bytes, its header says %llu: it was cut or changed; copy or build it again", name, in->size,
                        (unsigned long long)h->size);
    if (h->count > FOV_FILE_MAX_SECTIONS || h->count * FOV_FILE_ENTRY_BYTES > in->size - FOV_FILE_HEADER_BYTES)
        return fail_damaged(name, "the table of sections does not fit", err);
    const size_t summed = FOV_FILE_HEADER_BYTES + (size_t)h->count * FOV_FILE_ENTRY_BYTES - FOV_FILE_SUMMED_FROM;
    if (XXH3_64bits(in->data + FOV_FILE_SUMMED_FROM, summed) != h->checksum)
        return fail_damaged(name, "the header's checksum does not fit", err);
    snprintf(what, sizeof what, "is an engine file of version %llu", (unsigned long long)h->version);
    if (h->version != FOV_FILE_VERSION) return fail_newer(h, name, what, err);
    snprintf(what, sizeof what, "needs feature 0x%llx", (unsigned long long)(h->required & ~KNOWN_FEATURES));
    return h->required & ~KNOWN_FEATURES ? fail_newer(h, name, what, err) : FOV_OK;
}

/* Padding is zeros, so that every byte of a file is vouched for. */
static bool is_padding(const fov_bytes *in, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++)
        if (in->data[i]) return false;
    return true;
}

/* @param end of what came before; moved on to the end of this section */
static fov_status check_entry(const entry *e, const fov_bytes *in, const char *name, uint64_t *end, fov_error *err)
{
    const char *section = fov_section_name((uint32_t)e->section);
    if (e->offset < *end || e->offset % FOV_FILE_ALIGN || e->offset > in->size || e->size > in->size - e->offset)
        return fov_fail(err, FOV_ERR_FORMAT,
                        "%s: section '%s' of %llu bytes at %llu: overlaps another, or is not in the file of %zu bytes", name,
                        section, (unsigned long long)e->size, (unsigned long long)e->offset, in->size);
    if (!is_padding(in, *end, e->offset)) return fail_damaged(name, "bytes between its sections are not 0", err);
    if (XXH3_64bits(in->data + e->offset, (size_t)e->size) != e->checksum)
        return fov_fail(err, FOV_ERR_FORMAT,
                        "%s: section '%s': the checksum does not fit: the file is damaged; copy or build it again", name, section);
    *end = e->offset + e->size;
    return FOV_OK;
}

static fov_status keep_section(const entry *e, const fov_bytes *in, const header *h, const char *name, fov_sections *out,
                               fov_error *err)
{
    char what[64];
    snprintf(what, sizeof what, "has a section of kind %u", (unsigned)e->section);
    if (!e->section || e->section >= FOV_SECTION_END)
        return e->flags & FOV_FILE_ENTRY_REQUIRED ? fail_newer(h, name, what, err) : FOV_OK;
    if (out->of[e->section].data)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: section '%s' is there twice", name, fov_section_name((uint32_t)e->section));
    out->of[e->section] = (fov_bytes){in->data + e->offset, (size_t)e->size, 0};
    return FOV_OK;
}

fov_status fov_sections_read(const void *data, size_t size, const char *name, fov_sections *out, fov_error *err)
{
    fov_bytes  in = {data, size, 0};
    header     h = {0};
    fov_status st;

    *out = (fov_sections){0};
    if (size < FOV_FILE_HEADER_BYTES || memcmp(data, FOV_FILE_MAGIC, FOV_FILE_MAGIC_BYTES) != 0)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: is no engine file, or was cut to %zu bytes", name, size);
    read_header(&in, &h);
    if ((st = check_header(&h, &in, name, err))) return st;
    uint64_t end = FOV_FILE_HEADER_BYTES + h.count * FOV_FILE_ENTRY_BYTES;
    for (uint64_t i = 0; i < h.count && !st; i++) {
        entry e = {0};
        read_entry(&in, &e);
        st = check_entry(&e, &in, name, &end, err);
        if (!st) st = keep_section(&e, &in, &h, name, out, err);
    }
    if (!st && end != size) st = fail_damaged(name, "bytes follow its last section", err);
    for (fov_section s = FOV_SECTION_META; s <= FOV_SECTION_SCALES && !st; s++)
        if (!out->of[s].data) st = fov_fail(err, FOV_ERR_FORMAT, "%s: section '%s' is missing", name, fov_section_name(s));
    return st;
}

/* ---------------------------------------------------------------- writing */

static uint64_t round_up(uint64_t bytes)
{
    return (bytes + FOV_FILE_ALIGN - 1) / FOV_FILE_ALIGN * FOV_FILE_ALIGN;
}

static bool is_optional(fov_section section)
{
    return section >= FOV_SECTION_CERTIFICATE;
}

static bool is_written(const fov_text content[FOV_SECTION_END], fov_section section)
{
    return content[section].size || !is_optional(section);
}

/* Everything from FOV_FILE_SUMMED_FROM to the end of the table. */
static void put_summed(const fov_text content[FOV_SECTION_END], fov_text *text)
{
    uint64_t count = 0, offset, size;
    for (fov_section s = FOV_SECTION_META; s < FOV_SECTION_END; s++) count += is_written(content, s);
    size = offset = FOV_FILE_HEADER_BYTES + count * FOV_FILE_ENTRY_BYTES;
    for (fov_section s = FOV_SECTION_META; s < FOV_SECTION_END; s++)
        if (is_written(content, s)) size = round_up(size) + content[s].size;
    fov_put_le(text, 4, FOV_FILE_VERSION);
    fov_put_le(text, 4, count);
    fov_put_le(text, 8, 0);
    fov_put_le(text, 8, 0);
    fov_put_le(text, 8, size);
    fov_put_le(text, 2, FOV_FILE_NEEDS_MAJOR);
    fov_put_le(text, 2, FOV_FILE_NEEDS_MINOR);
    fov_put_le(text, 2, FOV_FILE_NEEDS_PATCH);
    fov_put_le(text, 2, 0);
    fov_put_le(text, 8, 0);
    for (fov_section s = FOV_SECTION_META; s < FOV_SECTION_END; s++) {
        if (!is_written(content, s)) continue;
        offset = round_up(offset);
        fov_put_le(text, 4, s);
        fov_put_le(text, 4, is_optional(s) ? 0 : FOV_FILE_ENTRY_REQUIRED);
        fov_put_le(text, 8, offset);
        fov_put_le(text, 8, content[s].size);
        fov_put_le(text, 8, XXH3_64bits(content[s].data ? content[s].data : "", content[s].size));
        offset += content[s].size;
    }
}

void fov_sections_write(const fov_text content[FOV_SECTION_END], fov_text *file)
{
    fov_text summed = {0};
    put_summed(content, &summed);
    if (summed.failed) file->failed = true;
    else {
        fov_text_add(file, FOV_FILE_MAGIC, FOV_FILE_MAGIC_BYTES);
        fov_put_le(file, 8, XXH3_64bits(summed.data, summed.size));
        fov_text_add(file, summed.data, summed.size);
    }
    for (fov_section s = FOV_SECTION_META; s < FOV_SECTION_END; s++) {
        if (!is_written(content, s)) continue;
        fov_put_padding(file);
        fov_text_add(file, content[s].data ? content[s].data : "", content[s].size);
        if (content[s].failed) file->failed = true;
    }
    fov_text_clear(&summed);
}
