#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which allocations of the library has no test ever refused? By hand, since it takes minutes; prints a line for each.

usage: sites.py BUILD_DIR [TEST...]

Runs tests that refuse memory and write down from where it was asked for (support/alloc_probe.h), and compares that with all calls of the
allocator that the disassembler finds in the library. A call that is a function's last may be a jump, whose place cannot be told: they are counted apart.
"""
import bisect
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

TESTS = ("test_alloc", "test_alloc_engines", "test_alloc_models", "test_alloc_reports", "test_alloc_video", "test_alloc_work", "test_hide_faults",
         "cuda/test_cuda_failures", "cuda/test_cuda_layers", "cuda/test_nvjpeg")
ALLOCATORS = ("fov_alloc", "fov_calloc", "fov_alloc_array", "fov_alloc_overread", "fov_alloc_aligned", "fov_realloc_array", "fov_grow_array", "fov_strdup", "fov_strndup")
USES = re.compile(rf"^ *([0-9a-f]+):\s+(call|jmp)\s+[0-9a-f]+ <({'|'.join(ALLOCATORS)})(?:@plt)?>$")
INSIDE = ("alloc.c", "alloc_probe.c")


class Program:
    """From where a program or library calls the allocator: the k-th call of a function, by the address behind it."""

    def __init__(self, path):
        self.functions, source = [], ""
        for line in self.shown("-t", path):
            name = line.split()[-1] if line.strip() else ""
            if "df" in line[17:24]:
                source = name if not name.isdigit() else ""  # behind the last: hidden functions of all files
            elif "F .text" in line:
                self.functions.append((int(line[:16], 16), source if line[17] == "l" else "", name))
        self.functions.sort()
        self.starts = [f[0] for f in self.functions]
        self.calls, self.jumps, counts = {}, 0, Counter()
        listing = list(self.shown("-d", "--no-show-raw-insn", path))
        for line, following in zip(listing, listing[1:]):
            found = USES.match(line)
            function = self.function(int(found[1], 16)) if found else None
            if not found or function[1] in ALLOCATORS:
                continue
            if found[2] == "jmp":
                self.jumps += 1
            elif re.match(r"^ *[0-9a-f]+:", following):
                counts[function] += 1
                self.calls[int(following.split(":")[0], 16)] = *function, counts[function]

    @staticmethod
    def shown(*arguments):
        return subprocess.run(["objdump", *arguments], text=True, check=True, stdout=subprocess.PIPE).stdout.splitlines()

    def function(self, address):
        """Its source file, where it is static, and its name: the same in every program."""
        return self.functions[bisect.bisect_right(self.starts, address) - 1][1:]

    def innermost(self, frames):
        """Of a stack, outside of the allocator."""
        for address in frames:
            source, name = self.function(address)
            if name not in ALLOCATORS and source not in INSIDE:
                return self.calls.get(address)
        return None


def main():
    build = Path(sys.argv[1]).resolve()
    library = Program(build / "libfovea.so")
    refused = set()
    for test in sys.argv[2:] or TESTS:
        program = Program(build / "tests" / test)
        with tempfile.NamedTemporaryFile("r") as sites:
            subprocess.run(["meson", "test", "-C", build, "--no-rebuild", "--timeout-multiplier", "20", Path(test).name], check=True, stdout=subprocess.DEVNULL,
                           env={**os.environ, "FOVEA_SITES": sites.name})
            refused |= {program.innermost([int(a, 16) for a in line.split()[1:]]) for line in sites}
    calls = set(library.calls.values())
    for source, function, number in sorted(calls - refused):
        print(f"never refused: {source or 'global'} {function}(), call {number}")
    print(f"{len(calls & refused)} of {len(calls)} places were refused; {library.jumps} more are jumps")


if __name__ == "__main__":
    main()
