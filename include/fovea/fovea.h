// SPDX-License-Identifier: MIT
/**
 * @file fovea.h
 * Fovea: RetinaFace-family face detection. This header is the whole public API.
 *
 * The objects, in the order a program meets them:
 *
 *     fov_model     an imported network: graph, weights, settings         immutable
 *     fov_engine    a model compiled for a backend                        immutable, shared by threads
 *     fov_detector  an engine's scratch memory for one caller             one thread at a time
 *     fov_image     pixels, borrowed or owned
 *     fov_faces     what a detector found, in pixels of the image given
 *
 * Every call that can fail returns a fov_status and, if the caller passes a fov_error, a sentence
 * that names the file, the place in it and the remedy. The library never prints, exits or aborts.
 *
 * Where nothing else is said: pointers must not be NULL, but `err` and `options` may be (no sentence, defaults); an out
 * parameter that hands over an object is NULL after a failure; names of files are any bytes and end with NUL, other text is
 * UTF-8; coordinates are pixels from the top left corner of the picture, x to the right and y downwards.
 *
 * Threads: functions may be called from any thread at any time, with different objects. An object that is not immutable
 * (photo, detector) may be used by one thread at a time. The exceptions are the two settings of the whole process,
 * fov_allocator_set() and fov_cpu_limit().
 */
#ifndef FOVEA_FOVEA_H
#define FOVEA_FOVEA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define FOV_API
#else
#define FOV_API __attribute__((visibility("default")))
#endif

/* ------------------------------------------------------------------ errors */

/** What kind of thing went wrong. Values never change between releases. */
typedef enum fov_status {
    FOV_OK = 0,
    FOV_ERR_ARGUMENT = 1,    /**< the caller passed something impossible                  */
    FOV_ERR_MEMORY = 2,      /**< an allocation failed                                    */
    FOV_ERR_IO = 3,          /**< a file could not be opened, read or written             */
    FOV_ERR_FORMAT = 4,      /**< a file is damaged or not what its name says             */
    FOV_ERR_UNSUPPORTED = 5, /**< well-formed, but beyond what this build can do          */
    FOV_ERR_LIMIT = 6,       /**< a configured limit (pixels, bytes) would be exceeded    */
    FOV_ERR_DEVICE = 7,      /**< a thread or device could not be had                     */
    FOV_ERR_INTERNAL = 8     /**< a bug in Fovea; please report the message               */
} fov_status;

/** Filled on failure, left alone on success. Belongs to the caller; no allocation, no cleanup. */
typedef struct fov_error {
    fov_status code;
    char       message[1024];
} fov_error;

/** A short constant name of a status, such as "format error". Never NULL. */
FOV_API const char *fov_status_name(fov_status status);

/* ------------------------------------------------------------------ library */

/** Release of the library, such as "0.1.0". */
FOV_API const char *fov_version(void);

/**
 * How the library was built and what it found on this machine, as JSON:
 * {"version", "compiler", "cpu": {"brand", "features": [..], "used": ".."}, "backends": [..], "threads"}.
 * @return a string to release with fov_string_free(), or NULL without memory
 */
FOV_API char *fov_build_info_json(void);

/** Releases a string returned by this library. NULL is allowed. */
FOV_API void fov_string_free(char *string);

/** Allocator hooks, called from any thread. Sizes are never 0; `realloc` and `free` never get NULL. */
typedef struct fov_allocator {
    void *(*alloc)(void *user, size_t bytes);
    void *(*realloc)(void *user, void *block, size_t bytes);
    void (*free)(void *user, void *block);
    void *user;
} fov_allocator;

/**
 * Replaces malloc/realloc/free for the library's own memory: models, engines, detectors, photos. What libjpeg, libwebp,
 * jansson and the C library take for themselves during a call is not seen. Call before anything else, from one thread.
 * @param allocator copied; NULL, or one with a function missing, restores the default
 */
