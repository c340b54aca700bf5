#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: tap.py FOLDER [PYTEST_ARGUMENT]...

Runs the tests of a folder with pytest and prints TAP, so that tests/run counts single test cases; what pytest has to say goes to
standard error. Where a package is missing, the one line says what to install.
"""
import importlib.util
import os
import sys

PACKAGES = {"pytest": "python3-pytest", "numpy": "python3-numpy", "cffi": "python3-cffi", "PIL": "python3-pil"}


class Tap:
    """A plugin of pytest."""

    def __init__(self, out):
        self.out = out
        self.count = 0

    def line(self, good, name, end=""):
        self.count += 1
        print(f"{'' if good else 'not '}ok {self.count} - {name}{end}", file=self.out, flush=True)

    def skipped(self, report):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        print(f"skipped: {reason}", file=self.out)
        self.line(True, report.nodeid, f" # SKIP {reason}")

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.line(False, report.nodeid if report.when == "call" else f"{report.nodeid} ({report.when})")
        elif report.skipped:
            self.skipped(report)
        elif report.when == "call":
            self.line(True, report.nodeid)

    def pytest_collectreport(self, report):
        if report.failed:
            self.line(False, f"{report.nodeid} (collection)")
        elif report.skipped:
            self.skipped(report)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    missing = [package for module, package in PACKAGES.items() if importlib.util.find_spec(module) is None]
    if missing:
        print(f"skipped: no Python tests without {', '.join(missing)}\nok 1 - python # SKIP {', '.join(missing)} missing\n1..1")
        return 0
    import pytest

    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)
        tap = Tap(out)
        status = pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", sys.argv[1], *sys.argv[1:]], plugins=[tap])
        print(f"1..{tap.count}", file=out)
    return status


if __name__ == "__main__":
    sys.exit(main())
