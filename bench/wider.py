#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Average precision of a model on a folder of WIDER FACE photos, found by the `fovea` program at the photos' own size.

usage: wider.py FOLDER [FOVEA_DETECT_ARGUMENT]...     FOLDER holds images/ and ground_truth.json (see wider_ap.py)

Faces with a score over 0.02 count, at most 5000 candidates a photo before NMS at IoU 0.4 and 750 after it: the protocol of
the published figures of RetinaFace.
"""
import json
import subprocess
import sys
from pathlib import Path

import common
import wider_ap

PROTOCOL = ["--size", "native", "--score", "0.02", "--nms", "0.4", "--top-k", "5000", "--max-faces", "750"]


def detect(images, arguments):
    """{file: [[x, y, w, h, score]...]}"""
    command = [common.FOVEA, "detect", "--precision", "fp32", "--ndjson", *PROTOCOL, *arguments, images]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    out = {}
    for photo in map(json.loads, done.stdout.splitlines()):
        rows = ((*f["box"], f["score"]) for f in photo["faces"])
        out[Path(photo["file"]).name] = [[x1, y1, x2 - x1, y2 - y1, score] for x1, y1, x2, y2, score in rows]
    return out


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    truth = json.loads((folder / "ground_truth.json").read_text(encoding="utf-8"))
    result = wider_ap.evaluate(truth, detect(folder / "images", sys.argv[2:]))
    print(" / ".join(f"{100 * result[k]:.2f}" for k in wider_ap.SETTINGS), "(AP x100, easy / medium / hard)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
