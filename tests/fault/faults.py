#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program while something fails around it, and killed at any moment: what it says, and that a file is the old one or the whole new one.
TAP on stdout.

usage: faults.py SOURCE_DIR FOVEA REFUSE [CRASHING [DRIVER]] [--markdown]

REFUSE is the library of refuse.c, which lets calls of the C library fail; CRASHING that of tests/serve/crashing.c, which crashes a server's workers; DRIVER the
folder of the emulated GPU's driver. --markdown: print the tables of docs/limits.md, which a test compares.
FOVEA_FAULT_MOMENTS=N: N moments for each signal and command, and every place that allocates, instead of a few.
FOVEA_FAULT_SEED=N: the moments of a run before, which told N.
"""
import contextlib
import os
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import serve_ends
import serve_faults
from running import cell, run, tap, wait

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "serve"))
from serving import preloaded

SOURCE, FOVEA, REFUSE = (Path(p).resolve() for p in sys.argv[1:4])
CRASHING, DRIVER = (*(Path(p).resolve() for p in sys.argv[4:] if not p.startswith("--")), None, None)[:2]
QUIET = "--markdown" in sys.argv
MOMENTS = int(os.environ.get("FOVEA_FAULT_MOMENTS", "0"))
SEED = int(os.environ.get("FOVEA_FAULT_SEED") or random.SystemRandom().randrange(1 << 32))  # other moments in each run
OLD = b"the old file\n"
NOBODY = 65534
PHOTO = "photos/astronaut.png"
OK, FAILED, USAGE, MODEL, OUTPUT, INTERNAL = range(6)


class Command(NamedTuple):
    """What writes something. `beside`: files that it may leave there when it is ended, as its help says."""
    name: str
    arguments: tuple
    output: str
    beside: tuple = ()


COMMANDS = [
    Command("convert", ("convert", "default", "out/x.onnx"), "x.onnx"),
    Command("build", ("build", "default", "-p", "fp32", "-o", "out/x.fov"), "x.fov"),
    Command("calibrate", ("calibrate", "default", "--size", "long:96", "photo.png", "-o", "out/x.cache"), "x.cache", ("x.cache.partial",)),
    Command("blur, a photo", ("blur", "--size", "long:96", "photo.png", "-o", "out/x.png"), "x.png"),
    Command("blur, a video", ("blur", "--size", "long:96", "video.mp4", "-o", "out/x.mp4"), "x.mp4"),
    Command("detect --draw", ("detect", "--size", "long:96", "--draw", "out", "photo.png"), "photo.png"),
    Command("export", ("export", "triton", "default", "--instances", "1", "--name", "m", "-o", "out"), "m/1/model.fov", ("m/config.pbtxt",)),
]

# Only for the table, with numbers that no machine changes: the first reads only, and its output is a file that nobody touches.
OTHERS = [
    Command("inspect", ("inspect", "m.safetensors"), "untouched"),
    Command("detect, 4 threads", ("detect", "--threads", "4", "--size", "long:96", "--draw", "out", "photo.png"), "photo.png"),
    Command("blur, a photo, on a GPU", ("blur", "--backend", "cuda", "--size", "long:96", "photo.png", "-o", "out/x.png"), "x.png"),
    Command("detect, a large input", ("detect", "--size", "4096x4096", "--draw", "out", "photo.png"), "photo.png"),
]


class Place:
    """A folder with inputs, and an output that is there already."""

    def __init__(self, command, inputs):
        self.command, self.inputs = command, inputs
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        self.folder.chmod(0o755)

    def __enter__(self):
        for file in self.inputs.iterdir():
            (self.folder / file.name).symlink_to(file)
        self.output.parent.mkdir(parents=True)
        self.output.write_bytes(OLD)
        return self

    def __exit__(self, *_):
        self.temporary.cleanup()

    @property
    def output(self):
        return self.folder / "out" / self.command.output

    def run(self, before=(), **how):
        return run([*before, FOVEA, *self.command.arguments], cwd=self.folder, **how)

    def files(self):
        out = self.folder / "out"
        return {str(p.relative_to(out)) for p in out.rglob("*") if not p.is_dir()}

    def complaints(self, whole, killed=False):
        """Old or whole, and nothing beside it. A process that is killed may leave what its help says."""
        with contextlib.suppress(FileNotFoundError):
            found = self.output.read_bytes()
            if found not in (OLD, whole):
                yield f"{self.command.output} has {len(found)} bytes: neither the old file nor the new one"
        if not self.output.exists():
            yield f"{self.command.output} is gone"
        allowed = {self.command.output, *(self.command.beside if killed or self.is_whole(whole) else ())}
        if self.files() - allowed:
            yield f"left: {self.files() - allowed}"

    def is_whole(self, whole):
        return self.output.exists() and self.output.read_bytes() == whole


class Inputs:
    """A photo, a short video where there is FFmpeg, and what each command makes of them."""

    def __init__(self, folder):
        self.folder = folder / "inputs"
        self.folder.mkdir()
        folder.chmod(0o755)
        shutil.copy(SOURCE / PHOTO, self.folder / "photo.png")
        assert not run([FOVEA, "convert", "default", self.folder / "model.safetensors"]).code
        self.why_no_video = self.make_video()
        self.commands = [c for c in COMMANDS if "video" not in c.name or not self.why_no_video]
        self.whole, self.seconds = {}, {}
        for command in self.commands:
            with Place(command, self.folder) as place:
                start = time.monotonic()
                outcome = place.run()
                self.seconds[command] = time.monotonic() - start
                assert not outcome.code, outcome.said
                self.whole[command] = place.output.read_bytes()

    def make_video(self):
        path = self.folder / "video.mp4"
        try:
            subprocess.run(["ffmpeg", "-v", "error", "-loop", "1", "-i", self.folder / "photo.png", "-vf", "scale=160:160", "-frames:v", "40", "-r", "20", "-pix_fmt",
                            "yuv420p", path], check=True)
        except (OSError, subprocess.CalledProcessError):
            path.unlink(missing_ok=True)
            return "no FFmpeg that makes a video"
        tried = run([FOVEA, "blur", "--size", "long:96", path, "-o", path.with_suffix(".hidden.mp4")])
        path.with_suffix(".hidden.mp4").unlink(missing_ok=True)
        return tried.said.strip() if tried.code else None

    def named(self, name):
        return next((c for c in self.commands + OTHERS if c.name == name), None)


# ---------------------------------------------------------------- ended at any moment

def end_at(place, number, delay):
    """@return the exit status"""
    process = subprocess.Popen([FOVEA, *place.command.arguments], cwd=place.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(delay)
    os.kill(process.pid, number)
    return wait(process)[0]


def done_again(place, whole):
    """The same command then does all of it, whatever was left."""
    outcome = place.run()
    yield from judged(outcome, (OK,))
    if not place.is_whole(whole):
        yield "not the whole new file"
    yield from place.complaints(whole)


def ended(inputs):
    dice = random.Random(SEED)
    for command in inputs.commands:
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            wrong, whole = [], 0
            moments = MOMENTS or (2 if number == signal.SIGKILL else 1)
            for _ in range(moments):
                with Place(command, inputs.folder) as place:
                    delay = dice.random() * inputs.seconds[command]
                    code = end_at(place, number, delay)
                    if code not in (OK, 128 + number):
                        wrong.append(f"after {delay:.3f} s: exit status {code}")
                    wrong += [f"after {delay:.3f} s: {c}" for c in place.complaints(inputs.whole[command], killed=True)]
                    whole += place.is_whole(inputs.whole[command])
                    wrong += [f"and again: {c}" for c in done_again(place, inputs.whole[command])]
            again = f"{whole} had the new file; FOVEA_FAULT_SEED={SEED} has these moments again"
            yield f"{command.name}: {number.name} at {moments} moments", "\n".join(wrong), again


# ---------------------------------------------------------------- calls that fail

def refusing(what, **more):
    return {**os.environ, **preloaded(REFUSE), "REFUSE": what, **{f"REFUSE_{name.upper()}": str(value) for name, value in more.items()}}


def one_of_each(command, what, inputs, most):
    """The first such call fails, and all after it, then the second .. until none did."""
    wrong, n = [], 1
    while n <= most:
        with Place(command, inputs.folder) as place:
            outcome = place.run(env=refusing(what, at=n, count=1))
            wrong += [f"{what} {n}: {c}" for c in [*judged(outcome), *place.complaints(inputs.whole[command])]]
            if not outcome.code and place.is_whole(inputs.whole[command]):
                break
        n += 1
    return wrong, n - 1


def judged(outcome, codes=(OK, FAILED, MODEL, OUTPUT, INTERNAL)):
    if outcome.code not in codes:
        yield f"exit status {outcome.code}: {outcome.said}"
    if outcome.code and not outcome.said.startswith("fovea: "):
        yield f"exit status {outcome.code} without a word: {outcome.said}"


def calls(inputs):
    for command in inputs.commands:
        for what in ("write", "fsync", "close", "link", "rename", "thread"):
            wrong, failed = one_of_each(command, what, inputs, MOMENTS or 3)
            if what == "write" and not failed:
                wrong.append("it never did: is the library in front of the program?")
            yield f"{command.name}: {what} fails, {failed} times", "\n".join(wrong), ""


def interrupted(inputs):
    """A signal that means nothing to the program comes while it reads."""
    for command in inputs.commands:
        with Place(command, inputs.folder) as place:
            outcome = place.run(env=refusing("eintr", at=1, count=1))
            wrong = [*judged(outcome, (OK,)), *place.complaints(inputs.whole[command])]
            yield f"{command.name}: a read is interrupted", "\n".join(wrong), ""


def places_that_allocate(command, inputs):
    with Place(command, inputs.folder) as place, tempfile.NamedTemporaryFile() as file:
        outcome = place.run(env=refusing("memory", list=file.name))
        assert not outcome.code, outcome.said
        return [int(line) for line in Path(file.name).read_text().split()]


def judged_without_memory(command, outcome):
    """popt, which reads the command line, then ends the program itself, or finds no arguments. FFmpeg, and what its libraries load, abort, or
    crash while they try to say so: all that can be asked there is that the file is the old one."""
    if "video" not in command.name and (outcome.code, outcome.said) != (1, "virtual memory exhausted.\n"):
        yield from judged(outcome, (OK, FAILED, USAGE, MODEL, OUTPUT, INTERNAL))


def without_tags(mp4):
    """Of one whose index comes last."""
    index = mp4.rindex(b"moov") - 4
    tags = mp4.index(b"udta", index) - 4
    size = struct.unpack_from(">I", mp4, tags)[0]
    return mp4[:index] + struct.pack(">I", struct.unpack_from(">I", mp4, index)[0] - size) + mp4[index + 4:tags] + mp4[tags + size:]


def complaints_without_memory(place, whole):
    """FFmpeg leaves out the tags of a video (its title, who made it) for which it has no memory, and tells nobody."""
    if place.output.suffix == ".mp4" and place.output.exists() and place.output.read_bytes() == without_tags(whole):
        return []
    return place.complaints(whole)


def memory(inputs):
    """Wherever the program, or a library that it uses, asks for memory, there is none from then on."""
    for command in inputs.commands:
        places = places_that_allocate(command, inputs)
        step = 1 if MOMENTS else max(1, len(places) // 8)
        wrong = []
        for n in places[::step]:
            with Place(command, inputs.folder) as place:
                outcome = place.run(env=refusing("memory", at=n))
                wrong += [f"allocation {n}: {c}" for c in [*judged_without_memory(command, outcome), *complaints_without_memory(place, inputs.whole[command])]]
        yield f"{command.name}: no memory at {len(places[::step])} of {len(places)} places", "\n".join(wrong), ""


# ---------------------------------------------------------------- the table

class Fault(NamedTuple):
    """@param how: of running: before=, env=, preexec_fn=, user=. @param prepare changes the place before it"""
    name: str
    command: str
    codes: tuple
    part: str
    how: dict = {}
    prepare: object = None
    needs_root: bool = False


def limited(what, amount):
    return {"preexec_fn": lambda: resource.setrlimit(what, (amount, amount))}


def as_nobody(**more):
    return {"user": NOBODY, "group": NOBODY, "extra_groups": [], **more} if os.geteuid() == 0 else more


def limited_user(what, amount):
    """A user with a number that no process has, so that no other counts."""
    return {**limited(what, amount), "user": serve_faults.USER, "group": serve_faults.USER, "extra_groups": []}


def mounted(script):
    """In a namespace of its own, so that nothing of it remains; `out` is kept as it was in there."""
    return {"before": ("unshare", "-m", "sh", "-c", f'cp -a out was && {script} && cp -a was/. out/ 2>/dev/null; "$@"; code=$?; cp -a out seen; exit $code', "sh")}


def closed(number):
    return {"preexec_fn": lambda: os.close(number), "close_fds": False}


def read_only(place):
    place.output.parent.chmod(0o555)


def in_the_way(place):
    place.output.unlink()
    place.output.mkdir()


def linked(place):
    (place.folder / "target").write_bytes(OLD)
    place.output.unlink()
    place.output.symlink_to(place.folder / "target")


def hard(place):
    os.link(place.output, place.folder / "other")


def itself(place):
    place.output.unlink()
    place.output.symlink_to(place.inputs / "photo.png")


def copied(place):
    shutil.copy(place.inputs / "model.safetensors", place.folder / "m.safetensors")


def no_folder(place):
    shutil.rmtree(place.folder / "out")


def device(place):
    place.output.unlink()
    place.output.symlink_to("/dev/full")


def without(*names, **more):
    return {"env": {**{k: v for k, v in os.environ.items() if k not in names}, **more}}


def at_first_write(number):
    return {"env": refusing("write", at=1, count=1, signal=int(number))}


def on_gpu(**more):
    """Of the driver that stands in for NVIDIA's (tests/cuda/driver.cpp)."""
    folders = f"{DRIVER}:{os.environ.get('LD_LIBRARY_PATH', '')}"
    return {"env": {**os.environ, "LD_LIBRARY_PATH": folders, **{f"FAKE_CUDA_{name.upper()}": str(value) for name, value in more.items()}}}


