#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fovea blur beside deface (PyPI): speed on the same video in turns, and how many faces stay to be seen.

usage: blur_peers.py PHOTO_FOLDER [ROUNDS [FOVEA_ARGUMENT...]]     needs deface, onnx and onnxruntime (pip) and ffmpeg

The video is made of the photos: a window of 1280x720 that moves over each for two seconds, with sound; for 8 frames in every second a
lattice lies over all faces, through which a person would know them and detectors mostly do not. Where faces are is known: from the
photos, as deface's CenterFace and Fovea's FP32 find them both (IoU over 0.4), moved with the window. A face counts as seen when more than
a quarter of the detail of its middle is left in the output: the share of the input's detail in it, by least squares. All get libx264,
veryfast, CRF 18. Times are of whole processes, from start to the finished file, medians of the rounds.
"""
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

import common

WIDTH, HEIGHT, RATE, SECONDS, LATTICE = 1280, 720, 25, 2, 8
LEAST_SIDE, SEEN = 24, 0.25


def fovea_boxes(path):
    out = subprocess.run([common.FOVEA, "detect", "--precision", "fp32", "--json", path], stdout=subprocess.PIPE, check=True).stdout
    return np.array([f["box"] for f in json.loads(out)[0]["faces"]]).reshape(-1, 4)


def iou(a, b):
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    shared = np.prod(np.clip(high - low, 0, None))
    return shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared)


def agreed_faces(photo, path, centerface):
    others = centerface(photo, threshold=0.5)[0][:, :4]
    return np.array([a for a in fovea_boxes(path) if any(iou(a, b) > 0.4 for b in others)]).reshape(-1, 4)


def window(i, count, scale_w, scale_h):
    """Where the window stands in a photo that is larger than it."""
    part = i / count
    return (scale_w - WIDTH) * (0.5 + 0.5 * np.sin(6 * part)), (scale_h - HEIGHT) * (0.5 - 0.5 * np.cos(4 * part))


def lay_lattice(frame, box):
    x0, y0, x1, y1 = (int(v) for v in np.clip(box, 0, [WIDTH, HEIGHT, WIDTH, HEIGHT]))
    frame[y0:y1:3, x0:x1] = 255
    middle, size = (y0 + y1) // 2, max(1, (y1 - y0) // 8)
    frame[max(0, middle - 2 * size):middle, x0:x1] = 20


def frames_of(photos, centerface):
    """(frame, boxes that are whole in it)"""
    for path in photos:
        photo = cv2.imread(str(path))
        scale = max(WIDTH * 1.15 / photo.shape[1], HEIGHT * 1.15 / photo.shape[0])
        photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        with tempfile.NamedTemporaryFile(suffix=".png") as file:
            cv2.imwrite(file.name, photo)
            boxes = agreed_faces(photo, file.name, centerface)
        for i in range(RATE * SECONDS):
            x, y = window(i, RATE * SECONDS, photo.shape[1], photo.shape[0])
            frame = cv2.warpAffine(photo, np.float32([[1, 0, -x], [0, 1, -y]]), (WIDTH, HEIGHT))
            here = boxes - [x, y, x, y]
            if 12 <= i % RATE < 12 + LATTICE:
                for box in here:
                    lay_lattice(frame, box)
            inside = (here[:, 0] >= 0) & (here[:, 1] >= 0) & (here[:, 2] < WIDTH) & (here[:, 3] < HEIGHT)
            large = np.minimum(here[:, 2] - here[:, 0], here[:, 3] - here[:, 1]) >= LEAST_SIDE
            yield frame, here[inside & large]


def make_video(photos, path, centerface):
    pipe = subprocess.Popen(
        ["ffmpeg", "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE), "-i", "-", "-f",
         "lavfi", "-i", f"sine=frequency=440:duration={len(photos) * SECONDS}", "-c:v", "libx264", "-preset", "veryfast", "-crf", "12",
         "-pix_fmt", "yuv420p", "-c:a", "aac", path], stdin=subprocess.PIPE)
    truth = []
    for frame, boxes in frames_of(photos, centerface):
        pipe.stdin.write(np.ascontiguousarray(frame).tobytes())
        truth.append(boxes)
    pipe.stdin.close()
    if pipe.wait():
        sys.exit("ffmpeg failed")
    return truth


def detail(frame, box):
    """What a face's middle has beside its coarse light and dark: what is finer than an eighth of it."""
    x0, y0, x1, y1 = box
    inner = [int(v) for v in (x0 + (x1 - x0) / 6, y0 + (y1 - y0) / 6, x1 - (x1 - x0) / 6, y1 - (y1 - y0) / 6)]
    part = cv2.cvtColor(frame[inner[1]:inner[3], inner[0]:inner[2]], cv2.COLOR_BGR2GRAY).astype(np.float64)
    return part - cv2.GaussianBlur(part, (0, 0), (y1 - y0) / 8)


