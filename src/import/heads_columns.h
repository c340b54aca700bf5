// SPDX-License-Identifier: MIT
/* What a column of an exporter's output may be, and how rows of outputs follow from the heads' cells. */
#ifndef FOVEA_IMPORT_HEADS_COLUMNS_H
#define FOVEA_IMPORT_HEADS_COLUMNS_H

#include "import/heads_tail.h"

/** One column, predicted from raw heads. */
typedef struct fov_column {
    fov_head_kind kind;
    enum { FOV_COLUMN_RAW, FOV_COLUMN_SOFTMAX, FOV_COLUMN_CORNER, FOV_COLUMN_CENTRE, FOV_COLUMN_POINT } form;
    int  channel; /* of the form: corner x1 y1 x2 y2, centre x y and size w h, points x y x y .. */
    bool pixels;  /* decoded in pixels of the input, else in 0..1 of it */
} fov_column;

enum { FOV_MAX_COLUMNS = 16, FOV_COLUMN_FORMS = 2 + 2 + 4 + 16 + 10 + 20 };

/** An anchor of a cell. */
typedef struct fov_prior {
    int     level, anchor;
    int64_t row, column;
} fov_prior;

/** How an output lays out a table with a row for each prior of some levels. */
typedef struct fov_layout {
    enum { FOV_LAYOUT_ROWS, FOV_LAYOUT_COLUMNS, FOV_LAYOUT_PLANES } order; /* (A, k), (k, A), (anchors * k, h, w) of one level */
    bool     coarse_first;                                                 /* levels from the largest stride to the smallest */
    unsigned levels;                                                       /* bit per level */
    int64_t  n_row, n_column;
} fov_layout;

/** All forms that are known, into `list` of FOV_COLUMN_FORMS. */
void fov_columns_list(fov_column *list);

/** What `column` should hold for a prior of image `n`, by these settings. */
double fov_column_predict(const fov_column *column, const fov_heads *heads, const fov_settings *settings, const fov_tail *tail,
                          int64_t n, fov_prior prior);

int64_t   fov_layout_rows(const fov_heads *heads, unsigned levels);
fov_prior fov_layout_prior(const fov_heads *heads, const fov_layout *layout, int64_t row);
/** Index of an element within what belongs to one image. */
int64_t fov_layout_index(const fov_heads *heads, const fov_layout *layout, int64_t row, int64_t column);

#endif