FOV_API void fov_allocator_set(const fov_allocator *allocator);

/**
 * Restrict the instruction sets that kernels may use, for tests and comparison.
 * Takes effect for engines built afterwards.
 * @param names comma-separated: "generic", "avx2", "avx512", each with those before it; what the machine lacks stays off;
 *              NULL: everything the machine has
 * @return FOV_OK, FOV_ERR_ARGUMENT (unknown or empty name)
 */
FOV_API fov_status fov_cpu_limit(const char *names, fov_error *err);

/** Threads this process may usefully run: the smaller of its affinity mask and its control groups' CPU quota (rounded up). */
FOV_API int fov_cpu_threads(void);

/* ------------------------------------------------------------------ images */

/** Bytes of a pixel in memory, in this order: 3, 3, 1, 4. The detector and fov_face_crop() do not look at alpha. */
typedef enum fov_pixel_format { FOV_RGB8 = 0, FOV_BGR8 = 1, FOV_GRAY8 = 2, FOV_RGBA8 = 3 } fov_pixel_format;

/** A view of 8-bit pixels that somebody owns. Calls read it while they run and keep no pointer. */
typedef struct fov_image {
    const uint8_t   *data;          /**< top-left pixel                              */
    int              width, height; /**< pixels, at least 1                          */
    ptrdiff_t        pitch;         /**< bytes from one row to the next; negative: rows are stored from the bottom up */
    fov_pixel_format format;
} fov_image;

/** A decoded photo that the library allocated: always RGB8, upright (EXIF orientation applied). */
typedef struct fov_photo fov_photo;

typedef struct fov_photo_options {
    uint64_t max_pixels;   /**< refuse larger pictures before decoding; 0: the default, 256 million. A side
                                of more than a million pixels is refused in any case                     */
    bool strict;           /**< true: a truncated file is an error; false: what was decoded + a warning  */
    bool keep_orientation; /**< true: leave the pixels as stored, ignore EXIF orientation                */
} fov_photo_options;

/**
 * Decode a JPEG, PNG or WebP. The format is recognised by content, never by name.
 * Gray, palette, 16-bit, alpha (laid over white) and CMYK pictures become RGB8.
 * @param path    file; "-" reads standard input
 * @param options NULL: defaults
 * @param photo   out: release with fov_photo_free()
 * @return FOV_OK (see fov_photo_warning()), FOV_ERR_IO, FOV_ERR_FORMAT (damaged, or not a picture), FOV_ERR_UNSUPPORTED (a
 *         picture of another kind: GIF, TIFF, HEIC, a JPEG of 12 bits), FOV_ERR_LIMIT (pixels, or a file above 1 GiB),
 *         FOV_ERR_MEMORY
 */
FOV_API fov_status fov_photo_load(const char *path, const fov_photo_options *options, fov_photo **photo, fov_error *err);

/** As fov_photo_load(), from memory that may be released after the call. @param name used in messages only; may be NULL. */
FOV_API fov_status fov_photo_decode(const void *data, size_t bytes, const char *name, const fov_photo_options *options,
                                    fov_photo **photo, fov_error *err);

/** A new picture of the given size, filled with black; its pixels may be written through fov_photo_pixels(). */
FOV_API fov_status fov_photo_new(int width, int height, fov_photo **photo, fov_error *err);

FOV_API fov_image   fov_photo_image(const fov_photo *photo);   /**< view, valid until the photo is freed            */
FOV_API uint8_t    *fov_photo_pixels(fov_photo *photo);        /**< RGB8, pitch = 3 * width                         */
FOV_API const char *fov_photo_warning(const fov_photo *photo); /**< "" or what was wrong with a file that was taken */
FOV_API void        fov_photo_free(fov_photo *photo);          /**< NULL is allowed                                 */

