// SPDX-License-Identifier: MIT
#include "hide/photo/jpeg_dct.h"

#include <math.h>

enum { N = 8, CENTRE = 128, MOST = 1023 /* what baseline's codes can write */ };

/* cos((2 x + 1) u pi / 16) / 2, and for u = 0 that by the root of 2. */
static float factor(int u, int x)
{
    static const float cosine[N + 1] = {
        1, 0.98078528F, 0.92387953F, 0.83146961F, 0.70710678F, 0.55557023F, 0.38268343F, 0.19509032F, 0};
    const int angle = (2 * x + 1) * u % 32, mirrored = angle > 16 ? 32 - angle : angle;
    if (u == 0) return cosine[4] / 2;
    return mirrored <= N ? cosine[mirrored] / 2 : -cosine[16 - mirrored] / 2;
}

static void transform_rows(const float *in, float *out)
{
    for (int row = 0; row < N; row++)
        for (int u = 0; u < N; u++) {
            float sum = 0;
            for (int x = 0; x < N; x++) sum += in[row * N + x] * factor(u, x);
            out[u * N + row] = sum; /* transposed: the second time goes down the columns */
        }
}

void fov_jpeg_forward(const uint8_t *samples, ptrdiff_t pitch, const uint16_t step[64], int16_t coefficient[64])
{
    float block[N * N], half[N * N];
    for (int y = 0; y < N; y++)
        for (int x = 0; x < N; x++) block[y * N + x] = (float)samples[y * pitch + x] - CENTRE;
    transform_rows(block, half);
    transform_rows(half, block);
    for (int i = 0; i < N * N; i++) {
        const float value = step[i] ? roundf(block[i] / step[i]) : 0; /* of a damaged table: whatever is written is read as 0 */
        coefficient[i] = (int16_t)(value > MOST ? MOST : value < -MOST ? -MOST : value);
    }
}
