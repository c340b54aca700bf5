# SPDX-License-Identifier: MIT
"""What cffi was told is what the header says and the library has."""
import re

from conftest import SOURCE
from fovea._library import ffi, lib

HEADER = (SOURCE / "include" / "fovea" / "fovea.h").read_text(encoding="utf-8")


def test_every_function_is_there():
    names = set(re.findall(r"^FOV_API[^;(]*?(fov_\w+)\(", HEADER, re.MULTILINE))
    assert len(names) > 70
    assert [name for name in sorted(names) if not hasattr(lib, name)] == []


def test_structs_are_as_the_compiler_lays_them_out():
    assert ffi.sizeof("fov_face") == 60 and ffi.sizeof("fov_error") == 1028
    defaults = lib.fov_detect_options_default()
    assert (defaults.long_side, defaults.tile, defaults.tile_scale, defaults.full_decode) == (1280, 1280, 1, False)
    assert [*defaults.fill] == [128] * 3
