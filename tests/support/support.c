// SPDX-License-Identifier: MIT
#include "support.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *joined(const char *variable, const char *fallback, const char *relative)
{
    static char ring[8][4096];
    static int  next;
    const char *root = getenv(variable);
    char       *path = ring[next++ % 8];
    snprintf(path, sizeof ring[0], "%s/%s", root && *root ? root : fallback, relative);
    return path;
}

const char *shared_path(const char *relative)
{
    const char *path = joined("FOVEA_SHARED", "../shared", relative);
    return access(path, R_OK) ? NULL : path;
}

const char *source_path(const char *relative)
{
    return joined("FOVEA_SOURCE", ".", relative);
}

uint64_t test_random_u64(test_random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

int test_random_int(test_random *r, int low, int high)
{
    return low + (int)(test_random_u64(r) % (uint64_t)(high - low + 1));
}

float test_random_float(test_random *r, float low, float high)
{
    return low + (high - low) * (float)(test_random_u64(r) >> 40) * 0x1p-24F;
}

static char folder[64];

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static void remove_folder(void)
{
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *test_folder(void)
{
    if (folder[0]) return folder;
    strcpy(folder, "/tmp/fovea-test-XXXXXX");
    if (!mkdtemp(folder) || atexit(remove_folder)) abort();
    return folder;
}
