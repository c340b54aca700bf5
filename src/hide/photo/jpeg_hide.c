// SPDX-License-Identifier: MIT
/* JPEG, block by block. The file is read twice: as samples, in which faces are hidden, and as the coefficients that it stores.
 * Where a block's samples changed, its coefficients are made anew with the file's own tables; all others are written as they were
 * read, so that nothing else of the photo loses anything. */
#include "hide/photo/photo_hide.h"

#include "base/alloc.h"
#include "hide/photo/jpeg_dct.h"
#include "hide/photo/jpeg_markers.h"
#include "media/jpeg_guard.h"
#include "media/jpeg_header.h"
#include "media/jpeg_sink.h"

#include <string.h>

typedef struct samples {
    uint8_t *now, *before;
    int      width, height; /* of whole blocks */
} samples;

typedef struct jpeg_hiding {
    const fov_photo_hiding       *h;
    struct jpeg_decompress_struct pixels, blocks;
    struct jpeg_compress_struct   out;
    fov_jpeg_guard                guard;
    fov_jpeg_sink                 sink;
    samples                       component[FOV_MAX_PLANES];
} jpeg_hiding;

/* ---------------------------------------------------------------- samples */

static void open_jpeg(jpeg_hiding *j, struct jpeg_decompress_struct *info)
{
    jpeg_create_decompress(info);
    fov_jpeg_guard_scans(&j->guard, info);
    jpeg_mem_src(info, j->h->in->data, j->h->in->size);
    fov_jpeg_markers_keep(info);
    jpeg_read_header(info, TRUE);
    fov_jpeg_markers_end(info);
    j->guard.max_scans = fov_jpeg_max_scans(info->image_width, info->image_height);
}

static fov_status check(const jpeg_hiding *j)
{
    const struct jpeg_decompress_struct *info = &j->pixels;
    const char                          *name = j->h->in->name;
    if (info->num_components > FOV_MAX_PLANES || info->jpeg_color_space == JCS_UNKNOWN)
        return fov_fail(j->h->err, FOV_ERR_UNSUPPORTED,
                        "%s: a JPEG with %d colour components of unknown meaning; convert it to RGB", name, info->num_components);
    for (int c = 0; c < info->num_components; c++) {
        const jpeg_component_info *p = &info->comp_info[c];
        if (info->max_h_samp_factor % p->h_samp_factor || info->max_v_samp_factor % p->v_samp_factor)
            return fov_fail(j->h->err, FOV_ERR_UNSUPPORTED,
                            "%s: a JPEG whose component %d has %d/%d of the pixels; convert it to RGB", name, c + 1,
                            p->h_samp_factor, info->max_h_samp_factor);
    }
    return fov_photo_check_limits(info->image_width, info->image_height, NULL, name, j->h->err);
}

static fov_status reserve(jpeg_hiding *j)
{
    const struct jpeg_decompress_struct *info = &j->pixels;
    const int mcu_width = info->max_h_samp_factor * DCTSIZE, mcu_height = info->max_v_samp_factor * DCTSIZE;
    const int across = ((int)info->image_width + mcu_width - 1) / mcu_width;
    const int down = ((int)info->image_height + mcu_height - 1) / mcu_height;
    for (int c = 0; c < info->num_components; c++) {
        samples *s = &j->component[c];
        s->width = across * info->comp_info[c].h_samp_factor * DCTSIZE;
        s->height = down * info->comp_info[c].v_samp_factor * DCTSIZE;
        s->now = fov_calloc((size_t)s->width * (size_t)s->height, 1);
        s->before = fov_alloc((size_t)s->width * (size_t)s->height);
        if (!s->now || !s->before) return fov_fail_memory(j->h->err, j->h->in->name);
    }
    return FOV_OK;
}

