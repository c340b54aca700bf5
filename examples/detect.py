# SPDX-License-Identifier: MIT
"""Finds the faces of photos with the bundled model. python3 detect.py PHOTO..."""
import sys

import fovea

with fovea.Detector() as detector:  # or a model, or a .fov file
    for path in sys.argv[1:]:
        faces = detector.detect(path)  # or an array, a PIL image, the bytes of a file, a list of these
        print(f"{path}: {len(faces)} in {faces.width} x {faces.height}")
        for (x1, y1, x2, y2), score, landmarks in zip(faces.boxes, faces.scores, faces.landmarks):
            print(f"{score:.3f}  ({x1:.0f}, {y1:.0f}) to ({x2:.0f}, {y2:.0f}), nose at {landmarks[2].round()}")
