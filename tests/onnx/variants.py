#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes ONNX files of one network as different people export it.

usage: variants.py WEIGHTS.safetensors FOLDER [NAME...]     default: all; prints the names it wrote
"""
import contextlib
import io
import sys
import warnings
from pathlib import Path

import onnx
import onnxruntime
import torch
from safetensors.torch import load_file

from network import Ending, build

HEIGHT, WIDTH = 96, 128


def export(net, path, opset=13, dynamic=True, batch=1, half=False, **options):
    x = torch.zeros(batch, 3, HEIGHT, WIDTH)
    if half:
        net, x = net.half(), x.half()
    axes = {"image": {0: "n", 2: "h", 3: "w"}} if dynamic else None
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        if options.pop("dynamo", False):
            n, h, w = torch.export.Dim.DYNAMIC, torch.export.Dim.DYNAMIC, torch.export.Dim.DYNAMIC
            torch.onnx.export(net, (x,), path, opset_version=opset, dynamo=True, external_data=False,
                              dynamic_shapes=({0: n, 2: h, 3: w},) if dynamic else None, **options)
        else:
            torch.onnx.export(net, (x,), path, opset_version=opset, input_names=["image"], dynamic_axes=axes, dynamo=False, **options)


def optimised(weights, path, level):
    """Folded and fused by ONNX Runtime, as far as that stays within ONNX's own operators."""
    export(build(weights), path, 13, dynamic=False)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level, options.optimized_model_filepath = level, path
    options.log_severity_level = 3
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def simplified(weights, path):
    import onnxsim

    export(build(weights), path, 13)
    model, good = onnxsim.simplify(onnx.load(path))
    assert good
    onnx.save(model, path)


def renamed(weights, path):
    """Names that say nothing, no node names, constants as nodes, BatchNormalization kept."""
    export(build(weights), path, 13, keep_initializers_as_inputs=False, do_constant_folding=False,
           training=torch.onnx.TrainingMode.PRESERVE)
    model = onnx.load(path)
    names = {"": ""}
    for node in model.graph.node:
        for ports in (node.input, node.output):
            for i, name in enumerate(ports):
                ports[i] = names.setdefault(name, f"v{len(names)}")
        node.name = ""
    for value in [*model.graph.input, *model.graph.output, *model.graph.initializer]:
        value.name = names.setdefault(value.name, f"v{len(names)}")
    del model.graph.value_info[:]
    nodes = [onnx.helper.make_node("Constant", [], [t.name], value=t) for t in model.graph.initializer]
    del model.graph.initializer[:]
    nodes += list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, path)


def ending(opset=13, to_size=True, options=None, **what):
    return lambda weights, path: export(build(weights, Ending(**what), to_size), path, opset, **(options or {}))


VARIANTS = {
    **{f"dynamic_{v}": ending(v) for v in (9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20)},
    **{f"static_{v}": ending(v, options={"dynamic": False}) for v in (9, 11, 13, 17, 20)},
    **{f"dynamo_{v}": ending(v, options={"dynamo": True}) for v in (18, 21)},
    "dynamo_static": ending(18, options={"dynamo": True, "dynamic": False}),
    "by_scale": ending(11, to_size=False),
    "by_scale_9": ending(9, to_size=False),
    "batch_2": ending(options={"dynamic": False, "batch": 2}),
    "half": ending(options={"half": True}),
    "old_initializers": ending(9, options={"keep_initializers_as_inputs": True}),
    "unfolded": ending(options={"do_constant_folding": False, "training": torch.onnx.TrainingMode.PRESERVE}),
    "renamed": renamed,
    "ort_basic": lambda w, p: optimised(w, p, onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC),
    "simplified": simplified,
    "shuffled": ending(order=("marks", "scores", "boxes")),
    "logits": ending(softmax=False),
    "face_column": ending(face_only="column"),
    "face_flat": ending(face_only="flat"),
    "coarse_first": ending(coarse_first=True),
    "levels": ending(form="levels", order=("scores", "boxes", "marks")),
    "levels_static": ending(form="levels", softmax=False, options={"dynamic": False}),
    "planes": ending(form="planes"),
    "merged": ending(form="merged"),
    "merged_decoded": ending(form="merged", face_only="column", boxes="corners", marks="points", pixels=True),
    "corners": ending(boxes="corners"),
    "corners_pixels": ending(boxes="corners", marks="points", pixels=True),
    "centres": ending(boxes="centres", marks="points", options={"dynamic": False}),
    "centres_pixels": ending(16, boxes="centres", pixels=True),
    "constant_priors": ending(11, boxes="corners", marks="points", constant_priors=True, options={"dynamic": False}),
    "half_decoded": ending(boxes="corners", marks="points", options={"half": True, "dynamic": False}),
    "levels_decoded": ending(form="levels", boxes="corners", marks="points"),
    "dynamo_decoded": ending(18, boxes="corners", marks="points", options={"dynamo": True}),
    "other_anchors": ending(boxes="corners", marks="points", sides=((10.0, 20.0), (48.0, 96.0), (192.0, 400.0)), variances=(0.2, 0.3)),
    "other_anchors_pixels": ending(boxes="centres", pixels=True, sides=((10.0, 20.0), (48.0, 96.0), (192.0, 400.0))),
}


def write(weights, folder, names=None):
    """Yields (name, path, None or why it could not be exported here)."""
    tensors = load_file(weights)
    for name in names or VARIANTS:
        path = str(Path(folder) / f"{name}.onnx")
        torch.manual_seed(0)
        try:
            VARIANTS[name](tensors, path)
            yield name, path, None
        except Exception as problem:  # an exporter of this PyTorch that lacks an opset, a package that is not there
            yield name, path, f"{type(problem).__name__}: {str(problem).splitlines()[0] if str(problem) else ''}"


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    for name, _, problem in write(sys.argv[1], sys.argv[2], sys.argv[3:]):
        print(name, problem or "written", flush=True)


if __name__ == "__main__":
    main()
