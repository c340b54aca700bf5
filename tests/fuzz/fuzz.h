// SPDX-License-Identifier: MIT
/* Fuzzing: every file target_*.c is a program that feeds bytes to one part of Fovea. With -Dfuzz=enabled libFuzzer drives it
 * (libfuzzer.c); in every other build it replays its seeds, what was once found, and some thousand changes (replay.c). Both ask
 * the same of what is fed, by damage_check(). docs/fuzzing.md tells how to add one. */
#ifndef FOVEA_TESTS_FUZZ_H
#define FOVEA_TESTS_FUZZ_H

#include "damage.h"

/** Inputs are not longer: what is slow to read hides what is slow to run. */
enum { FUZZ_MAX_BYTES = 1 << 16 };

typedef struct fuzz_target {
    const char *name;          /* of the file, without target_ */
    const char *sources;       /* whose lines it is to reach: words, files or folders below the source tree */
    void (*begin)(void);       /* once, before all else: what inputs are read for; NULL: nothing */
    damage_target *run;        /* FOV_OK, or a refusal with a message */
    int64_t        max_bytes;  /* of the library's memory at any moment, .. */
    int64_t        more_bytes; /* .. and so many more for each byte of the input */
    void (*seeds)(void);       /* fuzz_seed() for each */
    /**
     * Change an input in place so that it stays worth reading: with sums and lengths that fit. NULL: fuzz_change_bytes()
     * @param capacity that `data` has room for, at least `size`. @return the new size
     */
    size_t (*change)(unsigned char *data, size_t size, size_t capacity, test_random *random);
} fuzz_target;

/** The program's. */
extern const fuzz_target fuzz_target_here;

/* ---- the driver's */

/** A file that is as it should be: FOV_ERR_FORMAT is no answer to it. At most FUZZ_MAX_BYTES. */
void fuzz_seed(const void *data, size_t size);
/** Change bytes that mean nothing to us. @return the new size, at most `capacity` */
size_t fuzz_change_bytes(unsigned char *data, size_t size, size_t capacity, test_random *random);

/* ---- common.c */

/** Where code that opens files finds these bytes, until the next call. */
const char *fuzz_file(const void *data, size_t size);
/** The bytes of a file, as a seed. */
void fuzz_seed_file(const char *path);
/** A text, as a seed. */
void fuzz_seed_text(const char *text);
/** A small network, for what is read for one. Release with fov_model_free() */
fov_model *fuzz_model(void);

#endif
