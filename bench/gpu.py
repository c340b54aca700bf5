#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The CUDA backend on a machine with a GPU: its tests, engines of every precision verified there, then the network's time beside PyTorch's,
all in one table, and what bounds each step. Results: WORK/gpu.json.

usage: gpu.py [OPTION...]            scripts/gpu builds first; --bundle DIR works without a compiler

Fovea and PyTorch (where this Python, or that of --python, has it) take turns: in each round each runs a few times untimed and then timed.
Times are medians, by CUDA events around one graph and by the clock. "off" is the largest difference of an answer from the same engine on the
processor, "error" from the FP32 engine there, relative to the root mean square of each output; PyTorch's is from the FP32 engine too.
INT8 stands beside PyTorch's FP16, for PyTorch has no INT8 convolutions on GPUs."""
import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import gpu_common as common

NETWORKS = ("mnet025", "r50")
PEER = Path(__file__).resolve().parent / "torch_network.py"
SETS_DRIVER_UP = re.compile("FAKE_CUDA|FAKE_NVJPEG|fake_driver")
CALIBRATION_PHOTOS, OFF_LIMIT = 16, {"fp32": 1e-3, "bf16": 1e-1, "fp16": 2**-5, "int8": 1e-3}


# ---------------------------------------------------------------- engines


def model_of(a, network):
    path = a.work / f"{network}.safetensors"
    if path.is_file():
        return path
    if network == "mnet025":
        a.programs.run(a.programs.fovea, "convert", "default", path)
    else:
        common.say(f"making {path}")
        a.programs.run(sys.executable, Path(__file__).resolve().parent / "random_r50.py", path)
    return path


def engine_of(a, network, precision):
    path = a.work / f"{network}-{precision}.fov"
    if path.is_file():
        return path
    common.say(f"building {path}")
    photos = sorted(Path(a.calibrate).iterdir())[:CALIBRATION_PHOTOS] if precision == "int8" and Path(a.calibrate).is_dir() else []
    # R50's weights are random: its ranges need no photos.
    calibrate = [x for photo in photos if network == "mnet025" for x in ("--calibrate", photo)]
    a.programs.run(a.programs.fovea, "build", "-q", model_of(a, network), "-o", path, "-p", precision, *calibrate)
    return path


def prepare(a):
    for network in a.networks:
        model_of(a, network)
        for precision in {"fp32", *a.precisions}:
            engine_of(a, network, precision)


# ---------------------------------------------------------------- tests


def real_tests(a):
    """Programs of tests/cuda that do not set the emulated driver or decoder up. In a bundle those that bundle.sh chose."""
    if a.bundle:
        folder = a.programs.folder / "tests"
        return sorted(folder.iterdir()) if folder.is_dir() else []
    sources = sorted((common.ROOT / "tests" / "cuda").glob("test_*.c"))
    made = [a.programs.folder / "tests" / "cuda" / s.stem for s in sources if not SETS_DRIVER_UP.search(s.read_text(encoding="utf-8")) and
            not re.search("emulator|nvjpeg", s.stem)]
    return [p for p in made if p.is_file()]


