#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: cdef.py fovea.h VERSION OUT.py

Makes of the C header the module that tells cffi what the library has, so that no declaration is written twice. No compiler is
needed, neither here nor where the module is used. VERSION is the release whose library this is: one of another may lay out its
structs otherwise.
"""
import re
import sys
from pathlib import Path

import cffi

FOR_CPLUSPLUS = re.compile(r"^#ifdef __cplusplus\n.*?^#endif\n", re.MULTILINE | re.DOTALL)
DIRECTIVE = re.compile(r"^#.*\n", re.MULTILINE)


def declarations(header):
    """What the header declares, without the preprocessor's lines and without the mark of exported functions."""
    return DIRECTIVE.sub("", FOR_CPLUSPLUS.sub("", header)).replace("FOV_API ", "")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    header, version, out = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    builder = cffi.FFI()
    builder.cdef(declarations(header.read_text(encoding="utf-8")))
    builder.set_source("fovea._cdef", None)
    builder.emit_python_code(str(out))
    with out.open("a", encoding="utf-8") as module:
        module.write(f"\nVERSION = {version!r}\n")


if __name__ == "__main__":
    main()
