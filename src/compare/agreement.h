// SPDX-License-Identifier: MIT
/* How well two engines agree on the faces of photos. A is the truth, B is measured: what certificates state, and what the
 * search for a mixed precision spends its budget on. */
#ifndef FOVEA_COMPARE_AGREEMENT_H
#define FOVEA_COMPARE_AGREEMENT_H

#include "base/error.h"

#define FOV_AGREEMENT_CANDIDATE 0.02F /* the score_threshold that both lists of faces must have been made with     */
#define FOV_AGREEMENT_TRUTH 0.3F      /* loss: faces of A above this are the truth; those between may come or stay */

/** One face of B, judged: a point of the precision-recall curve. */
typedef struct fov_verdict {
    float score;
    bool  right;
} fov_verdict;

/** Starts as {0}. All of it may be read after fov_agreement_finish(); of no face at all, recall and precision are 1, the rest 0. */
typedef struct fov_agreement {
    size_t photos;
    size_t faces_a, faces_b; /* with a score > 0.5                                                   */
    size_t matched;          /* of those: both have it                                               */
    size_t lost, gained;     /* only A has it, only B has it; the other may have it with a lower score */
    double recall;           /* matched / faces_a                                                    */
    double precision;        /* matched / faces_b                                                    */
    double loss;             /* 1 - AP of B with A's faces as truth, at IoU 0.5: 0.005 is half a point */
    size_t truth;            /* faces of A that count for the loss                                   */

    /* Drift of the pairs that at least one of them shows with a score > 0.5. Box sizes are A's, geometric mean of both sides. */
    size_t pairs;
    double mean_iou;
    double score_mean, score_max;       /* |b - a|                                     */
    double score_bias;                  /* mean of b - a                               */
    double landmark_mean, landmark_max; /* distance of a point, in box sizes           */
    double landmark_px_mean, landmark_px_max;
    double box_mean, box_max; /* distance of an edge, in box sizes           */
    double box_px_mean, box_px_max;

    fov_verdict *verdict; /* of all photos */
    size_t       verdicts, capacity;
    struct {
        double iou, score, bias, landmark, landmark_px, box, box_px;
    } sum;
} fov_agreement;

/**
 * Take the faces of one photo into account.
 * @param a what is true, @param b what is measured: both as a detector gives them with score_threshold FOV_AGREEMENT_CANDIDATE,
 *          best first
 */
fov_status fov_agreement_add(fov_agreement *agreement, const fov_faces *a, const fov_faces *b, fov_error *err);
/** Work out the ratios and means. More photos may be added afterwards, and it be called again. */
void fov_agreement_finish(fov_agreement *agreement);
/** Release; the result is {0}. */
void fov_agreement_clear(fov_agreement *agreement);

/** Judge the faces of b, and append them to the agreement's verdicts. */
fov_status fov_agreement_judge(fov_agreement *agreement, const fov_faces *a, const fov_faces *b, fov_error *err);
/**
 * Average precision: area under the precision-recall curve, precision made monotone, all points (as PASCAL VOC since 2010).
 * @param verdict is sorted; of equal scores the wrong ones come first
 */
double fov_average_precision(fov_verdict *verdict, size_t count, size_t truth);

#endif
