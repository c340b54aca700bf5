# SPDX-License-Identifier: MIT
"""What a Python user writes around ONNX Runtime to get from a photo to faces: the peer that Fovea is measured against."""
import numpy as np

MEAN = np.array([104, 117, 123], np.float32)  # of B, G, R
LEVELS = ((8, (16, 32)), (16, (64, 128)), (32, (256, 512)))  # stride, sides of the anchors


def session(model, threads):
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def network_input(image):
    """BGR8 -> float32 (1, 3, H, W), padded right and bottom with the mean to a multiple of 32."""
    h, w = image.shape[:2]
    x = np.zeros((-(-h // 32) * 32, -(-w // 32) * 32, 3), np.float32)
    x[:h, :w] = image - MEAN
    return np.ascontiguousarray(x.transpose(2, 0, 1)[None])


def run(network, x):
    """(boxes [A, 4], scores [A, 2], landmarks [A, 10]) whatever their order and names in the model."""
    out = {v.shape[-1]: v[0] for v in network.run(None, {network.get_inputs()[0].name: x})}
    return out[4], out[2], out[10]


def priors(h, w):
    out = []
    for stride, sides in LEVELS:
        y, x, side = np.meshgrid(np.arange(-(-h // stride)), np.arange(-(-w // stride)), sides, indexing="ij")
        out.append(np.stack([(x + 0.5) * stride, (y + 0.5) * stride, side, side], -1).reshape(-1, 4))
    return np.concatenate(out).astype(np.float32)


def overlap(box, others):
    """IoU of one box with many, corners (x1, y1, x2, y2)."""
    side = np.clip(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0, None)
    inter = side.prod(1)
    return inter / ((box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(1) - inter)


def suppress(box, score, iou):
    order, keep = np.argsort(-score, kind="stable"), []
    while len(order):
        best, order = order[0], order[1:]
        keep.append(best)
        order = order[overlap(box[best], box[order]) <= iou]
    return keep


def decode(loc, conf, marks, shape, threshold=0.5, iou=0.4):
    """(boxes, scores, landmarks) from what a network says about a photo of that shape, best first."""
    h, w = (-(-side // 32) * 32 for side in shape[:2])
    some = np.flatnonzero(conf[:, 1] > threshold)
    prior, loc, score, marks = priors(h, w)[some], loc[some], conf[some, 1], marks[some]
    centre, size = prior[:, :2] + 0.1 * loc[:, :2] * prior[:, 2:], prior[:, 2:] * np.exp(0.2 * loc[:, 2:])
    box = np.concatenate([centre - size / 2, centre + size / 2], 1)
    points = prior[:, None, :2] + 0.1 * marks.reshape(-1, 5, 2) * prior[:, None, 2:]
    keep = suppress(box, score, iou)
    return box[keep], score[keep], points[keep]


def faces(network, path, threshold=0.5, iou=0.4):
    """(boxes, scores, landmarks) of a photo at its own size, best first."""
    import cv2

    image = cv2.imread(path)
    return decode(*run(network, network_input(image)), image.shape, threshold, iou)
