// SPDX-License-Identifier: MIT
/* Is it clear where a request ends, and whom it is for? What a proxy in front might read in another way than libmicrohttpd does is
 * refused and its connection ended: what one takes for a body, the other could take for somebody's next request. */
#ifndef FOVEA_SERVE_FRAMING_H
#define FOVEA_SERVE_FRAMING_H

#include "request.h"

/** @param version of the protocol, such as "HTTP/1.1" @return status 0: yes; else why not */
srv_reply srv_framing_check(const srv_request *request, const char *version);

#endif
