#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The whole path, from a JPEG file 1024 pixels wide to faces, the photo shrunk to 640: Fovea beside OpenCV, another engine and NumPy (only
what scores is decoded, vectorised; suppression), interleaved. With --neighbour, the time of the network at 640x640 instead, while another
process takes 40 % of the machine, and its ratio to the quiet time; quiet and loud visits take turns. Results: WORK/results.
"""
import argparse
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import common
import engines
import peers
import prepare

SIDE, NEIGHBOUR, PERIOD_S = 640, 0.4, 0.05
ENTRANTS = [("fovea", "int8"), ("fovea", "fp32"), ("openvino", "int8"), ("openvino", "fp32"), ("onnxruntime", "fp32"), ("onnxruntime", "int8")]


def whole_command(entrant, network, threads, photo):
    engine, precision = entrant
    if engine == "fovea":
        return [common.LATENCY, "--whole", *network.fovea_model(precision), threads, photo, SIDE]
    return [sys.executable, Path(engines.__file__), "--whole", engine, precision, network.folder, threads, photo, SIDE]


def row(worker, threads, **more):
    return {"engine": worker.entrant[0], "precision": worker.entrant[1], "threads": threads, **more}


def whole(network, wanted, a):
    rows = []
    for threads in a.threads or (1, 2):
        workers = []
        for entrant in wanted:
            workers.append(common.Worker(entrant[0], whole_command(entrant, network, threads, a.photo), threads))
            workers[-1].entrant = entrant
        others = common.interleave(workers, a.rounds, a.limit)
        rows += [row(w, threads, **common.spread_ms(w.times), peak_mb=w.peak_mb(), faces=w.ready["faces"], other_load=others) for w in workers]
        for worker in workers:
            worker.close()
    return rows


def burn():
    """Takes its share of one core, in turns of working and sleeping."""
    while True:
        start, used = time.monotonic(), time.process_time()
        while time.process_time() - used < NEIGHBOUR * PERIOD_S:
            pass
        time.sleep(max(0.0, PERIOD_S - (time.monotonic() - start)))


class Neighbour:
    """One burner a core; stopped and continued, so that loud and quiet visits can take turns."""

    def __init__(self):
        self.processes = [multiprocessing.Process(target=burn, daemon=True) for _ in os.sched_getaffinity(0)]
        for process in self.processes:
            process.start()
        self.signal(signal.SIGSTOP)

    def signal(self, number):
        for process in self.processes:
            os.kill(process.pid, number)

    def end(self):
        self.signal(signal.SIGKILL)


def neighbour(network, wanted, a):
    rows = []
    for threads in a.threads or (2,):
        with tempfile.TemporaryDirectory() as folder:
            workers, missing = peers.start(wanted, network, threads, (SIDE, SIDE), folder, a)
        for why in missing:
            common.say(f"left out: {why}")
        other, times, start = Neighbour(), {w: {False: [], True: []} for w in workers}, time.monotonic()
        try:
            for done in range(a.rounds):
                if done >= 5 and time.monotonic() - start > a.limit:
                    break
                for loud in (False, True):
                    other.signal(signal.SIGCONT if loud else signal.SIGSTOP)
                    for worker in workers:
                        times[worker][loud] += worker.visit()
                        time.sleep(common.PAUSE_S)
        finally:
            other.end()
        for worker in workers:
            quiet, loud = (common.spread_ms(times[worker][x]) for x in (False, True))
            rows.append(row(worker, threads, quiet_ms=quiet["median_ms"], loud_ms=loud["median_ms"], loud_p90_ms=loud["p90_ms"], runs=loud["runs"],
                            ratio=loud["median_ms"] / quiet["median_ms"]))
            worker.close()
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(":", maxsplit=1)[0])
    common.add_options(parser)
    parser.add_argument("--photo", help="default: the first of ../shared/photos that is 1024 pixels wide")
    parser.add_argument("--neighbour", action="store_true")
    parser.add_argument("-t", "--threads", action="append", type=int, help="default: 1, 2; with --neighbour: 2")
    parser.add_argument("-r", "--rounds", type=int, default=40)
    parser.add_argument("--limit", type=float, default=30, help="seconds after which a run ends, after 5 rounds at least (default: 30)")
    a = parser.parse_args()
    common.use(a)
    a.photo = a.photo or str(common.ROOT.parent / "shared" / "photos" / "ulfd_10.jpg")
    network = prepare.Network("mnet025", a.model, a.work, a.photos)
    pool = [(e, p) for e in a.engines for p in engines.PRECISIONS[e] if p in ("fp32", "int8")] if a.neighbour else ENTRANTS
    wanted = [w for w in pool if w[0] in a.engines and common.version(w[0])]
    missing = network.make(wanted, common.say)
    wanted = [w for w in wanted if w not in missing]
    rows = neighbour(network, wanted, a) if a.neighbour else whole(network, wanted, a)
    common.save(a.work, "neighbour" if a.neighbour else "whole", {"machine": common.machine(a.engines), "photo": Path(a.photo).name, "rows": rows})
    for r in sorted(rows, key=lambda r: (r["threads"], r.get("median_ms", r.get("ratio")))):
        print("  ".join(f"{k} {v:.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in r.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
