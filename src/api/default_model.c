// SPDX-License-Identifier: MIT
/* The assembler takes the file in as it is: no generated array, and pages are loaded only when the model is used. */
#include "api/default_model.h"

__asm__(".section .rodata.fov_default_model, \"a\", @progbits\n"
        ".balign 64\n"
        ".globl fov_default_model\n"
        ".hidden fov_default_model\n"
        ".type fov_default_model, @object\n"
        "fov_default_model:\n"
        ".incbin \"" FOVEA_DEFAULT_MODEL "\"\n"
        ".globl fov_default_model_end\n"
        ".hidden fov_default_model_end\n"
        "fov_default_model_end:\n"
        ".size fov_default_model, fov_default_model_end - fov_default_model\n"
        ".previous\n");

extern const unsigned char fov_default_model_end[];

size_t fov_default_model_size(void)
{
    return (size_t)(fov_default_model_end - fov_default_model);
}
