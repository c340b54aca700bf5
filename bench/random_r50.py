#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a RetinaFace ResNet-50 with random weights that keep activations in a sane range, for timing where no trained file is
at hand. Its answers mean nothing.

usage: random_r50.py OUT.safetensors
"""
import json
import sys

import numpy as np

BLOCKS = ((64, 3), (128, 4), (256, 6), (512, 3))  # width, number
NECK = 256


class Weights:
    def __init__(self):
        self.rng, self.tensor = np.random.default_rng(0), {}

    def conv(self, name, cout, cin, k, std=None):
        std = (2.0 / (cin * k * k)) ** 0.5 if std is None else std
        self.tensor[f"{name}.weight"] = self.rng.normal(0, std, (cout, cin, k, k))

    def norm(self, name, c, gain=1.0):
        self.tensor[f"{name}.weight"] = gain * self.rng.uniform(0.8, 1.2, c)
        self.tensor[f"{name}.bias"] = self.rng.normal(0, 0.1, c)
        self.tensor[f"{name}.running_mean"] = np.zeros(c)
        self.tensor[f"{name}.running_var"] = np.ones(c)

    def conv_norm(self, name, cout, cin, k):
        self.conv(f"{name}.0", cout, cin, k)
        self.norm(f"{name}.1", cout)

    def body(self):
        self.conv("body.conv1", 64, 3, 7, std=0.001)  # pixels come in as -123 .. 151
        self.norm("body.bn1", 64)
        cin = 64
        for stage, (width, number) in enumerate(BLOCKS, 1):
            for i in range(number):
                block = f"body.layer{stage}.{i}"
                shapes = ((width, cin, 1), (width, width, 3), (4 * width, width, 1))
                for j, shape in enumerate(shapes, 1):
                    self.conv(f"{block}.conv{j}", *shape)
                    self.norm(f"{block}.bn{j}", shape[0], gain=0.3 if j == 3 else 1.0)  # the sum of the residuals stays small
                if i == 0:
                    self.conv(f"{block}.downsample.0", 4 * width, cin, 1)
                    self.norm(f"{block}.downsample.1", 4 * width, gain=0.7)
                cin = 4 * width

    def head(self, name, level, values):
        self.conv(f"{name}.{level}.conv1x1", 2 * values, NECK, 1, std=0.01)
        self.tensor[f"{name}.{level}.conv1x1.bias"] = np.zeros(2 * values)

    def neck_and_heads(self):
        for level, (width, _) in enumerate(BLOCKS[1:], 1):
            self.conv_norm(f"fpn.output{level}", NECK, 4 * width, 1)
            half, quarter = NECK // 2, NECK // 4
            for name, cout, cin in (("conv3X3", half, NECK), ("conv5X5_1", quarter, NECK), ("conv5X5_2", quarter, quarter),
                                    ("conv7X7_2", quarter, quarter), ("conv7x7_3", quarter, quarter)):
                self.conv_norm(f"ssh{level}.{name}", cout, cin, 3)
            for name, values in (("ClassHead", 2), ("BboxHead", 4), ("LandmarkHead", 10)):
                self.head(name, level - 1, values)
        self.conv_norm("fpn.merge1", NECK, NECK, 3)
        self.conv_norm("fpn.merge2", NECK, NECK, 3)


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, values in tensors.items():
        header[name] = {"dtype": "F32", "shape": values.shape, "data_offsets": [offset, offset + 4 * values.size]}
        offset += 4 * values.size
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text)
        for values in tensors.values():
            f.write(values.astype("<f4").tobytes())


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    weights = Weights()
    weights.body()
    weights.neck_and_heads()
    write_safetensors(sys.argv[1], weights.tensor)
    return 0


if __name__ == "__main__":
    sys.exit(main())
