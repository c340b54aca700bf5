// SPDX-License-Identifier: MIT
/* What scripts/analyse puts before each file that tests with cmocka, whose assertions do not say that nothing follows a failed one.
 */
#include "support.h"

#include <stdlib.h>

#undef assert_true
#undef assert_false
#undef assert_non_null
#undef assert_null
#undef fail_msg
#define assert_true(condition) ((condition) ? (void)0 : abort())
#define assert_false(condition) ((condition) ? abort() : (void)0)
#define assert_non_null(pointer) ((pointer) ? (void)0 : abort())
#define assert_null(pointer) ((pointer) ? abort() : (void)0)
#define fail_msg(...) (printf(__VA_ARGS__), abort())
