#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares faces with recorded ones: every recorded face found, none more.

usage: faces.py RECORDED.json FOUND.json [MIN_IOU [MAX_SCORE_DIFFERENCE]]     defaults: 0.99 0.001

RECORDED: {file: [{"box", "score", "landmarks": [x, y, x, y, ...]}...]}; FOUND: what `fovea detect --json` prints. Faces whose
score is within the tolerance of the threshold 0.5 may be on either side of it. Exits 1 when something is off.
"""
import json
import sys
from pathlib import Path

import numpy as np

from retinaface import overlap

THRESHOLD = 0.5


class Tally:
    def __init__(self, tolerance):
        self.tolerance = tolerance
        self.faces = self.lost = self.extra = 0
        self.iou, self.score, self.landmark = 1.0, 0.0, 0.0

    def clear_cut(self, face):
        return abs(face["score"] - THRESHOLD) > self.tolerance

    def photo(self, recorded, found):
        left = list(found)
        for want in recorded:
            self.faces += 1
            ious = overlap(np.array(want["box"]), np.array([f["box"] for f in left]).reshape(-1, 4))
            if not len(ious) or ious.max() < 0.5:
                self.lost += self.clear_cut(want)
                continue
            got = left.pop(int(ious.argmax()))
            self.iou = min(self.iou, float(ious.max()))
            self.score = max(self.score, abs(got["score"] - want["score"]))
            marks = np.abs(np.array(got["landmarks"]).reshape(-1) - want["landmarks"])
            self.landmark = max(self.landmark, float(marks.max()))
        self.extra += sum(self.clear_cut(f) for f in left)


def main():
    if not 3 <= len(sys.argv) <= 5:
        sys.exit(__doc__)
    recorded, found = (json.loads(Path(p).read_text(encoding="utf-8")) for p in sys.argv[1:3])
    min_iou, tolerance = (float(v) for v in (*sys.argv[3:], *("0.99", "0.001")[len(sys.argv) - 3 :]))
    found = {Path(photo["file"]).name: photo["faces"] for photo in found}
    tally = Tally(tolerance)
    for name, faces in recorded.items():
        tally.photo(faces, found.get(name, []))
    print(f"{tally.faces} faces, lost {tally.lost}, extra {tally.extra}, worst IoU {tally.iou:.4f}, "
          f"score off by {tally.score:.5f}, landmark off by {tally.landmark:.3f} px")
    return 1 if tally.lost or tally.extra or tally.iou < min_iou or tally.score > tolerance else 0


if __name__ == "__main__":
    sys.exit(main())
