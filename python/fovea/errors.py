# SPDX-License-Identifier: MIT
"""What can go wrong: an exception for each fov_status, with the sentence that the library wrote."""
from __future__ import annotations

import sys
import warnings
from typing import Any

from ._library import ffi, lib, text


class FoveaError(Exception):
    """A call of the library failed. The message names what, where, and what to do."""

    file: str | None = None  # of the photo, where detect_many() hands the failure on


class ArgumentError(FoveaError, ValueError):
    """Something impossible was passed."""


class NoMemoryError(FoveaError, MemoryError):
    """An allocation failed."""


class FileError(FoveaError, OSError):
    """A file could not be opened, read or written."""


class FormatError(FoveaError, ValueError):
    """A file is damaged, or not what its name says."""


class UnsupportedError(FoveaError):
    """Well-formed, but beyond what this build can do."""


class LimitError(FoveaError):
    """A limit of pixels or bytes would be exceeded."""


class DeviceError(FoveaError):
    """A thread or a device could not be had."""


class InternalError(FoveaError):
    """A bug in Fovea; please report the message."""


class CancelledError(FoveaError):
    """A progress function asked to stop."""


class FoveaWarning(UserWarning):
    """Something that is worth telling and stopped nothing, such as a truncated photo that was taken."""


def warn(message: str) -> None:
    """Told of the line that called this package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__package__") == __package__:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, FoveaWarning, stacklevel=level)


EXCEPTIONS = {
    lib.FOV_ERR_ARGUMENT: ArgumentError,
    lib.FOV_ERR_MEMORY: NoMemoryError,
    lib.FOV_ERR_IO: FileError,
    lib.FOV_ERR_FORMAT: FormatError,
    lib.FOV_ERR_UNSUPPORTED: UnsupportedError,
    lib.FOV_ERR_LIMIT: LimitError,
    lib.FOV_ERR_DEVICE: DeviceError,
    lib.FOV_ERR_INTERNAL: InternalError,
    lib.FOV_ERR_CANCELLED: CancelledError,
}


def new_error() -> Any:
    return ffi.new("fov_error *")


def exception(status: int, message: str) -> FoveaError:
    return EXCEPTIONS.get(status, InternalError)(message)


def check(status: int, error: Any) -> None:
    """Raise what a failed call wrote into its fov_error."""
    if status:
        raise exception(status, text(error.message))


def refuse(error: Any, failure: BaseException) -> int:
    """Tell the library, from a function that it called, of a failure in Python. Returns the status to return."""
    status = next((s for s, kind in EXCEPTIONS.items() if isinstance(failure, kind)), lib.FOV_ERR_INTERNAL)
    if error != ffi.NULL:
        error.code = status
        words = str(failure).encode("utf-8", "replace")[: len(error.message) - 1]
        ffi.memmove(error.message, words + b"\0", len(words) + 1)
    return status
