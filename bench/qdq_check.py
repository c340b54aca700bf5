#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks what `fovea convert --qdq` writes: onnx.checker takes it, activations and weights are symmetric INT8, and ONNX Runtime finds
the faces in it that Fovea finds with the engine.

usage: qdq_check.py ENGINE.fov PHOTO...

Symmetric INT8 has fewer steps than the engine: faces near the threshold 0.5 (by less than 0.1) may be on either side of it. Exits 1
when of the others more than one in a hundred is lost or gained.
"""
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

import common
import faces as recorded
import retinaface

TOLERANCE = 0.1


def check_symmetric(path):
    """Counts of QuantizeLinear and DequantizeLinear; every zero point is an INT8 zero, a list of scales belongs to filters."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    count = Counter()
    for node in model.graph.node:
        if node.op_type not in ("QuantizeLinear", "DequantizeLinear"):
            continue
        scale, zero = constants[node.input[1]], constants[node.input[2]]
        assert zero.dtype == np.int8 and not zero.any() and (scale > 0).all(), node.name
        assert scale.ndim == 0 or constants[node.input[0]].shape[0] == len(scale), node.name
        count[node.op_type] += 1
    return count


def find_all(path, photos):
    """{name: faces} as ONNX Runtime finds them."""
    network, out = retinaface.session(path, 2), {}
    for photo in photos:
        boxes, scores, marks = retinaface.faces(network, photo)
        out[Path(photo).name] = [{"box": b.tolist(), "score": float(s), "landmarks": m.reshape(-1).tolist()}
                                 for b, s, m in zip(boxes, scores, marks)]
    return out


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    engine, photos = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "qdq.onnx")
        subprocess.run([common.FOVEA, "convert", "--qdq", engine, path], check=True, stdout=subprocess.DEVNULL)
        count = check_symmetric(path)
        found = find_all(path, photos)
    run = [common.FOVEA, "detect", "--json", "--size", "native", "-m", engine, *photos]
    ours = json.loads(subprocess.run(run, check=True, stdout=subprocess.PIPE).stdout)
    tally = recorded.Tally(TOLERANCE)
    for photo in ours:
        for face in photo["faces"]:
            face["landmarks"] = np.array(face["landmarks"]).reshape(-1).tolist()
        tally.photo(photo["faces"], found[Path(photo["file"]).name])
    print(f"{count['QuantizeLinear']} QuantizeLinear, {count['DequantizeLinear']} DequantizeLinear; {tally.faces} faces, "
          f"lost {tally.lost}, extra {tally.extra}, worst IoU {tally.iou:.4f}, score off by {tally.score:.5f}, "
          f"landmark off by {tally.landmark:.3f} px")
    return 1 if 100 * (tally.lost + tally.extra) > tally.faces or not count else 0


if __name__ == "__main__":
    sys.exit(main())
