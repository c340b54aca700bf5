#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the documents show is true: C code is a file of examples/, console sessions print what the program prints. TAP on stdout.

usage: shown.py SOURCE_DIR FOVEA [PYTHON]

C and Python blocks must be an example without its licence line. Console blocks after the comment <!-- tested --> are run, command by
command, in a copy of photos, examples and headers; a line "..." stands for any lines, and a decimal number may differ by two in its
last place: processors round differently. Commands that start with python3 run PYTHON, which finds the package by its environment;
without it they are skipped.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CODE_BLOCK = re.compile(r"^```(c|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TESTED = re.compile(r"^<!-- tested -->\n```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DECIMAL = re.compile(r"(\d+\.\d+)")


def sessions(block):
    """(command, expected output) of each `$ command` in a console block."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def pattern(line):
    if line == "...":
        return "(?:.*\n)*?"
    pieces = DECIMAL.split(line)  # text, number, text, number ..., text
    return "".join(DECIMAL.pattern if i % 2 else re.escape(piece) for i, piece in enumerate(pieces)) + "\n"


def same(expected, output):
    found = re.fullmatch("".join(map(pattern, expected.splitlines())), output)
    numbers = DECIMAL.findall(expected)
    return found is not None and all(
        abs(float(a) - float(b)) < 2.5 * 10.0 ** -len(a.partition(".")[2]) for a, b in zip(numbers, found.groups()))


def run(command, folder, programs):
    path = ":".join([str(program.parent) for program in programs] + [os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "LC_ALL": "C"}
    done = subprocess.run(["sh", "-c", command], cwd=folder, env=environment, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.stdout


def check_code(document, examples):
    for language, block in CODE_BLOCK.findall(document.read_text(encoding="utf-8")):
        yield f"{document.name}: {language} code is an example", block in examples, block


def check_sessions(document, source, programs):
    blocks = TESTED.findall(document.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        for name in ("photos", "examples", "include"):
            shutil.copytree(source / name, Path(folder) / name)
        for command, expected in (session for block in blocks for session in sessions(block)):
            if command.startswith("python3 ") and len(programs) == 1:
                print("skipped: no Python package here")
                yield f"{document.name}: $ {command} # SKIP no Python package here", True, ""
                continue
            output = run(command, folder, programs)
            yield f"{document.name}: $ {command}", same(expected, output), output


def main():
    source, *programs = (Path(p).absolute() for p in sys.argv[1:4])
    examples = {p.read_text(encoding="utf-8").partition("\n")[2] for p in (source / "examples").glob("*.*")}
    number = failed = 0
    for document in [source / "README.md", *sorted((source / "docs").rglob("*.md"))]:
        for check in (check_code(document, examples), check_sessions(document, source, programs)):
            for name, good, shown in check:
                number += 1
                failed += not good
                print(f"{'ok' if good else 'not ok'} {number} - {name}")
                if not good:
                    print("".join(f"# {line}\n" for line in shown.splitlines()), end="")
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
