#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""From JPEG files to faces on a GPU, by the program: the time of one photo by stage, photos a second of a folder, faces beside the CPU's,
memory over many photos of mixed sizes, and two processes that share the GPU. Results: WORK/whole.json.

usage: gpu_whole.py [OPTION...] [PHOTO_FOLDER]

Photos a second are counted from the first to the last line that `fovea detect --ndjson` prints: starting the process is told apart. A
folder of --photos files is made of links to the photos, in a temporary folder. Faces are those of the CPU's where boxes overlap by
IoU > 0.99 and scores are within 0.005. Memory is flat where the second half of the run needs no more than the first, but for a
twentieth and 16 MB."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import gpu_common as common

IOU, SCORE, STAGES = 0.99, 0.005, ("decode", "preprocess", "network", "postprocess", "total")


# ---------------------------------------------------------------- the program


class Detect:
    """A running `fovea detect --ndjson` whose lines are taken as they come."""

    def __init__(self, programs, *arguments):
        self.start = time.perf_counter()
        self.process = subprocess.Popen([str(x) for x in (programs.fovea, "detect", "-q", "--ndjson", *arguments)], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=programs.environment())
        self.records, self.times = [], []
        self.said = ""
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        self.said = self.process.stderr.read()

    def lines(self):
        for line in self.process.stdout:
            self.times.append(time.perf_counter() - self.start)
            self.records.append(json.loads(line))
            yield len(self.records)
        if self.process.wait():
            raise RuntimeError(f"fovea detect: exit status {self.process.returncode}: {self.said.strip()[-800:]}")

    def finish(self):
        for _ in self.lines():
            pass
        return self

    def rate(self):
        return (len(self.times) - 1) / (self.times[-1] - self.times[0]) if len(self.times) > 1 else 0.0


def overlap(a, b):
    side = [max(0.0, min(a[i + 2], b[i + 2]) - max(a[i], b[i])) for i in (0, 1)]
    inter = side[0] * side[1]
    area = [(c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)]
    return inter / (area[0] + area[1] - inter) if inter else 0.0


def same_faces(a, b):
    """Whether each face of one record is one of the other, each once."""
    left = list(b["faces"])
    for face in a["faces"]:
        found = next((f for f in left if overlap(face["box"], f["box"]) > IOU and abs(face["score"] - f["score"]) < SCORE), None)
        if not found:
            return False
        left.remove(found)
    return not left


def compare(wanted, found):
    by_file = {record["file"]: record for record in found}
    differing = [r["file"] for r in wanted if r["file"] not in by_file or not same_faces(r, by_file[r["file"]])]
    return {"photos": len(wanted), "faces": sum(len(r["faces"]) for r in wanted), "differing": differing, "pass": not differing}


# ---------------------------------------------------------------- parts


def gpu_options(a):
    return ["--backend", "cuda", "--device", a.device, "--size", a.size, *model_options(a)]


def model_options(a):
    return [*(["-m", a.model] if a.model else []), *(["-p", a.precision] if a.precision else [])]


def faces(a):
    on_cpu = Detect(a.programs, *model_options(a), "--size", a.size, a.folder).finish()
    on_gpu = Detect(a.programs, *gpu_options(a), a.folder).finish()
    return compare(on_cpu.records, on_gpu.records)


def stages(a):
    """Of each photo by itself, at batch 1: medians over the photos of the medians of each."""
    per_stage = {name: [] for name in STAGES}
    for photo in a.photos_here:
        text = a.programs.run(a.programs.fovea, "bench", "--json", "--rounds", a.rounds, *gpu_options(a), photo).stdout
        for name in STAGES:
            per_stage[name].append(json.loads(text)["stages"][name]["median_ms"])
    return {name: statistics.median(values) for name, values in per_stage.items()}


def links(a, folder, count):
    for i in range(count):
        photo = a.photos_here[i % len(a.photos_here)]
        (folder / f"{i:06d}{photo.suffix}").symlink_to(photo)


def told(run):
    return {"photos": len(run.records), "photos_s": run.rate(), "first_s": run.times[0], "whole_s": run.times[-1],
            "faces": sum(len(r.get("faces", ())) for r in run.records)}


def folder_rate(a):
    with tempfile.TemporaryDirectory() as name:
        links(a, Path(name), a.photos)
        run = Detect(a.programs, *gpu_options(a), "--mode", "throughput", *threads(a), name).finish()
    return told(run)


def threads(a):
    return ["--threads", a.threads] if a.threads else []


