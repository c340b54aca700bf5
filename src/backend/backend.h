// SPDX-License-Identifier: MIT
/* What a backend is. The engine knows buffers, steps and this struct; a backend knows nothing of the others.
 *
 * Activations are NHWC in memory (fov_view_nhwc): channel stride 1, a pixel every `ld` elements, so that a value may be a
 * slice of a wider one (Concat without copies). Every buffer honours FOV_OVERREAD
 * (base/alloc.h). */
#ifndef FOVEA_BACKEND_BACKEND_H
#define FOVEA_BACKEND_BACKEND_H

#include "base/alloc.h"
#include "base/threads.h"
#include "graph/op.h"
#include "models/settings.h"

/** The most nodes that may run as one step. */
enum { FOV_STEP_NODES = 4 };

#define FOV_SCRATCH_NO_MEMORY SIZE_MAX

/** What `record` adds a step to: the backend's. */
typedef struct fov_recorder fov_recorder;

/** A node made ready to run, with packed weights. Immutable and shared by all plans of an engine. */
typedef struct fov_lowered {
    const char *kernel; /* what runs it, for `fovea inspect`: "conv3x3_f32_avx512_14x32" */
    size_t      bytes;  /* of packed weights */
    void       *impl;   /* the backend's */
    /** 1 + index of the input whose memory the first output may take when nobody needs that input any more, because each
     *  element is read before the output's element in its place is written; 0: none. */
    int  in_place;
    bool packed; /* the node's constants live on in `impl`: the graph may give their data back */
    /** A row of the first output is made of the same row of the only input: NHWC rows may be run by themselves, from several
     * threads at once, without scratch or pool. */
    bool        by_rows;
    const void *kin; /* the backend's, for join(); NULL: the node runs alone, or in a chain */
    /**
     * Scratch bytes this node needs for these shapes, 64-byte aligned, not shared with anything while it runs.
     * NULL: none. May give FOV_SCRATCH_NO_MEMORY: finding out took memory that was not to be had.
     */
    size_t (*scratch)(const void *impl, const fov_view *const *in, const fov_view *out, int threads);
    /**
     * Run once. Does not allocate. Constants (weights) among the inputs are NULL if lowering consumed them.
     * @param out one view per output
     */
    fov_status (*run)(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_pool *pool, fov_error *err);
    /** The same where steps run elsewhere (fov_remote): add the step to a program that is being made. Of `run` and `record` a node
     * that needs work has one. Views have addresses of the place. */
    fov_status (*record)(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_recorder *recorder,
                         fov_error *err);
    void (*free)(void *impl);
} fov_lowered;

/** Whether there is anything to do at run time. */
static inline bool fov_lowered_works(const fov_lowered *lowered)
{
    return lowered->run || lowered->record;
}

/* ---- backends whose steps do not run on the host */

/** Memory and a queue of work somewhere else, for one thread at a time. */
typedef struct fov_place fov_place;
typedef struct fov_place_options {
    double tune_seconds; /* that each program may take to measure how its steps are done the fastest */
    bool   tf32;         /* products of FP32 may be rounded to TF32 */
} fov_place_options;

/** Steps made ready to run as one. */
typedef struct fov_program fov_program;

/** A step as a program is made of. */
typedef struct fov_call {
    const fov_lowered     *lowered;
    const fov_view *const *in;
    fov_view              *out;
    void                  *scratch;
    int                    wave; /* steps of one wave need nothing of each other; each needs only earlier waves */
} fov_call;

/** What is before and behind the steps of a program that makes faces of photos. Addresses are the place's. */
typedef struct fov_ends {
    const fov_settings *settings;
    const fov_view     *input; /* FP32, NHWC, of as many images as the program is for */
    const fov_view     *head;  /* FP32, NHWC: scores, boxes and landmarks of each level; they need not be written */
} fov_ends;

/** A photo for such a program. */
typedef struct fov_remote_photo {
    fov_image                   image;
    int                         orientation;         /* EXIF 1..8: how it is turned upright; 0 is 1 */
    bool                        there;               /* image.data is the place's; else the host's, and may go after start() */
    const struct fov_letterbox *box;                 /* media/media.h; for the upright photo; fills the program's input */
    float                       offset[2], scale[2]; /* from the input's pixels to the photo's: (input - offset) * scale; x, y */
} fov_remote_photo;

/** Decodes JPEGs elsewhere, for one thread at a time. */
typedef struct fov_decoder fov_decoder;

enum { FOV_DECODER_BATCH = 32 };

/** A JPEG to be decoded there: media/jpeg_header.h, baseline, of one scan. */
typedef struct fov_remote_picture {
    const struct fov_encoded     *in;
    const struct fov_jpeg_header *header;
    const fov_photo_options      *options;
    bool                          decoded; /* out: else decode it here */
    fov_image                     image;   /* out: RGB8, there, as stored */
    void                         *memory;  /* of its pixels; starts as NULL, and serves the next picture too */
    size_t                        bytes;
} fov_remote_picture;

