# SPDX-License-Identifier: MIT
"""Paths and small helpers of the benchmark scripts."""
import os
import platform
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PHOTO = ROOT / "photos" / "astronaut.png"
BUILD = Path(os.environ.get("FOVEA_BUILD", ROOT / "build"))
FOVEA, LATENCY = BUILD / "fovea", BUILD / "bench-latency"


def as_onnx(model, folder):
    """The model as an ONNX file: itself, or converted by Fovea, so that both engines run the same network."""
    if str(model).endswith(".onnx"):
        return Path(model)
    out = Path(folder) / (Path(model).stem + ".onnx")
    subprocess.run([FOVEA, "convert", model, out], check=True, stdout=subprocess.DEVNULL)
    return out


def machine():
    """One line for the head of a table: processor, cores that may be used, what was compared."""
    import onnxruntime

    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{name}, {len(os.sched_getaffinity(0))} cores usable, ONNX Runtime {onnxruntime.__version__}"


def commit():
    done = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
