# SPDX-License-Identifier: MIT
"""What the tests of this folder share: the program run to its end, what that took, and TAP."""
import os
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

# Of the wall, for a hang: machines that run tests are busy, and a sanitizer takes its time.
PATIENCE_S = 1200 if "--no-limits" in sys.argv else 120


class Outcome(NamedTuple):
    code: int  # 128 + a signal's number
    said: str  # on standard error
    seconds: float  # of the processor
    mib: float  # at most


def wait(process):
    """@return (exit status, what it used)"""
    until = time.monotonic() + PATIENCE_S
    while True:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            code = process.returncode
            return (code if code >= 0 else 128 - code), used
        if time.monotonic() > until:
            process.kill()
        time.sleep(0.002)


def run(command, **how):
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": said, **how})
        code, used = wait(process)
        said.seek(0)
        text = said.read().decode(errors="backslashreplace")
    return Outcome(code, text, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def cell(text):
    """For a table in Markdown."""
    return "".join(f"&#{ord(c)};" if c in "|<>" else c for c in text)


def tap(checks, quiet):
    """@param checks of (what, what is wrong or "", what else is known); a `what` with "# SKIP" is skipped. @return exit status"""
    number = failed = 0
    for what, wrong, known in checks:
        number += 1
        failed += bool(wrong)
        if not quiet:
            print(f"{'not ok' if wrong else 'ok'} {number} - {what}", flush=True)
        if wrong:
            print("".join(f"# {line}\n" for line in f"{what}\n{wrong}\n{known}".splitlines()), end="", file=sys.stderr if quiet else sys.stdout)
    if not quiet:
        print(f"1..{number}")
    return 1 if failed else 0
