// SPDX-License-Identifier: MIT
#include "sandbox/seccomp_library.h"

#include <dlfcn.h>

srv_seccomp_library srv_seccomp;

/* Never closed again. */
bool srv_seccomp_library_load(void)
{
    void *handle = dlopen(FOVEA_SECCOMP_SONAME, RTLD_NOW | RTLD_LOCAL);
    if (!handle) return false;
#define SRV_SECCOMP_CALL(name)                                                                                                     \
    if (!(*(void **)&srv_seccomp.name = dlsym(handle, #name))) return false;
#include "seccomp_library.def"
#undef SRV_SECCOMP_CALL
    return true;
}
