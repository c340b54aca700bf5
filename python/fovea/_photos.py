# SPDX-License-Identifier: MIT
"""Photos as files, decoded by the library; and folders of them."""
from __future__ import annotations

import os
from typing import Any, Union

import numpy

from .errors import ArgumentError, FileError, check, new_error, warn
from ._library import ffi, lib, text
from ._pixels import check_order

ENDINGS = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp")  # by which files in folders are taken for pictures

File = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview]


def is_file(photo: Any) -> bool:
    """True for what load() takes: a path, or the bytes of a file. To ask an array whether it is a path would take long."""
    return not isinstance(photo, numpy.ndarray) and isinstance(photo, (str, os.PathLike, bytes, bytearray, memoryview))


def path_bytes(path: Any) -> bytes:
    name = os.fsencode(path)
    if not name or b"\0" in name:
        raise ArgumentError(f"{os.fspath(path)!r}: no file can have this name")
    return name


def file_name(file: File) -> str | None:
    """The path of a photo; None for one in memory."""
    return None if isinstance(file, (bytes, bytearray, memoryview)) else os.fsdecode(file)


def new_options(detect: Any = None, **given: Any) -> Any:
    """fov_photo_options; with options of detection, a JPEG much larger than the network's input is decoded smaller."""
    options = ffi.new("fov_photo_options *", given)
    if detect is not None:
        lib.fov_photo_options_fit(options, detect)
    return options


def file_members(strict: bool, max_pixels: int | None) -> dict[str, Any]:
    """Members of fov_photo_options that say which files are refused."""
    if not isinstance(strict, (bool, numpy.bool_)):
        raise ArgumentError(f"strict {strict!r}: expected True or False")
    if max_pixels is not None and not (isinstance(max_pixels, (int, numpy.integer)) and 1 <= max_pixels < 1 << 64):
        raise ArgumentError(f"max_pixels {max_pixels!r}: expected pixels, 1 or more, or None for 256 million")
    return {"strict": bool(strict), "max_pixels": max_pixels or 0}


def load_into(file: File, options: Any, photo: Any, error: Any) -> int:
    """fov_photo_load() or fov_photo_decode()."""
    if file_name(file) is not None:
        return lib.fov_photo_load(path_bytes(file), options, photo, error)
    if isinstance(file, memoryview) and not file.c_contiguous:
        raise ArgumentError("the bytes of this memoryview do not lie side by side: pass bytes(view)")
    with ffi.from_buffer(file) as data:
        return lib.fov_photo_decode(data, len(data), ffi.NULL, options, photo, error)


def warn_of(file: File, photo: Any) -> None:
    warning = text(lib.fov_photo_warning(photo))
    if warning:
        warn(f"{file_name(file) or 'a photo in memory'}: {warning}")


def load(file: File, options: Any = ffi.NULL) -> Any:
    """A fov_photo that is freed with the object."""
    photo, error = ffi.new("fov_photo **"), new_error()
    check(load_into(file, options, photo, error), error)
    owned = ffi.gc(photo[0], lib.fov_photo_free)
    warn_of(file, owned)
    return owned


class Pixels:
    """What NumPy sees of a fov_photo; the array keeps this, and this the photo."""

    def __init__(self, photo: Any) -> None:
        image = lib.fov_photo_image(photo)
        self.photo = photo
        self.__array_interface__ = {
            "version": 3,
            "typestr": "|u1",
            "shape": (image.height, image.width, 3),
            "strides": (image.pitch, 3, 1),
            "data": (int(ffi.cast("uintptr_t", lib.fov_photo_pixels(photo))), False),
        }


def pixels_of(photo: Any, order: str) -> numpy.ndarray:
    """The pixels of a photo, without a copy."""
    array = numpy.asarray(Pixels(photo))
    return array if order == "rgb" else array[..., ::-1]


def load_photo(file: File, format: str = "rgb") -> numpy.ndarray:
    """Decode a JPEG, PNG or WebP: an array (height, width, 3) of uint8, upright by its EXIF orientation.

    `file` is a path or the bytes of a file; `format` the order of the channels, "rgb" or "bgr".
    """
    return numpy.ascontiguousarray(pixels_of(load(file), check_order(format)))


def refuse_folder(failure: OSError) -> None:
    raise FileError(f"{failure.filename}: cannot open: {failure.strerror}") from failure


def walk(folder: str) -> list[str]:
    """The pictures of a folder and all folders below it, each folder once; names that start with a dot are left out."""
    found, visited = [], set()
    for root, folders, files in os.walk(folder, onerror=refuse_folder, followlinks=True):
        info = os.stat(root)
        again = (info.st_dev, info.st_ino) in visited
        visited.add((info.st_dev, info.st_ino))
        folders[:] = [] if again else [name for name in folders if not name.startswith(".")]
        found += [os.path.join(root, name) for name in ([] if again else files)
                  if name.lower().endswith(ENDINGS) and not name.startswith(".")]
    if not found:
        raise ArgumentError(f"{folder}: no pictures in this folder ({' '.join(ENDINGS)})")
    return sorted(found, key=os.fsencode)


def list_photos(photos: Any) -> list[File]:
    """Paths and files in memory; a folder becomes the photos below it."""
    files: list[File] = []
    for photo in [photos] if is_file(photos) else photos:
        if not is_file(photo):
            raise TypeError(f"a {type(photo).__name__} is no file: expected paths, folders, or the bytes of files")
        name = file_name(photo)
        files += walk(name) if name is not None and os.path.isdir(name) else [photo]
    return files
