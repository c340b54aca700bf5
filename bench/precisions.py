#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What precisions cost: average precision on WIDER FACE photos and the loss against FP32, for Fovea's and for INT8 by ONNX Runtime and
OpenVINO's NNCF, of the same network, calibrated on the same photos. Prints Markdown.

usage: precisions.py [-m MODEL]... --wider FOLDER --photos FOLDER [--halves] [--no-peers]
       precisions.py --r50 --photos FOLDER

MODEL: a model file or 'default', which is the default. --wider: images/ and ground_truth.json (see wider_ap.py). --photos: to
calibrate on. --halves: also calibrate on every other WIDER photo and measure on the rest. --r50: head signal-to-noise ratios of a
ResNet-50 with random weights (random_r50.py) instead.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

import common
import quantised_peers as peers
import retinaface
import wider_ap
from agreement import Agreement
from wider import PROTOCOL

METHODS = ("entropy", "min-max", "percentile", "mse")
HEAD = ("| precision | MACs in INT8 | AP easy / medium / hard | against its FP32 | loss | certified | lost | gained | score off | landmark off |\n"
        "|---|---|---|---|---|---|---|---|---|---|")


def fovea(*arguments):
    done = subprocess.run([common.FOVEA, *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def photo_list(path, photos):
    path.write_text("".join(f"{p}\n" for p in photos), encoding="utf-8")
    return f"@{path}"


class Bench:
    """One model on one set of photos. Faces are {file name: (boxes, scores, landmarks)}."""

    def __init__(self, model, truth, images, photos, folder):
        self.model, self.truth, self.photos, self.folder = model, truth, photos, Path(folder)
        self.files = [images / t["file"] for t in truth]
        self.images = photo_list(self.folder / "measured.txt", self.files)
        self.calibration = photo_list(self.folder / "calibration.txt", photos)

    def build(self, precision, *options):
        """(engine, certificate)"""
        engine = self.folder / "engine.fov"
        return engine, json.loads(fovea("build", self.model, "-o", engine, "-p", precision, "--json", "-q", *options))

    def cache(self, method):
        out = self.folder / f"{method}.cache"
        fovea("calibrate", self.model, self.calibration, "--method", method, "-o", out, "-q")
        return out

    def detect(self, engine, *options):
        out = {}
        for photo in map(json.loads, fovea("detect", "--precision", "fp32", "--ndjson", *PROTOCOL, "-m", engine, *options, self.images).splitlines()):
            rows = photo["faces"]
            out[Path(photo["file"]).name] = (np.array([f["box"] for f in rows]).reshape(-1, 4), np.array([f["score"] for f in rows]),
                                             np.array([f["landmarks"] for f in rows]).reshape(-1, 5, 2))
        return out

    def detect_peer(self, run):
        return {p.name: retinaface.decode(*run(retinaface.network_input(cv2.imread(str(p)))), cv2.imread(str(p)).shape, 0.02, 0.4)
                for p in self.files}

    def ap(self, faces):
        rows = {f: np.concatenate([b[:, :2], b[:, 2:] - b[:, :2], s[:, None]], 1) for f, (b, s, _) in faces.items()}
        return np.array([100 * v for v in wider_ap.evaluate(self.truth, rows).values()])

    def row(self, name, faces, own, certificate=None):
        agreement = Agreement()
        for file, a in own.items():
            agreement.add(a, faces[file])
        ap, share, certified = self.ap(faces), "", ""
        if certificate:
            share = f"{100 * certificate['share'].get('int8', {}).get('macs', 0):.0f} %"
            measured = certificate.get("measured") or {}
            certified = f"{100 * measured['agreement']['loss']:.2f}" if "agreement" in measured else "none"
        change = " / ".join(f"{d:+.2f}" for d in ap - self.ap(own))
        print(f"| {name} | {share} | {' / '.join(f'{v:.2f}' for v in ap)} | {change} | {100 * agreement.loss():.3f} | {certified} | "
              f"{agreement.lost} | {agreement.gained} | {np.mean(agreement.score):.4f} | {100 * np.mean(agreement.landmark):.2f} % |", flush=True)


def identical(bench, engine, faces):
    """Faces on instruction sets without VNNI, compared bit for bit as printed."""
    same = {level: all(np.array_equal(x, y) for f, a in bench.detect(engine, "--cpu", level).items() for x, y in zip(a, faces[f]))
            for level in ("avx2", "generic")}
    return ", ".join(f"{level}: {'identical' if ok else 'DIFFERENT'}" for level, ok in same.items())


def ours(bench):
    """Rows of Fovea; the remarks for below the table."""
    engine, certificate = bench.build("fp32")
    own, remarks = bench.detect(engine), []
    bench.row("FP32", own, own)
    for name, options in (("bf16", ()), ("fp16", ()), ("fp16", ("--repair",))):
        engine, certificate = bench.build(name, *options, "--calibrate", bench.calibration)
        bench.row(name.upper() + " repaired" * bool(options), bench.detect(engine), own, certificate)
    caches = {method: bench.cache(method) for method in METHODS}
    for method, cache in caches.items():
        engine, certificate = bench.build("int8", "--cache", cache, "--calibrate", bench.calibration)
        faces = bench.detect(engine)
        bench.row(f"INT8 {method}", faces, own, certificate)
        remarks.append(f"INT8 {method} without VNNI: {identical(bench, engine, faces)}")
    engine, certificate = bench.build("int8")
    bench.row("INT8 without photos", bench.detect(engine), own, certificate)
    for budget in ("0.5%", "0.1%"):
        engine, certificate = bench.build("mixed", "--max-loss", budget, "--calibrate", bench.calibration)
        bench.row(f"mixed, budget {budget}", bench.detect(engine), own, certificate)
    return remarks


def theirs(bench):
    model = common.as_onnx(bench.model, bench.folder)
    inputs = [retinaface.network_input(cv2.imread(str(p))) for p in bench.photos]
    own = bench.detect_peer(peers.onnxruntime_fp32(model))
    bench.row("ONNX Runtime FP32", own, own)
    for method in ("MinMax", "Entropy"):
        bench.row(f"ONNX Runtime INT8 {method}", bench.detect_peer(peers.onnxruntime_int8(model, inputs, method, bench.folder)), own)
    own = bench.detect_peer(peers.openvino_run(peers.openvino_model(model)))
    bench.row("OpenVINO FP32", own, own)
    for preset in ("performance", "mixed"):
        bench.row(f"OpenVINO NNCF INT8 {preset}", bench.detect_peer(peers.openvino_int8(model, inputs, preset)), own)


def table(title, bench, with_peers):
    print(f"\n{title}: {len(bench.files)} photos, calibrated on {len(bench.photos)}\n\n{HEAD}", flush=True)
    remarks = ours(bench)
    if with_peers:
        theirs(bench)
    print("\n" + "\n".join(f"- {r}" for r in remarks), flush=True)


def random_r50(photos, folder):
    model = Path(folder) / "r50.safetensors"
    subprocess.run([sys.executable, common.ROOT / "bench" / "random_r50.py", model], check=True)
    calibration, engine = photo_list(Path(folder) / "c.txt", photos), Path(folder) / "r50.fov"
    print("| ResNet-50, random weights | " + " | ".join(f"{k} at stride {s}" for s in (8, 16, 32) for k in ("scores", "boxes", "landmarks")) + " |")
    print("|---" * 10 + "|")
    for precision in ("bf16", "fp16", "int8"):
        fovea("build", model, "-o", engine, "-p", precision, "-q", "--calibrate", calibration)
        heads = json.loads(fovea("compare", model, engine, *photos[:2], "--json", "--no-layers", "-q"))["heads"]
        snr = {h["output"]: h["snr_db"] for h in heads}
        cells = (f"{snr[f'{k} at stride {s}']:.1f} dB" for s in (8, 16, 32) for k in ("scores", "boxes", "landmarks"))
        print(f"| {precision.upper()} | {' | '.join(cells)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("-m", "--model", action="append")
    parser.add_argument("--wider", type=Path)
    parser.add_argument("--photos", type=Path, required=True)
    for flag in ("--halves", "--no-peers", "--r50"):
        parser.add_argument(flag, action="store_true")
    arguments = parser.parse_args()
    photos = sorted(p for p in arguments.photos.resolve().iterdir() if p.suffix in (".jpg", ".png"))
    print(f"{common.machine()}, commit {common.commit()}\n")
    with tempfile.TemporaryDirectory() as folder:
        if arguments.r50:
            random_r50(photos, folder)
            return 0
        truth = json.loads((arguments.wider / "ground_truth.json").read_text(encoding="utf-8"))
        images = (arguments.wider / "images").resolve()
        for model in arguments.model or ["default"]:
            name = Path(model).name
            table(name, Bench(model, truth, images, photos, folder), not arguments.no_peers)
            if arguments.halves:
                learnt = [images / t["file"] for t in truth[::2]]
                table(f"{name}, calibrated on the other half", Bench(model, truth[1::2], images, learnt, folder), not arguments.no_peers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
