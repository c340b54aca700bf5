# SPDX-License-Identifier: MIT
"""The C library: where it lies, and its strings as Python's."""
from __future__ import annotations

import json
import os
import sys
from typing import Any

from ._cdef import VERSION, ffi

FOLDER = ".fovea.mesonpy.libs"  # where meson-python puts the libraries of a wheel, beside the packages


def find_library() -> str:
    """The path of libfovea.so: FOVEA_LIBRARY, or what was installed with this package."""
    given = os.environ.get("FOVEA_LIBRARY")
    if given:
        return given
    beside = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for folder in [beside, *sys.path]:  # pure Python and libraries may be installed into folders of their own
        path = os.path.join(folder, FOLDER, "libfovea.so")
        if os.path.exists(path):
            return path
    raise ImportError(f"no {FOLDER}/libfovea.so in {beside} or sys.path: install the package again "
                      "(pip install --force-reinstall fovea), or name the library in FOVEA_LIBRARY")


def text(string: Any) -> str:
    """A string that stays the library's."""
    return ffi.string(string).decode("utf-8", "replace")


def open_library(path: str) -> Any:
    library = ffi.dlopen(path)
    release = text(library.fov_version())
    if release != VERSION:  # its structs may be other ones
        raise ImportError(f"{path}: is the library of Fovea {release}, and this package is of {VERSION}: take both from one build")
    return library


lib = open_library(find_library())


def take_json(string: Any) -> Any:
    """The value of a JSON text that the library handed over."""
    if string == ffi.NULL:
        raise MemoryError("no memory for a description")
    try:
        return json.loads(text(string))
    finally:
        lib.fov_string_free(string)
