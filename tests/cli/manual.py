#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Help on terminals, pages for man, and shells that complete: of the same tables, so that all have what --help has. TAP on stdout.

usage: manual.py FOVEA

Pages must pass man and mandoc without a word. bash and zsh are driven through a terminal, as by a person, fish by `complete -C`.
"""
import contextlib
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

LISTED = re.compile(r"^  ([a-z-]+) +\S", re.MULTILINE)  # a row of `fovea help`
OPTION = re.compile(r"^ +(?:-\w, )?(--[a-z0-9-]+)", re.MULTILINE)  # a row of --help
PATIENCE_S = 60
FILES = ("one.pth", "two.fov", "UPPER.JPG", "small.png", "a word.onnx", "notes.txt")


class Program:
    """What --help says, which popt prints."""

    def __init__(self, path):
        self.path = path
        overview = self.run("help")
        commands, _, rest = overview.partition("\nTopics:\n")
        self.commands = LISTED.findall(commands.partition("\nCommands:\n")[2])
        self.topics = LISTED.findall(rest.partition("\nStart with:\n")[0])
        self.options = {command: OPTION.findall(self.run(command, "--help")) for command in self.commands}

    def run(self, *arguments):
        return subprocess.run([self.path, *arguments], check=True, text=True, stdout=subprocess.PIPE).stdout


# ---------------------------------------------------------------- pages

def pages(program):
    yield "fovea.1", program.run("help", "--man")
    for section, names in (1, program.commands), (7, program.topics):
        for name in names:
            yield f"fovea-{name}.{section}", program.run("help", "--man", name)


def complaints_of_man(path):
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "MANROFFOPT": "", "MANWIDTH": "80"}
    return subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", path], env=environment, check=False, text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE).stderr


def complaints_of_mandoc(path):
    """But for the date: pages have none, so that the same sources make the same pages."""
    said = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path], check=False, text=True, stdout=subprocess.PIPE).stdout
    return "\n".join(line for line in said.splitlines() if "missing date" not in line)


def check_pages(program, folder):
    linters = {"man": complaints_of_man, "mandoc": complaints_of_mandoc}
    shown = {name: page.replace("\\-", "-") for name, page in pages(program)}
    for name, page in pages(program):
        (folder / name).write_text(page, encoding="utf-8")
    for linter, complaints in linters.items():
        if not shutil.which(linter):
            yield f"pages pass {linter}", None, f"{linter} is not installed"
            continue
        said = "".join(complaints(folder / name) for name in shown)
        yield f"{len(shown)} pages pass {linter}", not said, said
    for command in program.commands:
        missing = [option for option in program.options[command] if f"\\fB{option}\\fR" not in shown[f"fovea-{command}.1"]]
        yield f"fovea-{command}(1) has every option", bool(program.options[command]) and not missing, missing
    missing = [name for name in program.commands + program.topics if f"fovea-{name} (" not in shown["fovea.1"]]
    yield "fovea(1) names every page", not missing, missing


# ---------------------------------------------------------------- help

def shown_at(program, columns, *arguments):
    """What the program prints on a terminal so wide."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen([program.path, *arguments], stdout=its)
    os.close(its)
    shown = b""
    with contextlib.suppress(OSError):  # is how the other end's closing is told
        while part := os.read(ours, 1 << 16):
            shown += part
    os.close(ours)
    process.wait()
    return shown.decode().replace("\r\n", "\n")


def check_widths(program, _folder):
    for columns, low, high in (60, 50, 60), (90, 80, 90), (200, 90, 100):
        lines = [line for line in shown_at(program, columns, "help", "sizes").splitlines() if line[:1].strip()]
        longest = max(map(len, lines))
        yield f"text fits {columns} columns, and fills them up to 100", low < longest <= high, "\n".join(lines)


# ---------------------------------------------------------------- shells

class Terminal:
    """A shell with somebody in front of it."""

    def __init__(self, command, setup, folder, environment):
        self.pid, self.file = pty.fork()
        if not self.pid:
            os.chdir(folder)
            os.execvpe(command[0], command, environment)
        self.type(setup)
        self.count = 0
        self.settle()

    def type(self, keys):
        os.write(self.file, keys.encode())

    def wait(self, parts):
        """What is shown, once all parts are, or after a long while."""
        shown, end = "", time.monotonic() + PATIENCE_S
        while time.monotonic() < end and not all(part in shown for part in parts):
            if select.select([self.file], [], [], 0.2)[0]:
                shown += os.read(self.file, 1 << 16).decode(errors="replace")
        return shown

    def settle(self):
        """The line is thrown away; what was still to be shown before the next one."""
        self.count += 1
        mark = f"DONE{self.count}."
        self.type(f"\x15echo DO''NE{self.count}.\n")
        shown, _, rest = self.wait([mark]).partition(mark)
        if "READY>" not in rest:
            self.wait(["READY>"])
        return shown

    def complete(self, line, parts):
        """What a line and two tabs show: the first completes as far as it goes, the second lists."""
        self.type(line + "\t\t")
        return self.wait(parts) + self.settle()

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.file)