/**
 * Write a picture as JPEG or PNG by the ending of `path`: .jpg .jpeg .png. Never leaves half a file; one that is replaced hands
 * on its mode. PNG keeps alpha, JPEG drops it.
 * @param quality of a JPEG, 1 to 100; a PNG does not look at it
 * @return FOV_OK, FOV_ERR_ARGUMENT (image, ending or quality), FOV_ERR_UNSUPPORTED (too large for the format), FOV_ERR_IO,
 *         FOV_ERR_MEMORY
 */
FOV_API fov_status fov_image_save(const fov_image *image, const char *path, int quality, fov_error *err);

/* ------------------------------------------------------------------ models */

/** An imported network. Immutable; may be read by any number of threads. */
typedef struct fov_model fov_model;

typedef struct fov_model_options {
    /**
     * What a checkpoint cannot tell, as "key = value" lines in the syntax of the text file that may lie beside a model
     * (MODEL.settings); NULL: none. Overrides that file, which overrides what the model file carries, which overrides
     * the family's defaults. Keys: docs/settings.md.
     */
    const char *settings;
} fov_model_options;

/**
 * Import .pth (both forms), .wts, .safetensors or .onnx; the format is recognised by content.
 * @param path  file, or "default" for the bundled model; "-" reads standard input
 * @param options NULL: defaults
 * @param model out: release with fov_model_free()
 * @return FOV_OK (see fov_model_warnings()), FOV_ERR_IO, FOV_ERR_FORMAT (damaged, or no model; also a line of settings that
 *         cannot be understood), FOV_ERR_UNSUPPORTED (a network or operator not known here; the message lists them),
 *         FOV_ERR_LIMIT (a file above 4 GiB), FOV_ERR_MEMORY
 */
FOV_API fov_status fov_model_load(const char *path, const fov_model_options *options, fov_model **model, fov_error *err);

/** As fov_model_load(), from memory. The data may be released after the call. @param name for messages. */
FOV_API fov_status fov_model_load_memory(const void *data, size_t bytes, const char *name, const fov_model_options *options,
                                         fov_model **model, fov_error *err);

/**
 * Write .wts, .safetensors or .onnx by the ending of `path`, with the model's settings: inside, or, where the format has no room
 * for them, as PATH.settings beside. Never leaves half a file.
 * @return FOV_OK, FOV_ERR_ARGUMENT (ending), FOV_ERR_UNSUPPORTED (a graph of no known family can be written as .onnx only),
 *         FOV_ERR_IO, FOV_ERR_MEMORY
 */
FOV_API fov_status fov_model_save(const fov_model *model, const char *path, fov_error *err);

/**
 * The model as it was imported, as JSON: what `fovea inspect --json` prints under "model".
 * {"source", "format", "family", "title" (null where no family matches), "settings": {..}, "warnings": [..], "parameters",
 * "operators": {name: count}, "tensors": [{"name", "shape": [..], "origin"}]}
 * @return a string to release with fov_string_free(); NULL without memory
 */
FOV_API char *fov_model_describe_json(const fov_model *model);

/** Things worth telling that did not stop the import, one a line; "" if none. Owned by the model. */
FOV_API const char *fov_model_warnings(const fov_model *model);

FOV_API void fov_model_free(fov_model *model); /**< NULL is allowed */

/* ------------------------------------------------------------------ engines */

/** A network prepared for a backend: weights packed, kernels chosen. Immutable, shared by any number of threads. */
typedef struct fov_engine fov_engine;

typedef struct fov_engine_options {
    const char *backend; /**< "cpu" (default when NULL) or "reference": the plain-C definitions, slow and sure */
} fov_engine_options;

/**
 * Compile a model. The model may be freed afterwards.
 * @param engine out: release with fov_engine_free()
 * @return FOV_OK, FOV_ERR_ARGUMENT (unknown backend), FOV_ERR_UNSUPPORTED or FOV_ERR_FORMAT (a graph that cannot be run; the
 *         message names the node), FOV_ERR_MEMORY
 */
