// SPDX-License-Identifier: MIT
/* The photo that comes with the program. */
#ifndef FOVEA_CLI_BUNDLED_PHOTO_H
#define FOVEA_CLI_BUNDLED_PHOTO_H

/** Where it lies: installed beside the program, or in the source tree that it was built in. NULL: in neither. */
const char *cli_bundled_photo(void);

#endif
