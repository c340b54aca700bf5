// SPDX-License-Identifier: MIT
/**
 * @file fovea.h
 * Fovea: RetinaFace-family face detection. This header is the whole public API.
 *
 * The objects, in the order a program meets them:
 *
 *     fov_model     an imported network: graph, weights, settings         immutable
 *     fov_engine    a model compiled in a precision, for a backend        immutable, shared by threads
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
    FOV_ERR_INTERNAL = 8,    /**< a bug in Fovea; please report the message               */
    FOV_ERR_CANCELLED = 9    /**< a fov_progress function asked to stop                   */
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

/**
 * The same, and in "cuda" what GPUs can be used: {"built", "usable", "problem": why not and what to do}; where it was built with
 * CUDA also {"toolkit", "kernels": {"images", "bytes", "capabilities": [..]}, "driver": {"library", "version", "least"}, "nvjpeg":
 * {"library", "version"}, "devices": [{"index", "name", "uuid", "capability", "processors", "memory", "free", "kernels": "native"
 * or "ptx", "problem"}]}. What was not found, or is no problem, is null; sizes are in bytes. Opens every GPU, which may take
 * seconds.
 * @return a string to release with fov_string_free(), or NULL without memory
 */
FOV_API char *fov_doctor_json(void);

/** Releases a string returned by this library. NULL is allowed. */
FOV_API void fov_string_free(char *string);

/**
 * Write a file so that a reader sees the old one or the whole new one, whatever happens: every other function here that writes
 * files does it so. A symbolic link is replaced, not followed. A file of the caller's that is replaced hands on who may read and
 * write it; pipes and devices are written to as they are.
 * @return FOV_OK, FOV_ERR_IO, FOV_ERR_MEMORY; on failure the old file is as it was
 */
FOV_API fov_status fov_file_write(const char *path, const void *data, size_t bytes, fov_error *err);

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
 * @param names comma-separated: "generic", "avx2", "avxvnni", "avx512", "avx512vnni", "avx512bf16", "avx512fp16", "amx", each with
 * those before it; what the machine lacks stays off; NULL: everything the machine has
 * @return FOV_OK, FOV_ERR_ARGUMENT (unknown or empty name)
 */
FOV_API fov_status fov_cpu_limit(const char *names, fov_error *err);

/** Threads this process may usefully run: the smaller of its affinity mask and its control groups' CPU quota (rounded up). */
FOV_API int fov_cpu_threads(void);

/**
 * Told now and then how far long work is.
 * @param what  a few words, such as "sensitivity"
 * @param total 0: not known
 * @return false to stop the work, which then fails with FOV_ERR_CANCELLED and leaves nothing behind
 */
typedef bool fov_progress(void *user, const char *what, size_t done, size_t total);

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

/**
 * A decoded photo that the library allocated: always RGB8, upright (EXIF orientation applied). Where its options allow it, it has
 * fewer pixels than the file: it then is a smaller version of the full photo, whose size it knows.
 */
typedef struct fov_photo fov_photo;

typedef struct fov_detect_options fov_detect_options;

