#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the Python package costs over C: the time of its import, the time that a call takes longer, and how calls of several threads
scale on one engine. Python and C (calls.c) do the same on the same pixels and take turns; figures are medians. What a call takes
longer is told in time of the processor, in which what else runs on the machine does not count.

For a package that is installed; for that of the build folder:
PYTHONPATH=build/python FOVEA_LIBRARY=build/libfovea.so bench/python_overhead.py
"""
import argparse
import json
import platform
import resource
import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import common
import numpy

import fovea

CALLS = common.BUILD / "bench-calls"


def processor_seconds_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def process_seconds(code):
    """Seconds that a process takes, by the clock and of processors."""
    start, work = time.perf_counter(), processor_seconds_of_children()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start, processor_seconds_of_children() - work


def measure_import(rounds):
    """Seconds, as above, of a process that does nothing, that imports NumPy, that imports Fovea, and that finds a face."""
    codes = {"nothing": "pass", "numpy": "import numpy", "fovea": "import fovea",
             "a face": f"import fovea; fovea.Detector().detect({str(common.PHOTO)!r})"}
    times = {name: [] for name in codes}
    for _ in range(rounds):
        for name, code in codes.items():
            times[name].append(process_seconds(code))
    return {name: numpy.median(t, axis=0).tolist() for name, t in times.items()}


class Peer:
    """calls.c, which waits for work. Seconds are by the clock and of processors."""

    def __init__(self, side, threads):
        self.process = subprocess.Popen([CALLS, common.PHOTO, str(side), str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def seconds(self, count):
        print(count, file=self.process.stdin, flush=True)
        return numpy.array(self.process.stdout.readline().split(), float)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def picture(side):
    """As calls.c has it: a view with the rows of the whole photo, which is not copied."""
    return fovea.load_photo(common.PHOTO)[:side, :side]


def python_seconds(detector, pixels, threads, count):
    def call(_):
        for _ in range(count):
            detector.detect(pixels)

    with ThreadPoolExecutor(threads) as pool:
        start, work = time.perf_counter(), time.process_time()
        list(pool.map(call, range(threads)))
        return numpy.array([time.perf_counter() - start, time.process_time() - work])


def take_turns(side, threads, count, rounds):
    """Seconds of a call by the clock and of processors, in C and in Python."""
    peer, pixels, c, python = Peer(side, threads), picture(side), [], []
    with fovea.Detector(precision="fp32", threads=1, size="native") as detector:
        for round_ in range(rounds + 2):
            times = peer.seconds(count), python_seconds(detector, pixels, threads, count)
            if round_ >= 2:
                c.append(times[0] / (count * threads))
                python.append(times[1] / (count * threads))
    peer.close()
    return numpy.median(c, axis=0).tolist(), numpy.median(python, axis=0).tolist()


def copied_bytes():
    """The most memory that a call on a view of 24 MB takes from Python."""
    pixels = numpy.zeros((2000, 4096, 3), numpy.uint8)[:, 48:-48]
    with fovea.Detector(size="long:64") as detector:
        detector.detect(pixels)
        tracemalloc.start()
        detector.detect(pixels)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    options = parser.parse_args()

    imports = measure_import(options.rounds)
    c, python = take_turns(32, 1, 400, options.rounds)
    scaling = {n: take_turns(320, n, max(1, 16 // n), options.rounds) for n in options.threads}
    copied = copied_bytes()
    if options.json:
        print(json.dumps({"import": imports, "call": {"c": c, "python": python}, "threads": scaling, "copied": copied}))
        return
    print(f"Python {platform.python_version()}, NumPy {numpy.__version__}, Fovea {fovea.__version__}; {common.machine(())}")
    for name, (seconds, work) in imports.items():
        print(f"process, {name:8}  {1e3 * seconds:8.1f} ms, {1e3 * work:.1f} ms of a processor")
    print(f"a call, 32x32     {1e6 * c[1]:8.1f} us of a processor in C, {1e6 * python[1]:.1f} in Python: {1e6 * (python[1] - c[1]):+.1f}")
    print(f"a call on 24 MB   {copied / 1e3:8.1f} kB of memory")
    for n, ((c, _), (python, _)) in scaling.items():
        print(f"{n} threads, 320x320 {1 / c:7.1f} calls a second in C, {1 / python:.1f} in Python: {100 * c / python:.0f} %")


if __name__ == "__main__":
    main()
