// SPDX-License-Identifier: MIT
#include "http_library.h"

#include "console.h"

#include <dlfcn.h>

srv_http_library srv_http;

/* Looked for in the library and in what it was linked to, so that both come from one place. Never closed again. */
bool srv_http_library_load(void)
{
    void *handle = dlopen(FOVEA_MICROHTTPD_SONAME, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        cli_error("serve needs libmicrohttpd (Debian: libmicrohttpd12): %s", dlerror());
        return false;
    }
#define SRV_HTTP_CALL(name)                                                                                                        \
    if (!(*(void **)&srv_http.name = dlsym(handle, #name))) {                                                                      \
        cli_error("serve needs a libmicrohttpd with TLS, 0.9.75 or later: %s has no " #name, FOVEA_MICROHTTPD_SONAME);             \
        return false;                                                                                                              \
    }
#include "http_library.def"
    SRV_HTTP_CALL(gnutls_free)
#undef SRV_HTTP_CALL
    return true;
}