FOV_API fov_status fov_engine_build(const fov_model *model, const fov_engine_options *options, fov_engine **engine, fov_error *err);

/**
 * What was fused, which kernel each layer runs, memory in bytes and multiply-accumulates (MACs) at an input size, as JSON: what
 * `fovea inspect --json` prints under "engine".
 * {"backend", "input": [n, c, h, w], "macs", "passes": [{"name", "count"}], "memory": {"weights", "arena", "unshared"},
 * "layers": [{"name", "op", "kernel", "fused", "out": [..], "macs", "weights", "origin": [..]}]}
 * @param width  pixels, rounded up to the model's largest stride, as is `height`
 * @param json   out: release with fov_string_free()
 * @return FOV_OK, FOV_ERR_ARGUMENT or FOV_ERR_LIMIT (size), FOV_ERR_MEMORY
 */
FOV_API fov_status fov_engine_describe_json(const fov_engine *engine, int width, int height, char **json, fov_error *err);

/** Detectors made from an engine must be freed before it. NULL is allowed. */
FOV_API void fov_engine_free(fov_engine *engine);

/* ------------------------------------------------------------------ detection */

/**
 * Buffers and threads of one caller. One thread at a time; as many detectors as wanted may share an engine. Its threads do not
 * survive fork(): make detectors in the child.
 */
typedef struct fov_detector fov_detector;

typedef enum fov_resize_mode {
    FOV_RESIZE_LONG_SIDE = 0, /**< shrink so that the longer side is at most `long_side`; never enlarge        */
    FOV_RESIZE_NATIVE = 1,    /**< no resize                                                                  */
    FOV_RESIZE_LETTERBOX = 2  /**< keep aspect, fill a `width` x `height` input exactly (enlarging too)       */
} fov_resize_mode;

typedef enum fov_placement { FOV_PLACE_CENTER = 0, FOV_PLACE_TOP_LEFT = 1 } fov_placement;

/**
 * How an image becomes a network input and which answers are kept. Start from fov_detect_options_default().
 * Inputs are padded to a multiple of the model's largest stride (32): right and bottom with the model's mean
 * for NATIVE and LONG_SIDE; on the sides that `placement` says, with `fill`, for LETTERBOX. An input may have 64 million pixels.
 * The program's options of the same meaning: --score, --nms, --top-k, --max-faces, --size, --place, --fill.
 */
typedef struct fov_detect_options {
    float           score_threshold; /**< keep faces with score > this; default 0.5                       */
    float           nms_iou;         /**< a box with IoU > this with a better one is dropped; default 0.4 */
    int             pre_nms_top_k;   /**< best candidates that enter NMS; default 5000                    */
    int             max_faces;       /**< best faces that leave it; default 750                           */
    fov_resize_mode resize;          /**< default FOV_RESIZE_LONG_SIDE                                    */
    int             long_side;       /**< pixels; default 1280                                            */
    int             width, height;   /**< LETTERBOX input size; default 640 x 640, rounded up to the stride */
    fov_placement   placement;       /**< LETTERBOX; default FOV_PLACE_CENTER                             */
    int             fill[3];         /**< LETTERBOX border R, G, B; -1: the model's mean; default 128     */
} fov_detect_options;

FOV_API fov_detect_options fov_detect_options_default(void);

typedef struct fov_face {
    float box[4];          /**< x1, y1, x2, y2: left, top, right, bottom; pixels of the given image, not clipped to it */
    float score;           /**< 0..1                                                                  */
    float landmarks[5][2]; /**< x, y of left eye, right eye, nose, left and right mouth corner (as seen) */
} fov_face;

/** Best score first. */
typedef struct fov_faces {
    size_t          count;
    const fov_face *face;
} fov_faces;

/** Seconds spent in the stages of the last run, all images of a batch together; 0 before the first. */
typedef struct fov_timing {
    double preprocess_s, network_s, postprocess_s;
} fov_timing;

