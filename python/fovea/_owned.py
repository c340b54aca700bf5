# SPDX-License-Identifier: MIT
"""Objects of the library that a Python object owns.

weakref.finalize keeps what an object needs alive until it is freed, also where the garbage collector finds both in one cycle: no
engine goes before its detectors. A process that was forked off leaves its parent's objects alone: their threads are not in it, and to
join those would hang.
"""
from __future__ import annotations

import os
import weakref
from typing import Any, Callable


class Owned:
    """A pointer that is freed with the object, and what must outlive it."""

    __slots__ = ("pointer", "__weakref__")

    def __init__(self, pointer: Any, free: Callable[[Any], None], needs: Any = None) -> None:
        self.pointer = pointer
        weakref.finalize(self, free_here, free, pointer, needs, os.getpid()).atexit = False


def free_here(free: Callable[[Any], None], pointer: Any, needs: Any, process: int) -> None:
    del needs  # only kept until now
    if os.getpid() == process:
        free(pointer)
