// SPDX-License-Identifier: MIT
/* The system's loader maps a library as its header says and trusts it: of a file cut short it touches pages that are not there, and
 * the process dies. So the header is held against the file's size first (ELF, System V ABI, chapters 4 and 5). */
#include "plugin/plugin.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if __SIZEOF_POINTER__ == 8
typedef Elf64_Ehdr file_header;
typedef Elf64_Phdr segment;
#define WORD ELFCLASS64
#else
typedef Elf32_Ehdr file_header;
typedef Elf32_Phdr segment;
#define WORD ELFCLASS32
#endif

enum { MAX_SEGMENTS = 1024 };

static bool read_at(int file, void *to, size_t bytes, off_t offset)
{
    return pread(file, to, bytes, offset) == (ssize_t)bytes;
}

static bool fits(uint64_t offset, uint64_t bytes, uint64_t size)
{
    return offset <= size && bytes <= size - offset;
}

static fov_status fail_short(const char *path, fov_error *err)
{
    return fov_fail(err, FOV_ERR_FORMAT, "%s: the shared library is cut short: copy or build it again", path);
}

static fov_status check_segments(int file, uint64_t size, const char *path, fov_error *err)
{
    file_header header;
    if (!read_at(file, &header, sizeof header, 0) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != WORD || header.e_type != ET_DYN)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: not a shared library of this machine; a plugin is built with -shared", path);
    if (header.e_phentsize != sizeof(segment) || !header.e_phnum || header.e_phnum > MAX_SEGMENTS)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: the shared library is damaged: %u segments of %u bytes", path, header.e_phnum,
                        header.e_phentsize);
    for (unsigned i = 0; i < header.e_phnum; i++) {
        segment s;
        if (!fits(header.e_phoff, (uint64_t)(i + 1) * sizeof s, size) ||
            !read_at(file, &s, sizeof s, (off_t)(header.e_phoff + i * sizeof s)) || !fits(s.p_offset, s.p_filesz, size))
            return fail_short(path, err);
    }
    return FOV_OK;
}

fov_status fov_plugin_check_file(const char *path, fov_error *err)
{
    struct stat info;
    int         file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe nobody writes to must not hold us */
    if (file < 0) return fov_fail(err, FOV_ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    fov_status st;
    if (fstat(file, &info)) st = fov_fail(err, FOV_ERR_IO, "%s: cannot read: %s", path, strerror(errno));
    else if (!S_ISREG(info.st_mode)) st = fov_fail(err, FOV_ERR_FORMAT, "%s: not a file, so no plugin", path);
    else st = check_segments(file, (uint64_t)info.st_size, path, err);
    close(file);
    return st;
}
