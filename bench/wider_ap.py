#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""WIDER FACE's average precision (easy, medium, hard) of a file of detections.

usage: wider_ap.py GROUND_TRUTH.json DETECTIONS.json

GROUND_TRUTH: [{file, width, height, boxes: [[x, y, w, h]...], easy: [i...], medium: [i...], hard: [i...]}...]
DETECTIONS:   {file: [[x, y, w, h, score]...]} in pixels of the photos, any order; no entry: no detections

The protocol of the official evaluation:
- scores are normalised to 0..1 over all detections of the set;
- per photo, detections in falling score order each take the ground-truth box of highest IoU (all boxes take part, widths and
  heights counted as x2 - x1 + 1); from IoU 0.5 on it is a match;
- a match with a box outside the setting's list is ignored, neither right nor wrong; a second match of a listed box and a
  detection without a match are false alarms;
- 1000 thresholds t = 1 - k/1000: at each, over the set, precision = matched boxes / detections that count,
  recall = matched boxes / listed boxes;
- AP is the area under the monotone envelope of that curve (VOC, all points).
"""
import json
import sys

import numpy as np

SETTINGS = ("easy", "medium", "hard")
STEPS = 1000
THRESHOLDS = 1 - np.arange(1, STEPS + 1) / STEPS


def overlaps(detected, truth):
    """IoU of every detection with every ground-truth box, both (x, y, w, h), edges inclusive."""
    a0, b0 = detected[:, None, :2], truth[None, :, :2]
    a1, b1 = a0 + detected[:, None, 2:4], b0 + truth[None, :, 2:4]
    inter = np.clip(np.minimum(a1, b1) - np.maximum(a0, b0) + 1, 0, None).prod(-1)
    return inter / ((a1 - a0 + 1).prod(-1) + (b1 - b0 + 1).prod(-1) - inter)


def photo_counts(score, best, hit, listed):
    """[STEPS][2]: detections that count and boxes matched at each threshold, for one photo, best detection first."""
    counts, found, seen = np.ones(len(score), int), np.zeros(len(score), int), set()
    for d, box in enumerate(best):
        if hit[d] and not listed[box]:
            counts[d] = 0
        elif hit[d]:
            seen.add(box)
        found[d] = len(seen)
    taken = np.searchsorted(-score, -THRESHOLDS, side="right")  # detections at or above each threshold
    running = np.stack([np.cumsum(counts), found], 1)
    return np.where(taken[:, None] > 0, running[taken - 1], 0)


def area_under(recall, precision):
    r = np.concatenate(([0.0], recall, [1.0]))
    p = np.maximum.accumulate(np.concatenate(([0.0], precision, [0.0]))[::-1])[::-1]
    return float(((r[1:] - r[:-1]) * p[1:]).sum())


def normalised(detections):
    """{file: array [n][5]}, best first, scores stretched to 0..1 over the set."""
    out = {f: np.array(v, float).reshape(-1, 5) for f, v in detections.items()}
    scores = np.concatenate([v[:, 4] for v in out.values()] or [np.zeros(0)])
    if len(scores):
        low, span = scores.min(), np.ptp(scores)
        for f, v in out.items():
            v[:, 4] = (v[:, 4] - low) / span if span else 1.0
            out[f] = v[np.argsort(-v[:, 4], kind="stable")]
    return out


def evaluate(truth, detections, iou=0.5):
    """{"easy": AP, "medium": AP, "hard": AP}, each 0..1."""
    unknown = set(detections) - {g["file"] for g in truth}
    if unknown:
        sys.exit(f"detections of files that have no ground truth: {sorted(unknown)[:5]}")
    detections = normalised(detections)
    curve = {k: np.zeros((STEPS, 2)) for k in SETTINGS}
    for photo in truth:
        boxes, found = np.array(photo["boxes"], float).reshape(-1, 4), detections.get(photo["file"], np.zeros((0, 5)))
        if not len(boxes) or not len(found):
            continue
        o = overlaps(found, boxes)
        for k in SETTINGS:
            listed = np.isin(np.arange(len(boxes)), photo[k])
            curve[k] += photo_counts(found[:, 4], o.argmax(1), o.max(1) >= iou, listed)
    out = {}
    for k in SETTINGS:
        counted, matched = curve[k].T
        faces = sum(len(photo[k]) for photo in truth)
        out[k] = area_under(matched / max(faces, 1), np.divide(matched, counted, out=np.zeros(STEPS), where=counted > 0))
    return out


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as truth, open(sys.argv[2], encoding="utf-8") as detections:
        result = evaluate(json.load(truth), json.load(detections))
    for k, v in result.items():
        print(f"{k:6} AP {v:.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
