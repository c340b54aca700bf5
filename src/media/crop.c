// SPDX-License-Identifier: MIT
/* Aligned faces: the similarity that brings five landmarks nearest to where ArcFace's training had them. As there, a
 * coordinate is a pixel's index: (0, 0) is the centre of the first pixel. */
#include "media/media.h"

#include <math.h>

enum { TEMPLATE_SIZE = 112, MAX_SIZE = 4096, MAX_SUBSAMPLES = 32 };

static const double TEMPLATE[5][2] = {
    {38.2946, 51.6963}, {73.5318, 51.5014}, {56.0252, 71.7366}, {41.5493, 92.3655}, {70.7299, 92.2041}};

static const double FARTHEST = 1e7; /* pixels; a landmark beyond is nonsense */

/* (x, y) -> (a x - b y + tx, b x + a y + ty): rotation, one scale, shift; a mirror image cannot be said in this form. */
typedef struct similarity {
    double a, b, tx, ty;
} similarity;

static void mean_of(const double (*point)[2], double mean[2])
{
    mean[0] = mean[1] = 0;
    for (int i = 0; i < 5; i++)
        for (int c = 0; c < 2; c++) mean[c] += point[i][c] / 5;
}

/* Umeyama 1991 in the plane: with both sets about their means and points as complex numbers, the best a + ib is
 * sum(conj(p) q) / sum |p|^2, the error being measured where `to` lives. False: the points say nothing about scale or angle. */
static bool fit(const double (*from)[2], const double (*to)[2], similarity *best)
{
    double p0[2], q0[2], a = 0, b = 0, sum = 0;
    mean_of(from, p0);
    mean_of(to, q0);
    for (int i = 0; i < 5; i++) {
        double px = from[i][0] - p0[0], py = from[i][1] - p0[1], qx = to[i][0] - q0[0], qy = to[i][1] - q0[1];
        a += px * qx + py * qy;
        b += px * qy - py * qx;
        sum += px * px + py * py;
    }
    if (!(sum > 1e-6) || !(hypot(a, b) > 1e-6 * sum)) return false;
    a /= sum;
    b /= sum;
    *best = (similarity){a, b, q0[0] - a * p0[0] + b * p0[1], q0[1] - b * p0[0] - a * p0[1]};
    return true;
}

static similarity inverse(similarity s)
{
    double norm = s.a * s.a + s.b * s.b, a = s.a / norm, b = -s.b / norm;
    return (similarity){a, b, -(a * s.tx - b * s.ty), -(b * s.tx + a * s.ty)};
}

static void add_pixel(const fov_image *image, int x, int y, double weight, double sum[3])
{
    if (x < 0 || y < 0 || x >= image->width || y >= image->height) return; /* black outside */
    const uint8_t *p = image->data + y * image->pitch + (ptrdiff_t)x * fov_pixel_bytes(image->format);
    const bool     gray = image->format == FOV_GRAY8, reversed = image->format == FOV_BGR8;
    for (int c = 0; c < 3; c++) sum[c] += weight * p[gray ? 0 : reversed ? 2 - c : c];
}

static void add_sample(const fov_image *image, double x, double y, double sum[3])
{
    if (!(x > -1 && y > -1 && x < image->width && y < image->height)) return;
    const double x0 = floor(x), y0 = floor(y), u = x - x0, v = y - y0;
    add_pixel(image, (int)x0, (int)y0, (1 - u) * (1 - v), sum);
    add_pixel(image, (int)x0 + 1, (int)y0, u * (1 - v), sum);
    add_pixel(image, (int)x0, (int)y0 + 1, (1 - u) * v, sum);
    add_pixel(image, (int)x0 + 1, (int)y0 + 1, u * v, sum);
}

/* Where the crop is smaller than the face, the mean of n x n samples spread over the pixel, so that none of the photo is skipped.
 */
static void sample_pixel(const fov_image *image, const similarity *back, int x, int y, int n, uint8_t *out)
{
    double sum[3] = {0};
    for (int j = 0; j < n; j++)
        for (int i = 0; i < n; i++) {
            double u = x + (i + 0.5) / n - 0.5, v = y + (j + 0.5) / n - 0.5;
            add_sample(image, back->a * u - back->b * v + back->tx, back->b * u + back->a * v + back->ty, sum);
        }
    for (int c = 0; c < 3; c++) out[c] = (uint8_t)(sum[c] / (n * n) + 0.5);
}

static int subsamples(const similarity *back)
{
    double step = hypot(back->a, back->b); /* pixels of the photo a pixel of the crop */
    return step < 1.5 ? 1 : step < MAX_SUBSAMPLES ? (int)(step + 0.5) : MAX_SUBSAMPLES;
}

static fov_status align(const fov_face *face, int size, similarity *back, fov_error *err)
{
    double     from[5][2], to[5][2];
    similarity forth;
    for (int i = 0; i < 5; i++)
        for (int c = 0; c < 2; c++) {
            from[i][c] = (double)face->landmarks[i][c];
            to[i][c] = TEMPLATE[i][c] * size / TEMPLATE_SIZE;
            if (!(fabs(from[i][c]) < FARTHEST))
                return fov_fail(err, FOV_ERR_ARGUMENT, "landmark %d of the face is at %g, which is no place in a picture", i,
                                from[i][c]);
        }
    if (!fit((const double(*)[2])from, (const double(*)[2])to, &forth))
        return fov_fail(err, FOV_ERR_ARGUMENT,
                        "the face's five landmarks lie on one spot or cancel out: no crop can be aligned by them");
    *back = inverse(forth);
    return FOV_OK;
}

fov_status fov_face_crop(const fov_image *image, const fov_face *face, int size, fov_photo **crop, fov_error *err)
{
    similarity back = {0};

    *crop = NULL;
    if (!face) return fov_fail(err, FOV_ERR_ARGUMENT, "cropping needs a face, it is NULL");
    if (size < 1 || size > MAX_SIZE) return fov_fail(err, FOV_ERR_ARGUMENT, "a crop of %d pixels: must be 1 to %d", size, MAX_SIZE);
    fov_status st = fov_image_check(image, err);
    if (!st) st = align(face, size, &back, err);
    if (!st) st = fov_photo_new(size, size, crop, err);
    if (st) return st;
    const int n = subsamples(&back);
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++)
            sample_pixel(image, &back, x, y, n, (*crop)->pixels + 3 * ((size_t)y * (size_t)size + (size_t)x));
    return FOV_OK;
}
