# SPDX-License-Identifier: MIT
"""Arrays and pictures as views that the library reads, without a copy where the library can read them as they lie."""
from __future__ import annotations

import sys
from typing import Any

import numpy

from .errors import ArgumentError
from ._library import ffi, lib

UINT8 = numpy.dtype(numpy.uint8)
BYTES = ffi.typeof("uint8_t *")
FORMATS = {
    ("rgb", 1): lib.FOV_GRAY8,
    ("bgr", 1): lib.FOV_GRAY8,
    ("rgb", 3): lib.FOV_RGB8,
    ("bgr", 3): lib.FOV_BGR8,
    ("rgb", 4): lib.FOV_RGBA8,
}


def check_order(order: str) -> str:
    if order not in ("rgb", "bgr"):
        raise ArgumentError(f"format {order!r}: expected 'rgb' or, for arrays of OpenCV, 'bgr'")
    return order


def wrong_type(array: numpy.ndarray) -> ArgumentError:
    hint = "convert them with .astype(numpy.uint8)"
    if array.dtype.kind == "f":
        hint = "(array * 255).astype(numpy.uint8) if they are from 0 to 1, array.astype(numpy.uint8) if from 0 to 255"
    elif array.dtype == numpy.uint16:
        hint = "(array >> 8).astype(numpy.uint8) if they are of 16 bits"
    return ArgumentError(f"an array of {array.dtype}: pixels are uint8, 0 to 255; {hint}")


def wrong_shape(array: numpy.ndarray) -> ArgumentError:
    shape = array.shape
    hint = ""
    if len(shape) == 3 and shape[0] in (1, 3, 4):
        hint = "; channels come last here: array.transpose(1, 2, 0)"
    elif len(shape) == 4:
        hint = "; of several pictures, pass a list: list(array)"
    return ArgumentError(f"an array of shape {shape}: expected (height, width), or (height, width, channels) with 1, 3 or 4 channels"
                         + hint)


def channels_of(array: numpy.ndarray) -> int:
    shape = array.shape
    if len(shape) == 2:
        return 1
    if len(shape) == 3 and shape[2] in (1, 3, 4):
        return shape[2]
    raise wrong_shape(array)


def is_readable(array: numpy.ndarray, channels: int) -> bool:
    """True where the bytes of a row lie side by side, and rows do not overlap; they may have a distance, and go upwards."""
    strides = array.strides
    return strides[1] == channels and strides[-1] == 1 and abs(strides[0]) >= array.shape[1] * channels


def point(image: Any, array: numpy.ndarray, order: str) -> numpy.ndarray:
    """Make a fov_image a view of an array. Returns what must live as long as the view: the array, or the copy it needed."""
    if array.dtype != UINT8:
        raise wrong_type(array)
    channels = channels_of(array)
    if not array.size:
        raise ArgumentError(f"an array of shape {array.shape} has no pixels")
    if channels == 4 and order == "bgr":  # the library has no such pixels
        array, channels = array[..., :3], 3
    if channels == 1 and len(array.shape) == 3:
        array = array[..., 0]
    if not is_readable(array, channels):
        array = numpy.ascontiguousarray(array)
    image.data = ffi.cast(BYTES, array.__array_interface__["data"][0])
    image.height, image.width = array.shape[:2]
    image.pitch = array.strides[0]
    image.format = FORMATS[order, channels]
    return array


def is_pillow(picture: Any) -> bool:
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(picture, pillow.Image)


def pillow_array(picture: Any) -> numpy.ndarray:
    """Pixels of a PIL image. Of those that are more than bytes Pillow cuts off what is above 255, which makes 16 bits all white."""
    if picture.mode.startswith(("I", "F")):
        raise ArgumentError(f"a PIL image of mode {picture.mode!r}: its pixels are no bytes; pass the path of the file, or an array, of "
                            "16 bits (numpy.asarray(image) >> 8).astype(numpy.uint8)")
    return numpy.asarray(picture if picture.mode in ("RGB", "RGBA", "L") else picture.convert("RGB"))


def to_array(picture: Any, order: str) -> tuple[numpy.ndarray, str]:
    """An array, a PIL image, or what NumPy can view as an array; and the order of its channels, which in PIL images is RGB."""
    if isinstance(picture, numpy.ndarray):
        return picture, order
    if is_pillow(picture):
        return pillow_array(picture), "rgb"
    if hasattr(picture, "__array__") or hasattr(picture, "__array_interface__"):
        return numpy.asarray(picture), order
    raise TypeError(f"a {type(picture).__name__} is no photo: expected a path, the bytes of a file, a NumPy array of uint8, "
                    "a PIL image, or a list of these")


def new_image(array: numpy.ndarray, order: str) -> tuple[Any, numpy.ndarray]:
    """A fov_image of an array, and what must live as long as it."""
    image = ffi.new("fov_image *")
    return image, point(image, array, order)