static void read_samples(jpeg_hiding *j)
{
    struct jpeg_decompress_struct *info = &j->pixels;
    JSAMPROW                       row[FOV_MAX_PLANES][MAX_SAMP_FACTOR * DCTSIZE];
    JSAMPARRAY                     plane[FOV_MAX_PLANES];
    info->raw_data_out = TRUE;
    info->out_color_space = info->jpeg_color_space;
    info->do_block_smoothing = FALSE; /* what is stored, not what may have been meant */
    jpeg_start_decompress(info);
    for (int mcu_row = 0; info->output_scanline < info->output_height; mcu_row++) {
        for (int c = 0; c < info->num_components; c++) {
            const int rows = info->comp_info[c].v_samp_factor * DCTSIZE;
            for (int y = 0; y < rows; y++)
                row[c][y] = j->component[c].now + ((ptrdiff_t)mcu_row * rows + y) * j->component[c].width;
            plane[c] = row[c];
        }
        jpeg_read_raw_data(info, plane, (JDIMENSION)(info->max_v_samp_factor * DCTSIZE));
    } /* not finished: that would take the markers and the components away, which hiding asks for */
}

/* ---------------------------------------------------------------- hiding */

/* As libjpeg converts. Adobe's programs store ink inverted; YCCK is YCbCr of the colour that is 255 less the ink. */
static void set_colours(const struct jpeg_decompress_struct *info, fov_surface *s)
{
    static const float gray[4] = {0.299F, 0.587F, 0.114F, 0};
    static const float ycc[3][4] = {
        {0.299F, 0.587F, 0.114F, 0}, {-0.168736F, -0.331264F, 0.5F, 128}, {0.5F, -0.418688F, -0.081312F, 128}};
    const bool ink = info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK, inverted = info->saw_Adobe_marker;
    const bool transformed = info->jpeg_color_space == JCS_YCbCr || info->jpeg_color_space == JCS_YCCK;
    for (int c = 0; c < s->planes; c++) {
        float *f = s->plane[c].from_rgb;
        if (c == 3) f[3] = inverted ? 255 : 0; /* no black */
        else if (s->planes == 1) memcpy(f, gray, sizeof gray);
        else if (transformed) memcpy(f, ycc[c], sizeof ycc[c]);
        else f[c] = 1;
        if (c == 3 || !ink || inverted != transformed) continue;
        for (int i = 0; i < 3; i++) f[i] = -f[i];
        f[3] = transformed && c > 0 ? 128 : 255;
    }
}

static fov_surface surface_of(const jpeg_hiding *j)
{
    const struct jpeg_decompress_struct *info = &j->pixels;
    fov_surface                          s = {.width = (int)info->image_width,
                                              .height = (int)info->image_height,
                                              .orientation = fov_jpeg_markers_orientation(&j->pixels),
                                              .planes = info->num_components};
    for (int c = 0; c < s.planes; c++)
        s.plane[c] = (fov_plane){.data = j->component[c].now,
                                 .pitch = j->component[c].width,
                                 .step = 1,
                                 .bytes = 1,
                                 .depth = 8,
                                 .width = j->component[c].width,
                                 .height = j->component[c].height,
                                 .ratio_x = info->max_h_samp_factor / info->comp_info[c].h_samp_factor,
                                 .ratio_y = info->max_v_samp_factor / info->comp_info[c].v_samp_factor};
    set_colours(info, &s);
    return s;
}

static fov_status hide_faces(jpeg_hiding *j)
{
    for (int c = 0; c < j->pixels.num_components; c++)
        memcpy(j->component[c].before, j->component[c].now, (size_t)j->component[c].width * (size_t)j->component[c].height);
    const fov_surface surface = surface_of(j);
    return fov_photo_hide_faces(j->h, &surface);
}

/* ---------------------------------------------------------------- blocks */

static bool block_changed(const samples *s, ptrdiff_t offset)
{
    for (int y = 0; y < DCTSIZE; y++, offset += s->width)
        if (memcmp(s->now + offset, s->before + offset, DCTSIZE) != 0) return true;
    return false;
}

/* NULL: there is none. Of a component that no scan has, the library has not looked at the number. */
static const JQUANT_TBL *table_of(const struct jpeg_decompress_struct *from, const jpeg_component_info *info)
{
    if (info->quant_table) return info->quant_table;
    return info->quant_tbl_no < NUM_QUANT_TBLS ? from->quant_tbl_ptrs[info->quant_tbl_no] : NULL;
}

