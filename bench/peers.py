#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Time of the network alone, Fovea beside other engines, batch 1, in interleaved runs; each engine at each precision is a process of its
own that lives through the run of one network, input size and number of threads (common.interleave says how they take turns).

The input is a photo of exactly the network's size, padded to a multiple of 32. Engines of others are timed from the float input to the
float outputs; of Fovea the library's own clock gives the network stage, which is the same. Before anything is timed, answers are compared
with ONNX Runtime's FP32 (with Fovea's where there is none): in FP32 by their largest difference, else by the faces they mean.
Results go to WORK/results/peers.json, and as a table to standard output; report.py writes them into docs/benchmarks.md.
"""
import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

import common
import engines
import prepare
import retinaface
from agreement import best_free

TOLERANCE = {"fovea": 1e-3}  # of FP32 answers, which reach 11
TOLERANCE_OF_PEERS = 2e-2  # their affair, as long as it is the same network (MNN's Winograd is off by 3e-3)


def networks(a):
    out = []
    for name in a.networks.split(","):
        model = a.model
        if name == "r50":
            model = a.work / "random_r50.safetensors"
            if not model.exists() and not (a.work / "r50" / "model").exists():
                common.say("preparing a ResNet-50 with random weights")
                prepare.quiet(sys.executable, Path(__file__).with_name("random_r50.py"), model)
        out.append(prepare.Network(name, model, a.work, a.photos))
    return out


def command(entrant, network, threads, size, raw, work):
    engine, precision = entrant
    photo, given = prepare.size_files(work, *size)
    if engine == "fovea":
        return [common.LATENCY, *network.fovea_model(precision), threads, photo, raw]
    return [sys.executable, Path(engines.__file__), engine, precision, network.folder, threads, given, raw]


def entrants(a):
    wanted, skipped = [], []
    for precision in a.precisions.split(","):
        for engine in a.engines:
            if precision not in engines.PRECISIONS[engine]:
                continue
            if precision == "bf16" and not common.has_bf16():
                skipped.append("BF16: this processor has no instruction that multiplies it")
            elif not common.version(engine):
                skipped.append(f"{engine}: not installed")
            else:
                wanted.append((engine, precision))
    return wanted, sorted(set(skipped))


def start(wanted, network, threads, size, folder, a):
    """([worker], [why others are missing])"""
    workers, missing = [], []
    for entrant in wanted:
        raw = Path(folder) / ("_".join(entrant) + ".raw")
        try:
            worker = common.Worker(entrant[0], command(entrant, network, threads, size, raw, a.work), threads)
        except RuntimeError as failure:
            missing.append(f"{entrant[0]} {entrant[1]} on {network.name}: {failure}")
            continue
        worker.entrant, worker.answers = entrant, np.fromfile(raw, np.float32)
        workers.append(worker)
    return workers, missing


def faces(answers, size):
    n = answers.size // 16
    boxes, scores, marks = answers[:4 * n].reshape(n, 4), answers[4 * n:6 * n].reshape(n, 2), answers[6 * n:].reshape(n, 10)
    return retinaface.decode(boxes, scores, marks, (size[1], size[0]))


def check(worker, reference, network, size):
    """What the table says of a worker's answers; fails where FP32 is not FP32."""
    if worker.answers.shape != reference.shape:
        raise SystemExit(f"{worker.entrant}: {worker.answers.size} numbers instead of {reference.size}")
    if worker.entrant[1] == "fp32":
        off = float(np.abs(worker.answers - reference).max())
        if not off <= TOLERANCE.get(worker.entrant[0], TOLERANCE_OF_PEERS):
            raise SystemExit(f"{worker.entrant} on {network.name} at {size}: FP32 answers are off by {off:.2e}")
        return f"differ by {off:.1e}"
    if network.name == "r50":
        return "not compared"
    want, got = faces(reference, size), faces(worker.answers, size)
    free, found = np.ones(len(got[1]), bool), 0
    for box in want[0]:
        j = best_free(box, got[0], free)
        if j >= 0:
            free[j], found = False, found + 1
    return f"{found} of {len(want[1])} faces, {int(free.sum())} more"


def cell(network, size, threads, wanted, a):
    """Result rows of one network at one size and number of threads."""
    with tempfile.TemporaryDirectory() as folder:
        workers, missing = start(wanted, network, threads, size, folder, a)
        first = [w for w in workers if w.entrant == ("onnxruntime", "fp32")] or [w for w in workers if w.entrant == ("fovea", "fp32")]
        said = [check(w, first[0].answers, network, size) if first else "not compared" for w in workers]
        once = network.name == "r50"
        others = common.interleave(workers, a.rounds, a.limit, *((1, 1) if once else ()))
        rows = [{"network": network.name, "input": f"{size[0]}x{size[1]}", "threads": threads, "engine": w.entrant[0],
                 "precision": w.entrant[1], **common.spread_ms(w.times), "peak_mb": w.peak_mb(), "answers": text, "other_load": others}
                for w, text in zip(workers, said)]
        for worker in workers:
            worker.close()
    return rows, missing


def line(row):
    return (f"| {row['network']} | {row['input']} | {row['threads']} | {row['precision']} | {row['engine']} | {row['median_ms']:.2f} | "
            f"{row['p10_ms']:.2f} | {row['p90_ms']:.2f} | {row['runs']} | {row['peak_mb']:.0f} | {row['answers']} | {100 * row['other_load']:.0f}% |")


HEAD = ("| network | input | threads | precision | engine | median ms | p10 | p90 | runs | peak MB | answers | other load |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    common.add_options(parser)
    parser.add_argument("--networks", default="mnet025,r50", help="default: %(default)s; r50 has random weights")
    parser.add_argument("--precisions", default="fp32,bf16,int8", help="of fp32, bf16, int8, auto (default: %(default)s)")
    parser.add_argument("-s", "--size", action="append", help="WxH (default: 160x120 320x240 320x320 640x640; of r50 the square ones)")
    parser.add_argument("-t", "--threads", action="append", type=int, help="default: 1, 2")
    parser.add_argument("-r", "--rounds", type=int, default=40)
    parser.add_argument("--limit", type=float, default=30, help="seconds after which a run ends, after 5 rounds at least (default: 30)")
    parser.add_argument("--prepare", action="store_true", help="only make the files in WORK, such as for a machine that lacks what makes them")
    a = parser.parse_args()
    common.use(a)
    wanted, skipped = entrants(a)
    results = {"machine": common.machine(a.engines), "rounds": a.rounds, "skipped": skipped, "rows": []}
    print(f"{results['machine']}\n\n{HEAD}", flush=True)
    for network in networks(a):
        sizes = [tuple(map(int, s.split("x"))) for s in a.size or ("160x120", "320x240", "320x320", "640x640")]
        if network.name == "r50" and not a.size:
            sizes = sizes[2:]
        missing = network.make(wanted, common.say)
        results["skipped"] += [f"{e} {p} on {network.name}: {why}" for (e, p), why in missing.items()]
        for size in sizes:
            prepare.size_files(a.work, *size)
            for threads in [] if a.prepare else a.threads or (1, 2):
                rows, failed = cell(network, size, threads, [w for w in wanted if w not in missing], a)
                results["rows"] += rows
                results["skipped"] += failed
                print("\n".join(map(line, rows)), flush=True)
                common.save(a.work, "peers", results)
    for why in results["skipped"]:
        common.say(f"left out: {why}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
