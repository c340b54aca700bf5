#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""RetinaFace in PyTorch on a GPU, the peer of bench-gpu-network --serve: BatchNorm folded, channels_last, one CUDA graph.

usage: torch_network.py MODEL.safetensors fp32|bf16|fp16 BATCH WxH [--dump FILE] [--compile] [--device N]
       torch_network.py --peaks [--device N]

Prints a line of JSON when ready, then answers every line "WARM COUNT" on standard input with {"events": [seconds..], "t": [seconds by
the clock..]}. FILE is what bench-gpu-network --dump wrote: the network runs on its image, and "difference" tells how far its answers are
from those in it, relative to the root mean square of each output. --compile: by torch.compile instead, whose graphs it makes itself.
--peaks: what the GPU can do, measured: bytes a second of a copy, and FLOP a second of products of large matrices."""
import argparse
import json
import struct
import sys
import time

import torch
from torch import nn
from torch.nn import functional

TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
MOBILE_STRIDES = {"stage1": (1, 2, 1, 2, 1), "stage2": (2, 1, 1, 1, 1, 1), "stage3": (2, 1)}
RESNET_DEPTHS, EPSILON = (3, 4, 6, 3), 1e-5


def read_safetensors(path):
    """(tensors by name, metadata)"""
    with open(path, "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = bytearray(f.read())
    metadata, tensors = header.pop("__metadata__", {}), {}
    for name, entry in header.items():
        if entry["dtype"] != "F32":
            raise SystemExit(f"{path}: {name} is {entry['dtype']}; only F32 is read here")
        start, end = entry["data_offsets"]
        tensors[name] = torch.frombuffer(data, dtype=torch.float32, count=(end - start) // 4, offset=start).reshape(entry["shape"]).double()
    return tensors, metadata


def slope_of(metadata):
    for line in metadata.get("fovea.settings", "").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "leaky":
            return float(value)
    return 0.1


class RetinaFace(nn.Module):
    """Both bodies, by the names of the checkpoint; convolutions with their BatchNorm folded into them."""

    def __init__(self, tensors, slope):
        super().__init__()
        self.tensors, self.convs, self.steps = tensors, nn.ModuleDict(), {}
        self.resnet = "body.conv1.weight" in tensors
        self.slope = 0.0 if self.resnet else slope
        self.make_body()
        for level in (1, 2, 3):
            self.sequential(f"fpn.output{level}", 1)
            for part in ("conv3X3", "conv5X5_1", "conv5X5_2", "conv7X7_2", "conv7x7_3"):
                self.sequential(f"ssh{level}.{part}", 3)
            for head in ("ClassHead", "BboxHead", "LandmarkHead"):
                self.add(f"{head}.{level - 1}.conv1x1", None, 1)
        for level in (1, 2):
            self.sequential(f"fpn.merge{level}", 3)
        del self.tensors

    def add(self, conv, norm, kernel, stride=1):
        t, weight = self.tensors, self.tensors[f"{conv}.weight"]
        bias = t.get(f"{conv}.bias", torch.zeros(weight.shape[0], dtype=torch.float64))
        if norm:
            scale = t[f"{norm}.weight"] / torch.sqrt(t[f"{norm}.running_var"] + EPSILON)
            bias = t[f"{norm}.bias"] + (bias - t[f"{norm}.running_mean"]) * scale
            weight = weight * scale[:, None, None, None]
        groups = weight.shape[0] if weight.shape[1] == 1 and kernel == 3 else 1
        made = nn.Conv2d(weight.shape[1] * groups, weight.shape[0], kernel, stride, kernel // 2, groups=groups)
        made.weight.data, made.bias.data = weight.float(), bias.float()
        self.convs[conv.replace(".", "/")] = made

    def sequential(self, module, kernel, first=0, stride=1):
        self.add(f"{module}.{first}", f"{module}.{first + 1}", kernel, stride)

    def make_body(self):
        if not self.resnet:
            self.sequential("body.stage1.0", 3, stride=2)
            for module, stride in self.separables():
                self.sequential(module, 3, 0, stride)
                self.sequential(module, 1, 3)
            return
        self.add("body.conv1", "body.bn1", 7, 2)
        for block, stride, first in self.bottlenecks():
            for i, kernel in ((1, 1), (2, 3), (3, 1)):
                self.add(f"{block}.conv{i}", f"{block}.bn{i}", kernel, stride if i == 2 else 1)
            if first:
                self.add(f"{block}.downsample.0", f"{block}.downsample.1", 1, stride)

    @staticmethod
    def separables():
        for stage, strides in MOBILE_STRIDES.items():
            for i, stride in enumerate(strides):
                yield f"body.{stage}.{i + (stage == 'stage1')}", stride

    @staticmethod
    def bottlenecks():
        for layer, depth in enumerate(RESNET_DEPTHS, 1):
            for i in range(depth):
                yield f"body.layer{layer}.{i}", 2 if layer > 1 and i == 0 else 1, i == 0

    def conv(self, name, x):
        return self.convs[name.replace(".", "/")](x)

    def act(self, x):
        return functional.leaky_relu(x, self.slope, inplace=True) if self.slope else functional.relu(x, inplace=True)

    def body(self, x):
        maps = {}
        if not self.resnet:
            x = self.act(self.conv("body.stage1.0.0", x))
            for module, _ in self.separables():
                x = self.act(self.conv(f"{module}.0", x))
                x = self.act(self.conv(f"{module}.3", x))
                maps[module.split(".")[1]] = x
            return list(maps.values())
        x = functional.max_pool2d(functional.relu(self.conv("body.conv1", x), inplace=True), 3, 2, 1)
        for block, _, first in self.bottlenecks():
            y = functional.relu(self.conv(f"{block}.conv1", x), inplace=True)
            y = functional.relu(self.conv(f"{block}.conv2", y), inplace=True)
            x = functional.relu(self.conv(f"{block}.conv3", y) + (self.conv(f"{block}.downsample.0", x) if first else x), inplace=True)
            maps[block.split(".")[1]] = x
        return list(maps.values())[1:]

    def pyramid(self, maps):
        one, two, three = (self.act(self.conv(f"fpn.output{i}.0", x)) for i, x in enumerate(maps, 1))
        two = self.act(self.conv("fpn.merge2.0", two + functional.interpolate(three, scale_factor=2, mode="nearest")))
        one = self.act(self.conv("fpn.merge1.0", one + functional.interpolate(two, scale_factor=2, mode="nearest")))
        return one, two, three

    def ssh(self, index, x):
        five = self.act(self.conv(f"ssh{index}.conv5X5_1.0", x))
        seven = self.act(self.conv(f"ssh{index}.conv7X7_2.0", five))
        parts = self.conv(f"ssh{index}.conv3X3.0", x), self.conv(f"ssh{index}.conv5X5_2.0", five), self.conv(f"ssh{index}.conv7x7_3.0", seven)
        return functional.relu(torch.cat(parts, 1), inplace=True)

    def forward(self, x):
        out = []
        for i, x in enumerate(self.pyramid(self.body(x))):
            x = self.ssh(i + 1, x)
            out += [self.conv(f"{head}.{i}.conv1x1", x) for head in ("ClassHead", "BboxHead", "LandmarkHead")]
        return out


# ---------------------------------------------------------------- running


def captured(network, x):
    """(function that runs the network on x as one CUDA graph, its outputs)"""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(5):
            network(x)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = network(x)
    return graph.replay, out


def compiled(network, x):
    """The same by torch.compile. Its outputs live until its next run."""
    fast = torch.compile(network, mode="reduce-overhead")
    for _ in range(5):
        out = fast(x)
    return (lambda: fast(x)), [y.clone() for y in out]


def read_dump(path, width, height):
    with open(path, "rb") as f:
        data = torch.frombuffer(bytearray(f.read()), dtype=torch.float32)
    size = 3 * width * height
    return data[:size].reshape(1, height, width, 3).permute(0, 3, 1, 2), data[size:]


def difference(outputs, expected):
    worst, at = 0.0, 0
    for out in outputs:
        values = out[:1].float().permute(0, 2, 3, 1).reshape(-1).cpu()
        wanted = expected[at:at + values.numel()]
        at += values.numel()
        worst = max(worst, ((values - wanted).abs().max() / wanted.square().mean().sqrt()).item())
    if at != expected.numel():
        raise SystemExit(f"the dump has {expected.numel()} answers, the network {at}: of another size or network")
    return worst


def timed(run):
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    clock = time.perf_counter()
    start.record()
    run()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end) * 1e-3, time.perf_counter() - clock


def serve(a):
    width, height = map(int, a.size.split("x"))
    tensors, metadata = read_safetensors(a.model)
    network = RetinaFace(tensors, slope_of(metadata)).eval().to("cuda", TYPES[a.precision], memory_format=torch.channels_last)
    image, expected = read_dump(a.dump, width, height) if a.dump else (90 * torch.randn(1, 3, height, width), None)
    x = image.expand(a.batch, -1, -1, -1).contiguous(memory_format=torch.channels_last).to("cuda", TYPES[a.precision])
    with torch.inference_mode():
        run, out = (compiled if a.compile else captured)(network, x)
        run()
        torch.cuda.synchronize()
        off = difference(out, expected) if expected is not None else None
        print(json.dumps({"torch": torch.__version__, "device": torch.cuda.get_device_name(), "difference": off}), flush=True)
        for line in sys.stdin:
            warm, count = map(int, line.split())
            times = [timed(run) for _ in range(warm + count)][warm:]
            print(json.dumps({"events": [t[0] for t in times], "t": [t[1] for t in times]}), flush=True)


# ---------------------------------------------------------------- peaks


def best(run, repeats=10):
    run()
    return min(timed(lambda: [run() for _ in range(repeats)])[0] / repeats for _ in range(5))


def peaks():
    a = torch.empty(1 << 30, dtype=torch.uint8, device="cuda")
    b = torch.empty_like(a)
    out = {"bytes_s": 2 * a.numel() / best(lambda: b.copy_(a))}
    n = 8192
    for name, kind in TYPES.items():
        m = torch.randn(n, n, device="cuda").to(kind)
        out[name] = 2 * n**3 / best(lambda: torch.mm(m, m), 3)
    m = torch.randint(-100, 100, (n, n), dtype=torch.int8, device="cuda")
    try:
        out["int8"] = 2 * n**3 / best(lambda: torch._int_mm(m, m.t()), 3)  # no public function multiplies bytes
    except (AttributeError, RuntimeError):
        out["int8"] = None
    print(json.dumps(out), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?")
    parser.add_argument("precision", nargs="?", choices=TYPES)
    parser.add_argument("batch", nargs="?", type=int)
    parser.add_argument("size", nargs="?")
    parser.add_argument("--dump")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--peaks", action="store_true")
    parser.add_argument("--device", type=int, default=0)
    a = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("torch_network.py: PyTorch finds no GPU here")
    torch.cuda.set_device(a.device)
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False  # FP32 means FP32
    if a.peaks:
        peaks()
    elif a.size:
        serve(a)
    else:
        parser.error("name a model, a precision, a batch and a size")
    return 0


if __name__ == "__main__":
    sys.exit(main())
