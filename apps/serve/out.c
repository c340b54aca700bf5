// SPDX-License-Identifier: MIT
#include "out.h"

#include <stdlib.h>

bool srv_out_begin(srv_out *out)
{
    *out = (srv_out){0};
    out->file = open_memstream(&out->data, &out->bytes);
    return out->file != NULL;
}

bool srv_out_end(srv_out *out)
{
    const bool failed = ferror(out->file) != 0;
    const bool whole = !fclose(out->file) && !failed;
    out->file = NULL;
    if (whole) return true;
    free(out->data);
    out->data = NULL;
    return false;
}
