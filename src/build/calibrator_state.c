// SPDX-License-Identifier: MIT
/* The state of a calibrator as a file, so that a run goes on where it stopped. Little-endian:
 *
 *     "FOVCALST"  u32 version  16 bytes: digest of model and options
 *     u64 photos, each 16 bytes: digest, ascending
 *     u32 tensors, each
 *         u32 length, name   u32 channels   u64 zeros   u64 pixels   f32 lowest, f32 highest   i32 exponent
 *         for each channel: f32 lo, f32 hi, 128-bit sum
 *         u32 first, u32 end: the bins that are not all empty, each count in 7-bit groups, the last without its high bit
 *     u64 XXH3 of all before
 *
 * It holds nothing that depends on the order of photos, threads or time. */
#include "build/calibrator.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/half.h"
#include "base/text.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

static const char magic[8] = {'F', 'O', 'V', 'C', 'A', 'L', 'S', 'T'};

enum { VERSION = 1, CHECKSUM_BYTES = 8, DIGEST_BYTES = sizeof(fov_digest) };

#define MAX_STATE_BYTES ((size_t)1 << 30)

/* ---------------------------------------------------------------- writing */

static void put(fov_text *out, uint64_t v, int bytes)
{
    unsigned char le[8];
    for (int i = 0; i < bytes; i++) le[i] = (unsigned char)(v >> (8 * i));
    fov_text_add(out, le, (size_t)bytes);
}

static void put_float(fov_text *out, float x)
{
    put(out, fov_bits_from_float(x), 4);
}

static void put_bins(fov_text *out, const uint64_t *bin)
{
    uint32_t first = 0, end = FOV_HISTOGRAM_BINS;
    while (first < end && !bin[first]) first++;
    while (end > first && !bin[end - 1]) end--;
    put(out, first, 4);
    put(out, end, 4);
    for (uint32_t i = first; i < end; i++) {
        uint64_t v = bin[i];
        for (; v >= 0x80; v >>= 7) put(out, (v & 0x7f) | 0x80, 1);
        put(out, v, 1);
    }
}

static void put_tensor(fov_text *out, const char *name, const fov_tally *tally)
{
    put(out, strlen(name), 4);
    fov_text_add(out, name, strlen(name));
    put(out, (uint64_t)tally->channels, 4);
    put(out, tally->histogram.zeros, 8);
    put(out, tally->pixels, 8);
    put_float(out, tally->histogram.lo);
    put_float(out, tally->histogram.hi);
    put(out, (uint32_t)tally->histogram.exponent, 4);
    for (int c = 0; c < tally->channels; c++) {
        put_float(out, tally->lo[c]);
        put_float(out, tally->hi[c]);
        put(out, (uint64_t)tally->sum[c], 8);
        put(out, (uint64_t)(tally->sum[c] >> 64), 8);
    }
    put_bins(out, tally->histogram.bin);
}

fov_status fov_calibrator_save(const fov_calibrator *c, const char *path, fov_error *err)
{
    fov_text out = {0};
    fov_text_add(&out, magic, sizeof magic);
    put(&out, VERSION, 4);
    fov_text_add(&out, c->origin.byte, DIGEST_BYTES);
    put(&out, c->photos, 8);
    for (size_t i = 0; i < c->photos; i++) fov_text_add(&out, c->photo[i].digest.byte, DIGEST_BYTES);
    put(&out, (uint64_t)c->n_tensor, 4);
    for (int i = 0; i < c->n_tensor; i++) put_tensor(&out, c->engine->graph->value[c->tensor[i].value].name, &c->tensor[i].all);
    if (!out.failed) put(&out, XXH3_64bits(out.data, out.size), CHECKSUM_BYTES);
    fov_status st = out.failed ? fov_fail_memory(err, "the state of calibration") : fov_file_write(path, out.data, out.size, err);
    fov_text_clear(&out);
    return st;
}

/* ---------------------------------------------------------------- reading */

static bool get_float(fov_bytes *in, float *x)
{
    uint64_t bits;
    if (!fov_bytes_le(in, 4, &bits)) return false;
    *x = fov_float_from_bits((uint32_t)bits);
    return isfinite(*x);
}

static bool get_bin(fov_bytes *in, uint64_t *count)
{
    uint8_t byte = 0x80;
    *count = 0;
    for (int shift = 0; byte & 0x80; shift += 7) {
        if (shift > 56 || !fov_bytes_u8(in, &byte)) return false;
        *count |= (uint64_t)(byte & 0x7f) << shift;
    }
    return true;
}

static bool get_bins(fov_bytes *in, uint64_t *bin)
{
    uint64_t first, end;
    if (!fov_bytes_le(in, 4, &first) || !fov_bytes_le(in, 4, &end) || first > end || end > FOV_HISTOGRAM_BINS) return false;
    for (uint64_t i = first; i < end; i++)
        if (!get_bin(in, &bin[i])) return false;
    return true;
}

static bool get_channel(fov_bytes *in, fov_tally *tally, int c)
{
    uint64_t low, high;
    if (!get_float(in, &tally->lo[c]) || !get_float(in, &tally->hi[c])) return false;
    if (!fov_bytes_le(in, 8, &low) || !fov_bytes_le(in, 8, &high)) return false;
    tally->sum[c] = (fov_exact_sum)((unsigned __int128)high << 64 | low);
    return true;
}