FAULTS = [
    Fault("the disk is full", "build", (OUTPUT,), "No space left on device", mounted("mount -t tmpfs -o size=1000k none out"), needs_root=True),
    Fault("the disk is full", "blur, a photo", (OUTPUT,), "No space left on device", mounted("mount -t tmpfs -o size=100k none out"), needs_root=True),
    Fault("the disk is full", "calibrate", (OUTPUT, OK), "No space left on device", mounted("mount -t tmpfs -o size=16k none out"), needs_root=True),
    Fault("a limit on files' sizes", "build", (OUTPUT,), "File too large", limited(resource.RLIMIT_FSIZE, 10000)),
    Fault("a limit on files' sizes", "blur, a video", (OUTPUT,), "File too large", limited(resource.RLIMIT_FSIZE, 2000)),
    Fault("the file system is read-only", "build", (OUTPUT,), "Read-only file system", mounted("mount --bind out out && mount -o remount,ro,bind out"), needs_root=True),
    Fault("the folder may not be written to", "build", (OUTPUT,), "Permission denied", as_nobody(), read_only),
    Fault("the folder may not be written to", "detect --draw", (FAILED, OUTPUT), "Permission denied", as_nobody(), read_only),
    Fault("there is no folder", "convert", (OUTPUT,), "No such file or directory", {}, no_folder),
    Fault("a folder has the name", "convert", (OUTPUT,), "is a folder", {}, in_the_way),
    Fault("the output is /dev/full", "convert", (OUTPUT,), "No space left on device", {}, device),
    Fault("the output is the input", "blur, a photo", (FAILED, USAGE, OUTPUT), "not replaced", {}, itself),
    Fault("the output is a symbolic link", "convert", (OK,), "", {}, linked),
    Fault("the output has another name, a hard link", "convert", (OK,), "", {}, hard),
    Fault("write() fails", "build", (OUTPUT,), "cannot write: No space left on device", {"env": refusing("write", at=1)}),
    Fault("fsync() fails", "build", (OUTPUT,), "cannot flush: Input/output error", {"env": refusing("fsync", at=1)}),
    Fault("close() fails", "build", (OUTPUT,), "cannot close: Input/output error", {"env": refusing("close", at=1)}),
    Fault("rename() fails", "build", (OUTPUT,), "cannot replace", {"env": refusing("rename", at=1)}),
    *(Fault("SIGKILL while it writes", command, (128 + signal.SIGKILL,), "", at_first_write(signal.SIGKILL))
      for command in ("build", "calibrate", "blur, a photo", "blur, a video")),
    Fault("SIGKILL before the new file is in its place", "build", (128 + signal.SIGKILL,), "", {"env": refusing("fsync", at=1, signal=int(signal.SIGKILL))}),
    Fault("SIGTERM while it writes", "build", (OK,), "", at_first_write(signal.SIGTERM)),
    Fault("SIGTERM while it writes", "calibrate", (OK,), "", at_first_write(signal.SIGTERM)),
    *(Fault(f"{number.name} while it writes", command, (128 + number,), "", at_first_write(number))
      for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP) for command in ("blur, a photo", "blur, a video")),
    Fault("the GPU is lost", "blur, a photo, on a GPU", (MODEL,), "GPU", on_gpu(lost="/")),
    Fault("the GPU has too little memory", "blur, a photo, on a GPU", (FAILED,), "device memory", on_gpu(memory=1000000)),
    Fault("no thread can be started", "detect, 4 threads", (MODEL,), "could not be started", {"env": refusing("thread", at=1)}),
    Fault("only two threads can be started", "detect, 4 threads", (MODEL,), "could not be started", {"env": refusing("thread", at=3)}),
    Fault("the user may have no other thread", "detect, 4 threads", (MODEL,), "could not be started", limited_user(resource.RLIMIT_NPROC, 1), needs_root=True),
    Fault("a limit on memory", "detect, a large input", (FAILED,), "no memory", limited(resource.RLIMIT_AS, 300 << 20)),
    Fault("the file is cut while it is read", "inspect", (MODEL,), "the file has", {"env": refusing("shrink", at=2, count=1)}, copied),
    Fault("the file grows while it is read", "inspect", (MODEL,), "the last tensor ends at byte", {"env": refusing("grow", at=2, count=3)}, copied),
    Fault("no file can be opened", "convert", (OUTPUT,), "Too many open files", {"env": refusing("open", at=1)}),
    Fault("no /proc", "build", (OK,), "", mounted("mount -t tmpfs none /proc"), needs_root=True),
    Fault("no HOME, no PATH", "build", (OK,), "", without("HOME", "PATH")),
    Fault("TMPDIR is not there", "build", (OK,), "", without(TMPDIR="/nowhere")),
    Fault("standard output is full", "detect --draw", (OUTPUT,), "No space left on device", {"stdout": "/dev/full"}),
    Fault("standard output is closed", "detect --draw", (OUTPUT, OK), "", closed(1)),
    Fault("standard error is closed", "convert", (OK,), "", closed(2)),
    Fault("standard input is closed", "convert", (OK,), "", closed(0)),
]


