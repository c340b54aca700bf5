// SPDX-License-Identifier: MIT
/* Root's powers, given up. Processes that root did not start have none. */
#ifndef FOVEA_SERVE_SANDBOX_USER_H
#define FOVEA_SERVE_SANDBOX_USER_H

#include <stdbool.h>

bool srv_user_is_root(void);
/** Become somebody without rights, for good, with his group alone. @param name NULL: nobody @return false: errno says why not */
bool srv_user_become(const char *name);
/** Stay root, whose files may be read, but without its other powers. @return false: errno says why not */
bool srv_user_keep_reading(void);

#endif
