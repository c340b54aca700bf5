// SPDX-License-Identifier: MIT
#include "numerics/counts.h"

#include "base/json.h"

#include <math.h>

enum { LARGEST_INT8 = 127, UNKNOWN_DB = 1 << 20 };

/* Largest finite numbers: binary16 (2 - 2^-10) * 2^15, bfloat16 (2 - 2^-7) * 2^127; half a step above them rounds to infinity. */
const fov_float_limits *fov_float_limits_of(fov_precision precision)
{
    static const fov_float_limits half = {0x1p-14F, 0x1p-24F, 0x1p-25F, 65520.0F};
    static const fov_float_limits bfloat = {0x1p-126F, 0x1p-133F, 0x1p-134F, 0x1.ffp127F};
    return precision == FOV_PRECISION_BF16 ? &bfloat : &half;
}

fov_counts fov_counts_start(void)
{
    return (fov_counts){.min = INFINITY, .max = -INFINITY, .worst_db = UNKNOWN_DB};
}

static double smaller_above_zero(double a, double b)
{
    if (a == 0 || b == 0) return a + b;
    return a < b ? a : b;
}

void fov_counts_join(fov_counts *total, const fov_counts *part)
{
    total->elements += part->elements;
    total->subnormal += part->subnormal;
    total->tiny += part->tiny;
    total->flushed += part->flushed;
    total->overflow += part->overflow;
    total->nan += part->nan;
    total->inf += part->inf;
    total->zero += part->zero;
    total->min = part->min < total->min ? part->min : total->min;
    total->max = part->max > total->max ? part->max : total->max;
    total->smallest = smaller_above_zero(total->smallest, part->smallest);
    total->dead_channels += part->dead_channels;
    total->channels += part->channels;
    total->outliers += part->outliers;
    total->signal += part->signal;
    total->noise += part->noise;
    total->worst_db = part->worst_db < total->worst_db ? part->worst_db : total->worst_db;
}

/* What is in a number whatever it is rounded to. @return false when there is nothing to round: 0, NaN, infinity */
static bool count_one(fov_counts *counts, float value)
{
    counts->elements++;
    counts->nan += isnan(value) != 0;
    counts->inf += isinf(value) != 0;
    if (!isfinite(value)) return false;
    counts->zero += value == 0;
    if ((double)value < counts->min) counts->min = (double)value;
    if ((double)value > counts->max) counts->max = (double)value;
    counts->smallest = smaller_above_zero(counts->smallest, fabs((double)value));
    return value != 0;
}

fov_counts fov_counts_of_floats(const float *data, size_t count, const fov_float_limits *limits)
{
    fov_counts c = fov_counts_start();
    for (size_t i = 0; i < count; i++) {
        const float size = fabsf(data[i]);
        if (!count_one(&c, data[i])) continue;
        c.subnormal += size < limits->normal && size >= limits->subnormal;
        c.tiny += size < limits->subnormal;
        c.flushed += size <= limits->zero;
        c.overflow += size >= limits->infinite;
    }
    return c;
}

fov_counts fov_counts_of_wide(const float *data, size_t count)
{
    fov_counts c = fov_counts_start();
    for (size_t i = 0; i < count; i++) count_one(&c, data[i]);
    return c;
}

/* A row as INT8: round(w / scale), scale = largest / 127. */
static fov_counts count_row(const float *row, size_t count)
{
    fov_counts c = fov_counts_start();
    double     largest;
    for (size_t i = 0; i < count; i++) count_one(&c, row[i]);
    largest = c.max >= c.min ? fmax(fabs(c.min), fabs(c.max)) : 0;
    if (largest == 0 || c.nan || c.inf) return c;
    for (size_t i = 0; i < count; i++) {
        const double w = (double)row[i], q = rint(w / largest * LARGEST_INT8), error = q * largest / LARGEST_INT8 - w;
        c.flushed += q == 0 && w != 0;
        c.subnormal += fabs(q) == 1;
        c.signal += w * w;
        c.noise += error * error;
    }
    c.tiny = c.flushed;
    c.channels = 1;
    c.worst_db = c.noise > 0 ? 10 * log10(c.signal / c.noise) : UNKNOWN_DB;
    c.outliers = c.worst_db < FOV_OUTLIER_DB;
    return c;
}

fov_counts fov_counts_of_rows(const float *data, size_t rows, size_t per_row)
{
    fov_counts total = fov_counts_start();
    for (size_t r = 0; r < rows; r++) {
        fov_counts row = count_row(data + r * per_row, per_row);
        fov_counts_join(&total, &row);
    }
    return total;
}

size_t fov_count_dead_rows(const float *data, size_t rows, size_t per_row)
{
    size_t dead = 0;
    for (size_t r = 0; r < rows; r++) {
        size_t i = 0;
        while (i < per_row && data[r * per_row + i] == 0) i++;
        dead += i == per_row;
    }
    return dead;
}

static void set_count(json_t **object, const char *key, size_t count)
{
    fov_json_set(object, key, json_integer((json_int_t)count));
}

/* Null where it is not known; left out where JSON has no such number. */
static void set_real(json_t **object, const char *key, double value, bool known)
{
    if (!known) fov_json_set(object, key, json_null());
    else if (isfinite(value)) fov_json_set(object, key, json_real(value));
}

void fov_counts_to_json(const fov_counts *c, fov_precision precision, json_t **object)
{
    const bool any = c->min <= c->max;
    set_count(object, "elements", c->elements);
    set_count(object, "subnormal", c->subnormal);
    set_count(object, "tiny", c->tiny);
    set_count(object, "flushed", c->flushed);
    set_count(object, "overflow", c->overflow);
    set_count(object, "nan", c->nan);
    set_count(object, "inf", c->inf);
    set_count(object, "zero", c->zero);
    set_real(object, "min", c->min, any);
    set_real(object, "max", c->max, any);
    set_real(object, "smallest", c->smallest, c->smallest > 0);
    set_count(object, "dead_channels", c->dead_channels);
    if (precision != FOV_PRECISION_INT8) return;
    set_count(object, "channels", c->channels);
    set_count(object, "outlier_channels", c->outliers);
    set_real(object, "snr_db", 10 * log10(c->signal / c->noise), c->noise > 0);
    set_real(object, "worst_snr_db", c->worst_db, c->worst_db < UNKNOWN_DB);
}
