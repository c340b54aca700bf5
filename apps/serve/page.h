// SPDX-License-Identifier: MIT
/* The files that the program carries: the page and what it needs, and the description of the server. */
#ifndef FOVEA_SERVE_PAGE_H
#define FOVEA_SERVE_PAGE_H

typedef struct srv_asset {
    const char          *path; /* as in the source: "index.html", below web/ */
    const char          *tag;  /* of its content, as HTTP wants it: in quotes */
    const unsigned char *data, *end;
} srv_asset;

extern const srv_asset srv_assets[]; /* made by assets.sh; ends with a NULL path */

#endif
