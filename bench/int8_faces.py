#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Faces that INT8 finds against those of FP32 (ONNX Runtime's), on a folder of photos at their own size, score over 0.5: found again, mean
overlap, mean difference of scores; for Fovea, ONNX Runtime and OpenVINO's NNCF, all calibrated on the same photos, which are others.
"""
import argparse
import json
import subprocess
import sys

import numpy as np

import common
import engines
import prepare
import retinaface
from agreement import best_free, overlaps


def of_fovea(network, precision, photos):
    model, asked = network.fovea_model(precision)
    done = subprocess.run([common.FOVEA, "detect", "-m", model, *(() if precision == "int8" else ("--precision", asked)), "--size", "native", "--json",
                           *photos], stdout=subprocess.PIPE, check=True, env=common.environment())
    return [(np.array([f["box"] for f in p["faces"]]).reshape(-1, 4), np.array([f["score"] for f in p["faces"]])) for p in json.loads(done.stdout)]


def of_peer(network, engine, precision, photos):
    import cv2

    run, out = engines.make(engine, precision, network.folder, 2), []
    for photo in photos:
        image = cv2.imread(str(photo))
        out.append(retinaface.decode(*run(engines.blob(image)), image.shape)[:2])
    return out


def agreement(want, got):
    iou, off, lost, more = [], [], 0, 0
    for (box_a, score_a), (box_b, score_b) in zip(want, got):
        free = np.ones(len(score_b), bool)
        for box, score in zip(box_a, score_a):
            j = best_free(box, box_b, free)
            if j < 0:
                lost += 1
                continue
            free[j] = False
            iou.append(float(overlaps(box, box_b[j:j + 1])[0]))
            off.append(abs(float(score_b[j]) - float(score)))
        more += int(free.sum())
    return {"faces": len(iou) + lost, "lost": lost, "more": more, "found_again": len(iou) / max(1, len(iou) + lost), "mean_iou": float(np.mean(iou)),
            "least_iou": min(iou), "score_off": float(np.mean(off)), "score_off_most": max(off)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(":", maxsplit=1)[0])
    common.add_options(parser)
    parser.add_argument("--on", default=str(common.ROOT.parent / "shared" / "photos"), help="folder of photos")
    a = parser.parse_args()
    common.use(a)
    network, photos = prepare.Network("mnet025", a.model, a.work, a.photos), common.photos_of(a.on)
    wanted = [w for w in (("fovea", "fp32"), ("fovea", "auto"), ("fovea", "int8"), ("onnxruntime", "int8"), ("openvino", "int8")) if w[0] in a.engines]
    missing = network.make(wanted, common.say)
    reference, rows = of_peer(network, "onnxruntime", "fp32", photos), []
    for engine, precision in wanted:
        if (engine, precision) in missing:
            continue
        found = of_fovea(network, precision, photos) if engine == "fovea" else of_peer(network, engine, precision, photos)
        rows.append({"engine": engine, "precision": precision, **agreement(reference, found)})
        r = rows[-1]
        print(f"{engine:12} {precision:5} {100 * r['found_again']:.1f} % of {r['faces']} found again, {r['more']} more, IoU {r['mean_iou']:.4f}, "
              f"score off by {r['score_off']:.4f}", flush=True)
    common.save(a.work, "int8_faces", {"machine": common.machine(("fovea", "onnxruntime", "openvino")), "photos": len(photos), "rows": rows})
    return 0


if __name__ == "__main__":
    sys.exit(main())