typedef struct fov_remote {
    /** Whether device number `device` is here and can be used; the message says why not, and what to do. */
    fov_status (*check)(int device, fov_error *err);
    /** What the device is called. @param name out, cut where it does not fit */
    fov_status (*name)(int device, char *name, size_t bytes, fov_error *err);
    /** @param device number of it; FOV_ERR_DEVICE where it is not there */
    fov_status (*open)(int device, fov_place **place, fov_error *err);
    void (*close)(fov_place *place); /* NULL is allowed; what was allocated and compiled there must be gone */
    /** How programs are compiled there from now on. @return FOV_OK, FOV_ERR_DEVICE (one that does not know TF32) */
    fov_status (*configure)(fov_place *place, const fov_place_options *options, fov_error *err);
    fov_status (*alloc)(fov_place *place, size_t bytes, void **memory, fov_error *err);
    void (*free)(fov_place *place, void *memory);
    fov_status (*upload)(fov_place *place, void *to, const void *from, size_t bytes, fov_error *err);
    fov_status (*download)(fov_place *place, void *to, const void *from, size_t bytes, fov_error *err);
    /** @param calls in the order of their waves; what they point to may go afterwards */
    fov_status (*compile)(fov_place *place, const fov_call *calls, int count, fov_program **program, fov_error *err);
    /** Run, and wait for the end. @param seconds out: what the device took; may be NULL */
    fov_status (*run)(fov_program *program, double *seconds, fov_error *err);
    void (*release)(fov_program *program); /* NULL is allowed */

    /** As compile(), and the program makes the steps' input from photos, and faces of what they put out. */
    fov_status (*compile_faces)(fov_place *place, const fov_call *calls, int count, const fov_ends *ends, fov_program **program,
                                fov_error *err);
    /**
     * Begin to run such a program, one of the place at a time.
     * @param photo   one for each image that it is for
     * @param options checked ones, of which scores, suppression and counts matter
     * @param pool    helps to copy pixels; may be NULL
     */
    fov_status (*start)(fov_program *program, const fov_remote_photo *photo, const fov_detect_options *options, fov_pool *pool,
                        fov_error *err);
    /** Wait for the end. @param faces out, one for each image: in memory of the place, until its next start() */
    fov_status (*finish)(fov_program *program, fov_faces *faces, fov_error *err);

    /** May take a second. @return FOV_OK, FOV_ERR_DEVICE (nothing there decodes faster than the host), FOV_ERR_MEMORY */
    fov_status (*open_decoder)(int device, fov_decoder **decoder, fov_error *err);
    void (*close_decoder)(fov_decoder *decoder); /* NULL is allowed */
    /** Decode up to FOV_DECODER_BATCH pictures, and wait for the end. */
    fov_status (*decode)(fov_decoder *decoder, fov_remote_picture *picture, size_t count, fov_error *err);
    void (*release_picture)(fov_decoder *decoder, fov_remote_picture *picture);
} fov_remote;

typedef struct fov_backend {
    const char *name;
    /** Make a node of a canonical, optimised graph ready. The graph outlives the result. */
    fov_status (*lower)(const fov_graph *graph, const fov_node *node, fov_lowered *out, fov_error *err);
    /**
     * Make one step of two nodes, of which the second alone reads the output of the first, so that this need not be in memory as a
     * whole. The step has the inputs of the first and the outputs of the second, and gives the same bits. NULL: never done.
     * @param first, second as lower() made them; they outlive the result
     * @param out   stays empty where there is no such step
     */
    fov_status (*chain)(const fov_lowered *first, const fov_lowered *second, fov_lowered *out, fov_error *err);
    /** Whether join() takes both, if they read the same value and beside it only constants. NULL: never. */
    bool (*alike)(const fov_lowered *a, const fov_lowered *b);
    /**
     * Make one step of nodes that read the same value, so that it is read, and made ready for kernels, once. The step has the
     * inputs of the first and the outputs of all, in their order, and gives the same bits.
     * @param nodes 2 to FOV_STEP_NODES, each alike() to the first, as lower() made them; they outlive the result
     */
    fov_status (*join)(const fov_lowered *const *nodes, int count, fov_lowered *out, fov_error *err);
    const fov_remote *remote; /* NULL: steps run on the host, in its memory */
} fov_backend;

/** By name; NULL if there is none. Rows in backends.def. */
const fov_backend *fov_backend_find(const char *name);
const fov_backend *fov_backend_at(size_t index); /* NULL past the last */
/**
 * The backend that a user means: by name, NULL for "cpu", or "auto" for the first remote one that can be used, else "cpu". One that
 * is named and cannot be used fails, as its check() says.
 */
fov_status fov_backend_choose(const char *name, int device, const fov_backend **backend, fov_error *err);
/** Why "auto" comes to `backend`, in a sentence that is cut where it does not fit. */
void fov_backend_explain(const fov_backend *backend, int device, char *text, size_t bytes);

/** Lower a node to its definition (graph/ops): what "reference" does for all, other backends for operators they lack. */
fov_status fov_lower_definition(const fov_graph *graph, const fov_node *node, fov_lowered *out, fov_error *err);

#endif
