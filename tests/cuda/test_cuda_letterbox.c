// SPDX-License-Identifier: MIT
/* The network's input from the GPU is the CPU's, to the bit. */
#include "gpu.h"

#include "backend/cuda/letterbox.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 4, GUARD = 7 };

static test_random dice = {1};

static int below(int most)
{
    return test_random_int(&dice, 0, most - 1);
}

/* A photo as stored, upright, and on the device. */
typedef struct picture {
    fov_cuda_photo photo;
    uint8_t       *memory, *upright;
    void          *device;
    fov_letterbox  box;
} picture;

static void make_pixels(picture *p, int width, int height, fov_pixel_format format, int orientation, bool bottom_up)
{
    const int       pixel = fov_pixel_bytes(format), row = width * pixel;
    const ptrdiff_t pitch = row + below(2) * below(20);
    const size_t    bytes = (size_t)pitch * (size_t)height;
    p->memory = malloc(bytes);
    for (size_t i = 0; i < bytes; i++) p->memory[i] = (uint8_t)below(256);
    p->photo = (fov_cuda_photo){{p->memory, width, height, pitch, format}, orientation, false};
    if (bottom_up) {
        p->photo.image.data += (height - 1) * pitch;
        p->photo.image.pitch = -pitch;
    }
}

static fov_image turn_upright(picture *p)
{
    const fov_image *in = &p->photo.image;
    const int        pixel = fov_pixel_bytes(in->format), width = fov_cuda_photo_width(&p->photo),
              height = fov_cuda_photo_height(&p->photo);
    const fov_walk walk = fov_orientation_walk(p->photo.orientation, in->width, in->height, pixel, in->pitch);
    p->upright = malloc((size_t)width * (size_t)height * (size_t)pixel);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            memcpy(p->upright + (y * width + x) * pixel, in->data + walk.first + x * walk.step_x + y * walk.step_y, (size_t)pixel);
    return (fov_image){p->upright, width, height, (ptrdiff_t)width * pixel, in->format};
}

static void upload_pixels(picture *p)
{
    fov_image   *image = &p->photo.image;
    const size_t bytes = (size_t)(image->pitch < 0 ? -image->pitch : image->pitch) * (size_t)image->height;
    p->device = gpu_memory(bytes);
    gpu_upload(p->device, p->memory, bytes);
    image->data = (uint8_t *)p->device + (image->data - p->memory);
    p->photo.on_device = true;
}

static void place(picture *p, int out_w, int out_h, int scaled_w, int scaled_h)
{
    p->box = (fov_letterbox){.scaled_w = scaled_w, .scaled_h = scaled_h, .out_w = out_w, .out_h = out_h, .bgr = below(2) > 0};
    p->box.left = below(out_w - scaled_w + 1);
    p->box.top = below(out_h - scaled_h + 1);
    for (int c = 0; c < 3; c++) {
        p->box.fill[c] = (float)below(256);
        p->box.mean[c] = (float)below(2560) / 20;
        p->box.scale[c] = below(2) ? 1.0F : 1.0F / 57;
    }
    const double w = fov_cuda_photo_width(&p->photo), h = fov_cuda_photo_height(&p->photo);
    if (below(3) == 0) p->box.part = (fov_part){0.4, 0, w - 0.7, h - 0.3};
}

/* ---------------------------------------------------------------- running */

static float *on_cpu(const picture *p, const fov_image *image, int ld)
{
    fov_error    err;
    fov_pool    *pool;
    const size_t floats = (size_t)p->box.out_w * (size_t)p->box.out_h * (size_t)ld;
    float       *out = malloc(floats * sizeof *out);
    void        *scratch = malloc(1 + fov_letterbox_scratch(&p->box, image->width, image->height, 1));
    assert_non_null(out);
    assert_non_null(scratch);
    for (size_t i = 0; i < floats; i++) out[i] = GUARD;
    assert_ok(fov_pool_new(1, &pool, &err));
    fov_letterbox_run(&p->box, image, out, ld, scratch, pool);
    fov_pool_free(pool);
    free(scratch);
    return out;
}

static size_t staging_bytes(const picture *p, int count)
{
    size_t bytes = MOST * 512;
    for (int i = 0; i < count; i++) bytes += fov_cuda_letterbox_bytes(&p[i].box, &p[i].photo);
    return bytes;
}

static void stage(const picture *p, int count, unsigned char *host, unsigned char *device)
{
    size_t at = MOST * 512;
    for (int i = 0; i < count; i++) {
        const int half = p[i].photo.image.height / 2;
        fov_cuda_letterbox_stage(&p[i].box, &p[i].photo, host + at, device + at, (fov_letterbox_image *)(void *)host + i);
        if (!p[i].photo.on_device) {
            fov_cuda_letterbox_copy(&p[i].box, &p[i].photo, host + at, 0, half);
            fov_cuda_letterbox_copy(&p[i].box, &p[i].photo, host + at, half, p[i].photo.image.height - half);
        }
        at += fov_cuda_letterbox_bytes(&p[i].box, &p[i].photo);
    }
}

