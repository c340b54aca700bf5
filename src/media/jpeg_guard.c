// SPDX-License-Identifier: MIT
#include "media/jpeg_guard.h"

#include "media/jpeg_header.h"

#include <jerror.h>
#include <string.h>

/* libjpeg files each segment that it keeps behind all others, whose list it walks for that: a megabyte of empty ones takes minutes.
 */
enum { MAX_SEGMENTS = 20000 };

static fov_status status_of(int code)
{
    switch (code) {
    case JERR_OUT_OF_MEMORY:
        return FOV_ERR_MEMORY;
    case JERR_BAD_PRECISION:   /* 12 bits a sample */
    case JERR_SOF_UNSUPPORTED: /* lossless, hierarchical */
    case JERR_ARITH_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_CCIR601_NOTIMPL:
        return FOV_ERR_UNSUPPORTED;
    default:
        return FOV_ERR_FORMAT;
    }
}

static void fatal(j_common_ptr info)
{
    fov_jpeg_guard *guard = (fov_jpeg_guard *)info->err;
    guard->base.format_message(info, guard->error);
    guard->status = status_of(guard->base.msg_code);
    longjmp(guard->escape, 1);
}

static void refuse(fov_jpeg_guard *guard, int most, const char *what)
{
    guard->status = FOV_ERR_LIMIT;
    snprintf(guard->error, sizeof guard->error, "more than %d %s, which no camera or editor writes", most, what);
    longjmp(guard->escape, 1);
}

/* Levels: -1 is damage, 0 and above is chatter, 1 of what a segment says. A damaged file can warn for every block, so only the
 * first is kept. */
static void message(j_common_ptr info, int level)
{
    fov_jpeg_guard *guard = (fov_jpeg_guard *)info->err;
    if (level == 1 && ++guard->segments > MAX_SEGMENTS) refuse(guard, MAX_SEGMENTS, "segments");
    if (level < 0 && guard->base.num_warnings++ == 0) guard->base.format_message(info, guard->warning);
}

static void stay_silent(j_common_ptr info)
{
    (void)info;
}

struct jpeg_error_mgr *fov_jpeg_guard_init(fov_jpeg_guard *guard)
{
    memset(guard, 0, sizeof *guard);
    jpeg_std_error(&guard->base);
    guard->base.error_exit = fatal;
    guard->base.emit_message = message;
    guard->base.output_message = stay_silent;
    return &guard->base;
}

static void check_scans(j_common_ptr info)
{
    fov_jpeg_guard *guard = (fov_jpeg_guard *)info->err;
    if (((j_decompress_ptr)info)->input_scan_number > guard->max_scans) refuse(guard, guard->max_scans, "scans");
}

void fov_jpeg_guard_scans(fov_jpeg_guard *guard, j_decompress_ptr info)
{
    guard->max_scans = fov_jpeg_max_scans(1, 1);
    guard->segments = 0;
    guard->progress.progress_monitor = check_scans;
    info->progress = &guard->progress;
}