def can_mount():
    return run(["unshare", "-m", "true"]).code == 0 if shutil.which("unshare") else False


def lost(place, whole):
    out = place.folder / ("seen" if (place.folder / "seen").exists() else "out")
    file = out / place.command.output
    if not file.is_file():
        return "nothing: there was no file"
    found = file.read_bytes()
    return "nothing: the old file is as it was" if found in (OLD, (SOURCE / PHOTO).read_bytes()) else "nothing: the new file is whole" if found == whole else f"{len(found)} bytes are neither"


def meet(fault, command, inputs):
    with Place(command, inputs.folder) as place:
        if fault.prepare:
            fault.prepare(place)
        how = dict(fault.how)
        with contextlib.ExitStack() as files:
            if isinstance(how.get("stdout"), str):
                how["stdout"] = files.enter_context(open(how["stdout"], "wb"))
            outcome = place.run(**how)
        said = outcome.said.replace(f"{place.folder}/", "").replace(f"{inputs.folder}/", "")
        said = re.sub(r"\d+ MiB of", "N MiB of", said)  # which the processor's instructions decide
        loss = lost(place, inputs.whole.get(command))
        wrong = [*judged(outcome._replace(said=said) if said else outcome._replace(said="fovea: "), fault.codes)]
        if fault.part not in said:
            wrong.append(f"'{fault.part}' is missing")
        if not loss.startswith("nothing"):
            wrong.append(loss)
        for kept in ("target", "other"):
            if (place.folder / kept).exists() and (place.folder / kept).read_bytes() != OLD:
                wrong.append(f"{kept} was changed")
        left = {f for f in place.files() if ".fovea-" in f}
        if left:
            wrong.append(f"left: {left}")
        if fault.prepare is read_only:
            place.output.parent.chmod(0o755)
        return wrong, outcome.code, said, loss


