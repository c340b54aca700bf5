# SPDX-License-Identifier: MIT
"""Paths, workers and tables of the scripts for GPUs; the standard library is enough for them."""
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRECISIONS = ("fp32", "bf16", "fp16", "int8")


class Programs:
    """Of a build, or of a folder that bundle.sh made, with the libraries it put beside them."""

    def __init__(self, folder):
        self.folder = Path(folder).resolve()
        self.fovea, self.network = self.folder / "fovea", self.folder / "bench-gpu-network"
        if not self.fovea.is_file():
            raise SystemExit(f"{self.fovea} is not here: build first (make), or name a folder of bench/bundle.sh with --bundle")

    def environment(self):
        out = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
        if (self.folder / "lib").is_dir():
            out["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, (str(self.folder / "lib"), os.environ.get("LD_LIBRARY_PATH"))))
        return out

    def run(self, *command, check=True, **options):
        """What a program prints; of `fovea` where the first word is none of its paths."""
        done = subprocess.run([str(c) for c in command], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              env=self.environment(), **options)
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))}: exit status {done.returncode}: {(done.stderr or done.stdout).strip()[-800:]}")
        return done

    def doctor(self):
        return json.loads(self.run(self.fovea, "doctor", "--json").stdout)


class Worker:
    """A process that prints a line when it is ready, and answers "WARM COUNT" with {"events": [seconds], "t": [seconds]}."""

    def __init__(self, command, environment):
        self.events, self.wall = [], []
        self.process = subprocess.Popen([str(c) for c in command], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=environment)
        line = self.process.stdout.readline()
        if not line:
            said = self.process.communicate()[1].strip().splitlines()
            raise RuntimeError(said[-1] if said else f"{command[0]} ended early")
        self.ready = json.loads(line)

    def visit(self, warm, timed):
        self.process.stdin.write(f"{warm} {timed}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.communicate()[1].strip()[-800:])
        answer = json.loads(line)
        self.events += answer["events"]
        self.wall += answer["t"]

    def median_ms(self):
        return {"events_ms": statistics.median(self.events) * 1e3, "wall_ms": statistics.median(self.wall) * 1e3, "runs": len(self.events)}

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def say(text):
    print(text, file=sys.stderr, flush=True)


def table(titles, rows):
    """Text in columns: the first to the left, the others to the right."""
    cells = [titles, *([("" if c is None else str(c)) for c in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(titles))]
    lines = ["  ".join(c.ljust(w) if i < 1 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))).rstrip() for row in cells]
    lines.insert(1, "-" * len(max(lines, key=len)))
    return "\n".join(lines)


def add_options(parser, work):
    parser.add_argument("--build", default=os.environ.get("FOVEA_BUILD", ROOT / "build"), help="folder of the build (default: build)")
    parser.add_argument("--bundle", help="folder of bench/bundle.sh, where there is no build")
    parser.add_argument("--work", help=f"folder for engines and results, kept (default: {work} in the build or bundle)")
    parser.add_argument("--device", type=int, default=0, help="number of the GPU (default: 0)")


def use(a, work):
    programs = Programs(a.bundle or a.build)
    a.work = Path(a.work or programs.folder / work).resolve()
    a.work.mkdir(parents=True, exist_ok=True)
    return programs


def need_gpu(programs):
    """What doctor says of CUDA; ends where no GPU can be used."""
    cuda = programs.doctor()["cuda"]
    if not cuda["usable"]:
        raise SystemExit(f"no GPU can be used: {cuda['problem']}")
    return cuda


def save(path, results):
    Path(path).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    say(f"{path}: written")
