// SPDX-License-Identifier: MIT
#include "backend/cuda/letterbox.h"

#include "media/taps.h"

#include <string.h>

enum { ALIGNMENT = 64, PIXELS_ALIGNMENT = 16, CHANNELS = 3 };

static size_t rounded(size_t bytes, size_t alignment)
{
    return (bytes + alignment - 1) / alignment * alignment;
}

int fov_cuda_photo_width(const fov_cuda_photo *photo)
{
    return fov_orientation_swaps_sides(photo->orientation) ? photo->image.height : photo->image.width;
}

int fov_cuda_photo_height(const fov_cuda_photo *photo)
{
    return fov_orientation_swaps_sides(photo->orientation) ? photo->image.width : photo->image.height;
}

/* ---------------------------------------------------------------- staging */

static size_t x_taps_bytes(const fov_letterbox *box, const fov_cuda_photo *photo)
{
    return fov_taps_bytes(fov_cuda_photo_width(photo), box->scaled_w, FOV_LETTERBOX_LANES);
}

static size_t taps_bytes(const fov_letterbox *box, const fov_cuda_photo *photo)
{
    return x_taps_bytes(box, photo) + fov_taps_bytes(fov_cuda_photo_height(photo), box->scaled_h, 1);
}

static size_t row_bytes(const fov_image *image)
{
    return (size_t)image->width * (size_t)fov_pixel_bytes(image->format);
}

size_t fov_cuda_letterbox_pitch(const fov_image *image)
{
    return rounded(row_bytes(image), PIXELS_ALIGNMENT);
}

size_t fov_cuda_letterbox_bytes(const fov_letterbox *box, const fov_cuda_photo *photo)
{
    const size_t pixels = photo->on_device ? 0 : fov_cuda_letterbox_pitch(&photo->image) * (size_t)photo->image.height;
    return taps_bytes(box, photo) + rounded(pixels, ALIGNMENT);
}

/* Where the taps, made on the host, will be on the device. */
static fov_letterbox_axis axis_of(const fov_taps *taps, const void *device)
{
    return (fov_letterbox_axis){
        .start = device,
        .count = (int32_t)(taps->count - taps->start),
        .weight = (int32_t)(taps->weight - (const float *)(const void *)taps->start),
        .most = taps->most,
    };
}

static void stage_taps(const fov_letterbox *box, const fov_cuda_photo *photo, unsigned char *host, const unsigned char *device,
                       fov_letterbox_image *image)
{
    const int      width = fov_cuda_photo_width(photo), height = fov_cuda_photo_height(photo);
    const fov_part part = box->part.width > 0 ? box->part : (fov_part){0, 0, width, height};
    const size_t   x_bytes = x_taps_bytes(box, photo);
    fov_taps       x, y;
    fov_taps_make(&x, width, part.x, part.width, box->scaled_w, FOV_LETTERBOX_LANES, host);
    fov_taps_make(&y, height, part.y, part.height, box->scaled_h, 1, host + x_bytes);
    image->x = axis_of(&x, device);
    image->y = axis_of(&y, device + x_bytes);
}

/* @param first the stored picture's first row, on the device */
static void find_pixels(const fov_cuda_photo *photo, const unsigned char *first, ptrdiff_t pitch, fov_letterbox_image *image)
{
    const fov_walk walk = fov_orientation_walk(photo->orientation, photo->image.width, photo->image.height, image->pixel, pitch);
    image->pixels = first + walk.first;
    image->step_x = walk.step_x;
    image->step_y = walk.step_y;
    image->words = walk.step_x == image->pixel && walk.step_y % 4 == 0 && (uintptr_t)image->pixels % 4 == 0 &&
                   (size_t)(pitch < 0 ? -pitch : pitch) >= rounded(row_bytes(&photo->image), 4);
}

void fov_cuda_letterbox_stage(const fov_letterbox *box, const fov_cuda_photo *photo, void *host, const void *device,
                              fov_letterbox_image *image)
{
    const fov_image     *in = &photo->image;
    const unsigned char *copied = (const unsigned char *)device + taps_bytes(box, photo);
    const bool           reversed = (in->format == FOV_BGR8) != box->bgr;
    *image = (fov_letterbox_image){
        .width = fov_cuda_photo_width(photo),
        .pixel = fov_pixel_bytes(in->format),
        .left = box->left,
        .top = box->top,
        .scaled_w = box->scaled_w,
        .scaled_h = box->scaled_h,
    };
    stage_taps(box, photo, host, device, image);
    find_pixels(photo, photo->on_device ? in->data : copied, photo->on_device ? in->pitch : (ptrdiff_t)fov_cuda_letterbox_pitch(in), image);
    for (int c = 0; c < CHANNELS; c++) {
        image->channel[c] = image->pixel == 1 ? 0 : reversed ? CHANNELS - 1 - c : c;
        image->mean[c] = box->mean[c];
        image->scale[c] = box->scale[c];
        image->fill[c] = (box->fill[c] - box->mean[c]) * box->scale[c];
    }
}

void fov_cuda_letterbox_copy(const fov_letterbox *box, const fov_cuda_photo *photo, void *host, int first_row, int rows)
{
    const size_t   bytes = row_bytes(&photo->image), pitch = fov_cuda_letterbox_pitch(&photo->image);
    unsigned char *to = (unsigned char *)host + taps_bytes(box, photo);
    for (int y = first_row; y < first_row + rows; y++)
        memcpy(to + (size_t)y * pitch, photo->image.data + y * photo->image.pitch, bytes);
}

/* ---------------------------------------------------------------- the launch */

static int parts(int whole, int part)
{
    return (whole + part - 1) / part;
}

void fov_cuda_letterbox_launch(const fov_letterbox *box, int images, const fov_letterbox_image *image, float *out, int ld,
                               fov_letterbox_params *params, fov_cuda_grid *grid)
{
    const int across = parts(box->out_w, FOV_LETTERBOX_COLUMNS), down = parts(box->out_h, FOV_LETTERBOX_ROWS);
    *params =
        (fov_letterbox_params){.image = image, .out = out, .out_w = box->out_w, .out_h = box->out_h, .ld = ld, .tiles_x = across};
    *grid = (fov_cuda_grid){(unsigned)across * (unsigned)down, (unsigned)images, FOV_LETTERBOX_THREADS, FOV_LETTERBOX_SHARED_BYTES};
}
