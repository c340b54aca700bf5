# SPDX-License-Identifier: MIT
"""RetinaFace MobileNet-0.25 in PyTorch, with the endings that people give it when they export it."""
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn import functional

STRIDES = (8, 16, 32)
SIDES = ((16.0, 32.0), (64.0, 128.0), (256.0, 512.0))
VARIANCES = (0.1, 0.2)


def conv_bn(i, o, kernel=3, stride=1, groups=1, slope=0.1):
    layers = [nn.Conv2d(i, o, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(o)]
    return nn.Sequential(*layers, *([] if slope is None else [nn.LeakyReLU(slope)]))


def separable(i, o, stride=1):
    return nn.Sequential(*conv_bn(i, i, 3, stride, i), *conv_bn(i, o, 1))


class Body(nn.Module):
    def __init__(self):
        super().__init__()
        self.stage1 = nn.Sequential(conv_bn(3, 8, 3, 2), separable(8, 16), separable(16, 32, 2), separable(32, 32),
                                    separable(32, 64, 2), separable(64, 64))
        self.stage2 = nn.Sequential(separable(64, 128, 2), *[separable(128, 128) for _ in range(5)])
        self.stage3 = nn.Sequential(separable(128, 256, 2), separable(256, 256))


class Pyramid(nn.Module):
    def __init__(self, to_size):
        super().__init__()
        self.to_size = to_size
        self.output1, self.output2, self.output3 = conv_bn(64, 64, 1), conv_bn(128, 64, 1), conv_bn(256, 64, 1)
        self.merge1, self.merge2 = conv_bn(64, 64), conv_bn(64, 64)

    def enlarge(self, small, large):
        if self.to_size:
            return functional.interpolate(small, size=[large.size(2), large.size(3)], mode="nearest")
        return functional.interpolate(small, scale_factor=2, mode="nearest")

    def forward(self, a, b, c):
        a, b, c = self.output1(a), self.output2(b), self.output3(c)
        b = self.merge2(b + self.enlarge(c, b))
        return self.merge1(a + self.enlarge(b, a)), b, c


class Context(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv3X3, self.conv5X5_1, self.conv5X5_2 = conv_bn(64, 32, slope=None), conv_bn(64, 16), conv_bn(16, 16, slope=None)
        self.conv7X7_2, self.conv7x7_3 = conv_bn(16, 16), conv_bn(16, 16, slope=None)

    def forward(self, x):
        y = self.conv5X5_1(x)
        return functional.relu(torch.cat([self.conv3X3(x), self.conv5X5_2(y), self.conv7x7_3(self.conv7X7_2(y))], 1))


class Head(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1x1 = nn.Conv2d(64, channels, 1)


@dataclass
class Ending:
    """What an exporter makes of the raw heads."""
    form: str = "joined"       # joined over levels, levels (an output each), planes (NCHW as the Convs leave it), merged (A, 16)
    softmax: bool = True
    face_only: str = ""        # "column": (n, A, 1), "flat": (n, A)
    boxes: str = "raw"         # raw, corners, centres
    marks: str = "raw"         # raw, points
    pixels: bool = False       # decoded in pixels, else in 0..1
    constant_priors: bool = False
    coarse_first: bool = False
    order: tuple = ("boxes", "scores", "marks")
    sides: tuple = field(default=SIDES)
    variances: tuple = field(default=VARIANCES)


class RetinaFace(nn.Module):
    def __init__(self, ending=None, to_size=True):
        super().__init__()
        self.ending = ending or Ending()
        self.body, self.fpn = Body(), Pyramid(to_size)
        self.ssh1, self.ssh2, self.ssh3 = Context(), Context(), Context()
        self.ClassHead = nn.ModuleList(Head(4) for _ in STRIDES)
        self.BboxHead = nn.ModuleList(Head(8) for _ in STRIDES)
        self.LandmarkHead = nn.ModuleList(Head(20) for _ in STRIDES)

    def heads(self, x):
        a = self.body.stage1(x)
        b = self.body.stage2(a)
        f = self.fpn(a, b, self.body.stage3(b))
        f = [self.ssh1(f[0]), self.ssh2(f[1]), self.ssh3(f[2])]
        kinds = {"scores": self.ClassHead, "boxes": self.BboxHead, "marks": self.LandmarkHead}
        return {kind: [head.conv1x1(v) for head, v in zip(heads, f)] for kind, heads in kinds.items()}

    def priors(self, plane, level):
        """(cells * anchors, 4): centre and side in pixels."""
        rows, columns = plane.shape[2], plane.shape[3]
        if self.ending.constant_priors:
            rows, columns = int(rows), int(columns)
        stride = STRIDES[level]
        y = (torch.arange(rows).float() + 0.5) * stride
        x = (torch.arange(columns).float() + 0.5) * stride
        centre = torch.stack([x[None, :].expand(rows, columns), y[:, None].expand(rows, columns)], -1).reshape(-1, 1, 2)
        side = torch.tensor(self.ending.sides[level]).reshape(1, -1, 1).expand(1, len(self.ending.sides[level]), 2)
        centre = centre.expand(rows * columns, len(self.ending.sides[level]), 2)
        return torch.cat([centre, side.expand_as(centre)], -1).reshape(-1, 4)

    @staticmethod
    def to_unit(rows, size):
        return torch.stack([v / size[k % 2] for k, v in enumerate(rows.unbind(-1))], -1)

    def decode(self, rows, prior, size, kind):
        e = self.ending
        if kind == "boxes" and e.boxes != "raw":
            centre = prior[:, :2] + rows[..., :2] * e.variances[0] * prior[:, 2:]
            wh = prior[:, 2:] * torch.exp(rows[..., 2:] * e.variances[1])
            rows = torch.cat([centre - wh / 2, centre + wh / 2] if e.boxes == "corners" else [centre, wh], -1)
            return rows if e.pixels else self.to_unit(rows, size)
        if kind == "marks" and e.marks != "raw":
            points = torch.cat([prior[:, :2] + rows[..., k:k + 2] * e.variances[0] * prior[:, 2:] for k in range(0, 10, 2)], -1)
            return points if e.pixels else self.to_unit(points, size)
        return rows

    def score(self, rows):
        e = self.ending
        rows = functional.softmax(rows, -1) if e.softmax else rows
        if e.face_only == "column":
            return rows[..., 1:]
        return rows[..., 1] if e.face_only else rows

    def forward(self, x):
        e, heads, width = self.ending, self.heads(x), {"scores": 2, "boxes": 4, "marks": 10}
        if e.form == "planes":
            return tuple(v for kind in e.order for v in heads[kind])
        decoded = e.boxes != "raw" or e.marks != "raw"
        prior = [self.priors(v, k) for k, v in enumerate(heads["scores"])] if decoded else [None] * 3
        size = (x.shape[3], x.shape[2])
        out = {}
        for kind in e.order:
            rows = [v.permute(0, 2, 3, 1).reshape(v.shape[0], -1, width[kind]) for v in heads[kind]]
            rows = [self.decode(v, p, size, kind) for v, p in zip(rows, prior)]
            rows = [self.score(v) for v in rows] if kind == "scores" and e.form == "levels" else rows
            out[kind] = rows[::-1] if e.coarse_first else rows
        if e.form == "levels":
            return tuple(v for kind in e.order for v in out[kind])
        joined = {kind: torch.cat(rows, 1) for kind, rows in out.items()}
        joined["scores"] = self.score(joined["scores"])
        if e.form == "merged":
            return torch.cat([joined[kind] for kind in e.order], -1)
        return tuple(joined[kind] for kind in e.order)


def build(weights, ending=None, to_size=True):
    """The network with the tensors of a state dict."""
    net = RetinaFace(ending, to_size).eval()
    missing, unexpected = net.load_state_dict(weights, strict=False)
    left = [k for k in [*missing, *unexpected] if "num_batches_tracked" not in k]
    assert not left, left
    return net
