#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Cold start: from the start of the process to its first line of output with a face, and peak memory, for the `fovea` program
and for Python scripts with OpenCV and an engine that do the same with a photo shrunk to 640. Files are in the page cache; all take turns.
"""
import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import common
import engines
import prepare

SIDE = 640


def child(engine, precision, files, threads, photo):
    import cv2
    import retinaface

    image, scale = engines.long_side(cv2.imread(photo), SIDE)
    x = engines.blob(image)
    box, score, _ = retinaface.decode(*engines.make(engine, precision, files, int(threads), x.shape)(x), image.shape)
    box /= scale
    print(len(box), *box[0], score[0], flush=True)


def once(command, threads):
    """Seconds until the first line, peak resident megabytes."""
    start = time.perf_counter()
    process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=common.environment(threads))
    line = process.stdout.readline()
    seconds = time.perf_counter() - start
    process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or not line.strip():
        sys.exit(f"{command} failed with status {process.returncode}")
    return seconds, usage.ru_maxrss / 1024


def commands(network, wanted, a):
    out = {}
    for engine, precision in wanted:
        if engine == "fovea":
            model, asked = network.fovea_model(precision)
            out[engine, precision] = [common.FOVEA, "detect", "-m", model, *(() if precision == "int8" else ("--precision", asked)), "--threads",
                                      a.threads, "--size", f"long:{SIDE}", "--ndjson", a.photo]
        else:
            out[engine, precision] = [sys.executable, __file__, "--child", engine, precision, network.folder, a.threads, a.photo]
    return out


def main():
    if sys.argv[1:2] == ["--child"]:
        return child(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__.split(":", maxsplit=1)[0])
    common.add_options(parser)
    parser.add_argument("-p", "--photo", default=str(common.ROOT.parent / "shared" / "photos" / "ulfd_10.jpg"))
    parser.add_argument("-t", "--threads", type=int, default=2)
    parser.add_argument("-n", "--repeats", type=int, default=15)
    a = parser.parse_args()
    common.use(a)
    network = prepare.Network("mnet025", a.model, a.work, a.photos)
    wanted = [(e, p) for e in a.engines if common.version(e) for p in engines.PRECISIONS[e] if p != "bf16" and (e, p) != ("onnxruntime", "int8")]
    missing = network.make(wanted, common.say)
    results = {key: [] for key in wanted if key not in missing}
    lines = commands(network, results, a)
    for repeat in range(a.repeats + 1):
        for key, command in lines.items():
            result = once(command, a.threads)
            if repeat:  # the first round only warms the page cache
                results[key].append(result)
    rows = [{"engine": e, "precision": p, "threads": a.threads, **common.spread_ms([s for s, _ in got]),
             "peak_mb": sorted(m for _, m in got)[len(got) // 2]} for (e, p), got in results.items()]
    common.save(a.work, "coldstart", {"machine": common.machine(a.engines), "photo": Path(a.photo).name, "rows": rows})
    for r in rows:
        print(f"{r['engine']:12} {r['precision']:5} {r['median_ms']:8.1f} ms  (p10 {r['p10_ms']:.1f}, p90 {r['p90_ms']:.1f})  {r['peak_mb']:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
