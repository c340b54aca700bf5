// SPDX-License-Identifier: MIT
/* A driver that knows the version it is told ($FAKE_CUDA_VERSION), and nothing else. */
#include <stdlib.h>

__attribute__((visibility("default"))) int cuDriverGetVersion(int *version);

int cuDriverGetVersion(int *version)
{
    const char *text = getenv("FAKE_CUDA_VERSION");
    *version = text ? atoi(text) : 0;
    return !text;
}