class Fish:
    """`complete -C` prints what a tab would show."""

    def __init__(self, script, folder, environment):
        self.script, self.folder, self.environment = script, folder, environment

    def complete(self, line, _parts):
        command = ["fish", "--no-config", "-c", 'source $argv[1]; complete -C "$argv[2]"', self.script, line]
        return subprocess.run(command, cwd=self.folder, env=self.environment, check=False, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE).stdout

    def close(self):
        pass


def bash(script, folder, environment):
    setup = (f"source '{script}'; complete -p fovea; bind 'set page-completions off'; bind 'set completion-query-items 0'; "
             "bind 'set enable-bracketed-paste off'; PS1='READ''Y> '\n")
    return Terminal(["bash", "--norc", "-i"], setup, folder, environment)


def zsh(script, folder, environment):
    setup = (f"fpath=('{script.parent}' $fpath); autoload -U compinit; compinit -D -u; unset zle_bracketed_paste; LISTMAX=9999; "
             "setopt bash_auto_list; PS1='READ''Y> '\n")
    return Terminal(["zsh", "-f", "-i"], setup, folder, environment)


# line, what must be shown, what must not
LINES = [
    ("fovea de", ["detect"], []),
    ("fovea b", ["bench", "build"], ["detect"]),
    ("fovea help e", ["environment", "engines", "eval", "exit-codes"], ["detect"]),
    ("fovea detect --precision ", ["auto", "bf16", "fp16", "fp32", "int8"], ["mixed", "one.pth"]),
    ("fovea build --precision=", ["auto", "mixed"], ["one.pth"]),
    ("fovea build ", ["one.pth", "default"], ["two.fov"]),
    ("fovea completion bash ", [], ["--"]),
    ("fovea detect --size=", ["long:", "native", "tiles:"], ["small.png"]),
    ("fovea detect --cpu avx512", ["avx512bf16", "avx512vnni"], ["generic"]),
    ("fovea detect --set l", ["leaky="], ["color="]),
    ("fovea detect -m ", ["default", "one.pth", "two.fov", "onnx", "folder/"], ["small.png", "notes.txt"]),
    ("fovea detect --model=o", ["one.pth"], ["two.fov"]),
    ("fovea detect --draw ", ["folder/"], ["small.png"]),
    ("fovea detect ", ["small.png", "UPPER.JPG", "folder/"], ["one.pth", "notes.txt"]),
    ("fovea compare default two.fov ", ["small.png", "UPPER.JPG"], ["one.pth"]),
    ("fovea build one.pth -vo ", ["notes.txt"], ["default"]),
    ("fovea serve -m ", ["default", "one.pth", "two.fov"], ["small.png"]),
    ("fovea verify ", ["two.fov"], ["one.pth"]),
    ("fovea completion ", ["bash", "zsh", "fish"], ["two.fov"]),
]


def check_shell(shell, name, program):
    for line, expected, others in LINES:
        shown = shell.complete(line, expected)
        good = all(part in shown for part in expected) and not any(part in shown for part in others)
        yield f"{name}: {line}<Tab>", good, shown
    for command in program.commands:
        shown = shell.complete(f"fovea {command} --", program.options[command])
        missing = [option for option in program.options[command] if not re.search(re.escape(option) + r"(?![\w-])", shown)]
        yield f"{name}: every option of fovea {command}", not missing, f"{missing} in\n{shown}"


def check_shells(program, folder):
    shells = {"bash": bash, "zsh": zsh, "fish": Fish}
    environment = {**os.environ, "PATH": f"{program.path.parent}:{os.environ['PATH']}", "TERM": "dumb", "LC_ALL": "C.UTF-8",
                   "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    work = folder / "work"
    (work / "folder").mkdir(parents=True)
    for name in FILES:
        (work / name).touch()
    for name, start in shells.items():
        if not shutil.which(name):
            yield f"{name} completes", None, f"{name} is not installed"
            continue
        script = folder / name / "_fovea"  # zsh loads a file of this name when it needs it
        script.parent.mkdir()
        script.write_text(program.run("completion", name), encoding="utf-8")
        shell = start(script, work, environment)
        yield from check_shell(shell, name, program)
        shell.close()


def main():
    program = Program(Path(sys.argv[1]).resolve())
    number = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for check in check_pages, check_widths, check_shells:
            for name, good, why in check(program, Path(folder)):
                number += 1
                failed += good is False
                if good is None:
                    print(f"skipped: {why}")
                    print(f"ok {number} - {name} # SKIP {why}", flush=True)
                    continue
                print(f"{'ok' if good else 'not ok'} {number} - {name}", flush=True)
                if not good:
                    print("".join(f"# {line}\n" for line in str(why).splitlines()), end="")
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
