#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks what `fovea convert` writes as ONNX: onnx.checker takes it, and ONNX Runtime computes from it what Fovea computes from
the model it was made of.

usage: onnx_check.py MODEL [PHOTO...]     default: the bundled photo, at its own size
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import onnx

import common
import retinaface

TOLERANCE = 1e-4


def fovea_raw(model, photo, folder):
    out = Path(folder) / "raw"
    subprocess.run([common.LATENCY, model, "fp32", "2", photo, out], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return np.fromfile(out, np.float32)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    model, photos = sys.argv[1], sys.argv[2:] or [common.PHOTO]
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "written.onnx"
        subprocess.run([common.FOVEA, "convert", model, written], check=True, stdout=subprocess.DEVNULL)
        onnx.checker.check_model(str(written), full_check=True)
        network = retinaface.session(str(written), 2)
        for photo in photos:
            outputs = retinaface.run(network, retinaface.network_input(cv2.imread(str(photo))))
            theirs = np.concatenate([v.reshape(-1) for v in outputs])
            worst = max(worst, float(np.abs(theirs - fovea_raw(model, photo, folder)).max()))
    print(f"{model}: onnx.checker is content; {len(photos)} photos, answers differ by at most {worst:.1e}")
    return 0 if worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
