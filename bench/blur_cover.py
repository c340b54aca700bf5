#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is every face covered in every frame? And what does it cost: of videos whose faces are known (tests/blur/scenes.py).

usage: blur_cover.py SEED[-SEED] PHOTO_FOLDER... [--beside PROGRAM]     needs ffmpeg, numpy and Pillow

A video for each seed, of photos that the seed chooses; those of odd seeds hide faces where they come and go, too. A face is the ellipse in
its box; it counts as covered when 95 % of that lie in what fovea blur would hide, by its review and its default margin and shape. The share
of the picture that is hidden stands beside the share that would be if every known face were covered exactly, with that margin. PROGRAM
is another fovea, which looks at the same videos.
"""
import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import common

sys.path.insert(0, str(common.ROOT / "tests" / "blur"))
import scenes  # noqa: E402

SIZE, PHOTOS, COVERED, EACH = (640, 360), 8, 0.95, 5


def judge(program, video, truth, folder):
    """(faces left uncovered, frames with one, share hidden, areas of covers by those of their faces)"""
    review = Path(folder) / "review.json"
    subprocess.run([program, "blur", video, "--review", review], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    covers = scenes.covers_of(review, len(truth))
    left = [sum(scenes.covered_part(b, c) < COVERED for b in boxes) for boxes, c in zip(truth, covers)]
    areas = [min((area(c) for c in near if scenes.overlap(b, c) > 0.9), default=np.nan) / area(b)
             for boxes, near in zip(truth, covers) for b in boxes]
    hidden = np.mean([scenes.hidden_share(c, SIZE) for c in covers[::EACH]])
    return sum(left), sum(n > 0 for n in left), hidden, areas


def area(box):
    return np.prod(box[2:] - box[:2])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--beside")
    arguments = parser.parse_args()
    first, _, last = arguments.seeds.partition("-")
    paths = sorted(p for folder in arguments.folders for p in folder.iterdir() if p.suffix in (".jpg", ".png"))
    programs = [p for p in (common.FOVEA, arguments.beside) if p]
    results = {program: [] for program in programs}
    faces = frames = 0
    exact = []
    print("| video | frames | faces | uncovered, in frames, share hidden: of each program | share if exact |\n|---|---|---|---|---|")
    for seed in range(int(first), int(last or first) + 1):
        with tempfile.TemporaryDirectory() as folder:
            photos = [scenes.load(common.FOVEA, p, SIZE) for p in random.Random(seed).sample(paths, PHOTOS)]
            video = Path(folder) / "video.mp4"
            truth = scenes.make(common.FOVEA, photos, seed, video, SIZE, at_ends=seed % 2 == 1)
            exact.append(np.mean([scenes.hidden_share(boxes, SIZE) for boxes in truth[::EACH]]))
            for program in programs:
                results[program].append(judge(program, video, truth, folder))
        faces, frames = faces + sum(map(len, truth)), frames + len(truth)
        told = "; ".join(f"{r[-1][0]}, {r[-1][1]}, {r[-1][2]:.3f}" for r in results.values())
        print(f"| {seed} | {len(truth)} | {sum(map(len, truth))} | {told} | {exact[-1]:.3f} |", flush=True)
    print(f"\n{frames} frames, {faces} faces; exact covers would hide {np.mean(exact):.3f} of the picture")
    for program, rows in results.items():
        areas = np.concatenate([r[3] for r in rows])
        print(f"{program}: {sum(r[0] for r in rows)} uncovered, in {sum(r[1] for r in rows)} frames; hides {np.mean([r[2] for r in rows]):.3f}; "
              f"a cover has {np.nanmedian(areas):.2f} times its face's area (median), {np.nanpercentile(areas, 90):.2f} (of a tenth, more)")


if __name__ == "__main__":
    main()
