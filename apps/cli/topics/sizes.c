// SPDX-License-Identifier: MIT
#include "topic.h"

const char cli_topic_sizes[] =
    "--size says how a photo becomes the network's input. Small faces need large inputs; time grows with the number of pixels.\n"
    "\n"
    "  long:N    shrink to a longer side of N pixels at most (default: long:1280)\n"
    "  native    leave the size alone\n"
    "  WxH       fit the photo into W x H pixels, with a border; 640x640 and the\n"
    "            like make the input of every photo the same\n"
    "  tiles:N   cut a very large photo into overlapping tiles of N pixels at most\n"
    "\n"
    "Photos are never enlarged by long:N and native; both pad right and bottom with the model's mean to a multiple of 32.\n"
    "\n"
    "With WxH, --place says where the photo lies in the border, and --fill its colour. With tiles:N, --tile-overlap is the largest "
    "face\n"
    "that is sought at full size (larger ones are found in shrunken tiles), and --tile-scale resizes the photo before it is cut.\n"
    "\n"
    "A JPEG that is at least 3 times as large as the input is decoded at 1/2, 1/4 or 1/8 of its size, which is faster, unless\n"
    "--full-decode, --draw or --crop need every pixel. Boxes and landmarks are pixels of the full upright photo in any case.\n"
    "\n"
    "  fovea detect --size 640x640 --ndjson photos/\n"
    "  fovea detect --size tiles:1280 --tile-overlap 400 crowd.jpg\n"
    "  fovea bench --size long:640\n";
