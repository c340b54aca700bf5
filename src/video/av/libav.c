// SPDX-License-Identifier: MIT
#include "video/av/libav.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

enum { AVUTIL, SWSCALE, AVCODEC, AVFORMAT, N_LIBRARY };

/* In the order in which they need each other. */
static const char *const sonames[N_LIBRARY] = {[AVUTIL] = FOVEA_AVUTIL_SONAME,
                                               [SWSCALE] = FOVEA_SWSCALE_SONAME,
                                               [AVCODEC] = FOVEA_AVCODEC_SONAME,
                                               [AVFORMAT] = FOVEA_AVFORMAT_SONAME};

static fov_av         functions;
static bool           loaded;
static char           missing[64]; /* library or function */
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Never closed again: codecs leave threads' memory and functions for the process to call at its end. */
static void load(void)
{
    void *handle[N_LIBRARY];
    for (int i = 0; i < N_LIBRARY; i++)
        if (!(handle[i] = dlopen(sonames[i], RTLD_NOW | RTLD_LOCAL))) {
            snprintf(missing, sizeof missing, "%s", sonames[i]);
            return;
        }
    loaded = true;
#define FOV_AV(library, function)                                                                                                  \
    *(void **)&functions.function = dlsym(handle[library], #function);                                                             \
    if (!functions.function) {                                                                                                     \
        snprintf(missing, sizeof missing, "%s", #function);                                                                        \
        loaded = false;                                                                                                            \
    }
#include "video/av/libav.def"
#undef FOV_AV
    if (loaded) functions.av_log_set_level(AV_LOG_QUIET); /* a library does not print */
}

const fov_av *fov_av_load(const char *path, fov_error *err)
{
    pthread_once(&once, load);
    if (loaded) return &functions;
    fov_fail(err, FOV_ERR_UNSUPPORTED,
             "%s: videos are read by FFmpeg's libraries, of which %s is not here (Debian: libavformat59, libswscale6)", path,
             missing);
    return NULL;
}

fov_status fov_av_fail(const fov_av *av, const char *path, const char *verb, int code, fov_error *err)
{
    char             text[AV_ERROR_MAX_STRING_SIZE] = "";
    const fov_status status = code == AVERROR(ENOMEM)                                             ? FOV_ERR_MEMORY
                              : code == AVERROR_INVALIDDATA || code == AVERROR_EOF                ? FOV_ERR_FORMAT
                              : code == AVERROR_DECODER_NOT_FOUND || code == AVERROR_PATCHWELCOME ? FOV_ERR_UNSUPPORTED
                              : code == AVERROR(EINVAL)                                           ? FOV_ERR_FORMAT
                                                                                                  : FOV_ERR_IO;
    av->av_strerror(code, text, sizeof text);
    return fov_fail(err, status, "%s: cannot %s: %s", path, verb, text);
}
