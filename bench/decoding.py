#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What it costs to decode JPEGs at a part of their size: average precision and faces, beside decoding every pixel (--full-decode).

usage: decoding.py WIDER_FOLDER PHOTO_FOLDER [FOVEA_ARGUMENT...]     WIDER_FOLDER holds images/ and ground_truth.json

Network inputs are squares that photos of 640 (WIDER) and 1024 pixels are decoded at 1/2, 1/4 and 1/8 for. AP moves by some tenths of a
point from one input size to the next, up or down, whatever decodes: so its change is told as a mean over many sizes, with its spread.
"""
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

import common
from agreement import best_free, overlaps

WIDER_SIZES = range(162, 214, 3)  # of photos of 640 pixels: 1/2
FACE_SIZES = (340, 320, 300, 280, 260, 170, 160, 150, 140)  # of photos of 1024 pixels: 1/2, then 1/4
SETTINGS = ("easy", "medium", "hard")


def fovea(*arguments):
    return json.loads(subprocess.run([common.FOVEA, *arguments], stdout=subprocess.PIPE, check=True).stdout)


def precision(folder, size, arguments):
    report = fovea("eval", "--json", "--size", f"{size}x{size}", "--wider", folder / "ground_truth.json", *arguments, folder / "images")
    return np.array([100 * report["engines"][0]["ap"][s] for s in SETTINGS])


def faces(folder, size, arguments):
    found = fovea("detect", "--json", "--size", f"{size}x{size}", *arguments, folder)
    return [np.array([f["box"] for f in photo["faces"]]).reshape(-1, 4) for photo in found]


def ious(full, smaller):
    """(IoU of every face that is found again, how many are not, how many are new)"""
    iou, lost, more = [], 0, 0
    for want, got in zip(full, smaller):
        free = np.ones(len(got), bool)
        for box in want:
            j = best_free(box, got, free)
            if j < 0:
                lost += 1
                continue
            free[j] = False
            iou.append(float(overlaps(box, got[j : j + 1])[0]))
        more += int(free.sum())
    return iou, lost, more


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    wider, photos, arguments = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    full = [*arguments, "--full-decode"]
    change = np.array([precision(wider, s, arguments) - precision(wider, s, full) for s in WIDER_SIZES])
    for name, values in zip(SETTINGS, change.T):
        print(f"AP {name:6} {values.mean():+.2f} points on average of {len(values)} sizes, standard deviation {values.std():.2f}")
    for folder, sizes in ((wider / "images", WIDER_SIZES), (photos, FACE_SIZES)):
        iou, lost, more = [], 0, 0
        for size in sizes:
            part = ious(faces(folder, size, full), faces(folder, size, arguments))
            iou, lost, more = iou + part[0], lost + part[1], more + part[2]
        print(f"{folder}: {len(iou)} of {len(iou) + lost} faces found again, {more} more, mean IoU {np.mean(iou):.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
