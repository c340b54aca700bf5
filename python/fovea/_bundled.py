# SPDX-License-Identifier: MIT
"""The photo that comes with the package: it shows whether an engine works where no photos were named."""
from __future__ import annotations

import os


def bundled_photo() -> str:
    """The path of a portrait with one face, 512 x 512 pixels."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "astronaut.png")
