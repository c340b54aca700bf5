# SPDX-License-Identifier: MIT
"""Packages that only some modules need."""
from __future__ import annotations

import importlib
from typing import Any


def need(package: str, remedy: str) -> Any:
    """The package; where it is missing, the error says what to install."""
    try:
        return importlib.import_module(package)
    except ImportError as e:
        raise ImportError(f"the package {package} cannot be imported ({e}): pip install '{remedy}'") from e