def shared(a):
    """Two processes at once on one GPU, and whether they find what one finds."""
    with tempfile.TemporaryDirectory() as name:
        links(a, Path(name), max(2, a.photos // 4))
        arguments = [*gpu_options(a), "--mode", "throughput", *threads(a), name]
        alone = Detect(a.programs, *arguments).finish()
        runs = [Detect(a.programs, *arguments) for _ in range(2)]
        takers = [threading.Thread(target=run.finish) for run in runs]
        for taker in takers:
            taker.start()
        for taker in takers:
            taker.join()
    same = all(run.records == alone.records for run in runs)
    return {"alone": told(alone), "both": [told(run) if run.times else None for run in runs], "pass": same}


def rss_mb(pid):
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(text.split("VmRSS:")[1].split()[0]) / 1024 if "VmRSS:" in text else None


def device_mb(index):
    """Memory of the GPU in use, as nvidia-smi counts it; None where it is not here."""
    try:
        text = subprocess.run(["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", f"--id={index}"], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
        return float(text.strip().splitlines()[0])
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
        return None


def is_flat(values):
    known = [v for v in values if v is not None]
    half = len(known) // 2
    return half < 2 or max(known[half:]) <= max(known[:half]) * 1.05 + 16


def memory(a):
    """At their own sizes, so that plans and arenas come and go."""
    count, samples = a.memory_photos, []
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as names:
        names.writelines(f"{a.photos_here[i % len(a.photos_here)]}\n" for i in range(count))
        names.flush()
        run = Detect(a.programs, "--backend", "cuda", "--device", a.device, *model_options(a), "--size", "native", "--mode", "throughput",
                     *threads(a), f"@{names.name}")
        step = max(1, count // 40)
        for done in run.lines():
            if done % step == 0 and done < count and run.process.poll() is None:
                samples.append({"photos": done, "host_mb": rss_mb(run.process.pid), "device_mb": device_mb(a.device)})
    columns = {key: [s[key] for s in samples] for key in ("host_mb", "device_mb")}
    return {**told(run), "samples": samples, "pass": all(is_flat(values) for values in columns.values())}


# ---------------------------------------------------------------- the command


def describe(results):
    if "faces" in results:
        f = results["faces"]
        print(f"faces    {f['faces']} in {f['photos']} photos, those of the CPU in all but {len(f['differing'])}")
    if "stages" in results:
        print("one      " + ", ".join(f"{name} {ms:.3f} ms" for name, ms in results["stages"].items()))
    if "folder" in results:
        f = results["folder"]
        print(f"folder   {f['photos']} photos, {f['photos_s']:.0f} a second, {f['whole_s']:.1f} s in all, the first after {f['first_s']:.2f} s")
    if "shared" in results:
        rates = ", ".join(f"{r['photos_s']:.0f}" if r else "failed" for r in results["shared"]["both"])
        print(f"shared   two processes: {rates} photos a second, alone {results['shared']['alone']['photos_s']:.0f}")
    if "memory" in results:
        m = results["memory"]
        first, last = (m["samples"][i] if m["samples"] else {} for i in (0, -1))
        print(f"memory   {m['photos']} photos: host {first.get('host_mb')} to {last.get('host_mb')} MB, GPU {first.get('device_mb')} to "
              f"{last.get('device_mb')} MB, {'flat' if m['pass'] else 'GROWING'}")


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.add_options(parser, "gpu")
    parser.add_argument("folder", nargs="?", default=common.ROOT.parent / "shared" / "photos", help="JPEGs (default: ../shared/photos)")
    parser.add_argument("-m", "--model", help="default: the bundled one")
    parser.add_argument("-p", "--precision", default="fp32", help="on both backends; empty for an engine (default: %(default)s)")
    parser.add_argument("--size", default="long:1280", help="default: %(default)s, as the program's")
    parser.add_argument("--rounds", type=int, default=50, help="of each photo by itself (default: %(default)s)")
    parser.add_argument("--photos", type=int, default=1000, help="in the folder (default: %(default)s)")
    parser.add_argument("--memory-photos", type=int, default=10000, help="default: %(default)s")
    parser.add_argument("--short", action="store_true", help="200 photos in the folder, 1000 for memory, 10 rounds")
    parser.add_argument("--threads", type=int, help="default: the library's")
    parser.add_argument("--parts", default="faces,stages,folder,shared,memory", help="default: %(default)s")
    return parser.parse_args()


def main():
    a = options()
    a.programs = common.use(a, "gpu")
    if a.short:
        a.rounds, a.photos, a.memory_photos = 10, 200, 1000
    a.folder = Path(a.folder).resolve()
    a.photos_here = sorted(p for p in a.folder.iterdir() if p.suffix.lower() in (".jpg", ".jpeg"))
    if not a.photos_here:
        raise SystemExit(f"{a.folder}: no JPEGs are here")
    results = {"cuda": common.need_gpu(a.programs), "size": a.size, "processors": len(os.sched_getaffinity(0))}
    parts = {"faces": faces, "stages": stages, "folder": folder_rate, "shared": shared, "memory": memory}
    for name in a.parts.split(","):
        common.say(name)
        results[name] = parts[name](a)
    describe(results)
    common.save(a.work / "whole.json", results)
    return 0 if all(results[name].get("pass", True) for name in a.parts.split(",")) else 1


if __name__ == "__main__":
    sys.exit(main())
