#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Cold start: from the start of the process to its first line of output with a face, and peak memory, for the `fovea` program
and for a Python script with OpenCV and ONNX Runtime that does the same. Files are in the page cache; the two take turns.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common


def onnxruntime_detect(model, photo, threads):
    import retinaface

    box, score, _ = retinaface.faces(retinaface.session(model, int(threads)), photo)
    print(len(box), *box[0], score[0], flush=True)


def once(command):
    """Seconds until the first line, peak resident megabytes."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    line = process.stdout.readline()
    seconds = time.perf_counter() - start
    process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or not line.strip():
        sys.exit(f"{command[0]} failed with status {process.returncode}")
    return seconds, usage.ru_maxrss / 1024


def main():
    if sys.argv[1:2] == ["--child"]:
        return onnxruntime_detect(*sys.argv[2:5])
    parser = argparse.ArgumentParser(description=__doc__.split(":", maxsplit=1)[0])
    parser.add_argument("-m", "--model", default="default", help="any file that Fovea reads (default: the bundled model)")
    parser.add_argument("-p", "--photo", default=str(common.PHOTO))
    parser.add_argument("-t", "--threads", type=int, default=2)
    parser.add_argument("-n", "--repeats", type=int, default=15)
    a = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        onnx = common.as_onnx(a.model, folder)
        commands = {
            "fovea": [common.FOVEA, "detect", "-m", a.model, "--threads", str(a.threads), "--size", "native", "--ndjson", a.photo],
            "python, opencv, onnxruntime": [sys.executable, __file__, "--child", onnx, a.photo, str(a.threads)],
        }
        results = {name: [] for name in commands}
        for repeat in range(a.repeats + 1):
            for name, command in commands.items():
                result = once(command)
                if repeat:  # the first round only warms the page cache
                    results[name].append(result)

    print(f"{common.machine()}, Fovea at {common.commit()}, {a.threads} threads, {a.repeats} starts each, {Path(a.photo).name}\n")
    print("| program | first face, median ms | fastest | slowest | peak MB |\n|---|---|---|---|---|")
    for name, result in results.items():
        seconds, memory = (sorted(v) for v in zip(*result))
        middle = len(seconds) // 2
        print(f"| {name} | {1e3 * seconds[middle]:.0f} | {1e3 * seconds[0]:.0f} | {1e3 * seconds[-1]:.0f} | {memory[middle]:.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
