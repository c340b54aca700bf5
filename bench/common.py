# SPDX-License-Identifier: MIT
"""Paths, workers and small helpers of the benchmark scripts."""
import importlib.metadata
import json
import os
import platform
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
PHOTO = ROOT / "photos" / "astronaut.png"
BUILD = Path(os.environ.get("FOVEA_BUILD", ROOT / "build"))
FOVEA, LATENCY = BUILD / "fovea", BUILD / "bench-latency"
WARM, TIMED, PAUSE_S = 2, 2, 0.06
PACKAGES = {"onnxruntime": "onnxruntime", "openvino": "openvino", "ncnn": "ncnn", "opencv": "opencv-python-headless", "mnn": "MNN"}


def environment(threads=None):
    """For child processes: the libraries that bundle.sh put beside the programs, and threads for engines that ask OpenMP."""
    out = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
    if (BUILD / "lib").is_dir():
        out["LD_LIBRARY_PATH"] = str(BUILD / "lib")
    if threads:
        out["OMP_NUM_THREADS"] = str(threads)
    return out


def as_onnx(model, folder):
    """The model as an ONNX file: itself, or converted by Fovea, so that both engines run the same network."""
    if str(model).endswith(".onnx"):
        return Path(model)
    out = Path(folder) / (Path(model).stem + ".onnx")
    subprocess.run([FOVEA, "convert", model, out], check=True, stdout=subprocess.DEVNULL, env=environment())
    return out


def version(engine):
    if engine == "fovea":
        return f"Fovea at {commit()}"
    try:
        return f"{PACKAGES[engine]} {importlib.metadata.version(PACKAGES[engine])}"
    except importlib.metadata.PackageNotFoundError:
        return None


def cpu_field(name):
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")


def machine(engines=("onnxruntime",)):
    """One line for the head of a table: processor, cores that may be used, what was compared."""
    flags = set(cpu_field("flags").split())
    has = [f for f in ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16") if f in flags]
    versions = [v for v in map(version, engines) if v]
    name = cpu_field("model name") or platform.machine()
    return ", ".join([name, " ".join(has), f"{len(os.sched_getaffinity(0))} cores usable", *versions, time.strftime("%F")])


def has_bf16():
    return bool({"avx512_bf16", "amx_bf16"} & set(cpu_field("flags").split()))


def commit():
    done = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def say(text):
    print(text, file=sys.stderr, flush=True)


def save(work, name, results):
    folder = Path(work) / "results"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


class Worker:
    """A process that lives through a run, prints a line when it is ready, and answers "WARM COUNT" with {"t": [seconds]}."""

    def __init__(self, name, command, threads):
        self.name, self.times = name, []
        self.process = subprocess.Popen([str(c) for c in command], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=environment(threads))
        line = self.process.stdout.readline()
        if not line:
            said = self.process.communicate()[1].strip().splitlines()
            raise RuntimeError(said[-1] if said else f"{name} ended early")
        self.ready = json.loads(line)

    def visit(self, warm=WARM, timed=TIMED):
        self.process.stdin.write(f"{warm} {timed}\n")
        self.process.stdin.flush()
        times = json.loads(self.process.stdout.readline())["t"]
        self.times += times
        return times

    def peak_mb(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def ticks(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def machine_ticks():
    """(all, busy) clock ticks of the machine so far."""
    v = [int(x) for x in Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()[1:9]]
    return sum(v), sum(v) - v[3] - v[4]


def interleave(workers, rounds, limit_s, warm=WARM, timed=TIMED, least=5):
    """Fills worker.times; every round visits each worker once in random order, PAUSE_S after the one before (thread pools spin for a
    while). Ends after `rounds`, or after `limit_s` once there were `least`. Returns the share of the machine that others took."""
    order, rng, start = list(workers), random.Random(1), time.monotonic()
    total, busy = machine_ticks()
    ours = lambda: sum(w.ticks() for w in workers) + sum(os.times()[:2]) * os.sysconf("SC_CLK_TCK")
    own = ours()
    for done in range(rounds):
        if done >= least and time.monotonic() - start > limit_s:
            break
        rng.shuffle(order)
        for worker in order:
            worker.visit(warm, timed)
            time.sleep(PAUSE_S)
    own = ours() - own
    now_total, now_busy = machine_ticks()
    return max(0.0, (now_busy - busy - own) / max(1, now_total - total))


def spread_ms(times):
    low, median, high = np.percentile(times, (10, 50, 90)) * 1e3
    return {"median_ms": median, "p10_ms": low, "p90_ms": high, "runs": len(times)}


def photos_of(folder):
    return sorted(p for p in Path(folder).iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))


def add_options(parser):
    """What all scripts of the report share."""
    parser.add_argument("--work", default=str(ROOT / "build" / "bench"), help="folder for model files and results, kept (default: build/bench)")
    parser.add_argument("--fovea", help="folder with the programs fovea and bench-latency (default: build, or $FOVEA_BUILD); see bundle.sh")
    parser.add_argument("--calibrate", default=str(ROOT.parent / "shared" / "wider" / "images"), help="folder of photos that INT8 is calibrated on")
    parser.add_argument("-m", "--model", default="default", help="the MobileNet-0.25 (default: the bundled one)")
    parser.add_argument("--engines", default="fovea,onnxruntime,openvino,ncnn,opencv,mnn", help="default: %(default)s")


def use(arguments):
    """Take the shared options."""
    global BUILD, FOVEA, LATENCY
    if arguments.fovea:
        BUILD = Path(arguments.fovea).resolve()
        FOVEA, LATENCY = BUILD / "fovea", BUILD / "bench-latency"
    arguments.work = Path(arguments.work).resolve()
    arguments.engines = arguments.engines.split(",")
    folder = Path(arguments.calibrate)
    arguments.photos = photos_of(folder) if folder.is_dir() else []
    arguments.work.mkdir(parents=True, exist_ok=True)
