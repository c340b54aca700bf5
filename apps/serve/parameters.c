// SPDX-License-Identifier: MIT
#include "parameters.h"

#include "http_library.h"

bool srv_parameter_is_known(const char *name)
{
    return cli_detect_parameter_is_known(name);
}

srv_reply srv_parameter_set(fov_detect_options *detect, const fov_detect_options *server, const char *name, const char *text)
{
    fov_error err = {0};
    if (!cli_detect_parameter_set(detect, server, name, text, &err)) return (srv_reply){0};
    return srv_reply_error(MHD_HTTP_BAD_REQUEST, "%s", err.message);
}
