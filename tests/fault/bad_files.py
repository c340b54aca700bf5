#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program on files that are broken, or meant to harm: an exit status and a sentence, within bounds of memory and of time. TAP on stdout.

usage: bad_files.py SOURCE_DIR FOVEA [--no-limits | --markdown]

--no-limits: under a sanitizer, whose memory and time are its own. --markdown: print the table of docs/limits.md, which a test compares.
"""
import multiprocessing
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from running import Outcome, cell, run, tap

SOURCE, FOVEA = (Path(p).resolve() for p in sys.argv[1:3])
LIMITED = "--no-limits" not in sys.argv
OK, FAILED, MODEL = 0, 1, 3
LONGEST = 500  # that the table has
MOST_PRINTED = 4 << 20  # bytes of standard output


class Limit(NamedTuple):
    """What a file may cost: memory, by its bytes, and seconds of the processor."""
    base_mib: int
    per_byte: int
    seconds: int


PROGRAM_MIB = 32  # with a small network

# As docs/limits.md has them; the program itself takes some 15 MiB, with FFmpeg's libraries 40.
LIMITS = {
    "pth": Limit(160, 33, 5), "safetensors": Limit(32, 80, 5), "onnx": Limit(96, 10, 5), "wts": Limit(32, 4, 5), "fov": Limit(32, 4, 5),
    "picture": Limit(160, 4, 20), "settings": Limit(32, 1, 5), "review": Limit(64, 80, 5), "truth": Limit(32, 80, 5), "calibration": Limit(48, 3, 5),
    "list": Limit(32, 1, 5), "video": Limit(96, 10, 10), "place": Limit(32, 0, 5),
}


class Case(NamedTuple):
    """`kind` also names the limit. FILE and FOLDER in the command are where the files lie."""
    kind: str
    name: str
    file: Path
    command: tuple
    code: int
    parts: tuple
    mib: float = 0  # instead of what the limit of its kind allows


class Ran(NamedTuple):
    outcome: Outcome
    printed: bytes  # on standard output


# ---------------------------------------------------------------- files are made by a process of their own: what it takes would count

def write(folder, kind, number, name, data):
    path = folder / f"{kind}{number}" / name
    path.parent.mkdir()
    path.write_bytes(data)
    return path


def models(folder):
    import bad_models
    engine = (SOURCE / "tests/fixtures/v1/mixed.fov").read_bytes()
    formats = {**bad_models.FORMATS, "fov": lambda: bad_models.bad_fov(engine)}
    for kind, bad in formats.items():
        for number, (name, data, parts) in enumerate(bad()):
            yield Case(kind, name, write(folder, kind, number, f"x.{kind}", data), ("inspect", "FILE"),
                       OK if parts is None else MODEL, tuple(parts or ()))


def networks(folder):
    import bad_models
    photo = SOURCE / "photos/astronaut.png"
    for number, (name, data) in enumerate(bad_models.to_calibrate()):
        yield Case("onnx", name, write(folder, "network", number, "x.onnx", data),
                   ("calibrate", "-q", "--method", "min-max", "--size", "long:96", "FILE", str(photo), "-o", "FOLDER/x.cache"), OK, ())


def pictures(folder):
    import bad_pictures
    for number, (name, ending, data, parts) in enumerate(bad_pictures.cases()):
        yield Case("picture", f"{ending.upper()}: {name}", write(folder, "picture", number, f"x.{ending}", data), ("detect", "FILE"),
                   OK if parts is None else FAILED, tuple(parts or ()))


def large_pictures(folder):
    import bad_pictures
    for number, (name, ending, data, command, each) in enumerate(bad_pictures.large()):
        yield Case("picture", f"{ending.upper()}: {name}", write(folder, "large", number, f"x.{ending}", data), command, OK, (),
                   PROGRAM_MIB + each * bad_pictures.SIDE ** 2 / (1 << 20))


def texts(folder):
    import bad_texts
    for kind, bad in bad_texts.KINDS.items():
        for number, (name, file, data, command, code, parts) in enumerate(bad()):
            path = write(folder, kind, number, file, data)
            if kind == "settings":
                (path.parent / "m.wts").write_bytes(b"1\nw 1 3f800000\n")
            if kind == "review":
                (path.parent / "video.mp4").symlink_to(folder / "video.mp4")
            yield Case(kind, name, path, tuple(named(argument, path.parent / "beside") for argument in command), code, tuple(parts))


def named(argument, path):
    """Bytes become a file, and its name stands for them."""
    if isinstance(argument, bytes):
        path.write_bytes(argument)
        return "FOLDER/" + path.name
    return argument


# The other file lies beside this one's folder.
DASH = b"""<!--skip --><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" type="static"
mediaPresentationDuration="PT1S" minBufferTime="PT1S"><Period duration="PT1S"><AdaptationSet contentType="video" mimeType="video/mp4"><Representation id="0"
bandwidth="100000" width="160" height="120" mimeType="video/mp4" codecs="avc1"><BaseURL>../video.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>
"""


def videos(folder):
    whole = (folder / "video.mp4").read_bytes()
    head = whole.index(b"moov")
    for number, (name, data, parts) in enumerate((
            ("the first 20 bytes", whole[:20], ["cannot read as a video"]),
            ("the first half", whole[:len(whole) // 2], ["cannot read as a video"]),
            ("an index of zeros", whole[:head + 4] + bytes(len(whole) - head - 4), ["has no video"]),
            ("no video", b"\0\0\0\x18ftypisom" + bytes(4000), ["cannot read as a video"]),
            ("a playlist (DASH) of another file, behind what an MP4 begins with", DASH, ["neither MP4"]),
            ("a playlist (HLS) of another file", b"#EXTM3U\n#EXTINF:1,\n../video.mp4\n#EXT-X-ENDLIST\n", ["a text file"]),
            ("a list of files to join (ffconcat)", b"ffconcat version 1.0\nfile ../video.mp4\n", ["a text file"]))):
        yield Case("video", name, write(folder, "video", number, "x.mp4", data), ("blur", "FILE", "-o", "FOLDER/hidden.mp4"), FAILED, tuple(parts))


def places(folder):
    import bad_places
    for number, (name, make, *tries) in enumerate(bad_places.CASES):
        for command, code, part in tries:
            path = folder / f"place{number}{len(command)}{command[0]}" / "x"
            path.parent.mkdir()
            make(path)
            yield Case("place", f"{name}, `{command[0]}{' --list' if '--list' in command else ''}`", path, command, code, (part,))


def make(folder):
    sys.path.insert(0, str(SOURCE / "tests/fault"))
    kinds = [models, networks, pictures, large_pictures, texts, places]
    if (folder / "video.mp4").exists():
        kinds.insert(5, videos)
    return [case for kind in kinds for case in kind(folder)]


def make_video(path):
    """@return why there is none, or None"""
    try:
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=10:duration=1", path], check=True)
    except (OSError, subprocess.CalledProcessError):
        return "no FFmpeg that makes a video"
    tried = subprocess.run([FOVEA, "blur", path, "--review", path.with_suffix(".json")], capture_output=True, text=True, check=False)
    return tried.stderr.strip() if tried.returncode else None


# ---------------------------------------------------------------- running

def size_of(path):
    return path.stat().st_size if path.is_file() and not path.is_symlink() else 0


def run_case(case):
    arguments = [a.replace("FILE", str(case.file)).replace("FOLDER", str(case.file.parent)) for a in case.command]
    with tempfile.TemporaryFile() as out:
        outcome = run([FOVEA, *arguments], cwd=case.file.parent, stdout=out)
        out.seek(0)
        printed = out.read(MOST_PRINTED + 1)
    return Ran(outcome._replace(said=shown(outcome.said, case)), printed)


def shown(text, case):
    """What it says of the file, without the folder of this run."""
    lines = [line for line in text.splitlines() if "warning:" not in line]
    text = lines[0].removeprefix("fovea: ") if lines else ""
    return text.replace(f"{case.file.parent}/", "")


def obeyed(text):
    """Would a terminal take some of it for more than text?"""
    return any((ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 for c in text)


def complaints(case, ran):
    outcome = ran.outcome
    if outcome.code != case.code:
        yield f"exit status {outcome.code}, expected {case.code}"
    for part in case.parts:
        if part not in outcome.said:
            yield f"'{part}' is missing"
    if obeyed(outcome.said) or "\\x" in outcome.said:
        yield "control characters, or no UTF-8"
    if obeyed(ran.printed.decode(errors="replace")):
        yield "control characters on standard output"
    if len(ran.printed) > MOST_PRINTED:
        yield f"more than {MOST_PRINTED} bytes on standard output"
    limit, size = LIMITS[case.kind], size_of(case.file)
    mib = case.mib or limit.base_mib + limit.per_byte * size / (1 << 20)
    if LIMITED and outcome.mib > mib:
        yield f"{outcome.mib:.0f} MiB for {size} bytes, the limit is {mib:.0f}"
    if LIMITED and outcome.seconds > limit.seconds:
        yield f"{outcome.seconds:.1f} s of the processor, the limit is {limit.seconds}"


# ---------------------------------------------------------------- the table

TITLES = {"pth": "`.pth`", "safetensors": "`.safetensors`", "onnx": "`.onnx`", "wts": "`.wts`", "fov": "`.fov`", "picture": "pictures", "settings": "`MODEL.settings`",
          "review": "reviews", "truth": "ground truth", "calibration": "calibration caches", "list": "lists of photos", "video": "videos", "place": "what is no plain file"}


def row(case, outcome):
    said = outcome.said if len(outcome.said) < LONGEST else f"{outcome.said[:40]}...{outcome.said[-60:]}"
    return f"| {case.name} | {outcome.code} | {cell(said)} |"


def table(rows):
    for kind, title in TITLES.items():
        yield f"\n**{title}**\n\n| file | exit status | what is said |\n|---|---|---|"
        yield from rows.get(kind, [])


# ---------------------------------------------------------------- TAP

def check(cases, why_no_video):
    rows = {}
    for case in cases:
        ran = run_case(case)
        if "libmatio" in ran.outcome.said:
            yield f"{case.kind}: {case.name} # SKIP {ran.outcome.said}", "", ""
            continue
        rows.setdefault(case.kind, []).append(row(case, ran.outcome))
        yield f"{case.kind}: {case.name}", "\n".join(complaints(case, ran)), ran.outcome.said
    if "--markdown" in sys.argv:
        print(*table(rows), sep="\n")
    known = set((SOURCE / "docs/limits.md").read_text(encoding="utf-8").splitlines())
    unknown = [line for lines in rows.values() for line in lines if line not in known]
    if "--markdown" not in sys.argv:
        yield "docs/limits.md has these rows", "\n".join(unknown), "made by bad_files.py --markdown"
    if why_no_video:
        yield f"videos and reviews # SKIP {why_no_video}", "", ""


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        why_no_video = make_video(folder / "video.mp4")
        if why_no_video:
            (folder / "video.mp4").unlink(missing_ok=True)
            print(f"skipped: {why_no_video}")
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            cases = pool.apply(make, (folder,))
        cases = [c for c in cases if not (why_no_video and c.kind == "review")]
        return tap(check(cases, why_no_video), "--markdown" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
