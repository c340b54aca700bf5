// SPDX-License-Identifier: MIT
/* Root's powers, given up. Whoever starts a server may have some without being root, such as to listen on port 443. */
#ifndef FOVEA_SERVE_SANDBOX_USER_H
#define FOVEA_SERVE_SANDBOX_USER_H

#include <stdbool.h>

bool srv_user_is_root(void);
/** Become somebody without rights, for good, with his group alone. @param name NULL: nobody @return false: errno says why not */
bool srv_user_become(const char *name);
/** Stay who it is, but of all powers keep at most that to read files. @return false: errno says why not */
bool srv_user_keep_reading(void);
/** As above, without it. */
bool srv_user_keep_nothing(void);

#endif
