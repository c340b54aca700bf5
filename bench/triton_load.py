#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Photos a second of running servers that speak the Open Inference Protocol, beside the program's on the same photos: `fovea detect` with
all of them, start and end included. They take turns. One client for all (tritonclient.http, a thread for each connection); every answer
is compared with what the program printed.

usage: triton_load.py --fovea PROGRAM --engine ENGINE --photos FOLDER [--rounds N] [--seconds S] [--connections N] NAME=ADDRESS...
       a server is asked for its model "faces": docs/triton.md says how to start them        needs tritonclient[http]
"""
import argparse
import concurrent.futures
import json
import statistics
import subprocess
import time
from pathlib import Path

import numpy as np
import tritonclient.http as triton

REPEATS = 8  # of all photos, by the program


class Photos:
    def __init__(self, folder):
        self.files = sorted(p for p in Path(folder).iterdir() if p.suffix.lower() in (".jpg", ".png", ".webp"))
        self.tensors = []
        for file in self.files:
            photo = np.array([[file.read_bytes()]], dtype=np.object_)
            self.tensors.append(triton.InferInput("photo", [1, 1], "BYTES").set_data_from_numpy(photo))


def program(options, photos):
    """(photos a second, what it says of each)"""
    begun = time.monotonic()
    done = subprocess.run([options.fovea, "detect", "--json", "-m", options.engine, *photos.files * REPEATS], check=True, capture_output=True)
    rate = len(photos.files) * REPEATS / (time.monotonic() - begun)
    return rate, [record["faces"] for record in json.loads(done.stdout)[: len(photos.files)]]


def check(result, faces):
    boxes = np.reshape([f["box"] for f in faces], (-1, 4))
    assert result.as_numpy("boxes").shape == boxes.shape and np.allclose(result.as_numpy("boxes"), boxes, atol=1e-3)


def ask(address, photos, expected, first, until):
    """Photo after photo over one connection. @return seconds of each answer"""
    times, i = [], first
    with triton.InferenceServerClient(address, network_timeout=600) as client:
        while time.monotonic() < until:
            begun = time.monotonic()
            result = client.infer("faces", [photos.tensors[i % len(photos.tensors)]])
            times.append(time.monotonic() - begun)
            check(result, expected[i % len(expected)])
            i += 1
    return times


def load(options, address, photos, expected):
    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(options.connections) as pool:
        asked = [pool.submit(ask, address, photos, expected, i, begun + options.seconds) for i in range(options.connections)]
        times = [t for a in asked for t in a.result()]
    return len(times) / (time.monotonic() - begun), statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, kind, default in (("fovea", Path, None), ("engine", Path, None), ("photos", Path, None), ("rounds", int, 5), ("seconds", float, 5),
                                ("connections", int, 8)):
        parser.add_argument(f"--{name}", type=kind, default=default, required=default is None)
    parser.add_argument("servers", nargs="+", metavar="NAME=ADDRESS")
    options = parser.parse_args()
    photos, rates = Photos(options.photos), {}
    for _ in range(options.rounds):
        rate, expected = program(options, photos)
        rates.setdefault("fovea detect", []).append((rate, 0))
        for server in options.servers:
            name, _, address = server.partition("=")
            rates.setdefault(name, []).append(load(options, address, photos, expected))
    print(f"{len(photos.files)} photos, {options.connections} connections, median of {options.rounds} rounds (least to most)")
    for name, measured in rates.items():
        found = sorted(rate for rate, _ in measured)
        wait = f", an answer in {1e3 * statistics.median(m for _, m in measured):.0f} ms" if measured[0][1] else ""
        print(f"{name:14} {statistics.median(found):6.1f} photos/s ({found[0]:.1f} to {found[-1]:.1f}){wait}")


if __name__ == "__main__":
    main()
