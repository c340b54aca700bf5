// SPDX-License-Identifier: MIT
/* Photos to fuzz with: small ones, in every kind of file that a format has, and with metadata. */
#ifndef FOVEA_TESTS_FUZZ_PHOTOS_H
#define FOVEA_TESTS_FUZZ_PHOTOS_H

#include "fuzz.h"

/** Decode whole, at a part of its size, and later, as the options of loading have it. */
damage_target photos_decode;
/** Hide two faces in it, in a style and with a treatment of places that its size chooses. */
damage_target photos_hide;

void photos_seed_jpeg(void);
void photos_seed_png(void);
void photos_seed_webp(void);

/* As fuzz_target's change(). */
size_t photos_change_png(unsigned char *data, size_t size, size_t capacity, test_random *random);
size_t photos_change_webp(unsigned char *data, size_t size, size_t capacity, test_random *random);

#endif
