# SPDX-License-Identifier: MIT
"""How much a network loses against its own FP32, by the measure of Fovea's certificates (src/compare/agreement.h), for any engine's
faces: so that the losses of peers stand in the same figures.

Faces of a photo are (boxes [n][4], scores [n], landmarks [n][5][2]), best first, with a score over 0.02.
"""
import numpy as np

SHOWN = 0.5  # what a user of the default threshold gets: score > this
SAME = 0.5  # boxes that overlap less are different faces


def overlaps(box, others):
    side = np.clip(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0, None)
    both = side.prod(1)
    return both / np.maximum((box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(1) - both, 1e-9)


def best_free(box, others, free):
    """Index of the free box that overlaps most, or -1."""
    if not free.any():
        return -1
    iou = np.where(free, overlaps(box, others), -1)
    best = int(iou.argmax())
    return best if iou[best] >= SAME else -1


def average_precision(score, probability, truth):
    """Expected AP: a face counts for its probability; of equal scores the less likely come first."""
    p = probability[np.lexsort((probability, -score))]
    precision = np.cumsum(p) / np.arange(1, len(p) + 1)
    return float((np.maximum.accumulate(precision[::-1])[::-1] * p).sum() / truth)


def pairs(a, b):
    """[(index in a, index in b)], what both show first."""
    free_a, free_b, out = np.ones(len(a[1]), bool), np.ones(len(b[1]), bool), []
    for above in (SHOWN, -1):
        for i in np.flatnonzero(free_a & (a[1] > above)):
            j = best_free(a[0][i], b[0], free_b & (b[1] > above))
            if j >= 0:
                free_a[i] = free_b[j] = False
                out.append((i, j))
    return out


class Agreement:
    def __init__(self):
        self.of_a, self.of_b = [], []  # (score, probability)
        self.score, self.landmark = [], []
        self.shown = self.lost = self.gained = 0

    def add(self, a, b):
        free = np.ones(len(a[1]), bool)
        for box, score in zip(b[0], b[1]):
            i = best_free(box, a[0], free)
            self.of_b.append((score, a[1][i] if i >= 0 else 0))
            if i >= 0:
                free[i] = False
        self.of_a += [(s, s) for s in a[1]]
        self.count(a, b, pairs(a, b))

    def count(self, a, b, pair):
        self.shown += int((a[1] > SHOWN).sum())
        both = sum(a[1][i] > SHOWN and b[1][j] > SHOWN for i, j in pair)
        self.lost += int((a[1] > SHOWN).sum() - both)
        self.gained += int((b[1] > SHOWN).sum() - both)
        for i, j in pair:
            if max(a[1][i], b[1][j]) > SHOWN:
                size = max(1, float(np.sqrt(np.clip(a[0][i][2:] - a[0][i][:2], 0, None).prod())))
                self.score.append(abs(b[1][j] - a[1][i]))
                self.landmark.append(np.linalg.norm(b[2][j] - a[2][i], axis=1).mean() / size)

    def loss(self):
        """Expected AP of a less that of b; 0.005 is half a point."""
        a, b = np.array(self.of_a), np.array(self.of_b).reshape(-1, 2)
        truth = a[:, 1].sum()
        return average_precision(*a.T, truth) - average_precision(*b.T, truth)
