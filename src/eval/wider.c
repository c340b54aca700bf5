// SPDX-License-Identifier: MIT
/* The protocol of WIDER FACE's evaluation tools:
 *
 * - scores are stretched to 0..1 over all detections of the set;
 * - in a photo, detections take, best first, the box of highest IoU, whether it counts in the setting or not, sides measured as
 *   x2 - x1 + 1; from IoU 0.5 on that is a match;
 * - a match with a box that does not count is neither right nor wrong; a second match of one that counts, and a detection without
 *   a match, are false alarms;
 * - photos without any box are not looked at;
 * - precision and recall are taken over the set at 1000 thresholds, and AP is the area under the curve's monotone envelope. */
#include "eval/wider.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

static const double MATCH_IOU = 0.5;

typedef struct range {
    double low, span;
} range;

static range score_range(const fov_truth *truth, const fov_hits *hits)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t p = 0; p < truth->count; p++)
        for (size_t i = 0; i < hits[p].count; i++) {
            low = fmin(low, (double)hits[p].hit[i].score);
            high = fmax(high, (double)hits[p].hit[i].score);
        }
    return (range){low, high > low ? high - low : 0};
}

static double overlap(const float hit[4], const double box[4])
{
    double x1 = (double)hit[0], y1 = (double)hit[1], x2 = (double)hit[2], y2 = (double)hit[3];
    double right = box[0] + box[2], bottom = box[1] + box[3];
    double w = fmin(x2, right) - fmax(x1, box[0]) + 1, h = fmin(y2, bottom) - fmax(y1, box[1]) + 1;
    double both = fmax(w, 0) * fmax(h, 0);
    return both / ((x2 - x1 + 1) * (y2 - y1 + 1) + (box[2] + 1) * (box[3] + 1) - both);
}

static const size_t NO_BOX = (size_t)-1;

/* For each detection the box it takes, or NO_BOX. The same for all settings. */
static void match(const fov_truth_photo *photo, const fov_hits *hits, size_t *taken)
{
    for (size_t i = 0; i < hits->count; i++) {
        double best = -INFINITY;
        size_t box = NO_BOX;
        for (size_t b = 0; b < photo->count; b++) {
            double iou = overlap(hits->hit[i].box, photo->box[b]);
            if (!(iou > best)) continue;
            best = iou;
            box = b;
        }
        taken[i] = best >= MATCH_IOU ? box : NO_BOX;
    }
}

/* Add one photo's detections to the curve. The counts of a threshold are those after the last detection that reaches it.
 * @param seen scratch, a flag per box */
static void add_photo(const fov_truth_photo *photo, int setting, const fov_hits *hits, const size_t *taken, range scores,
                      bool *seen, fov_wider_curve *curve)
{
    size_t counted = 0, matched = 0, next = 0;
    memset(seen, 0, photo->count * sizeof *seen);
    for (int k = 0; k < FOV_WIDER_STEPS; k++) {
        double threshold = 1 - (double)(k + 1) / FOV_WIDER_STEPS;
        for (; next < hits->count; next++) {
            double score = scores.span > 0 ? ((double)hits->hit[next].score - scores.low) / scores.span : 1;
            size_t box = taken[next];
            if (score < threshold) break;
            if (box != NO_BOX && !(photo->listed[box] >> setting & 1)) continue;
            counted++;
            if (box == NO_BOX || seen[box]) continue;
            seen[box] = true;
            matched++;
        }
        curve->counted[k] += counted;
        curve->matched[k] += matched;
    }
}

/* Recall never falls from one threshold to the next, so the envelope is the best precision from here on. */
static void finish(fov_wider_curve *c)
{
    double envelope = 0, from;
    for (int k = 0; k < FOV_WIDER_STEPS; k++) {
        c->recall[k] = (double)c->matched[k] / (double)(c->faces ? c->faces : 1);
        c->precision[k] = c->counted[k] ? (double)c->matched[k] / (double)c->counted[k] : 0;
    }
    for (int k = FOV_WIDER_STEPS; k-- > 0;) {
        envelope = fmax(envelope, c->precision[k]);
        from = k ? c->recall[k - 1] : 0;
        c->ap += (c->recall[k] - from) * envelope;
    }
}

static size_t faces_of(const fov_truth_photo *photo, int setting)
{
    size_t n = 0;
    for (size_t b = 0; b < photo->count; b++) n += photo->listed[b] >> setting & 1;
    return n;
}

fov_status fov_wider_measure(const fov_truth *truth, const fov_hits *hits, fov_wider_curve *curve, fov_error *err)
{
    const range scores = score_range(truth, hits);
    size_t      most_boxes = 0, most_hits = 0;
    for (size_t p = 0; p < truth->count; p++) {
        if (truth->photo[p].count > most_boxes) most_boxes = truth->photo[p].count;
        if (hits[p].count > most_hits) most_hits = hits[p].count;
    }
    bool   *seen = fov_alloc_array(most_boxes, sizeof *seen);
    size_t *taken = fov_alloc_array(most_hits, sizeof *taken);
    bool    enough = seen && taken;

    memset(curve, 0, (size_t)truth->settings * sizeof *curve);
    for (size_t p = 0; p < truth->count && enough; p++) {
        const fov_truth_photo *photo = &truth->photo[p];
        if (!photo->count || hits[p].left_out) continue;
        match(photo, &hits[p], taken);
        for (int s = 0; s < truth->settings; s++) {
            curve[s].faces += faces_of(photo, s);
            add_photo(photo, s, &hits[p], taken, scores, seen, &curve[s]);
        }
    }
    for (int s = 0; s < truth->settings && enough; s++) finish(&curve[s]);
    fov_free(seen);
    fov_free(taken);
    return enough ? FOV_OK : fov_fail_memory(err, "the measure of average precision");
}
