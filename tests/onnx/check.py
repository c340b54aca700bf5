#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Exports one network in many ways, has `fovea convert` read each and write it again, and compares what ONNX Runtime makes of
the written file with what PyTorch makes of the network: any size, any batch, one and the same answer.

usage: check.py FOVEA WEIGHTS.safetensors [NAME...]     default: all variants
Exits 1 when a variant was not understood or computes something else.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from safetensors.torch import load_file

import variants
from network import build

SHAPES = ((1, 96, 128), (2, 64, 160))
TOLERANCE, HALF_TOLERANCE = 1e-4, 0.2  # weights of a half-precision export are not those of the network
ANCHORS = {"other_anchors": [10, 20, 48, 96, 192, 400], "other_anchors_pixels": [10, 20, 48, 96, 192, 400]}


def reference(net):
    """Inputs, and PyTorch's boxes, scores and landmarks for them."""
    rng = np.random.default_rng(7)
    for n, h, w in SHAPES:
        x = rng.uniform(-120, 140, (n, 3, h, w)).astype(np.float32)
        with torch.no_grad():
            yield x, [v.numpy() for v in net(torch.from_numpy(x))]


def compare(path, cases):
    """Largest difference over all cases; the outputs are bbox, conf, landmarks."""
    onnx.checker.check_model(path, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    worst = 0.0
    for x, want in cases:
        got = session.run(["bbox", "conf", "landmarks"], {"input": x})
        worst = max(worst, *(float(np.abs(a - b).max()) for a, b in zip(got, want)))
    return worst


def anchors(path):
    notes = {note.key: note.value for note in onnx.load(path).metadata_props}
    lines = dict(line.split(" = ") for line in notes["fovea.settings"].splitlines())
    return [float(side) for side in lines["anchors"].replace("/", ",").split(",")]


def check(fovea, name, source, folder, cases):
    """None, or what is wrong with a variant."""
    written, again = str(Path(folder) / "written.onnx"), str(Path(folder) / "again.onnx")
    for a, b in ((source, written), (written, again)):
        run = subprocess.run([fovea, "convert", a, b], capture_output=True, text=True, check=False)
        if run.returncode:
            return run.stderr.strip()
    if name in ANCHORS and anchors(written) != ANCHORS[name]:
        return f"the anchors were not read from the graph: {anchors(written)}"
    if Path(written).read_bytes() != Path(again).read_bytes():
        return "what was written and read again is not the same file"
    worst = compare(written, cases)
    limit = HALF_TOLERANCE if name.startswith("half") else TOLERANCE
    return None if worst <= limit else f"answers differ by {worst:.1e}, at most {limit:.1e} is allowed"


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    onnxruntime.set_default_logger_severity(3)
    cases, failed, left_out = list(reference(build(load_file(sys.argv[2])))), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for name, source, problem in variants.write(sys.argv[2], folder, sys.argv[3:]):
            wrong = None if problem else check(sys.argv[1], name, source, folder, cases)
            failed, left_out = failed + bool(wrong), left_out + bool(problem)
            print(f"{name}: {f'not exported here: {problem}' if problem else wrong or 'ok'}", flush=True)
            Path(source).unlink(missing_ok=True)
    print(f"{failed} variants failed, {left_out} could not be exported")
    return 1 if failed or left_out == len(sys.argv[3:] or variants.VARIANTS) else 0


if __name__ == "__main__":
    sys.exit(main())
