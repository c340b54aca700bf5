// SPDX-License-Identifier: MIT
/* Photoshop's resources as a JPEG has them: a thumbnail, a city and a keyword of IPTC, and one that says nothing of anybody. */
#ifndef FOVEA_TESTS_PHOTOSHOP_H
#define FOVEA_TESTS_PHOTOSHOP_H

#define PHOTOSHOP_RESOURCES                                                                                                        \
    "8BIM\x04\x0c\0\0\0\0\0\x04"                                                                                                   \
    "face"                                                                                                                         \
    "8BIM\x04\x04\0\0\0\0\0\x12"                                                                                                   \
    "\x1c\x02\x5a\0\x04"                                                                                                           \
    "City"                                                                                                                         \
    "\x1c\x02\x78\0\x04"                                                                                                           \
    "word"                                                                                                                         \
    "8BIM\x03\xed\x01x\0\0\0\x02"                                                                                                  \
    "ok"

#endif