static void encode_changed(jpeg_hiding *j, int component, jvirt_barray_ptr array)
{
    const jpeg_component_info *info = &j->blocks.comp_info[component];
    const JQUANT_TBL          *table = table_of(&j->blocks, info);
    const samples             *s = &j->component[component];
    for (JDIMENSION row = 0; table && row < info->height_in_blocks; row++) {
        JBLOCKARRAY block = j->blocks.mem->access_virt_barray((j_common_ptr)&j->blocks, array, row, 1, TRUE);
        for (JDIMENSION column = 0; column < info->width_in_blocks; column++) {
            const ptrdiff_t offset = ((ptrdiff_t)row * s->width + (ptrdiff_t)column) * DCTSIZE;
            if (block_changed(s, offset)) fov_jpeg_forward(s->now + offset, s->width, table->quantval, block[0][column]);
        }
    }
}

static void describe(jpeg_hiding *j)
{
    const struct jpeg_decompress_struct *from = &j->blocks;
    struct jpeg_compress_struct         *to = &j->out;
    jpeg_create_compress(to);
    to->dest = fov_jpeg_sink_init(&j->sink);
    jpeg_copy_critical_parameters(&j->blocks, to);
    if (from->jpeg_color_space == JCS_YCbCr || from->jpeg_color_space == JCS_GRAYSCALE)
        to->write_JFIF_header = from->saw_JFIF_marker;
    to->arith_code = from->arith_code;
    to->restart_interval = from->restart_interval;
    to->optimize_coding = !from->arith_code;
    if (from->progressive_mode) jpeg_simple_progression(to);
}

static fov_status write_blocks(jpeg_hiding *j)
{
    open_jpeg(j, &j->blocks);
    jvirt_barray_ptr *arrays = jpeg_read_coefficients(&j->blocks);
    for (int c = 0; c < j->blocks.num_components; c++) encode_changed(j, c, arrays[c]);
    describe(j);
    jpeg_write_coefficients(&j->out, arrays);
    fov_status st = fov_jpeg_markers_write(&j->blocks, &j->out, j->h->hider->options.strip_location, j->h->err);
    if (st) return st;
    jpeg_finish_compress(&j->out);
    return j->sink.out.failed ? fov_fail_memory(j->h->err, "a JPEG") : FOV_OK;
}

static fov_status run_guarded(jpeg_hiding *j)
{
    j->pixels.err = j->blocks.err = j->out.err = fov_jpeg_guard_init(&j->guard);
    if (setjmp(j->guard.escape))
        return fov_fail(j->h->err, j->guard.status, "%s: JPEG: %s; no face can be hidden in it", j->h->in->name, j->guard.error);
    open_jpeg(j, &j->pixels);
    fov_status st = check(j);
    if (!st) st = reserve(j);
    if (st) return st;
    read_samples(j);
    st = hide_faces(j);
    jpeg_destroy_decompress(&j->pixels); /* a progressive one has all coefficients, and they are about to be here once more */
    return st ? st : write_blocks(j);
}

fov_status fov_jpeg_hide(const fov_photo_hiding *h, fov_buffer *out)
{
    jpeg_hiding *j = fov_calloc(1, sizeof *j);
    if (!j) return fov_fail_memory(h->err, "a JPEG");
    j->h = h;
    fov_status st = run_guarded(j);
    jpeg_destroy_decompress(&j->pixels);
    jpeg_destroy_decompress(&j->blocks);
    jpeg_destroy_compress(&j->out);
    for (int c = 0; c < FOV_MAX_PLANES; c++) {
        fov_free(j->component[c].now);
        fov_free(j->component[c].before);
    }
    if (st) fov_text_clear(&j->sink.out);
    else *out = (fov_buffer){(unsigned char *)j->sink.out.data, j->sink.out.size};
    fov_free(j);
    return st;
}
