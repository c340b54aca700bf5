// SPDX-License-Identifier: MIT
/* May this request be answered? */
#ifndef FOVEA_SERVE_AUTH_H
#define FOVEA_SERVE_AUTH_H

#include "request.h"

/** @return status 0: yes; else why not */
srv_reply srv_auth_check(const srv_request *request);

#endif
