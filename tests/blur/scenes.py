# SPDX-License-Identifier: MIT
"""Videos made of photos, in which every face's place is known: a camera moves over photos, faces that were cut out of others cross them,
and every face is hard to see for a while, again and again, in one of many ways. The same seed makes the same video.

needs numpy, Pillow and ffmpeg
"""
import json
import math
import random
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

RATE = 25
LEAST_SIDE = 20  # of a face that counts, pixels
SURE = 0.8       # score of the photos' faces


class Photo(NamedTuple):
    picture: Image.Image
    boxes: np.ndarray  # left, top, right, bottom of each face


def faces_of(fovea, picture):
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        picture.save(file, "png", compress_level=1)
        out = subprocess.run([fovea, "detect", "--precision", "fp32", "--score", str(SURE), "--json", file.name], stdout=subprocess.PIPE,
                             check=True)
    return np.array([face["box"] for face in json.loads(out.stdout)[0]["faces"]]).reshape(-1, 4)


def load(fovea, path, size):
    """A photo with room for a camera of this size to move in, and its faces at that size."""
    picture = Image.open(path).convert("RGB")
    scale = max(1.3 * size[0] / picture.width, 1.3 * size[1] / picture.height)
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.BICUBIC)
    return Photo(picture, faces_of(fovea, picture))


# ---------------------------------------------------------------- cameras: the middle of the view, parts of the way, and the zoom at a time

def still(chance):
    x, y = chance.random(), chance.random()
    return lambda t: (x, y, 1)


def pan(chance):
    faster, phase = chance.uniform(1, 2.5), chance.uniform(0, 6)
    return lambda t: (0.5 + 0.5 * math.sin(faster * t + phase), 0.5 + 0.4 * math.cos(0.7 * faster * t), 1)


def sweep(chance):
    """As fast as a hand turns a camera, so that faces enter and leave."""
    faster, phase = chance.uniform(3, 5), chance.uniform(0, 6)
    return lambda t: (0.5 + 0.5 * math.sin(faster * t + phase), 0.5, 1)


def zoom(chance):
    most, faster, phase = chance.uniform(1.4, 2.2), chance.uniform(0.8, 2), chance.uniform(0, 6)
    return lambda t: (0.5, 0.5, 1 + (most - 1) * (0.5 + 0.5 * math.sin(faster * t + phase)))


def shake(chance):
    parts = [(chance.uniform(5, 20), chance.uniform(0, 6)) for _ in range(4)]
    return lambda t: (0.5 + 0.05 * sum(math.sin(f * t + p) for f, p in parts[:2]), 0.5 + 0.05 * sum(math.sin(f * t + p) for f, p in parts[2:]), 1)


def leap(chance):
    """Stands, turns within a quarter of a second, stands again."""
    a, b, when = chance.random(), chance.random(), chance.uniform(0.8, 2.5)
    return lambda t: (a + (b - a) * min(1, max(0, (t - when) / 0.25)), 0.5, 1)


CAMERAS = [still, pan, sweep, zoom, shake, leap]


def view_of(photo, camera, t, width, height):
    """(left, top, zoom) in the photo's pixels"""
    x, y, zoomed = camera(t)
    w, h = width / zoomed, height / zoomed
    return x * (photo.picture.width - w), y * (photo.picture.height - h), zoomed


# ---------------------------------------------------------------- what makes a face hard to see: (frame, box, part of its time, chance)

def lattice(frame, box, _part, _chance):
    x0, y0, x1, y1 = box
    frame[y0:y1:3, x0:x1] = 255
    middle, size = (y0 + y1) // 2, max(1, (y1 - y0) // 8)
    frame[max(0, middle - 2 * size):middle, x0:x1] = 20


