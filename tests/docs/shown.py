#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the documents show is true: C and Python code is a file of examples/, console sessions print what the program prints. TAP on
stdout.

usage: shown.py SOURCE_DIR FOVEA [PYTHON]

C and Python blocks must be an example without its licence line, unless a comment names the test that runs them. Console blocks after
the comment <!-- tested --> are run, command by command, in the order of the page, in one folder that has photos, examples and
headers: what a command leaves is there for those below it. A line "..." stands for any lines, and "..." within a line for any text;
a decimal number may differ by two in its last place: processors round differently. How long something takes ("1.5 s", "20 ms") is
told as it was when the page was written, and may be anything.

Words behind "tested": a command that "runs on" is a service, started where the page starts it and stopped by SIGINT at the
page's end, which it must survive without an error. "with python": python3 is PYTHON, which finds the package by its
environment; without it the block is skipped.

Three things are not done as shown: `git clone` takes the tree at hand, `make demo` has what it builds already, so that only its
last line is run, and port 8000 of a service is one that is free here.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CODE_BLOCK = re.compile(r"(<!-- run by .* -->\n)?^```(c|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TESTED = re.compile(r"^<!-- tested(?:, ([a-z, ]+))? -->\n```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VARIES = re.compile(r"(\.\.\.|\d+\.\d+ m?s\b|\d+\.\d+)")
DECIMAL = re.compile(r"(\d+\.\d+)")
PORT = re.compile(r"(127\.0\.0\.1:|--port )8000\b")
PATIENCE_S = 60
GIT = """[url "{repository}"]
    insteadOf = https://example.org/fovea.git
[safe]
    directory = *
"""
MAKE = """#!/bin/sh
test "$*" = demo && ln -s "{build}" build && exec scripts/demo build
"""


def sessions(block):
    """(command, expected output) of each `$ command` in a console block."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def pattern_of(piece):
    if piece == "...":
        return ".*"
    if DECIMAL.fullmatch(piece):
        return DECIMAL.pattern
    return r"\d+\.\d+ m?s" if VARIES.fullmatch(piece) else re.escape(piece)


def pattern(line):
    return "(?:.*\n)*?" if line == "..." else "".join(map(pattern_of, VARIES.split(line))) + "\n"


def same(expected, output):
    lines = expected.splitlines()
    found = re.fullmatch("".join(map(pattern, lines)), output)
    numbers = [piece for line in lines for piece in VARIES.split(line) if DECIMAL.fullmatch(piece)]
    return found is not None and all(
        abs(float(a) - float(b)) < 2.5 * 10.0 ** -len(a.partition(".")[2]) for a, b in zip(numbers, found.groups()))


def repository(source, home):
    """What `git clone` takes: the tree at hand, or, where that came as an archive, a snapshot of what the pages need."""
    if (source / ".git").exists():
        return source
    for name in ("photos", "scripts"):
        shutil.copytree(source / name, home / "origin" / name)
    subprocess.run("git init -q && git add . && git -c user.name=test -c user.email=test commit -qm snapshot", cwd=home / "origin",
                   shell=True, check=True)
    return home / "origin"


def said_in(log):
    """Less what only a build with a sanitizer says."""
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if "a build with a sanitizer needs more" not in line)


class Page:
    """The sessions of a document, in one folder, which `cd` changes for those that follow."""

    def __init__(self, source, fovea, python, home):
        self.folder, self.place, self.services = home / "page", home / "place", []
        for name in ("photos", "examples", "include"):
            shutil.copytree(source / name, self.folder / name)
        make = home / "bin" / "make"
        make.parent.mkdir()
        make.write_text(MAKE.format(build=fovea.parent), encoding="utf-8")
        make.chmod(0o755)
        if python:
            (home / "bin" / "python3").symlink_to(python)
        (home / ".gitconfig").write_text(GIT.format(repository=repository(source, home)), encoding="utf-8")
        path = f"{make.parent}:{fovea.parent}:{os.environ['PATH']}"
        self.environment = {**os.environ, "LC_ALL": "C", "HOME": str(home), "PATH": path}

    def run(self, command, _expected):
        done = subprocess.run(["bash", "-c", f'{command}\npwd >"$0"', self.place], cwd=self.folder, env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.folder = self.place.read_text(encoding="utf-8").strip()
        return done.stdout

    def start(self, command, expected):
        log = Path(self.folder) / f"service{len(self.services)}.log"
        with log.open("w", encoding="utf-8") as out:
            service = subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=self.folder, env=self.environment,
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        self.services.append((command, service))
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and service.poll() is None and not same(expected, said_in(log)):
            time.sleep(0.05)
        return said_in(log)

    def stop(self):
        """(command, exit status) of each service."""
        for _, service in self.services:
            service.send_signal(signal.SIGINT)
        return [(command, self.status_of(service)) for command, service in self.services]

    @staticmethod
    def status_of(service):
        try:
            return service.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            service.kill()
            return service.wait()


def check_code(document, examples):
    for elsewhere, language, block in CODE_BLOCK.findall(document.read_text(encoding="utf-8")):
        if not elsewhere:
            yield f"{document.name}: {language} code is an example", block in examples, block


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def check_sessions(document, source, fovea, python):
    with tempfile.TemporaryDirectory() as home:
        page, port = Page(source, fovea, python, Path(home)), free_port()
        try:
            for words, block in TESTED.findall(document.read_text(encoding="utf-8")):
                for session in sessions(block):
                    name = f"{document.name}: $ {session[0]}"
                    if "with python" in words and not python:
                        yield f"{name} # SKIP no Python package here", True, ""
                        continue
                    command, expected = (PORT.sub(rf"\g<1>{port}", text) for text in session)
                    output = (page.start if "runs on" in words else page.run)(command, expected)
                    yield name, same(expected, output), output
        finally:
            statuses = page.stop()
        for command, status in statuses:
            yield f"{document.name}: {' '.join(command.split()[:2])} stops without an error", status == 0, f"exit status {status}"


def main():
    source, fovea, python = (*(Path(p).absolute() for p in sys.argv[1:4]), None)[:3]
    examples = {p.read_text(encoding="utf-8").partition("\n")[2] for p in (source / "examples").glob("*.*")}
    number = failed = 0
    for document in [source / "README.md", *sorted((source / "docs").rglob("*.md"))]:
        for check in (check_code(document, examples), check_sessions(document, source, fovea, python)):
            for name, good, shown in check:
                number += 1
                failed += not good
                if " # SKIP " in name:
                    print("skipped: " + name.partition(" # SKIP ")[2])
                print(f"{'ok' if good else 'not ok'} {number} - {name}")
                if not good:
                    print("".join(f"# {line}\n" for line in shown.splitlines()), end="")
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
