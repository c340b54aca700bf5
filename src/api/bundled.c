// SPDX-License-Identifier: MIT
/* The assembler takes the files in as they are: no generated array, and pages are loaded only when they are used. */
#include "api/bundled.h"

#include "bundled_files.h" /* so that a new file is taken in */

#define BUNDLE(symbol, path)                                                                                                       \
    __asm__(".section .rodata." #symbol ", \"a\", @progbits\n"                                                                     \
            ".balign 64\n"                                                                                                         \
            ".globl " #symbol "\n"                                                                                                 \
            ".hidden " #symbol "\n"                                                                                                \
            ".type " #symbol ", @object\n" #symbol ":\n"                                                                           \
            ".incbin \"" path "\"\n"                                                                                               \
            ".globl " #symbol "_end\n"                                                                                             \
            ".hidden " #symbol "_end\n" #symbol "_end:\n"                                                                          \
            ".size " #symbol ", " #symbol "_end - " #symbol "\n"                                                                   \
            ".previous\n");                                                                                                        \
    extern const unsigned char symbol[], symbol##_end[]

BUNDLE(fov_default_model, FOVEA_DEFAULT_MODEL);
BUNDLE(fov_default_engine, FOVEA_DEFAULT_ENGINE);

/* Both symbols are of one section, which no declaration tells cppcheck. */
fov_bundled fov_bundled_model(void)
{
    /* cppcheck-suppress comparePointers */
    return (fov_bundled){fov_default_model, (size_t)(fov_default_model_end - fov_default_model)};
}

fov_bundled fov_bundled_engine(void)
{
    /* cppcheck-suppress comparePointers */
    return (fov_bundled){fov_default_engine, (size_t)(fov_default_engine_end - fov_default_engine)};
}
