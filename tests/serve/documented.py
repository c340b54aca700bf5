#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What docs/serve.md shows of curl is what a server answers. TAP on stdout.

usage: documented.py SOURCE_DIR FOVEA

Console blocks after the comment <!-- served --> are run in a copy of photos and headers; times, the processor's name and a last decimal
place may differ.
"""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from serving import Server, Skip, run

SOURCE, FOVEA = (Path(p).resolve() for p in sys.argv[1:3])
sys.path.append(str(SOURCE / "tests/docs"))
import shown  # noqa: E402  (what reads and compares console blocks of all documents)

BLOCK = re.compile(r"^<!-- served -->\n```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OPTIONS = re.compile(r"^fovea serve (--score 0.5 .*)$", re.MULTILINE)
VARIES = (r'"timing": \{[^}]*\}', r'"device": ("[^"]*"|null)', r"\(\d+ bytes\)")


def without_what_varies(text):
    for pattern in VARIES:
        text = re.sub(pattern, "...", text)
    return text


def test_of(server, folder, command, expected):
    def test():
        if not shutil.which("curl"):
            raise Skip("curl, which the document shows, is not here")
        done = subprocess.run(["sh", "-c", command.replace("127.0.0.1:8000", server.address)], cwd=folder, capture_output=True, text=True, check=False)
        assert shown.same(without_what_varies(expected), without_what_varies(done.stdout)), done.stdout + done.stderr

    test.__name__ = f"serve.md: $ {command[:100]}"
    return test


def main():
    document = (SOURCE / "docs/serve.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder, Server(FOVEA, *OPTIONS.search(document)[1].split()) as server:
        for name in ("photos", "include"):
            shutil.copytree(SOURCE / name, Path(folder) / name)
        sessions = [session for block in BLOCK.findall(document) for session in shown.sessions(block)]
        return run([test_of(server, folder, *session) for session in sessions])


if __name__ == "__main__":
    sys.exit(main())
