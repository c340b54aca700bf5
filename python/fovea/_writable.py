# SPDX-License-Identifier: MIT
"""Whether a file can be written: asked before long work, not found out after it."""
from __future__ import annotations

import errno
import os

from ._engine import Path
from .errors import FileError
from ._photos import path_bytes


def problem_of_folder(folder: str) -> int:
    try:
        os.stat(os.path.join(folder, ""))  # a file in its place fails
    except OSError as failure:
        return failure.errno or errno.ENOENT
    return 0 if os.access(folder, os.W_OK | os.X_OK) else errno.EACCES


def problem_of(name: str) -> int:
    """Files are written beside their name and then renamed, so it is the folder that must be open to us."""
    if os.path.isdir(name):
        return errno.EISDIR
    if os.path.exists(name) and not os.path.isfile(name):  # a device, a pipe
        return 0 if os.access(name, os.W_OK) else errno.EACCES
    return problem_of_folder(os.path.dirname(name) or ".")


def check_writable(path: Path | None) -> None:
    if path is None:
        return
    name = os.fsdecode(path_bytes(path))
    problem = problem_of(name)
    if problem:
        raise FileError(f"{name}: cannot be written: {os.strerror(problem)}")