static float *on_gpu(const picture *p, int count, int ld)
{
    const size_t         bytes = staging_bytes(p, count);
    const size_t         floats = (size_t)count * (size_t)p->box.out_w * (size_t)p->box.out_h * (size_t)ld;
    unsigned char       *host = aligned_alloc(64, bytes), *device = gpu_memory(bytes);
    float               *result = malloc(floats * sizeof *result), *out = gpu_memory(floats * sizeof *out);
    fov_letterbox_params params;
    fov_cuda_grid        grid;
    assert_non_null(host);
    assert_non_null(result);
    for (size_t i = 0; i < floats; i++) result[i] = GUARD;
    gpu_upload(out, result, floats * sizeof *out);
    stage(p, count, host, device);
    gpu_upload(device, host, bytes);
    fov_cuda_letterbox_launch(&p->box, count, (const void *)device, out, ld, &params, &grid);
    gpu_run(FOV_CUDA_LETTERBOX_KERNEL, grid, &params);
    gpu_download(result, out, floats * sizeof *out);
    gpu_free(device);
    gpu_free(out);
    free(host);
    return result;
}

/* Pictures that are pixels already, with their boxes. They are freed. */
static void check(picture *p, int count, int ld, bool uploaded)
{
    const size_t floats = (size_t)p->box.out_w * (size_t)p->box.out_h * (size_t)ld;
    fov_image    upright[MOST];
    for (int i = 0; i < count; i++) upright[i] = turn_upright(&p[i]);
    for (int i = 0; i < count && uploaded; i++) upload_pixels(&p[i]);
    float *now = on_gpu(p, count, ld);
    for (int i = 0; i < count; i++) {
        float *expected = on_cpu(&p[i], &upright[i], ld);
        for (size_t k = 0; k < floats; k++)
            if (memcmp(&expected[k], &now[(size_t)i * floats + k], sizeof *now))
                fail_msg("image %d, float %zu: %.9g, expected %.9g (%d x %d, format %d, orientation %d, %d x %d in %d x %d)", i, k,
                         (double)now[(size_t)i * floats + k], (double)expected[k], upright[i].width, upright[i].height,
                         (int)upright[i].format, p[i].photo.orientation, p[i].box.scaled_w, p[i].box.scaled_h, p[i].box.out_w,
                         p[i].box.out_h);
        free(expected);
        free(p[i].memory);
        free(p[i].upright);
        if (uploaded) gpu_free(p[i].device);
    }
    free(now);
}

/* ---------------------------------------------------------------- cases */

static void one(int width, int height, int scaled_w, int scaled_h, fov_pixel_format format, int orientation)
{
    picture p = {0};
    make_pixels(&p, width, height, format, orientation, false);
    place(&p, scaled_w + below(40), scaled_h + below(9), scaled_w, scaled_h);
    check(&p, 1, 3, false);
}

static void random_photos(void **state)
{
    (void)state;
    for (int round = 0; round < 40; round++) {
        picture   p[MOST] = {0};
        const int count = 1 + below(MOST), out_w = 1 + below(180), out_h = 1 + below(40);
        for (int i = 0; i < count; i++) {
            make_pixels(&p[i], 1 + below(200), 1 + below(60), (fov_pixel_format)below(4), below(9), below(4) == 0);
            place(&p[i], out_w, out_h, 1 + below(out_w), 1 + below(out_h));
        }
        check(p, count, round % 3 ? 3 : 4, round % 2);
    }
}

static void every_orientation_and_format(void **state)
{
    (void)state;
    for (int orientation = 1; orientation <= 8; orientation++)
        for (int format = FOV_RGB8; format <= FOV_RGBA8; format++) one(37, 23, 50, 30, (fov_pixel_format)format, orientation);
}

static void same_size(void **state)
{
    (void)state;
    one(131, 17, 131, 17, FOV_RGB8, 1);
    one(24, 8, 24, 8, FOV_BGR8, 0);
}

/* The part of a row that a tile is made of has no room in shared memory. */
static void far_smaller(void **state)
{
    (void)state;
    one(5000, 30, 131, 5, FOV_RGB8, 1);
    one(3000, 9, 1, 1, FOV_RGBA8, 1);
    one(4099, 5, 77, 3, FOV_GRAY8, 1);
    one(7, 3001, 5, 140, FOV_RGB8, 6);
    one(2, 4000, 2, 3, FOV_RGB8, 1);
}

static void far_larger(void **state)
{
    (void)state;
    one(1, 1, 300, 9, FOV_RGB8, 1);
    one(3, 2, 257, 20, FOV_RGB8, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_photos), cmocka_unit_test(every_orientation_and_format),
        cmocka_unit_test(same_size),     cmocka_unit_test(far_smaller),
        cmocka_unit_test(far_larger),
    };
    return cmocka_run_group_tests(tests, gpu_open, NULL);
}
