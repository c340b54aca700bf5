#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Time of the network alone: Fovea FP32 beside ONNX Runtime FP32, in one interleaved run.

Both engines read the same ONNX file. Each is a process that lives through the run; every round visits each once, in random
order, 60 ms after the one before (thread pools spin for a while): two warm runs, then two timed ones. The input is a photo of
exactly the network's size. ONNX Runtime is timed around session.run, float input to float outputs. For Fovea the library's
own clock gives the network stage, from the float input to the heads. What they answer is compared before anything is timed.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

import common
import retinaface

ENGINES = ("fovea", "onnxruntime")
WARM, TIMED, PAUSE_S = 2, 2, 0.06


def save_raw(path, outputs):
    np.concatenate([np.asarray(v, np.float32).reshape(-1) for v in outputs]).tofile(path)


def onnxruntime_worker(model, photo, threads, raw_out):
    """Speaks the protocol of latency.c."""
    start = time.perf_counter()
    network = retinaface.session(model, int(threads))
    x = retinaface.network_input(cv2.imread(photo))
    outputs = retinaface.run(network, x)
    save_raw(raw_out, outputs)
    ready = time.perf_counter() - start
    print(json.dumps({"ready_s": ready, "width": x.shape[3], "height": x.shape[2], "anchors": len(outputs[0])}), flush=True)
    feed = {network.get_inputs()[0].name: x}
    for line in sys.stdin:
        warm, count = map(int, line.split())
        for _ in range(warm):
            network.run(None, feed)
        times = []
        for _ in range(count):
            begin = time.perf_counter()
            network.run(None, feed)
            times.append(time.perf_counter() - begin)
        print(json.dumps({"t": times}), flush=True)


class Worker:
    def __init__(self, engine, model, photo, threads, folder):
        self.raw = Path(folder) / f"{engine}.raw"
        command = [common.LATENCY] if engine == "fovea" else [sys.executable, __file__, "--worker"]
        self.process = subprocess.Popen([*command, model, photo, str(threads), self.raw], text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": str(threads)})
        self.ready = self.read()
        self.times = []

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args[0]} ended early, see above")
        return json.loads(line)

    def visit(self):
        self.process.stdin.write(f"{WARM} {TIMED}\n")
        self.process.stdin.flush()
        self.times += self.read()["t"]

    def peak_mb(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def cpu_ticks(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def machine_ticks():
    """(all, busy) clock ticks of the machine so far."""
    v = [int(x) for x in Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()[1:9]]
    return sum(v), sum(v) - v[3] - v[4]


def interleave(workers, rounds):
    """Fills worker.times; returns the share of the machine that other processes took meanwhile."""
    order, rng = list(workers), random.Random(1)
    total, busy = machine_ticks()
    own = sum(w.cpu_ticks() for w in workers) + sum(os.times()[:2]) * os.sysconf("SC_CLK_TCK")
    for _ in range(rounds):
        rng.shuffle(order)
        for worker in order:
            worker.visit()
            time.sleep(PAUSE_S)
    own = sum(w.cpu_ticks() for w in workers) + sum(os.times()[:2]) * os.sysconf("SC_CLK_TCK") - own
    now_total, now_busy = machine_ticks()
    return max(0.0, (now_busy - busy - own) / max(1, now_total - total))


def difference(workers):
    a, b = (np.fromfile(w.raw, np.float32) for w in workers)
    if a.shape != b.shape:
        sys.exit(f"the engines answer differently: {a.size} and {b.size} numbers")
    return float(np.abs(a - b).max())


def compare(model, size, threads, arguments, folder):
    """Markdown rows of one network at one size and number of threads."""
    photo = Path(folder) / f"{size}.png"
    cv2.imwrite(str(photo), cv2.resize(cv2.imread(str(common.PHOTO)), (size, size), interpolation=cv2.INTER_AREA))
    workers = [Worker(e, model, photo, threads, folder) for e in ENGINES]
    off = difference(workers)
    if off > arguments.tolerance:
        sys.exit(f"{model} at {size}x{size}: the answers differ by {off:.2e}, more than {arguments.tolerance:.0e}")
    others = interleave(workers, arguments.rounds)
    if others > 0.05:
        print(f"warning: other processes took {100 * others:.0f}% of the machine meanwhile", file=sys.stderr)
    base, rows = np.median(workers[1].times), []
    for engine, worker in zip(ENGINES, workers):
        low, median, high = np.percentile(worker.times, (10, 50, 90)) * 1e3
        rows.append(f"| {model.stem} | {size}x{size} | {threads} | {engine} | {median:.2f} | {low:.2f} | {high:.2f} | "
                    f"{base * 1e3 / median:.2f}x | {worker.peak_mb():.0f} | {off:.1e} | {100 * others:.0f}% |")
    for worker in workers:
        worker.close()
    return rows


def table(arguments):
    yield f"{common.machine()}, Fovea at {common.commit()}, {arguments.rounds} rounds of {TIMED}, batch 1, {time.strftime('%F')}"
    yield ""
    yield "| network | input | threads | engine | median ms | p10 | p90 | speed-up | peak MB | answers differ by | other load |"
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    with tempfile.TemporaryDirectory() as folder:
        for model in arguments.model or ["default"]:
            onnx = common.as_onnx(model, folder)
            for size in arguments.size or [320, 640]:
                for threads in arguments.threads or [1, 2]:
                    yield from compare(onnx, size, threads, arguments, folder)


def main():
    if sys.argv[1:2] == ["--worker"]:
        return onnxruntime_worker(*sys.argv[2:6])
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("-m", "--model", action="append", help="any file that Fovea reads (default: the bundled model)")
    parser.add_argument("-s", "--size", action="append", type=int, help="side of the square input (default: 320, 640)")
    parser.add_argument("-t", "--threads", action="append", type=int, help="default: 1, 2")
    parser.add_argument("-r", "--rounds", type=int, default=40)
    parser.add_argument("-o", "--output", help="also write the table to this file")
    parser.add_argument("--tolerance", type=float, default=1e-3, help="largest difference of the answers (default: %(default)s)")
    arguments = parser.parse_args()
    lines = []
    for line in table(arguments):
        print(line, flush=True)
        lines.append(line)
    if arguments.output:
        Path(arguments.output).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
