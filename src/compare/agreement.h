// SPDX-License-Identifier: MIT
/* How well two engines agree on the faces of photos. A is the truth, B is measured: what certificates state, and what the
 * search for a mixed precision spends its budget on. */
#ifndef FOVEA_COMPARE_AGREEMENT_H
#define FOVEA_COMPARE_AGREEMENT_H

#include "base/error.h"

#define FOV_AGREEMENT_CANDIDATE 0.02F /* the score_threshold that both lists of faces must have been made with     */

/** A point of an expected precision-recall curve: a face, and how likely it is one. */
typedef struct fov_verdict {
    float score;       /* by which the engine ranks it                                    */
    float probability; /* A's score of the same face: how likely there is one; 0: A has none */
} fov_verdict;

/** Verdicts of all photos. */
typedef struct fov_verdicts {
    fov_verdict *item;
    size_t       count, capacity;
} fov_verdicts;

/** Starts as {0}. All of it may be read after fov_agreement_finish(); of no face at all, recall and precision are 1, the rest 0. */
typedef struct fov_agreement {
    size_t photos;
    size_t faces_a, faces_b; /* with a score > 0.5                                                   */
    size_t matched;          /* of those: both have it                                               */
    size_t lost, gained;     /* only A has it, only B has it; the other may have it with a lower score */
    double recall;           /* matched / faces_a                                                    */
    double precision;        /* matched / faces_b                                                    */
    /**
     * Expected AP of A less that of B, at IoU 0.5, where each face of A is one with the probability of its score: 0.005 is half a
     * point. Nobody ranks these faces better than A, so the loss is never negative, and faces that change places cost
     * something even if all are still found.
     */
    double loss;
    double truth; /* sum of the probabilities: faces to be expected */

    /* Drift of the pairs that at least one of them shows with a score > 0.5. Box sizes are A's, geometric mean of both sides. */
    size_t pairs;
    double mean_iou;
    double score_mean, score_max;       /* |b - a|                                     */
    double score_bias;                  /* mean of b - a                               */
    double landmark_mean, landmark_max; /* distance of a point, in box sizes           */
    double landmark_px_mean, landmark_px_max;
    double box_mean, box_max; /* distance of an edge, in box sizes           */
    double box_px_mean, box_px_max;

    fov_verdicts of_a, of_b;
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

/** Judge the faces of both, and append them to the agreement's verdicts. */
fov_status fov_agreement_judge(fov_agreement *agreement, const fov_faces *a, const fov_faces *b, fov_error *err);
/**
 * Expected average precision: area under the precision-recall curve, precision made monotone, all points (as PASCAL VOC since
 * 2010), where each face counts for its probability. The verdicts are sorted; of equal scores the less likely come first.
 * @param truth sum of the probabilities of what could be found
 */
double fov_average_precision(fov_verdicts *verdicts, double truth);

#endif
