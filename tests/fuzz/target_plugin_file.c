// SPDX-License-Identifier: MIT
/* Files that claim to be plugins, looked at before the system's loader is. */
#include "fuzz.h"

#include "plugin/plugin.h"

#include <elf.h>
#include <string.h>

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    (void)name;
    return fov_plugin_check_file(fuzz_file(data, bytes), err);
}

static void seeds(void)
{
    struct {
        Elf64_Ehdr header;
        Elf64_Phdr segment[2];
        char       text[64];
    } file = {.header = {.e_ident = ELFMAG, .e_type = ET_DYN, .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2}};
    file.header.e_ident[EI_CLASS] = ELFCLASS64;
    file.header.e_phoff = sizeof file.header;
    file.segment[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_filesz = sizeof file};
    file.segment[1] = (Elf64_Phdr){.p_type = PT_DYNAMIC, .p_offset = sizeof file - 64, .p_filesz = 64};
    fuzz_seed(&file, sizeof file);
}

const fuzz_target fuzz_target_here = {
    .name = "plugin_file",
    .sources = "src/plugin/check_file.c",
    .run = run,
    .max_bytes = 1 << 20,
    .more_bytes = 0,
    .seeds = seeds,
};
