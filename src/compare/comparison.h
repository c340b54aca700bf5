// SPDX-License-Identifier: MIT
/* What a comparison holds: numbers and small pictures, so that engines and photos may be gone when it is written out. */
#ifndef FOVEA_COMPARE_COMPARISON_H
#define FOVEA_COMPARE_COMPARISON_H

#include "base/file.h"
#include "compare/agreement.h"
#include "compare/layers.h"

#include <jansson.h>

enum { FOV_WORST_PHOTOS = 6 };

/** A face of one photo, as both engines see it. A score of 0: not at all. */
typedef struct fov_mark {
    fov_face a, b;
    bool     in_a, in_b; /* shown: score > 0.5 */
} fov_mark;

/** A photo with large differences. */
typedef struct fov_case {
    char      *name;
    size_t     index;
    double     badness; /* what the cases are ordered by */
    size_t     lost, gained;
    double     score_max, landmark_px_max;
    fov_mark  *mark;            /* faces that at least one engine shows */
    size_t     marks, clearest; /* how many, and which one differs most */
    float      left, top, zoom; /* from pixels of the photo to those of the picture: (x - left) * zoom */
    int        width, height;   /* of the picture */
    fov_buffer jpeg;            /* the part of the photo where the differences are */
} fov_case;

/** Scores that A and B give a face, for the scatter plot. */
typedef struct fov_score_pair {
    float a, b;
} fov_score_pair;

struct fov_comparison {
    char           *a_name, *b_name; /* printable UTF-8, as are all names here */
    fov_precision   a_precision, b_precision;
    size_t          photos, failed;
    fov_agreement   agreement;
    fov_layers      layers;
    fov_score_pair *score;
    size_t          scores, cap_score;
    fov_case        worst[FOV_WORST_PHOTOS]; /* worst first */
    size_t          n_worst;
};

/** A name as reports can show it: UTF-8 without control characters. NULL without memory. */
char *fov_report_name(const char *name);

/** Take one photo's faces into scores and worst photos. @param name what the photo is called */
fov_status fov_cases_add(fov_comparison *comparison, const fov_image *image, size_t index, const char *name, const fov_faces *a,
                         const fov_faces *b, fov_error *err);
void       fov_case_clear(fov_case *item);
/** The part of the photo where `item`'s marks differ most, made small, as JPEG. */
fov_status fov_case_picture(fov_case *item, const fov_image *image, fov_error *err);

/** "B finds 612 of A's 615 faces, ...": the verdict in a sentence. Release with fov_free(); NULL without memory. */
char *fov_comparison_verdict(const fov_comparison *comparison);

/** What fov_comparison_json() is the text of; release with json_decref(); NULL without memory. */
json_t *fov_comparison_object(const fov_comparison *comparison);

#endif