def is_seen(before, after, box):
    a, b = detail(before, box), detail(after, box)
    return np.sum(a * b) > SEEN * np.sum(a * a)


def count_seen(before, after, truth):
    """(faces of all frames, those seen, frames with one seen, frames that came out)"""
    a, b = cv2.VideoCapture(str(before)), cv2.VideoCapture(str(after))
    faces = seen = bad_frames = frames = 0
    for boxes in truth:
        good_a, x = a.read()
        good_b, y = b.read()
        if not (good_a and good_b):
            break
        frames += 1
        left = sum(is_seen(x, y, box) for box in boxes)
        faces += len(boxes)
        seen += left
        bad_frames += left > 0
    return faces, seen, bad_frames, frames


def timed(command):
    start = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.monotonic() - start


def probe(path):
    out = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_type,nb_frames,r_frame_rate,duration", "-of", "json", path],
                         stdout=subprocess.PIPE, check=True).stdout
    return {s["codec_type"]: f"{s['nb_frames']} packets, {s['r_frame_rate']}, {s['duration']} s" for s in json.loads(out)["streams"]}


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    from deface.centerface import CenterFace  # brings its model

    photos = sorted(Path(sys.argv[1]).glob("*.jpg"))
    rounds, arguments = int(sys.argv[2]) if len(sys.argv) > 2 else 3, sys.argv[3:]
    deface = Path(sys.executable).with_name("deface")
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "in.mp4"
        truth = make_video(photos, video, CenterFace())
        config = json.dumps({"codec": "libx264", "quality": None, "output_params": ["-preset", "veryfast", "-crf", "18"]})
        commands = {
            "fovea blur": [common.FOVEA, "blur", *arguments, video, "-o", Path(folder) / "fovea.mp4"],
            "deface": [deface, "--keep-audio", "--execution-provider", "CPUExecutionProvider", "--ffmpeg-config", config, video, "-o",
                       Path(folder) / "deface.mp4"],
            "deface, 640x360": [deface, "--keep-audio", "--execution-provider", "CPUExecutionProvider", "--scale", "640x360", "--ffmpeg-config",
                                config, video, "-o", Path(folder) / "small.mp4"],
        }
        times = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                times[name].append(timed([str(c) for c in command]))
        print(f"{len(truth)} frames of {WIDTH}x{HEIGHT}, {sum(map(len, truth))} faces; {os.cpu_count()} processors")
        print("| | frames/s | seconds | faces seen | frames with one seen | video | sound |\n|---|---|---|---|---|---|---|")
        print(f"| (input) | | | | | {probe(video)['video']} | {probe(video)['audio']} |")
        for name, command in commands.items():
            faces, seen, bad, frames = count_seen(video, command[-1], truth)
            seconds, streams = float(np.median(times[name])), probe(command[-1])
            print(f"| {name} | {frames / seconds:.1f} | {seconds:.1f} | {seen} of {faces} | {bad} of {frames} | {streams['video']} | "
                  f"{streams.get('audio', 'none')} |")


if __name__ == "__main__":
    main()