typedef struct fov_detector_options {
    int threads; /**< 1 to 1024; 0: fov_cpu_threads(). Results are bit-identical for every value */
} fov_detector_options;

/**
 * @param engine   must outlive the detector
 * @param detector out: release with fov_detector_free()
 * @return FOV_OK, FOV_ERR_ARGUMENT (threads), FOV_ERR_DEVICE (a thread could not be started), FOV_ERR_MEMORY
 */
FOV_API fov_status fov_detector_new(const fov_engine *engine, const fov_detector_options *options, fov_detector **detector,
                                    fov_error *err);

/**
 * Find the faces of one image.
 * @param options NULL: defaults
 * @param faces   out: owned by the detector, valid until its next call; no face at all is FOV_OK with count 0
 * @return FOV_OK, FOV_ERR_ARGUMENT (empty image, impossible option), FOV_ERR_LIMIT (the input would be too large),
 *         FOV_ERR_MEMORY; on failure faces->count is 0
 */
FOV_API fov_status fov_detector_run(fov_detector *detector, const fov_image *image, const fov_detect_options *options,
                                    fov_faces *faces, fov_error *err);

/**
 * Find the faces of `count` images of any sizes. Images whose network input has the same size share passes; what is found is
 * what fov_detector_run() finds, to the bit.
 * @param images `count` of them; 0 is allowed
 * @param faces  out: the caller's array of `count`, in the order of `images`; the faces in it are owned by the detector, valid
 *               until its next call
 * @return as fov_detector_run(), for the first image that fails; then all counts are 0
 */
FOV_API fov_status fov_detector_run_batch(fov_detector *detector, const fov_image *images, size_t count,
                                          const fov_detect_options *options, fov_faces *faces, fov_error *err);

/**
 * The network's raw answers for one image, all levels one after the other in prior order: level, row, column, anchor.
 * The same values that an ONNX export of RetinaFace gives.
 */
typedef struct fov_raw {
    int          input_width, input_height; /**< of the network input that was made from the image */
    size_t       count;                     /**< anchors A                                         */
    const float *boxes;                     /**< [A][4]  regression, not decoded                   */
    const float *scores;                    /**< [A][2]  background and face after softmax         */
    const float *landmarks;                 /**< [A][10] regression, not decoded                   */
} fov_raw;

/** @param raw out: owned by the detector, valid until its next call. @return as fov_detector_run() */
FOV_API fov_status fov_detector_raw(fov_detector *detector, const fov_image *image, const fov_detect_options *options, fov_raw *raw,
                                    fov_error *err);

FOV_API fov_timing fov_detector_timing(const fov_detector *detector);
/** Bytes of activations and scratch the detector holds now. */
FOV_API size_t fov_detector_memory(const fov_detector *detector);
FOV_API void   fov_detector_free(fov_detector *detector); /**< NULL is allowed */

/* ------------------------------------------------------------------ pictures of faces */

/**
 * Draw boxes, landmarks and scores into a photo, anti-aliased and readable on any background.
 * @return FOV_OK, FOV_ERR_ARGUMENT (a face with a coordinate that is not finite)
 */
FOV_API fov_status fov_faces_draw(const fov_faces *faces, fov_photo *photo, fov_error *err);

/**
 * A face aligned by its five landmarks to the standard ArcFace template (least-squares similarity), size x size pixels
 * (the template is for 112 and scales), outside of the image black.
 * @param size 1 to 4096
 * @param crop out: release with fov_photo_free()
 * @return FOV_OK, FOV_ERR_ARGUMENT (image, size, or landmarks that lie on one spot), FOV_ERR_MEMORY
 */
FOV_API fov_status fov_face_crop(const fov_image *image, const fov_face *face, int size, fov_photo **crop, fov_error *err);

#ifdef __cplusplus
}
#endif
#endif