def bars(frame, box, _part, _chance):
    x0, y0, x1, y1 = box
    step = max(2, (x1 - x0) // 5)
    for x in range(x0, x1, step):
        frame[y0:y1, x:x + (step + 1) // 2] = 90


def blink(frame, box, _part, chance):
    x0, y0, x1, y1 = box
    if chance.random() < 0.6:
        frame[y0:y1, x0:x1] = [chance.randrange(256) for _ in range(3)]


def noise(frame, box, _part, chance):
    x0, y0, x1, y1 = box
    random_pixels = np.random.default_rng(chance.randrange(1 << 30)).integers(0, 256, (y1 - y0, x1 - x0, 3))
    frame[y0:y1, x0:x1] = (0.3 * frame[y0:y1, x0:x1] + 0.7 * random_pixels).astype(np.uint8)


def blurred(frame, box, _part, _chance):
    x0, y0, x1, y1 = box
    part = Image.fromarray(frame[y0:y1, x0:x1]).filter(ImageFilter.GaussianBlur((y1 - y0) / 7))
    frame[y0:y1, x0:x1] = np.asarray(part)


def blob(frame, box, part, _chance):
    """A ball that passes in front."""
    x0, y0, x1, y1 = box
    size = 0.6 * (y1 - y0)
    middle = x0 + (x1 - x0) * (2 * part - 0.5), (y0 + y1) / 2
    rows, columns = np.ogrid[0:frame.shape[0], 0:frame.shape[1]]
    frame[(columns - middle[0]) ** 2 + (rows - middle[1]) ** 2 < size * size] = (200, 60, 40)


def half(frame, box, _part, _chance):
    x0, y0, x1, y1 = box
    frame[y0:y1, x0:(x0 + x1) // 2] = 128


def below(frame, box, _part, _chance):
    x0, y0, x1, y1 = box
    frame[(y0 + y1) // 2:y1, x0:x1] = (240, 240, 250)


def dark(frame, box, _part, _chance):
    x0, y0, x1, y1 = box
    frame[y0:y1, x0:x1] //= 12


HINDRANCES = [lattice, bars, blink, noise, blurred, blob, half, below, dark]


def hard_times(chance, passages, at_ends):
    """[(start, end)]: 0.1 to 1.2 s at a time, while it is in view; where it comes or goes only if so wanted, and then for 0.4 s at most:
    nobody can know of a face that was not seen before it is gone."""
    times = []
    for first, last in passages:
        t = first if at_ends and chance.random() < 0.5 else first + chance.uniform(0.3, 1.5)
        while t < last - 0.3:
            end = t + (chance.uniform(0.1, 0.4) if t == first else chance.uniform(0.1, 1.2))
            if end < last - 0.3:
                times.append((t, end))
            t = end + chance.uniform(0.4, 1.5)
        if at_ends and chance.random() < 0.5 and last - first > 1:
            times.append((last - chance.uniform(0.1, 0.4), last + 1))
    return times


def hinder(frame, box, t, hindrance, times, chance):
    height, width = frame.shape[:2]
    x0, y0, x1, y1 = (int(v) for v in np.clip(box, 0, [width, height, width, height]))
    for start, end in times:
        if start <= t < end:
            hindrance(frame, (x0, y0, x1, y1), (t - start) / (end - start), chance)


# ---------------------------------------------------------------- shots

class Passer(NamedTuple):
    """A face cut out of another photo, on its own way over the frame."""
    picture: Image.Image
    mask: Image.Image
    inner: np.ndarray  # its box in that picture
    way: object        # of the picture's corner at a time


def ellipse_mask(size):
    rows, columns = np.ogrid[0:size[1], 0:size[0]]
    distance = ((columns + 0.5) / size[0] * 2 - 1) ** 2 + ((rows + 0.5) / size[1] * 2 - 1) ** 2
    return Image.fromarray((np.clip((1 - distance) * 8, 0, 1) * 255).astype(np.uint8))


def is_found(fovea, passer, size):
    """Is it a face to the network, at this size and cut out as it is?"""
    alone = Image.new("RGB", size, (120, 120, 120))
    alone.paste(passer.picture, (0, 0), passer.mask)
    return any(overlap(passer.inner, box) > 0.6 for box in faces_of(fovea, alone))


def passer_of(photo, chance, width, height):
    box = chance.choice([b for b in photo.boxes if b[3] - b[1] >= LEAST_SIDE and b[0] > 0 and b[1] > 0] or [None])
    if box is None:
        return None
    w, h = box[2] - box[0], box[3] - box[1]
    outer = [round(v) for v in (box[0] - 0.5 * w, box[1] - 0.5 * h, box[2] + 0.5 * w, box[3] + 0.5 * h)]
    scale = chance.uniform(0.12, 0.3) * height / h
    size = round((outer[2] - outer[0]) * scale), round((outer[3] - outer[1]) * scale)
    y, bend, faster, phase = chance.uniform(0.3, 0.7) * height, chance.uniform(0, 0.2) * height, chance.uniform(0.5, 3), chance.uniform(0, 6)
    return Passer(photo.picture.crop(outer).resize(size), ellipse_mask(size), (box - [outer[0], outer[1]] * 2) * scale,
                  lambda t: (round(width * (0.5 + 0.55 * math.sin(faster * t + phase)) - size[0] / 2),
                             round(y + bend * math.cos(2 * t + phase) - size[1] / 2)))


def overlap(a, b):
    """Part of `a` that lies in `b`."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    return np.prod(np.clip(high - low, 0, None)) / max(1e-9, np.prod(a[2:] - a[:2]))


class Shot:
    def __init__(self, fovea, photo, others, chance, size, seconds, at_ends):
        self.photo, self.chance, self.size, self.frames = photo, chance, size, round(seconds * RATE)
        self.camera = chance.choice(CAMERAS)(chance)
        passers = [passer_of(chance.choice(others), chance, *size) for _ in range(chance.randrange(3))]
        self.passers = [p for p in passers if p and is_found(fovea, p, size)]
        hindrances = [chance.choice(HINDRANCES), chance.choice(HINDRANCES)]
        self.hindrances = [chance.choice(hindrances) for _ in self.boxes(0)]
        views = [self.in_view(i / RATE) for i in range(self.frames)]
        self.times = [hard_times(chance, passages([v[n] for v in views]), at_ends) for n in range(len(self.hindrances))]

    def boxes(self, t):
        """Of all faces, in view or not: the photo's, then those who pass."""
        left, top, zoomed = view_of(self.photo, self.camera, t, *self.size)
        return [(b - [left, top] * 2) * zoomed for b in self.photo.boxes] + [p.inner + [*p.way(t)] * 2 for p in self.passers]

    def in_view(self, t):
        """Which of them are whole, large enough, and not behind one who passes."""
        boxes, still = self.boxes(t), len(self.photo.boxes)
        before = [np.array([*p.way(t), *np.add(p.way(t), p.picture.size)]) for p in self.passers]
        return [counts(b, *self.size) and all(overlap(b, p) < 0.3 for p in before[max(0, n - still + 1):]) for n, b in enumerate(boxes)]

    def frame(self, t):
        """(pixels, boxes of the faces in view)"""
        left, top, zoomed = view_of(self.photo, self.camera, t, *self.size)
        picture = self.photo.picture.transform(self.size, Image.Transform.AFFINE, (1 / zoomed, 0, left, 0, 1 / zoomed, top),
                                               Image.Resampling.BILINEAR)
        for passer in self.passers:
            picture.paste(passer.picture, passer.way(t), passer.mask)
        frame, boxes, seen = np.array(picture), self.boxes(t), self.in_view(t)
        for box, hindrance, times, shown in zip(boxes, self.hindrances, self.times, seen):
            if shown:
                hinder(frame, box, t, hindrance, times, self.chance)
        return frame, np.array([b for b, shown in zip(boxes, seen) if shown]).reshape(-1, 4)


def passages(in_view):
    """[(first, last)] in seconds, of the frames in which a face is in view"""
    edges = np.flatnonzero(np.diff([0, *map(int, in_view), 0]))
    return [(a / RATE, b / RATE) for a, b in zip(edges[::2], edges[1::2])]


def counts(box, width, height):
    return box[0] >= 0 and box[1] >= 0 and box[2] < width and box[3] < height and min(box[2] - box[0], box[3] - box[1]) >= LEAST_SIDE


# ---------------------------------------------------------------- crowds

def cut_out(photos, side):
    """All faces of the photos, with what is around them, as large as asked for."""
    for photo in photos:
        for box in photo.boxes:
            w, h = box[2] - box[0], box[3] - box[1]
            outer = [round(v) for v in (box[0] - 0.4 * w, box[1] - 0.4 * h, box[2] + 0.4 * w, box[3] + 0.4 * h)]
            if h > 0.8 * side and outer[0] >= 0 and outer[1] >= 0 and outer[2] <= photo.picture.width and outer[3] <= photo.picture.height:
                scale = side / h
                size = round((outer[2] - outer[0]) * scale), round((outer[3] - outer[1]) * scale)
                yield Passer(photo.picture.crop(outer).resize(size), ellipse_mask(size), (box - [outer[0], outer[1]] * 2) * scale, None)


class Crowd:
    """Many faces, each on its own small way about its place, each behind something now and then."""
    def __init__(self, fovea, photos, chance, size, seconds, columns, rows):
        side = 0.5 * min(size[0] / columns, size[1] / rows)
        faces = [face for face in cut_out(photos, side) if is_found(fovea, face, (320, 180))]
        cell = size[0] / columns, size[1] / rows
        self.chance, self.size, self.frames = chance, size, round(seconds * RATE)
        self.faces = [chance.choice(faces) for _ in range(columns * rows)]
        self.places = [((i % columns + 0.5) * cell[0], (i // columns + 0.5) * cell[1], chance.uniform(0, 6)) for i in range(columns * rows)]
        self.way = 0.12 * min(cell)
        self.hindrances = [chance.choice(HINDRANCES) for _ in self.faces]
        self.times = [hard_times(chance, [(0, seconds)], False) for _ in self.faces]

    def frame(self, t):
        """(pixels, boxes)"""
        picture, boxes = Image.new("RGB", self.size, (90, 100, 90)), []
        for face, (x, y, phase) in zip(self.faces, self.places):
            corner = (round(x + self.way * math.sin(3 * t + phase) - face.picture.width / 2),
                      round(y + self.way * math.cos(2 * t + phase) - face.picture.height / 2))
            picture.paste(face.picture, corner, face.mask)
            boxes.append(face.inner + [*corner] * 2)
        frame = np.array(picture)
        for box, hindrance, times in zip(boxes, self.hindrances, self.times):
            hinder(frame, box, t, hindrance, times, self.chance)
        return frame, np.array([b for b in boxes if counts(b, *self.size)])


# ---------------------------------------------------------------- videos

def make(fovea, photos, seed, path, size=(640, 360), shots=5, seconds=3.6, at_ends=False):
    """Write a video. @return the boxes of each frame's faces, as they were found in the photos"""
    chance, with_faces = random.Random(seed), [p for p in photos if len(p.boxes)]
    return write((Shot(fovea, chance.choice(with_faces), with_faces, chance, size, seconds, at_ends) for _ in range(shots)), path, size)


def make_crowd(fovea, photos, seed, path, size=(1920, 1080), seconds=2.4, columns=25, rows=20):
    return write([Crowd(fovea, photos, random.Random(seed), size, seconds, columns, rows)], path, size)


def write(shots, path, size):
    truth = []
    pipe = subprocess.Popen(["ffmpeg", "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", str(RATE),
                             "-i", "-", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-pix_fmt", "yuv420p", path],
                            stdin=subprocess.PIPE)
    for shot in shots:
        for i in range(shot.frames):
            frame, boxes = shot.frame(i / RATE)
            pipe.stdin.write(frame.tobytes())
            truth.append(boxes)
    pipe.stdin.close()
    if pipe.wait():
        raise RuntimeError(f"{path}: ffmpeg failed")
    return truth


# ---------------------------------------------------------------- what is covered

def covers_of(review, frames):
    """The boxes that a review hides in each frame."""
    covers = [[] for _ in range(frames)]
    for track in json.loads(Path(review).read_text())["tracks"]:
        for frame, *box in track["boxes"] if track["hide"] else []:
            covers[frame].append(box)
    return [np.array(c).reshape(-1, 4) for c in covers]


def within(points, covers, margin):
    """Which points lie within the ellipse of a cover with its margin, as fovea blur draws it."""
    middle, half_sides = (covers[:, :2] + covers[:, 2:]) / 2, (covers[:, 2:] - covers[:, :2]) * (0.5 + margin)
    return (((points[:, None] - middle) / half_sides) ** 2).sum(axis=2).min(axis=1, initial=2) <= 1


UNIT = np.array([(x, y) for x in np.linspace(-1, 1, 25) for y in np.linspace(-1, 1, 25) if x * x + y * y <= 1])


def covered_part(box, covers, margin=0.25):
    """How much of a face, which is the ellipse in its box, is hidden."""
    return within((box[:2] + box[2:]) / 2 + UNIT * (box[2:] - box[:2]) / 2, covers, margin).mean()


def hidden_share(covers, size, margin=0.25, step=8):
    """How much of the picture is hidden."""
    points = np.array([(x, y) for x in range(step // 2, size[0], step) for y in range(step // 2, size[1], step)])
    return within(points, covers, margin).mean()
