#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every known face of every frame is covered: in videos in which faces are hard to see again and again (scenes.py). TAP on stdout.

usage: covered.py FOVEA     FOVEA_SHARED names the folder that has photos/

What is looked at is the review, which says what would be hidden. bench/blur_cover.py does the same with more videos.
"""
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SIZE, COVERED, MOST_HIDDEN = (480, 272), 0.95, 0.9
SEEDS = 12, 17  # of which a tracker that believes whatever it sees leaves faces uncovered


class Skip(Exception):
    """Why it cannot be told here."""


def photos(scenes, fovea):
    folder = Path(os.environ.get("FOVEA_SHARED", "../shared")) / "photos"
    paths = sorted(folder.glob("*.jpg"))
    if not paths:
        raise Skip(f"no photos in {folder}")
    return [scenes.load(fovea, path, SIZE) for path in paths]


def review_of(fovea, video):
    path = video.with_suffix(".json")
    done = subprocess.run([fovea, "blur", video, "--review", path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise Skip(done.stderr.decode("utf-8", "replace").strip().replace("\n", " "))
    return path


def checks(fovea, folder):
    for needed in "numpy", "PIL":
        if not importlib.util.find_spec(needed):
            raise Skip(f"Python has no {needed} here")
    if not shutil.which("ffmpeg"):
        raise Skip("ffmpeg is not here")
    import scenes

    mine = photos(scenes, fovea)
    for seed in SEEDS:
        video = Path(folder) / f"{seed}.mp4"
        truth = scenes.make(fovea, mine, seed, video, SIZE, shots=2, seconds=3, at_ends=seed % 2 == 1)
        covers = scenes.covers_of(review_of(fovea, video), len(truth))
        parts = [(scenes.covered_part(box, c), frame, box.round().tolist()) for frame, (boxes, c) in enumerate(zip(truth, covers)) for box in boxes]
        left = [part for part in parts if part[0] < COVERED]
        assert len(parts) > 100, f"video {seed} has only {len(parts)} faces"
        yield f"video {seed}: {len(parts)} faces are covered", not left, f"{len(left)} are not: part covered, frame, box: {left[:5]}"
        share = sum(scenes.hidden_share(c, SIZE, step=16) for c in covers) / len(covers)
        yield f"video {seed}: not by hiding everything", share < MOST_HIDDEN, f"{share:.2f} of the picture is hidden"


def main():
    fovea, number, failed = Path(sys.argv[1]).resolve(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        try:
            for name, good, why in checks(fovea, folder):
                number += 1
                failed += not good
                print(f"{'ok' if good else 'not ok'} {number} - {name}" + ("" if good else f"\n# {why}"), flush=True)
        except Skip as why:
            number += 1
            print(f"skipped: {why}\nok {number} - every frame # SKIP {why}")
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
