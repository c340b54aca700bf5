// SPDX-License-Identifier: MIT
/* A small network with everything in it that RetinaFace has, its answers meaningless, in every precision: for tests of what is done
 * with engines, and for the fixtures that later releases must read (tests/fixtures/v1). */
#ifndef FOVEA_TESTS_ENGINES_H
#define FOVEA_TESTS_ENGINES_H

#include "engine/engine.h"
#include "support.h"

/** Input of the golden vectors that the engines carry. */
enum { SMALL_ENGINE_WIDTH = 64, SMALL_ENGINE_HEIGHT = 48 };

/** A settings text for a network with one level of stride 8. */
#define SMALL_ENGINE_SETTINGS "strides = 8\nanchors = 16,32\n"

/**
 * Built with keep_weights, with golden vectors and a certificate.
 * @param precision MIXED: a layer of each. @param backend NULL: "cpu"
 * @return release with fov_engine_free(); a failure ends the program
 */
fov_engine *small_engine(fov_precision precision, const char *backend);

/** The same network as a model, in FP32. Release with fov_model_free(); a failure ends the program */
fov_model *small_engine_model(void);

/** A network with heads of any number: a map for each level, one read from the other, at strides 8, 16 ..; parameters are random.
 */
typedef struct headed_net {
    int           levels, anchors, channels; /* of a map */
    fov_precision precision;
    uint64_t      seed; /* also of the order in which a level's heads come */
} headed_net;

/** @param backend NULL: "cpu" @return release with fov_engine_free(); a failure ends the program */
fov_engine *headed_engine(const headed_net *net, const char *backend);

/** An engine as a file's bytes. Release with fov_free(). */
unsigned char *engine_bytes(const fov_engine *engine, size_t *size);
/** Make size and checksums of a file fit what is there, as far as there is a table. */
void engine_seal(unsigned char *file, size_t size);

/* What can be asked of an engine. Whether it works does not matter; what it does while it fails does. */
void engine_use(const fov_engine *engine); /* with one small picture */
void engine_verify(const fov_engine *engine);

#endif
