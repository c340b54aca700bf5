// SPDX-License-Identifier: MIT
/* One network in the words of several exporters. */
#ifndef FOVEA_TESTS_FUZZ_ONNX_FORMS_H
#define FOVEA_TESTS_FUZZ_ONNX_FORMS_H

#include <stddef.h>

/** An ONNX file as it is, and the same with its weights and bounds in the other places and types that the format has for them, each
 * a seed. */
void onnx_forms_seed(const void *file, size_t bytes);

#endif
