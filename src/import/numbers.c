// SPDX-License-Identifier: MIT
#include "import/numbers.h"

#include "base/half.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are copied as they are in the file");

void fov_numbers_load_f32(const unsigned char *in, float *out, size_t count)
{
    if (count) memcpy(out, in, count * sizeof *out);
}

void fov_numbers_load_f64(const unsigned char *in, float *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double value;
        memcpy(&value, in + i * sizeof value, sizeof value);
        out[i] = (float)value;
    }
}

void fov_numbers_load_f16(const unsigned char *in, float *out, size_t count)
{
    for (size_t i = 0; i < count; i++) out[i] = fov_float_from_half((uint16_t)(in[2 * i] | in[2 * i + 1] << 8));
}

void fov_numbers_load_bf16(const unsigned char *in, float *out, size_t count)
{
    for (size_t i = 0; i < count; i++) out[i] = fov_float_from_bf16((uint16_t)(in[2 * i] | in[2 * i + 1] << 8));
}