def why_not(fault, command, mounts):
    if fault.needs_root and not mounts:
        return "no namespace of mounts can be made here"
    return "no GPU is emulated in this build" if "on a GPU" in command.name and not DRIVER else None


def commands_table(inputs, rows):
    mounts = can_mount()
    for fault in FAULTS:
        command = inputs.named(fault.command)
        what = f"{fault.name}: {fault.command}"
        why = why_not(fault, command, mounts) if command else inputs.why_no_video
        if why:
            print(f"skipped: {why}", file=sys.stderr if QUIET else sys.stdout)
            yield f"{what} # SKIP {why}", "", ""
            continue
        wrong, code, said, loss = meet(fault, command, inputs)
        said = next((line.removeprefix("fovea: ") for line in said.splitlines() if fault.part in line), "") if fault.part else ""
        rows.append(f"| {fault.name} | {command.name} | {code} | {cell(said)} | {loss} |")
        yield what, "\n".join(wrong), said


def tables(inputs):
    rows, of_server = [], []
    yield from commands_table(inputs, rows)
    yield from serve_faults.table(FOVEA, (SOURCE / PHOTO).read_bytes(), refusing, of_server)
    yield from serve_ends.table(FOVEA, (SOURCE / PHOTO).read_bytes(), CRASHING and preloaded(CRASHING), DRIVER and on_gpu()["env"], of_server)
    if QUIET:
        print("| fault | command | exit status | what is said | what was lost |\n|---|---|---|---|---|", *rows, sep="\n")
        print("\n| fault | what comes of it | what is said | what was lost |\n|---|---|---|---|", *of_server, sep="\n")
        return
    known = set((SOURCE / "docs/limits.md").read_text(encoding="utf-8").splitlines())
    yield "docs/limits.md has these rows", "\n".join(row for row in rows + of_server if row not in known), "made by faults.py --markdown"


def all_checks(inputs):
    yield from tables(inputs)
    if QUIET:
        return
    if inputs.why_no_video:
        print(f"skipped: {inputs.why_no_video}")
        yield f"videos # SKIP {inputs.why_no_video}", "", ""
    for part in ended, calls, interrupted, memory:
        yield from part(inputs)
    yield from serve_faults.memory(FOVEA, (SOURCE / PHOTO).read_bytes(), refusing, MOMENTS)


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as name:
        return tap(all_checks(Inputs(Path(name))), QUIET)


if __name__ == "__main__":
    sys.exit(main())