typedef struct fov_photo_options {
    uint64_t max_pixels;   /**< refuse larger pictures before decoding; 0: the default, 256 million. A side
                                of more than a million pixels is refused in any case                     */
    bool strict;           /**< true: a truncated file is an error; false: what was decoded + a warning  */
    bool keep_orientation; /**< true: leave the pixels as stored, ignore EXIF orientation                */
    /**
     * The photo is loaded to be shrunk until it fits into these, pixels of the upright photo: a JPEG may then be decoded at 1/2,
     * 1/4 or 1/8 of its size, which is faster, but not at less than 1.5 times the size that fits. 0: all its pixels are needed
     */
    int fit_width, fit_height;
    /**
     * For fov_photos_detect() only: fov_photo_load() may leave a JPEG encoded, so that the GPU can decode it where that is faster.
     * Its pixels then stay there, and may differ by a level from those that are decoded here. Which photos the GPU decodes depends
     * on how busy it and the processor are, so another run may find boxes that differ in their last digits. fov_photo_finish()
     * brings them here
     */
    bool defer;
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

/**
 * The bytes of a photo's file, for whoever does more with them than one thing, which the file may change between. Of what does not
 * begin like a photo, maybe only the beginning: fov_photo_decode() says what it is.
 * @param path as fov_photo_load()
 * @param data out: release with fov_data_free()
 * @return FOV_OK, FOV_ERR_IO, FOV_ERR_LIMIT, FOV_ERR_MEMORY; on failure *data is NULL and *bytes 0
 */
FOV_API fov_status fov_photo_read(const char *path, void **data, size_t *bytes, fov_error *err);

/** As fov_photo_load(), from memory that may be released after the call. @param name used in messages only; may be NULL. */
FOV_API fov_status fov_photo_decode(const void *data, size_t bytes, const char *name, const fov_photo_options *options,
                                    fov_photo **photo, fov_error *err);

/**
 * Decode a photo that was left encoded (fov_photo_options.defer): until then it has a size, but no pixels. Does nothing for others.
 * @return as fov_photo_decode(); after a failure the photo is as it was
 */
FOV_API fov_status fov_photo_finish(fov_photo *photo, fov_error *err);

/**
 * Set fit_width and fit_height for photos that are loaded for nothing but fov_detector_run_photo() or fov_photos_detect() with
 * these options: to the size of the network's input, or to 0 where all pixels count: for FOV_RESIZE_NATIVE, FOV_RESIZE_TILES, and
 * `full_decode`. What it costs and saves: docs/benchmarks.md.
 * @param detect NULL: defaults
 */
FOV_API void fov_photo_options_fit(fov_photo_options *photo, const fov_detect_options *detect);

/** A new picture of the given size, filled with black; its pixels may be written through fov_photo_pixels(). */
FOV_API fov_status fov_photo_new(int width, int height, fov_photo **photo, fov_error *err);

FOV_API int         fov_photo_width(const fov_photo *photo);   /**< of the full photo, in pixels                    */
FOV_API int         fov_photo_height(const fov_photo *photo);  /**< of the full photo, in pixels                    */
FOV_API fov_image   fov_photo_image(const fov_photo *photo);   /**< view of the pixels that it has, valid until it is freed */
FOV_API uint8_t    *fov_photo_pixels(fov_photo *photo);        /**< RGB8, pitch = 3 * the width of its image        */
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

/** Values never change between releases. */
typedef enum fov_picture_format { FOV_PICTURE_JPEG = 0, FOV_PICTURE_PNG = 1 } fov_picture_format;

/**
 * As fov_image_save(), into memory.
 * @param data out: the file's bytes; release with fov_data_free()
 * @return FOV_OK, FOV_ERR_ARGUMENT (image, format or quality), FOV_ERR_UNSUPPORTED (too large for the format), FOV_ERR_MEMORY;
 *         on failure *data is NULL and *bytes 0
 */
FOV_API fov_status fov_image_encode(const fov_image *image, fov_picture_format format, int quality, void **data, size_t *bytes,
                                    fov_error *err);
FOV_API void       fov_data_free(void *data); /**< NULL is allowed */

/** Photos on demand, so that any number of them needs the memory of one. Called from one thread at a time (but for
 * fov_photos_detect()), possibly several times for the same photo, which must then be the same. */
typedef struct fov_photo_source {
    size_t count;
    /** @param photo out: becomes the caller's. @return a failure is not the end: the photo is left out, and counted */
    fov_status (*load)(void *user, size_t index, fov_photo **photo, fov_error *err);
    void *user;
} fov_photo_source;

/* ------------------------------------------------------------------ models */

/** An imported network. Immutable; may be read by any number of threads. */
typedef struct fov_model fov_model;

/**
 * A shared library with operators that Fovea lacks (fovea/plugin.h, docs/plugins.md). Loading it runs its code: nothing in a model
 * file ever makes Fovea load one. Immutable; may be used by any number of threads.
 */
typedef struct fov_plugin fov_plugin;

/**
 * @param path   of the file; never looked for in the system's folders
 * @param plugin out: release with fov_plugin_unload()
 * @return FOV_OK, FOV_ERR_IO (no such file), FOV_ERR_FORMAT (no shared library, or its table is faulty), FOV_ERR_UNSUPPORTED (made
 *         for another version of fovea/plugin.h), FOV_ERR_MEMORY
 */
FOV_API fov_status fov_plugin_load(const char *path, fov_plugin **plugin, fov_error *err);
/** The library stays loaded until the last model and engine with one of its operators is freed. NULL is allowed. */
FOV_API void fov_plugin_unload(fov_plugin *plugin);

typedef struct fov_model_options {
    /**
     * What a checkpoint cannot tell, as "key = value" lines in the syntax of the text file that may lie beside a model
     * (MODEL.settings); NULL: none. Overrides that file, which overrides what the model file carries, which overrides
     * the family's defaults. Keys: docs/settings.md.
     */
    const char *settings;

    const fov_plugin *const *plugins; /**< whose operators an .onnx file (or an engine, fov_engine_open()) may use */
    size_t                   n_plugin;
    /**
     * Name, or "domain::name", of an operator of `plugins` that decodes the heads in place of Fovea. All heads of the model become
     * its inputs, level by level scores, boxes, landmarks; what it gives is the table of faces that docs/plugins.md describes.
     * NULL: none.
     */
    const char *head_plugin;
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

/* ------------------------------------------------------------------ precision */

/** How numbers are kept and multiplied. Values never change between releases. */
typedef enum fov_precision {
    FOV_PRECISION_AUTO =
        0, /**< the fastest that is proven close enough to FP32 and that this machine runs well; FP32 without proof */
    FOV_PRECISION_FP32 = 1,
    FOV_PRECISION_BF16 = 2, /**< weights and activations kept as bfloat16, sums in FP32                         */
    FOV_PRECISION_FP16 = 3, /**< weights and activations kept as binary16, sums in FP32                         */
    FOV_PRECISION_INT8 = 4, /**< 8-bit weights and activations, sums in 32-bit integers                         */
    FOV_PRECISION_MIXED = 5 /**< layer by layer: the fastest assignment whose measured loss is within a budget   */
} fov_precision;

/** "auto", "fp32", "bf16", "fp16", "int8", "mixed"; NULL for a value that is none. */
FOV_API const char *fov_precision_name(fov_precision precision);
/** By name. @return FOV_OK, FOV_ERR_ARGUMENT with the names there are */
FOV_API fov_status fov_precision_parse(const char *name, fov_precision *precision, fov_error *err);

/**
 * Weight health: what a precision does to a model's weights, per tensor and in total, before and after BatchNorm is folded, as
 * JSON:
 * {"precision", "stages": [{"stage": "file" | "folded", "total": COUNTS + {"tensors": {"count", "subnormal", "tiny", "flushed",
 * "overflow"}}, "tensors": [{"name", "shape", COUNTS..}]}]} with COUNTS
 * {"elements", "subnormal", "tiny", "flushed", "overflow", "nan", "inf", "zero", "min", "max", "smallest", "dead_channels"}.
 * Subnormal is kept with fewer bits, tiny is below the smallest subnormal, flushed rounds to zero (docs/weight-health.md).
 * FP16: smallest normal 2^-14, smallest subnormal 2^-24, largest 65504 (IEEE 754-2019, 3.6). INT8 has in COUNTS also
 * {"channels", "outlier_channels", "snr_db", "worst_snr_db"}.
 * "min", "max" and "smallest" are null where there is no finite weight.
 * @param precision FP16, BF16 or INT8
 * @param json out: release with fov_string_free()
 */
FOV_API fov_status fov_model_health_json(const fov_model *model, fov_precision precision, char **json, fov_error *err);

/**
 * Repair for FP16: the same function with other weights. Channels are scaled by powers of two across convolutions and the
 * homogeneous activations between them, so that weights that matter are normal numbers of binary16. What is still subnormal is set
 * to zero if no output can notice, else listed.
 * @param repaired out: a model with BatchNorm folded; release with fov_model_free()
 * @param report   out, may be NULL: JSON {"channels_scaled", "weights_zeroed", "before": COUNTS + {"matter"}, "after": COUNTS +
 *                 {"matter"}, "zeroed": [ENTRY..], "kept": [ENTRY..]} with ENTRY {"tensor", "channel", "weights", "largest",
 *                 "share", "matters"}: an output channel's weights that were set to zero, or are subnormal still, and what they
 *                 may change of its sum. "matter" counts subnormal weights whose loss would exceed what rounding to FP16 does
 *                 to their channel anyway. Release with fov_string_free()
 * @return FOV_OK, FOV_ERR_FORMAT or FOV_ERR_UNSUPPORTED (a graph that cannot be run), FOV_ERR_MEMORY
 */
FOV_API fov_status fov_model_repair(const fov_model *model, fov_model **repaired, char **report, fov_error *err);

/* ------------------------------------------------------------------ calibration */

/** How the range that 8 bits cover is chosen from what a tensor was seen to hold. */
typedef enum fov_calibration_method {
    FOV_CALIBRATE_MSE = 0,        /**< least mean squared error, default                             */
    FOV_CALIBRATE_MIN_MAX = 1,    /**< everything that was seen                                      */
    FOV_CALIBRATE_PERCENTILE = 2, /**< all but the outermost                                         */
    FOV_CALIBRATE_ENTROPY = 3     /**< least Kullback-Leibler divergence; cuts off what finds faces here */
} fov_calibration_method;

/** Ranges of every tensor of a network. Immutable; may be read by any number of threads. */
typedef struct fov_calibration fov_calibration;
/** Collects what tensors hold, photo by photo. One thread at a time. */
typedef struct fov_calibrator fov_calibrator;

typedef struct fov_calibrator_options {
    const fov_detect_options *detect;  /**< how photos become inputs; NULL: defaults        */
    int                       threads; /**< 0: fov_cpu_threads()                            */
} fov_calibrator_options;

/** @param model must outlive the calibrator. @param calibrator out: release with fov_calibrator_free() */
FOV_API fov_status fov_calibrator_new(const fov_model *model, const fov_calibrator_options *options, fov_calibrator **calibrator,
                                      fov_error *err);
/**
 * Run the network on an image and take its tensors into account. The order of images does not matter, to the bit. The same
 * pixels twice count once, whatever they are called: so an interrupted run starts over, and what it had done costs little.
 * @param name for messages; may be NULL
 * @return also FOV_ERR_FORMAT when a layer holds NaN or infinities; it and the image are named, and nothing was taken
 */
FOV_API fov_status fov_calibrator_add(fov_calibrator *calibrator, const fov_image *image, const char *name, fov_error *err);
/** True when an image with these pixels was taken into account before. */
FOV_API bool fov_calibrator_has(const fov_calibrator *calibrator, const fov_image *image);
/** Images that fov_calibrator_resume() brought and that were not added again since: not 0 when a run goes on with others. */
FOV_API size_t fov_calibrator_unconfirmed(const fov_calibrator *calibrator);
FOV_API size_t fov_calibrator_count(const fov_calibrator *calibrator); /**< images taken into account */
/** Write, or read back into a new calibrator of the same model and options, all that was collected: an interrupted run goes on from
 * there. */
FOV_API fov_status fov_calibrator_save(const fov_calibrator *calibrator, const char *path, fov_error *err);
FOV_API fov_status fov_calibrator_resume(fov_calibrator *calibrator, const char *path, fov_error *err);
/**
 * Choose ranges. May be called several times, for several methods.
 * @param percentile for FOV_CALIBRATE_PERCENTILE: above 50, at most 100; 0: 99.99
 * @param calibration out: release with fov_calibration_free()
 */
FOV_API fov_status fov_calibrator_finish(const fov_calibrator *calibrator, fov_calibration_method method, double percentile,
                                         fov_calibration **calibration, fov_error *err);
FOV_API void       fov_calibrator_free(fov_calibrator *calibrator); /**< NULL is allowed */

/**
 * Ranges without any photo, from the statistics that BatchNorm layers keep: weaker than photos.
 * @return FOV_OK, FOV_ERR_UNSUPPORTED (BatchNorm was folded before the import, or is not there), FOV_ERR_FORMAT (statistics that
 *         are not finite), FOV_ERR_MEMORY
 */
FOV_API fov_status fov_calibration_from_statistics(const fov_model *model, fov_calibration **calibration, fov_error *err);
/**
 * Read a cache: Fovea's own, or TensorRT's (`TRT-<version>-<algorithm>`, any version), recognised by content.
 * @param model   must have a range for each of its tensors; NULL: take the cache as it is, to be shown or rewritten
 * @param mapping "their name = our name" lines for tensors that are called otherwise; may be NULL
 * @return FOV_OK, FOV_ERR_IO, FOV_ERR_FORMAT (damaged, or it does not fit the model, with the names that are missing or the tensor
 *         that has other channels), FOV_ERR_MEMORY
 */
FOV_API fov_status fov_calibration_load(const char *path, const fov_model *model, const char *mapping,
                                        fov_calibration **calibration, fov_error *err);
/** @param tensorrt true: in TensorRT's format, which keeps one symmetric scale a tensor and nothing else */
FOV_API fov_status fov_calibration_save(const fov_calibration *calibration, const char *path, bool tensorrt, fov_error *err);
/**
 * As JSON: {"method", "photos", "digest", "symmetric", "tensors": [{"name", "lo", "hi", "scale", "channels"}], "inputs": [{"node",
 * "op", "inputs": [{"index", "tensor", "scale"}]}]}. "digest" is of the photos; "op" of a plugin's operator is its own name.
 * @return a string to release with fov_string_free(); NULL without memory
 */
FOV_API char *fov_calibration_describe_json(const fov_calibration *calibration);
FOV_API void  fov_calibration_free(fov_calibration *calibration); /**< NULL is allowed */

/* ------------------------------------------------------------------ engines */

/** A network prepared for a backend: weights packed, kernels chosen. Immutable, shared by any number of threads. */
typedef struct fov_engine fov_engine;

typedef struct fov_engine_options {
    /** "cpu" (default when NULL), "cuda": an NVIDIA GPU, "auto": "cuda" where it can be used, else "cpu", or "reference": the
     * plain-C definitions, slow and sure */
    const char              *backend;
    int                      device; /**< "cuda", "auto": number of the GPU to work on, as fov_doctor_json() counts them */
    fov_precision            precision;
    const fov_calibration   *calibration;  /**< INT8, MIXED, AUTO: ranges; NULL: taken from `photos`, or else without data       */
    const fov_photo_source  *photos;       /**< what losses are measured on; NULL: nothing is measured, MIXED fails, AUTO is FP32 */
    double                   max_loss;     /**< MIXED, AUTO: budget, 0.005 is half a point; 0: that default                      */
    bool                     repair;       /**< fov_model_repair() first                                                         */
    bool                     keep_weights; /**< so that fov_engine_save() works; costs the weights a second time                 */
    const fov_plugin *const *plugins;      /**< fov_engine_load(): whose operators the engine may use                            */
    size_t                   n_plugin;
    fov_progress            *progress; /**< may be NULL */
    void                    *progress_user;
} fov_engine_options;

/**
 * Compile a model. The model may be freed afterwards.
 * @param engine out: release with fov_engine_free()
 * @return FOV_OK, FOV_ERR_ARGUMENT (unknown backend, an impossible option), FOV_ERR_UNSUPPORTED or FOV_ERR_FORMAT (a graph that
 *         cannot be run, or not in this precision; the message names the node), FOV_ERR_DEVICE ("cuda" where no GPU can be used, or
 *         not this one; the message says why, and what to do), FOV_ERR_IO (no photo could be loaded), FOV_ERR_CANCELLED,
 *         FOV_ERR_MEMORY
 */
FOV_API fov_status fov_engine_build(const fov_model *model, const fov_engine_options *options, fov_engine **engine, fov_error *err);

/** Write an engine that was built with keep_weights to a .fov file (docs/engine-format.md). Never leaves half a file. */
FOV_API fov_status fov_engine_save(const fov_engine *engine, const char *path, fov_error *err);

/**
 * Load a .fov file. It may be changed or removed after the call.
 * @param options only `backend`, `device`, `keep_weights` and `plugins` are looked at; NULL: defaults
 * @return FOV_OK, FOV_ERR_IO, FOV_ERR_FORMAT (damaged; the message names the section), FOV_ERR_UNSUPPORTED (needs a feature or a
 *         version that this release does not know, named), FOV_ERR_MEMORY
 */
FOV_API fov_status fov_engine_load(const char *path, const fov_engine_options *options, fov_engine **engine, fov_error *err);
FOV_API fov_status fov_engine_load_memory(const void *data, size_t bytes, const char *name, const fov_engine_options *options,
                                          fov_engine **engine, fov_error *err);

/** Engines and models alike: fov_engine_load() of a .fov file, else fov_model_load() and fov_engine_build(). */
FOV_API fov_status fov_engine_open(const char *path, const fov_model_options *model_options, const fov_engine_options *options,
                                   fov_engine **engine, fov_error *err);

/**
 * Write an engine as ONNX for other runtimes: what it keeps in 8 bits as QuantizeLinear and DequantizeLinear with symmetric INT8
 * scales, one a tensor of activations and one a filter (TensorRT's explicit quantisation); the rest as floats. Inputs and answers
 * are those of fov_model_save()'s ONNX: input, bbox, conf, landmarks. Never leaves half a file.
 * @param engine built or loaded with keep_weights
 * @return FOV_OK, FOV_ERR_ARGUMENT (weights not kept), FOV_ERR_IO, FOV_ERR_MEMORY
 */
FOV_API fov_status fov_engine_export_onnx(const fov_engine *engine, const char *path, fov_error *err);

/**
 * Where an engine is slower than the same network in FP32: both are timed on a picture of 320x320, one thread, on every instruction
 * set that this machine has, as a machine with no more than that would run them. Takes about a second for a MobileNet.
 * @param engine, fp32 built with keep_weights; on another backend than "cpu" nothing is timed, nor found
 * @param progress counts instruction sets; may be NULL
 * @param json     out: an array with an object for each instruction set where `engine` is slower: cpu (a name of fov_cpu_limit()),
 *                 seconds and fp32_seconds of the network, layers (those that lose most: name, seconds, fp32_seconds); release
 *                 with fov_string_free()
 * @return FOV_OK, FOV_ERR_ARGUMENT (weights not kept, or fp32 is none), FOV_ERR_CANCELLED, FOV_ERR_MEMORY
 */
FOV_API fov_status fov_engine_slower_json(const fov_engine *engine, const fov_engine *fp32, fov_progress *progress,
                                          void *progress_user, char **json, fov_error *err);

/** The certificate, as JSON (docs/engine-format.md); "{}" for an engine that was never measured. Owned by the engine. */
FOV_API const char *fov_engine_certificate(const fov_engine *engine);
/** Why FOV_PRECISION_AUTO came to the engine's precision, in a sentence; "" where it was asked for. Owned by the engine. */
FOV_API const char *fov_engine_reason(const fov_engine *engine);
/** What the engine runs at: FP32, BF16, FP16, INT8 or MIXED. */
FOV_API fov_precision fov_engine_precision(const fov_engine *engine);

/** What the engine runs on: "cpu", "cuda" or "reference"; never "auto". */
FOV_API const char *fov_engine_backend(const fov_engine *engine);
/** Why "auto" came to the engine's backend, in a sentence; "" where it was asked for by name. Owned by the engine. */
FOV_API const char *fov_engine_backend_reason(const fov_engine *engine);
/**
 * What a device is called, such as "NVIDIA H200"; for backends that run on the processor, its brand.
 * @param backend name of one, not "auto"
 * @param device  number of the GPU; on the processor, any
 * @param name    out: cut where it does not fit, "" after a failure
 * @return FOV_OK, FOV_ERR_ARGUMENT (unknown backend), FOV_ERR_DEVICE or FOV_ERR_UNSUPPORTED (no such GPU can be used)
 */
FOV_API fov_status fov_device_name(const char *backend, int device, char *name, size_t bytes, fov_error *err);

/**
 * Replay the golden vectors that the engine carries, on this machine, and compare.
 * @param json out, may be NULL: {"pass", "vectors", "layers", "identical", "drifted": [{"layer", "vector", "what", "unit",
 *             "difference", "tolerance"}]}; the last two are null for a layer of another shape
 * @return FOV_OK whether it passes or not, FOV_ERR_UNSUPPORTED (the engine carries no golden vectors)
 */
FOV_API fov_status fov_engine_verify(const fov_engine *engine, bool *pass, char **json, fov_error *err);

/**
 * What was fused, which kernel each layer runs, memory in bytes and multiply-accumulates (MACs) at an input size, as JSON: what
 * `fovea inspect --json` prints under "engine".
 * {"backend", "input": [n, c, h, w], "macs", "passes": [{"name", "count"}], "memory": {"weights", "arena",
 * "scratch", "unshared", "total"},
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
    FOV_RESIZE_LETTERBOX = 2, /**< keep aspect, fill a `width` x `height` input exactly (enlarging too)       */
    FOV_RESIZE_TILES = 3      /**< for very large photos with small faces, in bounded memory: overlapping tiles, and, as long as
                                   the photo does not fit into one, tiles of it at a third of the size, for larger faces */
} fov_resize_mode;

typedef enum fov_placement { FOV_PLACE_CENTER = 0, FOV_PLACE_TOP_LEFT = 1 } fov_placement;

/**
 * How an image becomes a network input and which answers are kept. Start from fov_detect_options_default().
 * Inputs are padded to a multiple of the model's largest stride (32): right and bottom with the model's mean
 * for NATIVE and LONG_SIDE; on the sides that `placement` says, with `fill`, for LETTERBOX. An input may have 64 million pixels.
 * A face that a seam between tiles would cut is taken from the tile that has it whole; what several tiles find is merged by
 * `nms_iou`. A photo that fits into one tile gives what NATIVE gives, to the bit.
 * The program's options of the same meaning: --score, --nms, --top-k, --max-faces, --size, --place, --fill, --tile-overlap,
 * --tile-scale, --full-decode.
 */
struct fov_detect_options {
    float           score_threshold; /**< keep faces with score > this; default 0.5                       */
    float           nms_iou;         /**< a box with IoU > this with a better one is dropped; default 0.4 */
    int             pre_nms_top_k;   /**< best candidates that enter NMS; default 5000                    */
    int             max_faces;       /**< best faces that leave it; default 750                           */
    fov_resize_mode resize;          /**< default FOV_RESIZE_LONG_SIDE                                    */
    int             long_side;       /**< pixels; default 1280                                            */
    int             width, height;   /**< LETTERBOX input size; default 640 x 640, rounded up to the stride */
    fov_placement   placement;       /**< LETTERBOX; default FOV_PLACE_CENTER                             */
    int             fill[3];         /**< LETTERBOX border R, G, B; -1: the model's mean; default 128     */
    int             tile;            /**< TILES: most pixels of a side, 64 to 8192; default 1280, rounded up to the stride */
    int             tile_overlap;    /**< TILES: least pixels that neighbours share, at most half of `tile`: the largest face that
                                          is sought at `tile_scale`; default 0: a quarter of `tile` */
    float tile_scale;                /**< TILES: resize the photo by this before it is cut, above 0 to 8; default 1: its own size */
    bool  full_decode;               /**< fov_photo_options_fit(), fov_evaluate(): all pixels of a photo are decoded, even where the
                                          network's input is much smaller; default false */
};

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
    /**
     * On GPUs: seconds, 0 to 3600, that each new size of input may take to measure how its layers are done the fastest; what is not
     * measured then is done as Fovea's table says, which is what 0 does for all. Kept in the user's cache for the next time
     * (docs/cuda.md). Sums in floating point may end up in another order, within what the engine's precision promises.
     */
    double tune_seconds;
    /**
     * On GPUs from Ampere (8.0) on: layers in FP32 may multiply in TF32, which keeps 10 bits of each factor and sums in FP32:
     * several times as fast, about as exact as FP16. fov_engine_verify() is always without: its certificate does not cover this
     */
    bool tf32;
} fov_detector_options;

