#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which allocations of the library has no test ever refused? By hand, since it takes minutes; prints a line for each. With FOVEA_SLOW set, as
tests/fault/test_alloc_work.c has it, the fewest.

usage: sites.py BUILD_DIR [TEST...]

Runs tests that refuse memory and write down from where it was asked for (support/alloc_probe.h), and compares that with all calls of the
allocator that the disassembler finds in them. A call that is a function's last may be a jump, whose place cannot be told: they are counted apart.
"""
import bisect
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

TESTS = ("test_alloc", "test_alloc_work", "test_hide_faults", "cuda/test_cuda_failures")
ALLOCATORS = ("fov_alloc", "fov_calloc", "fov_alloc_array", "fov_alloc_overread", "fov_alloc_aligned", "fov_realloc_array", "fov_strdup", "fov_strndup")
USES = re.compile(rf"^ *([0-9a-f]+):\s+(call|jmp)\s+[0-9a-f]+ <({'|'.join(ALLOCATORS)})>$")
INSIDE = ("alloc.c", "alloc_probe.c")


class Program:
    """Functions of a program's file, each with its source file, and from where they call the allocator."""

    def __init__(self, path):
        self.functions, source = [], ""
        for line in self.shown("-t", path):
            kind = line[17:24]
            name = line.split()[-1] if line.strip() else ""
            if "df" in kind:
                source = name if not name.isdigit() else ""  # behind the last: hidden functions of all files
            elif "F .text" in line:
                self.functions.append((int(line[:16], 16), source if line[17] == "l" else "", name))
        self.functions.sort()
        self.starts = [f[0] for f in self.functions]
        self.calls, self.jumps = set(), 0
        listing = list(self.shown("-d", "--no-show-raw-insn", path))
        for line, following in zip(listing, listing[1:]):
            found = USES.match(line)
            if not found:
                continue
            place = self.place(int(found[1], 16))
            if place[1] in ALLOCATORS:
                continue
            if found[2] == "jmp":
                self.jumps += 1
            elif re.match(r"^ *[0-9a-f]+:", following):
                self.calls.add(self.place(int(following.split(":")[0], 16)))

    @staticmethod
    def shown(*arguments):
        return subprocess.run(["objdump", *arguments], text=True, check=True, stdout=subprocess.PIPE).stdout.splitlines()

    def place(self, address):
        """(source file of a static function, function, offset): the same in every program."""
        start, source, name = self.functions[bisect.bisect_right(self.starts, address) - 1]
        return source, name, address - start

    def innermost(self, frames):
        """Of a stack, outside of the allocator."""
        return next((p for p in map(self.place, frames) if p[1] not in ALLOCATORS and p[0] not in INSIDE), None)


def main():
    build = Path(sys.argv[1]).resolve()
    calls, refused, jumps = set(), set(), Counter()
    for test in sys.argv[2:] or TESTS:
        program = Program(build / "tests" / test)
        with tempfile.NamedTemporaryFile("r") as sites:
            subprocess.run(["meson", "test", "-C", build, "--no-rebuild", "--timeout-multiplier", "20", Path(test).name], check=True, stdout=subprocess.DEVNULL,
                           env={**os.environ, "FOVEA_SITES": sites.name})
            refused |= {program.innermost([int(a, 16) for a in line.split()[1:]]) for line in sites}
        calls |= program.calls
        jumps[test] = program.jumps
    for source, function, offset in sorted(calls - refused):
        print(f"never refused: {source or 'global'} {function}()+{offset:#x}")
    print(f"{len(calls & refused)} of {len(calls)} places were refused; {max(jumps.values())} more are jumps")


if __name__ == "__main__":
    main()