def run_tests(a):
    environment = dict(a.programs.environment(), CMOCKA_MESSAGE_OUTPUT="TAP", FOVEA_SOURCE=str(common.ROOT),
                       FOVEA_CLI=str(a.programs.fovea), FOVEA_SHARED=str(common.ROOT.parent / "shared"))
    results = {}
    for program in real_tests(a):
        done = subprocess.run([program], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        results[program.name] = done.returncode == 0
        common.say(f"{'ok' if results[program.name] else 'FAILED'}  {program.name}")
        if done.returncode:
            common.say(done.stdout[-4000:])
    return results


def verify(a):
    results = {}
    for network in a.networks:
        for precision in a.precisions:
            engine = engine_of(a, network, precision)
            done = a.programs.run(a.programs.fovea, "verify", "--json", "--backend", "cuda", "--device", a.device, engine, check=False)
            result = json.loads(done.stdout) if done.stdout else {"pass": False, "problem": done.stderr.strip()}
            results[engine.stem] = {key: result.get(key) for key in ("pass", "vectors", "layers", "identical", "device", "problem")}
            first = (result.get("drifted") or [result.get("problem", "")])[0]
            common.say(f"{'ok' if result['pass'] else 'FAILED'}  verify {engine.stem}" + ("" if result["pass"] else f": {first}"))
    return results


# ---------------------------------------------------------------- times


def has_torch(a):
    if a.no_torch:
        return False
    test = "import torch, sys; sys.exit(not torch.cuda.is_available())"
    there = subprocess.run([a.python, "-c", test], stderr=subprocess.DEVNULL, check=False).returncode == 0
    if not there:
        common.say(f"{a.python} has no PyTorch that can use a GPU: Fovea is timed alone")
    return there


def size_options(a):
    return ["--size", a.size, "--device", a.device]


def fovea_command(a, network, precision, batch):
    dump = ["--dump", a.work / f"{network}.dump"] if precision == "fp32" or not (a.work / f"{network}.dump").is_file() else []
    return [a.programs.network, *size_options(a), "--batch", batch, "--reference", engine_of(a, network, "fp32"), *dump, "--serve",
            engine_of(a, network, precision)]


def torch_commands(a, network, precision, batch):
    command = [a.python, PEER, model_of(a, network), "fp16" if precision == "int8" else precision, batch, a.size, "--dump",
               a.work / f"{network}.dump", "--device", a.device]
    return {"torch": command, **({"torch.compile": [*command, "--compile"]} if a.compile else {})}


def measure(a, network, precision, batch):
    common.say(f"{network} {precision} batch {batch}")
    workers = {"fovea": common.Worker(fovea_command(a, network, precision, batch), a.programs.environment())}
    row = {"network": network, "precision": precision, "batch": batch}
    if a.torch:
        for name, command in torch_commands(a, network, precision, batch).items():
            try:
                workers[name] = common.Worker(command, dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
            except RuntimeError as e:
                common.say(f"{name}: {e}")
    try:
        for _ in range(a.rounds):
            for worker in workers.values():
                worker.visit(a.warm, a.timed)
        for name, worker in workers.items():
            row[name] = {**worker.ready, **worker.median_ms()}
    finally:
        for worker in workers.values():
            worker.close()
    row["pass"] = row["fovea"]["difference"] <= OFF_LIMIT[precision]
    return row


def ratio(row, peer):
    return f"{row[peer]['events_ms'] / row['fovea']['events_ms']:.2f}" if peer in row else ""


def print_times(rows):
    peers = [p for p in ("torch", "torch.compile") if any(p in row for row in rows)]
    titles = ["network", "precision", "batch", "Fovea ms", "by clock", "images/s", "off", "error"]
    for peer in peers:
        titles += [f"{peer} ms", "by clock", "error", "ratio"]
    out = []
    for row in rows:
        f = row["fovea"]
        line = [row["network"], row["precision"], row["batch"], f"{f['events_ms']:.4f}", f"{f['wall_ms']:.4f}",
                f"{row['batch'] / f['events_ms'] * 1e3:.0f}", f"{f['difference']:.1e}{'' if row['pass'] else ' !'}", f"{f['error']:.1e}"]
        for peer in peers:
            p = row.get(peer)
            line += [f"{p['events_ms']:.4f}", f"{p['wall_ms']:.4f}", f"{p['difference']:.1e}", ratio(row, peer)] if p else [""] * 4
        out.append(line)
    print(common.table(titles, out))


# ---------------------------------------------------------------- roofs


def given_peaks(a):
    names = ("bytes_s", *common.PRECISIONS)
    values = [float(v) * (1e9 if i == 0 else 1e12) for i, v in enumerate(a.peaks.split(","))]
    if len(values) != len(names):
        raise SystemExit("--peaks takes five numbers: GB/s, then TFLOP/s of fp32, bf16, fp16 and int8")
    return dict(zip(names, values))


def peaks_of(a):
    if a.peaks:
        return given_peaks(a)
    if not a.torch:
        common.say("what the GPU can do at most is measured by PyTorch, or given by --peaks: steps are shown without it")
        return {}
    return json.loads(a.programs.run(a.python, PEER, "--peaks", "--device", a.device).stdout)


TYPES = {"f32": "fp32", "bf16": "bf16", "f16": "fp16", "i8": "int8"}


def judge(step, peaks):
    """Adds the shares of both roofs that a step reaches, and which is nearer."""
    seconds, arithmetic = step["us"] * 1e-6, peaks.get(TYPES.get(step["type"], "fp32"))
    step["memory_share"] = step["bytes"] / seconds / peaks["bytes_s"] if peaks else None
    step["arithmetic_share"] = step["flop"] / seconds / arithmetic if arithmetic else None
    if not peaks:
        return step
    at_roof = max(step["bytes"] / peaks["bytes_s"], step["flop"] / arithmetic if arithmetic else 0)
    higher = "memory" if step["bytes"] / peaks["bytes_s"] >= at_roof else "arithmetic"
    step["bound"] = higher if at_roof / seconds > 0.3 else "latency"
    return step


def roofs(a, network, precision, batch, peaks):
    common.say(f"steps of {network} {precision} batch {batch}")
    text = a.programs.run(a.programs.network, *size_options(a), "--batch", batch, "--steps", engine_of(a, network, precision)).stdout
    return [judge(json.loads(line), peaks) for line in text.splitlines()]


def percent(share):
    return "" if share is None else f"{100 * share:.0f}%"


def print_roofs(title, steps):
    total = sum(s["us"] for s in steps)
    print(f"\n{title}: {len(steps)} steps, {total:.1f} us one after the other; the three slowest")
    rows = [[s["step"], s["kernel"], f"{s['us']:.2f}", percent(s["us"] / total), f"{s['flop'] * 1e-6:.1f}", f"{s['bytes'] * 1e-6:.2f}",
             percent(s["memory_share"]), percent(s["arithmetic_share"]), s.get("bound", "")]
            for s in sorted(steps, key=lambda s: -s["us"])[:3]]
    print(common.table(["step", "kernel", "us", "of all", "MFLOP", "MB", "of memory", "of arithmetic", "bound by"], rows))


# ---------------------------------------------------------------- the command


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.add_options(parser, "gpu")
    parser.add_argument("--prepare", action="store_true", help="make models and engines in WORK, which needs no GPU, and end")
    parser.add_argument("--networks", default=",".join(NETWORKS), help="default: %(default)s")
    parser.add_argument("--precisions", default=",".join(common.PRECISIONS), help="default: %(default)s")
    parser.add_argument("--batches", default="1,8,32", help="default: %(default)s")
    parser.add_argument("--size", default="640x640", help="of the network's input (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=10, help="turns of each (default: %(default)s)")
    parser.add_argument("--warm", type=int, default=5, help="untimed runs of a turn (default: %(default)s)")
    parser.add_argument("--timed", type=int, default=20, help="timed runs of a turn (default: %(default)s)")
    parser.add_argument("--python", default=sys.executable, help="one that has PyTorch (default: this one)")
    parser.add_argument("--no-torch", action="store_true", help="time Fovea alone")
    parser.add_argument("--compile", action="store_true", help="also torch.compile, which takes minutes to start")
    parser.add_argument("--peaks", help="instead of measuring them: GB/s, then TFLOP/s of fp32,bf16,fp16,int8")
    parser.add_argument("--calibrate", default=common.ROOT.parent / "shared" / "wider" / "images", help="folder of photos for INT8's ranges")
    parser.add_argument("--parts", default="tests,verify,times,roofs", help="default: %(default)s")
    return parser.parse_args()


def main():
    a = options()
    a.programs = common.use(a, "gpu")
    a.networks, a.precisions, parts = a.networks.split(","), a.precisions.split(","), a.parts.split(",")
    a.batches = [int(b) for b in a.batches.split(",")]
    prepare(a)
    if a.prepare:
        return 0
    results = {"cuda": common.need_gpu(a.programs), "size": a.size}
    a.torch = has_torch(a) if "times" in parts or "roofs" in parts else False
    if "tests" in parts:
        results["tests"] = run_tests(a)
    if "verify" in parts:
        results["verify"] = verify(a)
    if "times" in parts:
        results["times"] = [measure(a, n, p, b) for n in a.networks for p in a.precisions for b in a.batches]
        print_times(results["times"])
    if "roofs" in parts:
        results["peaks"] = peaks_of(a)
        results["steps"] = {}
        for network in a.networks:
            for precision in a.precisions:
                title = f"{network} {precision} batch {a.batches[0]}"
                results["steps"][title] = roofs(a, network, precision, a.batches[0], results["peaks"])
                print_roofs(title, results["steps"][title])
    common.save(a.work / "gpu.json", results)
    good = (*results.get("tests", {}).values(), *(v["pass"] for v in results.get("verify", {}).values()),
            *(row["pass"] for row in results.get("times", ())))
    print(f"\n{sum(good)} of {len(good)} checks passed")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
