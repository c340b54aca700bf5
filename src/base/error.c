// SPDX-License-Identifier: MIT
#include "base/error.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

const char *fov_status_name(fov_status status)
{
    static const char *const names[] = {"ok",          "bad argument",   "out of memory", "input/output error", "format error",
                                        "unsupported", "limit exceeded", "device error",  "internal error"};
    size_t                   i = (size_t)status;
    return i < sizeof names / sizeof *names ? names[i] : "unknown status";
}

fov_status fov_fail(fov_error *err, fov_status code, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        err->code = code;
        vsnprintf(err->message, sizeof err->message, format, args);
        va_end(args);
        fov_make_printable(err->message, "\n");
    }
    return code;
}

fov_status fov_fail_memory(fov_error *err, const char *what)
{
    return fov_fail(err, FOV_ERR_MEMORY, "no memory for %s", what);
}
