// SPDX-License-Identifier: MIT
/* Taken in by the assembler, as the bundled models are (api/bundled.c). */
#include "backend/cuda/images.h"

#include "cuda_images.h" /* made by the build: a row for each image, with a sum of it so that a new one is taken in */

#define FOV_CUDA_IMAGE(name, path, sum)                                                                                            \
    __asm__(".section .rodata.fov_cuda_image_" #name ", \"a\", @progbits\n"                                                        \
            ".balign 64\n"                                                                                                         \
            ".globl fov_cuda_image_" #name "\n"                                                                                    \
            ".hidden fov_cuda_image_" #name "\n"                                                                                   \
            ".type fov_cuda_image_" #name ", @object\n"                                                                            \
            "fov_cuda_image_" #name ":\n"                                                                                          \
            ".incbin \"" path "\"\n"                                                                                               \
            ".globl fov_cuda_image_" #name "_end\n"                                                                                \
            ".hidden fov_cuda_image_" #name "_end\n"                                                                               \
            "fov_cuda_image_" #name "_end:\n"                                                                                      \
            ".size fov_cuda_image_" #name ", fov_cuda_image_" #name "_end - fov_cuda_image_" #name "\n"                            \
            ".previous\n");                                                                                                        \
    extern const unsigned char fov_cuda_image_##name[], fov_cuda_image_##name##_end[];
FOV_CUDA_IMAGES
#undef FOV_CUDA_IMAGE

#define FOV_CUDA_IMAGE(name, path, sum) {#name, fov_cuda_image_##name, fov_cuda_image_##name##_end},
static const fov_cuda_image images[] = {FOV_CUDA_IMAGES{NULL, NULL, NULL}};
#undef FOV_CUDA_IMAGE

static const int capabilities[] = {FOVEA_CUDA_ARCHS, 0};

const fov_cuda_image *fov_cuda_image_at(size_t index)
{
    return index < sizeof images / sizeof *images && images[index].name ? &images[index] : NULL;
}

int fov_cuda_image_capability(size_t index)
{
    return index < sizeof capabilities / sizeof *capabilities ? capabilities[index] : 0;
}

/* Code runs on GPUs of the same major number whose minor number is not less (CUDA programming guide, binary compatibility). */
bool fov_cuda_image_is_native(int capability)
{
    for (const int *c = capabilities; *c; c++)
        if (*c / 10 == capability / 10 && *c <= capability) return true;
    return false;
}