/**
 * @param engine   must outlive the detector
 * @param detector out: release with fov_detector_free()
 * @return FOV_OK, FOV_ERR_ARGUMENT (threads, tune_seconds), FOV_ERR_DEVICE (a thread could not be started, the GPU not be used),
 *         FOV_ERR_MEMORY
 */
FOV_API fov_status fov_detector_new(const fov_engine *engine, const fov_detector_options *options, fov_detector **detector,
                                    fov_error *err);

/**
 * Make ready for images of this size, so that the first takes no longer than those that follow: memory is there, the layers are
 * laid out, and on a GPU compiled, copied and, where that is asked for, tuned. Runs a black image, of which nothing is told.
 * @param options as the images will be given; NULL: defaults
 * @return as fov_detector_run()
 */
FOV_API fov_status fov_detector_prepare(fov_detector *detector, int width, int height, const fov_detect_options *options,
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
 * Find the faces of a photo: as fov_detector_run() finds those of its image, but told in pixels of the full photo, also where it
 * was decoded smaller (fov_photo_options.fit_width).
 * @return as fov_detector_run(); FOV_ERR_ARGUMENT for FOV_RESIZE_TILES and a photo that was decoded smaller
 */
FOV_API fov_status fov_detector_run_photo(fov_detector *detector, const fov_photo *photo, const fov_detect_options *options,
                                          fov_faces *faces, fov_error *err);

/**
 * Find the faces of `count` images of any sizes. Images whose network input has the same size share passes; what is found is
 * what fov_detector_run() finds, to the bit; on a GPU only layers in INT8 are: how many images share a pass decides which kernels
 * run, and in what order they add floats, so that other layers may differ in their last bits.
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

/** @param raw out: owned by the detector, valid until its next call. @return as fov_detector_run(); FOV_ERR_UNSUPPORTED for an
 * engine whose heads a plugin decodes; FOV_ERR_ARGUMENT for FOV_RESIZE_TILES, which runs the network several times */
FOV_API fov_status fov_detector_raw(fov_detector *detector, const fov_image *image, const fov_detect_options *options, fov_raw *raw,
                                    fov_error *err);

/**
 * Where the network's time goes: run it `rounds` times on one image, after one run to warm up, with every step on the clock, and
 * measure beside it how many multiply-accumulates a second the processor could do. A step is what the engine runs at a time; where
 * it runs several layers as one, it is called by the last, and "layers" names all. As JSON:
 * {"input": [n, c, h, w], "threads", "rounds", "peak": {"fp32", "bf16", "int8"}, "network_seconds", "steps": [{"name", "layers":
 * [..], "op", "precision", "kernel", "out": [..], "macs", "seconds", "seconds_p10", "seconds_p90"}]}
 * "peak" is MACs a second of one core times the detector's threads; of a precision that no instruction multiplies, it is that of
 * FP32; on a GPU it is {}, for nothing is measured beside it, and each step is launched by itself. "precision" is what a step
 * multiplies in, "fp32", "bf16" or "int8"; null for one that multiplies nothing. "seconds" are medians.
 * @param options  NULL: defaults
 * @param rounds   1 to 1000000
 * @param progress told after each round; may be NULL
 * @param json     out: release with fov_string_free()
 * @return as fov_detector_run(); FOV_ERR_ARGUMENT (rounds, or FOV_RESIZE_TILES, which runs the network several times),
 *         FOV_ERR_CANCELLED
 */
FOV_API fov_status fov_detector_profile_json(fov_detector *detector, const fov_image *image, const fov_detect_options *options,
                                             int rounds, fov_progress *progress, void *progress_user, char **json, fov_error *err);

FOV_API fov_timing fov_detector_timing(const fov_detector *detector);
/**
 * Bytes of activations and scratch the detector holds now. They grow to what the largest call needs, and are given back at the end
 * of a call when they are over 4 times what the second largest of the last 8 calls needed: one large photo among small ones
 * holds nothing.
 */
FOV_API size_t fov_detector_memory(const fov_detector *detector);
FOV_API void   fov_detector_free(fov_detector *detector); /**< NULL is allowed */

/** What was found in one of many photos. Everything in it belongs to the library and is valid during the call that hands it on. */
typedef struct fov_photo_result {
    size_t      index;   /**< of the photo source                                                                   */
    fov_status  status;  /**< FOV_OK, or what load() or fov_detector_run_photo() said; there are no faces then        */
    const char *message; /**< the sentence of a failure                                                             */
    fov_photo  *photo;   /**< NULL: it could not be loaded. May be drawn into, unless it was decoded smaller, or
                              its decoding deferred: fov_photo_finish()                                              */
    fov_faces  faces;    /**< as fov_detector_run_photo() finds them; to the bit as fov_detector_run_batch() does     */
    fov_timing timing;
    double     load_s; /**< seconds that load() took */
    int        device; /**< "cuda": number of the GPU that looked at it; else 0 */
} fov_photo_result;

/** Given each photo's result, in order. @return false to stop: what was not handed on by then never will be */
typedef bool fov_photo_done(void *user, const fov_photo_result *result);

typedef struct fov_photos_options {
    const fov_detect_options *detect;  /**< NULL: defaults */
    int                       threads; /**< photos worked on at once, 1 to 1024; 0: fov_cpu_threads(), on GPUs as below */
    /**
     * An engine for GPUs: numbers of those to use, each of which gets a share of the threads and the engine's weights; one thread
     * each at least. NULL: the engine's own. On a GPU most of a thread's time goes into decoding its photo, so that 0 `threads` are
     * one for each processor, and one more for each GPU, which waits for it; at least 2 and at most 16 for each GPU, whose memory
     * they share.
     */
    const int *devices;
    size_t     n_device;     /**< at most 64 */
    double     tune_seconds; /**< as in fov_detector_options */
    bool       tf32;         /**< as in fov_detector_options */
} fov_photos_options;

/**
 * Throughput: find the faces of many photos, a photo per thread. A detector with several threads (latency) has one photo done
 * sooner, but its threads wait for each other after each layer; here each loads a photo, runs it alone, and takes the next. Holds
 * the photos of at most 2 * `threads` results, and the activations of `threads` photos.
 * @param photos its load() is called by several threads at once, each for another photo, and in order of their indices begun; a
 *               photo that fails is handed on as failed
 * @param done   called by this thread only
 * @return FOV_OK when all photos were handed on, FOV_ERR_CANCELLED (`done` asked for it; photos at hand are finished first and
 *         dropped), FOV_ERR_ARGUMENT (threads, tune_seconds; devices for an engine that runs on the processor), FOV_ERR_DEVICE (a
 * thread could not be started, a GPU not be used), FOV_ERR_MEMORY
 */
FOV_API fov_status fov_photos_detect(const fov_engine *engine, const fov_photo_source *photos, const fov_photos_options *options,
                                     fov_photo_done *done, void *user, fov_error *err);

/* ------------------------------------------------------------------ pictures of faces */

/**
 * Draw boxes, landmarks and scores into a photo, anti-aliased and readable on any background.
 * @return FOV_OK, FOV_ERR_ARGUMENT (a face with a coordinate that is not finite, a photo that was decoded smaller)
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

/* ------------------------------------------------------------------ hiding faces */

/** What is shown in place of a face. Values never change between releases. */
typedef enum fov_hide_style {
    FOV_HIDE_BLUR = 0,     /**< a Gaussian; `strength` is its sigma, default 0.15                                 */
    FOV_HIDE_PIXELATE = 1, /**< squares of their mean colour; `strength` is their side, default 0.125             */
    FOV_HIDE_SOLID = 2,    /**< `colour`: the only style of which nothing of the face can be guessed              */
    FOV_HIDE_PICTURE = 3   /**< `picture`, stretched over the face, which is blurred where that is transparent    */
} fov_hide_style;

typedef enum fov_hide_shape { FOV_HIDE_ELLIPSE = 0, FOV_HIDE_BOX = 1 } fov_hide_shape;

/** How faces are hidden. Start from fov_hide_options_default(). */
typedef struct fov_hide_options {
    fov_hide_style style; /**< default FOV_HIDE_BLUR                                                              */
    fov_hide_shape shape; /**< default FOV_HIDE_ELLIPSE: the one that fits into the box with its margin           */
    /**
     * Part of a face's width that is added on the left and on the right, and of its height above and below, 0 to 4; default 0.25.
     * From 0.21 on, an ellipse covers the corners of the box too
     */
    float            margin;
    float            strength;       /**< part of the longer side of what is covered, 0 to 1; 0: the style's default */
    uint8_t          colour[3];      /**< SOLID: red, green, blue; default black                                      */
    const fov_image *picture;        /**< PICTURE: borrowed; FOV_RGBA8 where parts of it are transparent              */
    bool             strip_location; /**< fov_photo_hide(), fov_video_hide(): leave out what tells where it was taken */
} fov_hide_options;

FOV_API fov_hide_options fov_hide_options_default(void);

/**
 * Load a picture with its transparency, as FOV_HIDE_PICTURE wants it: that of a PNG; others are opaque.
 * @param mask out: RGBA8; release with fov_mask_clear()
 * @return as fov_photo_load()
 */
FOV_API fov_status fov_mask_load(const char *path, fov_image *mask, fov_error *err);
FOV_API void       fov_mask_clear(fov_image *mask); /**< sets it to {0} */

/**
 * Hide faces in a photo in memory. Beyond the shapes, and a pixel around ellipses, nothing changes.
 * @param options NULL: defaults
 * @return FOV_OK, FOV_ERR_ARGUMENT (an impossible option, a face with a coordinate that is not finite, a photo without all its
 * pixels), FOV_ERR_MEMORY
 */
FOV_API fov_status fov_faces_hide(const fov_faces *faces, const fov_hide_options *options, fov_photo *photo, fov_error *err);

/**
 * Pixels that somebody owns and lets be changed: a byte for each component, in any order and at any distance, so that RGB, BGRx and
 * planes are alike.
 */
typedef struct fov_bitmap {
    uint8_t  *component[3]; /**< the top-left pixel's red, green and blue; the last two NULL: gray */
    int       width, height;
    ptrdiff_t pitch; /**< bytes from one row to the next; negative: rows are stored from the bottom up */
    int       step;  /**< bytes from one pixel to the next */
} fov_bitmap;

/** The same in somebody's own pixels, such as a frame of a stream. @return as fov_faces_hide() */
FOV_API fov_status fov_bitmap_hide(const fov_faces *faces, const fov_hide_options *options, const fov_bitmap *bitmap,
                                   fov_error *err);

/**
 * Write a photo file anew, in its own format, with faces hidden. Of a JPEG only the blocks that a shape touches are encoded again,
 * with the file's own tables: all other coefficients stay as they are. A PNG keeps its depth and chunks, a WebP its kind. EXIF,
 * XMP, IPTC, colour profile and comments stay, but for what may show the faces or cannot be looked into: thumbnails, previews,
 * further pictures, maker notes that hold a picture, extended XMP, provenance manifests. docs/blur.md has the list. Never leaves
 * half a file.
 * @param path    JPEG, PNG or WebP
 * @param faces   in pixels of the upright photo, as fov_detector_run_photo() tells them
 * @param options NULL: defaults
 * @param output  may be `path`, which is then replaced
 * @return FOV_OK, FOV_ERR_IO, FOV_ERR_FORMAT (damaged), FOV_ERR_UNSUPPORTED (an animation, another format), FOV_ERR_LIMIT,
 *         FOV_ERR_ARGUMENT (options, faces), FOV_ERR_MEMORY
 */
FOV_API fov_status fov_photo_hide(const char *path, const fov_faces *faces, const fov_hide_options *options, const char *output,
                                  fov_error *err);

/** The same of a file's bytes. @param name used in messages only; may be NULL. @return as fov_photo_hide() */
FOV_API fov_status fov_photo_hide_data(const void *data, size_t bytes, const char *name, const fov_faces *faces,
                                       const fov_hide_options *options, const char *output, fov_error *err);

/* ------------------------------------------------------------------ faces over time */

/**
 * Follows faces from frame to frame. Told all frames in order, it then looks at them forwards and backwards: who is who, where a
 * face was that was not found for some frames, and how sure that is. One thread at a time.
 */
typedef struct fov_tracker fov_tracker;
/** Where every face was in every frame. May be read by any number of threads. */
typedef struct fov_tracks fov_tracks;

typedef struct fov_tracker_options {
    float  start_score; /**< faces that score more begin a track, those that score less only go on with one; default 0.5 */
    double bridge_s;    /**< seconds that a face may be missing and still be the same; it is covered meanwhile; default 2 */
    /** Seconds that it is covered before it is first found and after it last was; default 0.5. Where the scene begins or ends
     * within bridge_s, it is covered to there; not so where this is 0 */
    double around_s;
} fov_tracker_options;

FOV_API fov_tracker_options fov_tracker_options_default(void);

/** @param options NULL: defaults. @return FOV_OK, FOV_ERR_ARGUMENT (an impossible option), FOV_ERR_MEMORY */
FOV_API fov_status fov_tracker_new(const fov_tracker_options *options, fov_tracker **tracker, fov_error *err);
/**
 * The next frame. Keeps 64 bytes of each face.
 * @param time_s  of the frame, later than the last one's
 * @param image   looked at to find cuts, at which tracks end; NULL: they are not looked for
 * @param faces   found in it, with low scores too: where a face is hard to see, they are what is left of it
 * @return FOV_OK, FOV_ERR_ARGUMENT (time, a face with a number that is not finite), FOV_ERR_MEMORY
 */
FOV_API fov_status fov_tracker_add(fov_tracker *tracker, double time_s, const fov_image *image, const fov_faces *faces,
                                   fov_error *err);
/**
 * To be asked after each frame: the tracks of what was told before it, if a cut makes all of that certain. The tracker forgets
 * those frames, and counts frames anew, so that it holds one scene at most; numbers of tracks go on.
 * @param tracks out: release with fov_tracks_free(); NULL: the scene goes on
 */
FOV_API fov_status fov_tracker_take_scene(fov_tracker *tracker, fov_tracks **tracks, fov_error *err);
/** @param tracks out: release with fov_tracks_free(); the tracker may only be freed then */
FOV_API fov_status fov_tracker_finish(fov_tracker *tracker, fov_tracks **tracks, fov_error *err);
FOV_API void       fov_tracker_free(fov_tracker *tracker); /**< NULL is allowed */

typedef struct fov_tracked_face {
    size_t   track;    /**< number, from 1                                                                     */
    fov_face face;     /**< smoothed; where it was not found, where it must have been, with a score of 0       */
    float    cover[4]; /**< what must be covered: the face as found and as smoothed, grown by how unsure that is, and
                            where it would be if what was found leapt away from it or is another face */
    bool found;        /**< in this very frame                                                                 */
    bool around;       /**< before it was first found, or after it last was                                   */
} fov_tracked_face;

typedef struct fov_track {
    size_t number;      /**< from 1                                            */
    size_t first, last; /**< frames, from 0, in which it is covered            */
    size_t found;       /**< frames in which it was found                      */
    size_t best;        /**< frame in which it scored most: to see who it is   */
    bool   hide;        /**< true, unless somebody said otherwise              */
} fov_track;

FOV_API size_t    fov_tracks_frames(const fov_tracks *tracks);
FOV_API double    fov_tracks_time(const fov_tracks *tracks, size_t frame); /**< seconds; 0 past the end */
FOV_API size_t    fov_tracks_count(const fov_tracks *tracks);
FOV_API fov_track fov_tracks_get(const fov_tracks *tracks, size_t index); /**< index from 0; number 0 past the end */
/** The faces of a frame, by number. @return how many; they belong to the tracks */
FOV_API size_t fov_tracks_at(const fov_tracks *tracks, size_t frame, const fov_tracked_face **faces);
/** @return FOV_OK, FOV_ERR_ARGUMENT (no track of this number) */
FOV_API fov_status fov_tracks_set_hide(fov_tracks *tracks, size_t number, bool hide, fov_error *err);

/**
 * Write a review: tracks as JSON, in which somebody may change "hide" of a track, move or remove its boxes, or add tracks
 * (docs/blur.md). Never leaves half a file.
 * @param video name of the video, for whoever reads it; may be NULL
 */
FOV_API fov_status fov_tracks_save(const fov_tracks *tracks, const char *video, const char *path, fov_error *err);
/** Read one back. Landmarks are not in it. @return FOV_OK, FOV_ERR_IO, FOV_ERR_FORMAT (names track and box), FOV_ERR_MEMORY */
FOV_API fov_status fov_tracks_load(const char *path, fov_tracks **tracks, fov_error *err);
FOV_API void       fov_tracks_free(fov_tracks *tracks); /**< NULL is allowed */

/* ------------------------------------------------------------------ videos */

/**
 * A video that is read from its start to its end, once. FFmpeg's libraries read and write it; they are loaded when the first video
 * is opened. One thread at a time.
 */
typedef struct fov_video fov_video;

typedef struct fov_video_info {
    int    width, height; /**< upright                                                */
    int    rotation;      /**< degrees that stored frames are turned by, clockwise: 0, 90, 180, 270 */
    bool   mirrored;
    double seconds;    /**< 0: not known                                            */
    double frame_rate; /**< a mean; 0: not known                                    */
    size_t frames;     /**< an estimate; 0: not known                               */
    char   codec[32];  /**< as FFmpeg calls it, "h264"                              */
} fov_video_info;

/** Is the file a video, by its first bytes? False for one that cannot be read. */
FOV_API bool fov_video_recognise(const char *path);

/**
 * @param video out: release with fov_video_close()
 * @return FOV_OK, FOV_ERR_IO, FOV_ERR_FORMAT (damaged, or without a video stream), FOV_ERR_UNSUPPORTED (a build without video,
 * FFmpeg's libraries are not here, a codec that they lack, something that can be read once only), FOV_ERR_MEMORY
 */
FOV_API fov_status     fov_video_open(const char *path, fov_video **video, fov_error *err);
FOV_API fov_video_info fov_video_describe(const fov_video *video);
/**
 * The next frame, upright.
 * @param photo  out: becomes the caller's; NULL after the last one
 * @param time_s out: when it is shown
 */
FOV_API fov_status fov_video_next(fov_video *video, fov_photo **photo, double *time_s, fov_error *err);
/** What was wrong with the frames so far, in a sentence; "" if nothing. Owned by the video. */
FOV_API const char *fov_video_warning(const fov_video *video);
FOV_API void        fov_video_close(fov_video *video); /**< NULL is allowed */

/** Seconds of all threads together. */
typedef struct fov_video_times {
    double read_s, detect_s;           /**< fov_video_track()                      */
    double decode_s, hide_s, encode_s; /**< fov_video_hide(); encoding and writing */
} fov_video_times;

/**
 * Given the tracks of each scene as soon as it is over, and the last at the video's end.
 * @param first frame of the video that is the scene's frame 0
 * @param tracks valid during the call
 * @return false to stop
 */
typedef bool fov_video_scene(void *user, const fov_tracks *tracks, size_t first);

typedef struct fov_video_options {
    const fov_photos_options  *photos;  /**< how faces are found; NULL: defaults       */
    const fov_tracker_options *tracker; /**< NULL: defaults                            */
    const fov_hide_options    *hide;    /**< NULL: defaults                            */
    int quality; /**< the encoder's constant quality, lower is better: CRF, or the quantiser of codecs without; 0: the codec's
                    default */
    const char   *preset; /**< the encoder's speed, as FFmpeg calls it; NULL: "veryfast" where there is one of this name */
    const char   *codec; /**< encoder, as FFmpeg calls it; NULL: one for the input's codec, else for one that the container takes */
    fov_progress *progress; /**< counts frames; may be NULL */
    void         *progress_user;
    fov_video_scene *scene; /**< NULL: fov_video_track() keeps all tracks to its end */
    void            *scene_user;
    fov_video_times *times; /**< out, added to; may be NULL */
    bool (*stop)(void *user); /**< asked by any thread whenever the file is read; true: FOV_ERR_CANCELLED. May be NULL */
    void *stop_user;
} fov_video_options;

/**
 * Find the faces of all frames and follow them, a frame per thread, or shared out over GPUs. Holds as many frames as
 * fov_photos_detect() holds photos.
 * @param video  newly opened
 * @param tracks out: release with fov_tracks_free(); with options->scene, which was given them all, NULL
 * @return FOV_OK (see fov_video_warning()), FOV_ERR_FORMAT (not one frame), FOV_ERR_CANCELLED, or as fov_photos_detect()
 */
FOV_API fov_status fov_video_track(fov_video *video, const fov_engine *engine, const fov_video_options *options,
                                   fov_tracks **tracks, fov_error *err);

/**
 * Write a video anew with the faces of its tracks hidden. Frames keep their times, and everything but pictures is copied: sound,
 * subtitles, chapters, rotation, colours, metadata. Other video streams and covers are left out, for they may show the faces. The
 * container is the one of `output`'s ending. Never leaves half a file; `output` may be `path`.
 * @param path     a file; it is read from its start
 * @param warnings out, may be NULL: what was left out or replaced, one a line; release with fov_string_free()
 * @return FOV_OK, FOV_ERR_ARGUMENT (tracks of another video, options), FOV_ERR_UNSUPPORTED (a container or encoder that is not
 * there), FOV_ERR_IO, FOV_ERR_FORMAT, FOV_ERR_CANCELLED, FOV_ERR_MEMORY
 */
FOV_API fov_status fov_video_hide(const char *path, const fov_tracks *tracks, const fov_video_options *options, const char *output,
                                  char **warnings, fov_error *err);

/* ------------------------------------------------------------------ what it costs */

/** One engine against another on the same photos. */
typedef struct fov_comparison fov_comparison;

typedef struct fov_compare_options {
    const fov_detect_options *detect;          /**< NULL: defaults. Faces count from a score of 0.5 on, whatever it says */
    int                       threads;         /**< 0: fov_cpu_threads()                                                 */
    bool                      layers;          /**< also every layer that both have by name: SNR and cosine              */
    const char               *a_name, *b_name; /**< as reports call them; NULL: "A" and "B"                              */
    /** What reports call a photo, `user` being the photo source's; NULL: "photo 1", "photo 2", .. */
    const char *(*photo_name)(void *user, size_t index);
    fov_progress *progress; /**< may be NULL */
    void         *progress_user;
} fov_compare_options;

/**
 * Run both engines on all photos. `a` is what `b` is measured against. Photos that cannot be loaded, or are too large to be run,
 * are left out and counted.
 * @param comparison out: release with fov_comparison_free(); it needs neither engines nor photos any more
 * @return FOV_OK, FOV_ERR_ARGUMENT (no photos), the first photo's failure when all fail, FOV_ERR_CANCELLED, FOV_ERR_MEMORY
 */
FOV_API fov_status fov_compare(const fov_engine *a, const fov_engine *b, const fov_photo_source *photos,
                               const fov_compare_options *options, fov_comparison **comparison, fov_error *err);
/**
 * As JSON (docs/compare.md says what each number is):
 * {"a": {"name", "precision"}, "b": {..}, "verdict", "photos", "failed", "faces": {"a", "b", "matched", "lost", "gained"},
 * "agreement": {"recall", "precision", "mean_iou", "loss", "truth"}, "drift": {"pairs", "score_mean", "score_max", "score_bias",
 * "landmark_mean", "landmark_max", "landmark_px_mean", "landmark_px_max", "box_mean", "box_max", "box_px_mean", "box_px_max"},
 * "heads": [{"output", "precision", "snr_db", "cosine", "max"}], "layers": [{"name", "op", "precision", "snr_db", "cosine", "max",
 * "rescaled", "clipped"}], "layers_a", "layers_b", "worst": [{"photo", "index", "lost", "gained", "score_max", "landmark_px_max"}]}
 * "snr_db" is null where both are the same to the bit; "clipped" is null where B does not quantise.
 * @return a string to release with fov_string_free(); NULL without memory
 */
FOV_API char *fov_comparison_json(const fov_comparison *comparison);
/** A self-contained page (no script, nothing from elsewhere). Never leaves half a file. */
FOV_API fov_status fov_comparison_save_html(const fov_comparison *comparison, const char *path, fov_error *err);
FOV_API void       fov_comparison_free(fov_comparison *comparison); /**< NULL is allowed */

/**
 * What a precision's rounding of the weights does to the outputs, activations and sums staying FP32: an engine with such weights
 * against one without, as JSON {"precision", "variants": [{"weights": "rounded" | "flushed", "comparison": {..}}]}, the
 * comparison being fov_comparison_json()'s. "flushed", for FP16 only, has subnormal weights set to zero, which is what becomes of
 * them where subnormals are not kept.
 * @param precision FP16, BF16 or INT8
 * @return as fov_compare()
 */
FOV_API fov_status fov_model_health_effect_json(const fov_model *model, fov_precision precision, const fov_photo_source *photos,
                                                const fov_compare_options *options, char **json, fov_error *err);

/* ------------------------------------------------------------------ how well it finds */

/** Which faces there are in which photos. Immutable; may be read by any number of threads. */
typedef struct fov_truth fov_truth;

/**
 * Read ground truth, recognised by content (docs/evaluate.md): JSON; WIDER FACE's wider_face_val.mat, with wider_easy_val.mat,
 * wider_medium_val.mat and wider_hard_val.mat beside it, or the folder of these; its wider_face_val_bbx_gt.txt, which has no lists
 * of easy, medium and hard faces: the one setting is then "all", every face that it does not call invalid.
 * @param truth out: release with fov_truth_free()
 * @return FOV_OK, FOV_ERR_IO, FOV_ERR_FORMAT (the message names the photo), FOV_ERR_UNSUPPORTED (.mat without libmatio),
 *         FOV_ERR_MEMORY
 */
FOV_API fov_status  fov_truth_load(const char *path, fov_truth **truth, fov_error *err);
FOV_API size_t      fov_truth_count(const fov_truth *truth);              /**< photos                            */
FOV_API const char *fov_truth_file(const fov_truth *truth, size_t index); /**< a photo's name; NULL past the end */
FOV_API void        fov_truth_free(fov_truth *truth);                     /**< NULL is allowed                   */

/** Average precisions and curves of engines on the same photos. Immutable. */
typedef struct fov_evaluation fov_evaluation;

typedef struct fov_entrant {
    const char       *name; /**< for the table and the legend; copied */
    const fov_engine *engine;
} fov_entrant;

typedef struct fov_evaluate_options {
    const fov_detect_options *detect;       /**< NULL: fov_detect_options_wider()                                       */
    int                       threads;      /**< 0: fov_cpu_threads()                                                   */
    bool                      skip_missing; /**< photos that are not there are left out, with their faces, and counted  */
    const char               *detections;   /**< folder for what is found, in WIDER's layout: EVENT/PHOTO.txt; in a folder of
                                                 its name for each engine if there are several; NULL: not written       */
    fov_progress *progress;                 /**< counts photos times engines; may be NULL                               */
    void         *progress_user;
} fov_evaluate_options;

/** The protocol of RetinaFace's published figures: native size, score > 0.02, NMS at 0.4, 5000 candidates, 750 faces. */
FOV_API fov_detect_options fov_detect_options_wider(void);

/**
 * Find the faces of all photos of the truth with all engines, each photo decoded once, and measure average precision as WIDER
 * FACE's tools do.
 * @param images     folder of the photos; a photo of "EVENT/NAME.jpg" may also lie in it as NAME.jpg
 * @param evaluation out: release with fov_evaluation_free()
 * @return FOV_OK, FOV_ERR_IO (a photo that is missing, named), FOV_ERR_FORMAT (damaged, or not of the size that the truth tells),
 *         FOV_ERR_ARGUMENT (no engine), FOV_ERR_CANCELLED, or as fov_detector_run()
 */
FOV_API fov_status fov_evaluate(const fov_entrant *entrants, size_t count, const fov_truth *truth, const char *images,
                                const fov_evaluate_options *options, fov_evaluation **evaluation, fov_error *err);
/** As JSON: {"photos", "missing", "settings": [{"name", "faces"}], "engines": [{"name", "detections", "seconds", "ap":
 * {setting: 0..1}}]}. @return a string to release with fov_string_free(); NULL without memory */
FOV_API char *fov_evaluation_json(const fov_evaluation *evaluation);

/** Recall and precision at falling thresholds of the score, of one engine in one setting. */
typedef struct fov_curve {
    size_t        count;
    const double *recall, *precision; /**< owned by the evaluation */
    double        ap;
} fov_curve;
/** @return an empty curve for an engine or setting that is not there */
FOV_API fov_curve fov_evaluation_curve(const fov_evaluation *evaluation, size_t engine, size_t setting);
/** Draw the curves, a panel per setting. @param path .svg or .png. Never leaves half a file. */
FOV_API fov_status fov_evaluation_save_curves(const fov_evaluation *evaluation, const char *path, fov_error *err);
FOV_API void       fov_evaluation_free(fov_evaluation *evaluation); /**< NULL is allowed */

#ifdef __cplusplus
}
#endif
#endif
