// SPDX-License-Identifier: MIT
/**
 * @file plugin.h
 * What a plugin is: a shared library that gives Fovea operators which it does not have. docs/plugins.md shows how to write one;
 * examples/face_decode_plugin.c is a whole one. This header needs nothing else of Fovea, and a plugin links with nothing of it.
 *
 * A plugin exports one function, fovea_plugin(), which returns a table of operators:
 *
 *     static const fovea_plugin_operator *const operators[] = {&my_operator};
 *     static const fovea_plugin_library library = {
 *         .abi = FOVEA_PLUGIN_ABI, .size = sizeof library, .name = "mine", .version = "1.0", .count = 1, .operators = operators};
 *     FOVEA_PLUGIN_EXPORT const fovea_plugin_library *fovea_plugin(void) { return &library; }
 *
 * Fovea copies nothing of the table: it must stay as it is while the library is loaded. No function may throw, exit, or unwind
 * through the caller. All of them but `create` and `destroy` may be called from several threads at once, with the same state.
 *
 * Versions. FOVEA_PLUGIN_ABI changes only when older plugins can run no more. Whatever is added within one ABI is added at the
 * end of a struct, whose `size` says up to where a plugin knows it; what lies beyond counts as NULL or 0. That is why structs that
 * may grow are handed over by arrays of pointers.
 */
#ifndef FOVEA_PLUGIN_H
#define FOVEA_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FOVEA_PLUGIN_ABI 1
#define FOVEA_PLUGIN_MAX_RANK 8

#if defined(_WIN32)
#define FOVEA_PLUGIN_EXPORT __declspec(dllexport)
#else
#define FOVEA_PLUGIN_EXPORT __attribute__((visibility("default")))
#endif

/** How the numbers of a tensor are kept in memory. */
enum {
    FOVEA_PLUGIN_F32 = 1,
    FOVEA_PLUGIN_F16 = 2,  /**< IEEE 754 binary16                                   */
    FOVEA_PLUGIN_BF16 = 3, /**< the upper half of a binary32                        */
    FOVEA_PLUGIN_U8 = 4    /**< real = (number - zero_point) * scale, of each tensor its own */
};

/** A tensor. Element (i0, i1, ..) is the one at index i0 * strides[0] + i1 * strides[1] + .. of `data`. */
typedef struct fovea_plugin_tensor {
    int32_t type; /**< FOVEA_PLUGIN_F32, ..                                                              */
    int32_t rank;
    int64_t dims[FOVEA_PLUGIN_MAX_RANK];    /**< as ONNX has them: images are N, C, H, W                 */
    int64_t strides[FOVEA_PLUGIN_MAX_RANK]; /**< elements; images (rank 4) have channels last, all else is dense */
    void   *data;                           /**< read only among inputs                                  */
    float   scale;                          /**< U8; 1 for the others                                    */
    int32_t zero_point;                     /**< U8, 0 to 255; 0 for the others                          */
} fovea_plugin_tensor;

/** The shape of a tensor. This struct never grows. */
typedef struct fovea_plugin_shape {
    int32_t rank;
    int64_t dims[FOVEA_PLUGIN_MAX_RANK];
} fovea_plugin_shape;

/** An attribute of a node: a list of integers, a list of numbers, or a text. A single number is a list of one. */
typedef struct fovea_plugin_attribute {
    const char    *name;
    size_t         count;  /**< of the list that is not NULL */
    const int64_t *ints;   /**< NULL unless a list of integers */
    const float   *floats; /**< NULL unless a list of numbers  */
    const char    *text;   /**< NULL unless a text             */
} fovea_plugin_attribute;

/**
 * Where a function that fails says why, in one sentence without a full stop: at most `size` bytes with the ending NUL
 * (snprintf(why->text, why->size, ..)). Fovea puts the operator's and the node's name before it.
 */
typedef struct fovea_plugin_message {
    char  *text;
    size_t size;
} fovea_plugin_message;

/** An operator. Functions that return an int return 0 for success. Optional inputs that a node leaves out are NULL. */
typedef struct fovea_plugin_operator {
    size_t      size;   /**< sizeof (fovea_plugin_operator) */
    const char *name;   /**< op_type of the nodes in ONNX files                                                          */
    const char *domain; /**< their domain, such as "org.example"; "": ONNX's own, for names that Fovea does not know       */
    int32_t     min_inputs, max_inputs;   /**< 1 to 64; a node may leave out those beyond the first min_inputs */
    int32_t     min_outputs, max_outputs; /**< 1 to 64 */

    /**
     * Whether input (or output) `index` may be of this type: not 0 if so. Fovea converts to a type that may, so F32 must be
     * allowed for all of them; the fewer others, the more is converted. Each U8 input comes with its own scale and zero point.
     * NULL: F32 only.
     */
    int (*supports)(int is_input, int32_t index, int32_t type);

    /**
     * Read the attributes of a node, once. NULL: the operator has none, and `state` is NULL in all calls.
     * Attributes that are not known should be passed over. An operator that is put behind a model's heads gets the model's
     * settings: strides (integers, one a level), anchors_per_cell (integers, one a level), anchors (numbers: sides in pixels,
     * level by level), variances (two numbers).
     * @param state out: handed to all other functions, which must not change it
     */
    int (*create)(const fovea_plugin_attribute *const *attributes, size_t count, void **state, const fovea_plugin_message *why);
    void (*destroy)(void *state); /**< NULL: nothing to do */

    /**
     * Shapes of the outputs for shapes of the inputs, which hang on the size of the network's input: called for many of them.
     * @param outputs out: `n_outputs` shapes, on entry of rank -1
     */
    int (*infer_shape)(const void *state, const fovea_plugin_shape *const *inputs, int32_t n_inputs, fovea_plugin_shape *outputs,
                       int32_t n_outputs, const fovea_plugin_message *why);

    /** Bytes of memory that `run` wants for its own use at these shapes. NULL: none. */
    size_t (*workspace)(const void *state, const fovea_plugin_shape *const *inputs, int32_t n_inputs);

    /**
     * Compute. Should allocate nothing.
     * @param outputs of the shapes that infer_shape gave, never overlapping an input
     * @param workspace as many bytes as `workspace` said, aligned to 64; NULL for none
     */
    int (*run)(const void *state, const fovea_plugin_tensor *const *inputs, int32_t n_inputs,
               const fovea_plugin_tensor *const *outputs, int32_t n_outputs, void *workspace, const fovea_plugin_message *why);
} fovea_plugin_operator;

typedef struct fovea_plugin_library {
    uint32_t                            abi;     /**< FOVEA_PLUGIN_ABI                  */
    size_t                              size;    /**< sizeof (fovea_plugin_library)     */
    const char                         *name;    /**< for messages                      */
    const char                         *version; /**< for messages                      */
    size_t                              count;   /**< of operators, at least 1          */
    const fovea_plugin_operator *const *operators;
} fovea_plugin_library;

/** What a plugin exports. Called once, after loading. */
FOVEA_PLUGIN_EXPORT const fovea_plugin_library *fovea_plugin(void);

#ifdef __cplusplus
}
#endif
#endif