static bool get_histogram(fov_bytes *in, fov_tally *tally)
{
    float    lo, hi;
    uint64_t exponent;
    if (!fov_bytes_le(in, 8, &tally->histogram.zeros) || !fov_bytes_le(in, 8, &tally->pixels)) return false;
    if (!get_float(in, &lo) || !get_float(in, &hi) || !fov_bytes_le(in, 4, &exponent) || lo > 0 || hi < 0) return false;
    fov_histogram_cover(&tally->histogram, lo, hi);
    return (uint32_t)tally->histogram.exponent == exponent; /* what lo and hi lead to */
}

static bool get_tensor(fov_bytes *in, const char *name, fov_tally *tally)
{
    uint64_t             length, channels;
    const unsigned char *found = fov_bytes_le(in, 4, &length) ? fov_bytes_take(in, length) : NULL;
    if (!found || length != strlen(name) || memcmp(found, name, length)) return false;
    if (!fov_bytes_le(in, 4, &channels) || channels != (uint64_t)tally->channels || !get_histogram(in, tally)) return false;
    for (int c = 0; c < tally->channels; c++)
        if (!get_channel(in, tally, c)) return false;
    return get_bins(in, tally->histogram.bin);
}

static fov_status get_photos(fov_calibrator *c, fov_bytes *in, const char *path, fov_error *err)
{
    uint64_t   photos;
    fov_status st = FOV_OK;
    fov_digest digest;
    if (!fov_bytes_le(in, 8, &photos) || photos > fov_bytes_left(in) / DIGEST_BYTES)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: damaged: its list of photos is longer than the file", path);
    for (const unsigned char *from; photos && !st && (from = fov_bytes_take(in, DIGEST_BYTES)); photos--) {
        memcpy(digest.byte, from, DIGEST_BYTES);
        if (c->photos && memcmp(c->photo[c->photos - 1].digest.byte, digest.byte, DIGEST_BYTES) >= 0)
            return fov_fail(err, FOV_ERR_FORMAT, "%s: damaged: its photos do not ascend", path);
        st = fov_calibrator_insert(c, &digest, false, err);
    }
    return st;
}

static fov_status get_all(fov_calibrator *c, fov_bytes *in, const char *path, fov_error *err)
{
    uint64_t   tensors;
    fov_status st = get_photos(c, in, path, err);
    if (st) return st;
    if (!fov_bytes_le(in, 4, &tensors) || tensors != (uint64_t)c->n_tensor)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: another release wrote it: it does not have the network's %d tensors", path,
                        c->n_tensor);
    for (int i = 0; i < c->n_tensor; i++) {
        const char *name = c->engine->graph->value[c->tensor[i].value].name;
        if (!get_tensor(in, name, &c->tensor[i].all))
            return fov_fail(err, FOV_ERR_FORMAT, "%s: damaged, or of another release, at tensor '%s'", path, name);
    }
    if (fov_bytes_left(in)) return fov_fail(err, FOV_ERR_FORMAT, "%s: damaged: bytes after the last tensor", path);
    return FOV_OK;
}

static fov_status check_head(const fov_calibrator *c, const fov_buffer *file, fov_bytes *in, const char *path, fov_error *err)
{
    const unsigned char *start = fov_bytes_take(in, sizeof magic), *origin;
    uint64_t             version, checksum;
    if (!start || memcmp(start, magic, sizeof magic) || !fov_bytes_le(in, 4, &version))
        return fov_fail(err, FOV_ERR_FORMAT, "%s: not the state of a calibration", path);
    if (version != VERSION)
        return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: a state of version %u; this release knows %d: start over without it", path,
                        (unsigned)version, VERSION);
    fov_bytes end = {file->data, file->size, file->size < CHECKSUM_BYTES ? 0 : file->size - CHECKSUM_BYTES};
    if (!fov_bytes_le(&end, CHECKSUM_BYTES, &checksum) || checksum != XXH3_64bits(file->data, file->size - CHECKSUM_BYTES))
        return fov_fail(err, FOV_ERR_FORMAT, "%s: damaged or cut off (its checksum does not match): remove it to start over", path);
    in->size -= CHECKSUM_BYTES;
    origin = fov_bytes_take(in, DIGEST_BYTES);
    if (!origin || memcmp(origin, c->origin.byte, DIGEST_BYTES))
        return fov_fail(err, FOV_ERR_FORMAT,
                        "%s: is of another model, or of other options for the network's input: remove it to start over", path);
    return FOV_OK;
}

static void forget(fov_calibrator *c)
{
    for (int i = 0; i < c->n_tensor; i++) fov_tally_reset(&c->tensor[i].all);
    c->photos = 0;
}

fov_status fov_calibrator_resume(fov_calibrator *c, const char *path, fov_error *err)
{
    fov_buffer file = {0};
    if (c->photos) return fov_fail(err, FOV_ERR_ARGUMENT, "%s: only a new calibrator can go on from a state", path);
    fov_status st = fov_file_read(path, MAX_STATE_BYTES, &file, err);
    if (st) return st;
    fov_bytes in = {file.data, file.size, 0};
    if (!(st = check_head(c, &file, &in, path, err)) && (st = get_all(c, &in, path, err))) forget(c);
    fov_buffer_clear(&file);
    return st;
}
