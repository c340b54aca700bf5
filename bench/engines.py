#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The engines that Fovea is measured beside. Each is a function of (files, precision, threads, shape) that gives a function of a network
input, float32 (1, 3, H, W), that gives (boxes [A, 4], scores [A, 2], landmarks [A, 10]).

As a program it is a worker that speaks the protocol of latency.c:
usage: engines.py ENGINE PRECISION FOLDER_OF_MODEL_FILES THREADS INPUT.npy RAW_OUT
       engines.py --whole ENGINE PRECISION FOLDER_OF_MODEL_FILES THREADS PHOTO LONG_SIDE
"""
import json
import os
import sys
import time
from pathlib import Path

import numpy as np


def by_width(outputs):
    out = {v.shape[-1]: v.reshape(-1, v.shape[-1]) for v in outputs}
    return out[4], out[2], out[10]


def onnxruntime(files, precision, threads, shape):
    import onnxruntime as ort

    ort.set_default_logger_severity(3)
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    if shape:
        for name, size in zip("nhw", (shape[0], shape[2], shape[3])):
            options.add_free_dimension_override_by_name(name, size)
    name = "fp32.onnx" if precision == "fp32" else "ort_int8.onnx"
    session = ort.InferenceSession(str(files / name), options, providers=["CPUExecutionProvider"])
    return lambda x: by_width(session.run(None, {session.get_inputs()[0].name: x}))


def openvino(files, precision, threads, shape):
    import openvino as ov

    core = ov.Core()
    model = core.read_model(files / ("ov_int8.xml" if precision == "int8" else "ov_fp32.xml"))
    if shape:
        model.reshape(list(shape))
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32", "NUM_STREAMS": 1,
                                                 "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()
    count = len(compiled.outputs)

    def run(x):
        request.infer([ov.Tensor(x, shared_memory=True)])
        return by_width([request.get_output_tensor(i).data for i in range(count)])
    return run


def ncnn(files, precision, threads, shape):
    import ncnn as nc

    net = nc.Net()
    net.opt.use_vulkan_compute = False
    net.opt.num_threads = threads
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = precision == "bf16"
    if net.load_param(str(files / "ncnn.param")) or net.load_model(str(files / "ncnn.bin")):
        raise RuntimeError("ncnn does not load its files")

    def run(x):
        extractor = net.create_extractor()
        extractor.input("in0", nc.Mat(x[0]))
        return by_width([np.asarray(extractor.extract(f"out{i}")[1]) for i in range(3)])
    return run


def opencv(files, precision, threads, shape):
    import cv2

    cv2.setNumThreads(threads)
    net = cv2.dnn.readNetFromONNX(str(files / "fp32.onnx"))

    def run(x):
        net.setInput(x)
        return by_width(net.forward(["bbox", "conf", "landmarks"]))
    return run


def mnn(files, precision, threads, shape):
    import MNN

    net = MNN.Interpreter(str(files / "fp32.mnn"))
    session = net.createSession({"numThread": threads, "backend": "CPU", "precision": "high"})
    given = net.getSessionInput(session)
    if shape:
        net.resizeTensor(given, tuple(shape))
        net.resizeSession(session)
    outputs = [net.getSessionOutput(session, name) for name in ("bbox", "conf", "landmarks")]

    def read(output):
        size = tuple(output.getShape())
        host = MNN.Tensor(size, MNN.Halide_Type_Float, np.zeros(size, np.float32), MNN.Tensor_DimensionType_Caffe)
        output.copyToHostTensor(host)
        return np.array(host.getNumpyData()).reshape(size)

    def run(x):
        given.copyFrom(MNN.Tensor(tuple(x.shape), MNN.Halide_Type_Float, x, MNN.Tensor_DimensionType_Caffe))
        net.runSession(session)
        return by_width([read(o) for o in outputs])
    return run


MAKERS = {"onnxruntime": onnxruntime, "openvino": openvino, "ncnn": ncnn, "opencv": opencv, "mnn": mnn}
PRECISIONS = {"fovea": ("fp32", "bf16", "int8", "auto"), "onnxruntime": ("fp32", "int8"), "openvino": ("fp32", "bf16", "int8"),
              "ncnn": ("fp32",), "opencv": ("fp32",), "mnn": ("fp32",)}


def make(engine, precision, files, threads, shape=None):
    return MAKERS[engine](Path(files), precision, threads, shape)


def long_side(image, side):
    import cv2

    h, w = image.shape[:2]
    scale = min(1.0, side / max(h, w))
    return cv2.resize(image, (round(w * scale), round(h * scale)), interpolation=cv2.INTER_LINEAR), scale


def blob(image):
    """BGR8 -> network input, padded right and bottom with the mean to a multiple of 32."""
    import cv2

    h, w = image.shape[:2]
    padded = cv2.copyMakeBorder(image, 0, -h % 32, 0, -w % 32, cv2.BORDER_CONSTANT, value=(104, 117, 123))
    return cv2.dnn.blobFromImage(padded, 1.0, mean=(104, 117, 123))


def photo_to_faces(run, photo, side):
    """(boxes, scores, landmarks) in pixels of the photo, by the quickest way that Python offers."""
    import cv2
    import retinaface

    image, scale = long_side(cv2.imread(str(photo)), side)
    box, score, marks = retinaface.decode(*run(blob(image)), image.shape)
    return box / scale, score, marks / scale


def serve(run):
    for line in sys.stdin:
        warm, count = map(int, line.split())
        for _ in range(warm):
            run()
        times = []
        for _ in range(count):
            begin = time.perf_counter()
            run()
            times.append(time.perf_counter() - begin)
        print(json.dumps({"t": times}), flush=True)


def network_worker(engine, precision, files, threads, given, raw_out):
    start, x = time.perf_counter(), np.load(given)
    run = make(engine, precision, files, int(threads), x.shape)
    np.concatenate([np.array(v, np.float32).reshape(-1) for v in run(x)]).tofile(raw_out)
    print(json.dumps({"ready_s": time.perf_counter() - start}), flush=True)
    serve(lambda: run(x))


def whole_worker(engine, precision, files, threads, photo, side):
    import cv2

    cv2.setNumThreads(int(threads))
    shape = blob(long_side(cv2.imread(photo), int(side))[0]).shape
    run = make(engine, precision, files, int(threads), shape)
    print(json.dumps({"faces": len(photo_to_faces(run, photo, int(side))[1])}), flush=True)
    serve(lambda: photo_to_faces(run, photo, int(side)))


if __name__ == "__main__":
    protocol = os.fdopen(os.dup(1), "w")  # libraries that print would break it
    os.dup2(2, 1)
    sys.stdout = protocol
    if sys.argv[1] == "--whole":
        whole_worker(*sys.argv[2:])
    else:
        network_worker(*sys.argv[1:])
