# SPDX-License-Identifier: MIT
"""How a photo becomes the network's input and which faces are kept: the options of `fovea detect`, by the same names."""
from __future__ import annotations

import operator
import re
from typing import Any, Mapping, NamedTuple, Sequence, TypedDict, Union

from .errors import ArgumentError
from ._library import ffi, lib


class How(NamedTuple):
    """What a call is to look at, and how."""

    order: str  # of the channels in arrays
    detect: Any  # fov_detect_options
    file: Mapping[str, Any]  # members of fov_photo_options


class DetectOptions(TypedDict, total=False):
    """Options of detect(), and of whatever else looks for faces. What is not given is as in C and in the program."""

    score: float  # keep faces that score more; 0.5
    nms: float  # drop a box whose IoU with a better one is larger; 0.4
    top_k: int  # best candidates that enter that comparison; 5000
    max_faces: int  # best faces kept; 750
    size: Union[str, "tuple[int, int]"]  # "long:1280" (default), "native", "640x480" or (640, 480), "tiles:1280"
    tile_overlap: int  # least pixels that tiles share
    tile_scale: float  # resize the photo by this before it is cut into tiles
    place: str  # of "640x480": "center" (default) or "top-left"
    fill: Union[str, Sequence[int]]  # border of "640x480": (128, 128, 128) (default), or "mean"
    full_decode: bool  # decode every pixel of large JPEGs


FIELDS = {  # option: member of fov_detect_options, what it takes
    "score": ("score_threshold", "a number"),
    "nms": ("nms_iou", "a number"),
    "top_k": ("pre_nms_top_k", "a whole number"),
    "max_faces": ("max_faces", "a whole number"),
    "tile_overlap": ("tile_overlap", "a whole number"),
    "tile_scale": ("tile_scale", "a number"),
    "full_decode": ("full_decode", "True or False"),
}
SIZE = re.compile(r"(?:(long:|tiles:)|(\d{1,6})x)(\d{1,6})")


def size_words(size: Any) -> str:
    """A size as the program has it: "640x480" of (640, 480); "" of what is none."""
    words = "{}x{}".format(*size) if isinstance(size, (tuple, list)) and len(size) == 2 else size
    return words if isinstance(words, str) else ""


def parse_input(size: str | tuple[int, int]) -> tuple[int, int]:
    """Width and height, where nothing else can be meant."""
    found = SIZE.fullmatch(size_words(size))
    if found is None or found[1]:
        raise ArgumentError(f"size {size!r}: expected '640x480' or (640, 480)")
    return int(found[2]), int(found[3])


def set_size(options: Any, size: str | tuple[int, int]) -> None:
    words = size_words(size)
    found = SIZE.fullmatch(words)
    if words == "native":
        options.resize = lib.FOV_RESIZE_NATIVE
    elif found is None:
        raise ArgumentError(f"size {size!r}: expected '640x480', (640, 480), 'long:1280', 'native' or 'tiles:1280'")
    elif found[1] == "long:":
        options.resize, options.long_side = lib.FOV_RESIZE_LONG_SIDE, int(found[3])
    elif found[1] == "tiles:":
        options.resize, options.tile = lib.FOV_RESIZE_TILES, int(found[3])
    else:
        options.resize, options.width, options.height = lib.FOV_RESIZE_LETTERBOX, int(found[2]), int(found[3])


def set_place(options: Any, place: str) -> None:
    places = {"center": lib.FOV_PLACE_CENTER, "top-left": lib.FOV_PLACE_TOP_LEFT}
    if place not in places:
        raise ArgumentError(f"place {place!r}: expected 'center' or 'top-left'")
    options.placement = places[place]


def set_fill(options: Any, fill: str | Sequence[int]) -> None:
    colours: Any = [-1, -1, -1] if isinstance(fill, str) and fill == "mean" else fill
    try:
        red, green, blue = (operator.index(colour) for colour in colours)
        options.fill = [red, green, blue]
    except (TypeError, ValueError, OverflowError) as e:
        raise ArgumentError(f"fill {fill!r}: expected three numbers from 0 to 255, red, green and blue, or 'mean'") from e


SPECIAL = {"size": set_size, "place": set_place, "fill": set_fill}


def set_option(options: Any, name: str, value: Any) -> None:
    if name in SPECIAL:
        SPECIAL[name](options, value)
        return
    if name not in FIELDS:
        raise TypeError(f"no option {name!r}: there are {', '.join(DetectOptions.__annotations__)}")
    member, kind = FIELDS[name]
    try:
        setattr(options, member, value)  # cffi is strict: no text, and no fraction where it would be cut off
    except (TypeError, OverflowError) as e:
        raise ArgumentError(f"{name} {value!r}: expected {kind}") from e


def lay_over(base: Any, given: Mapping[str, Any]) -> Any:
    """A copy of fov_detect_options with what was given."""
    options = ffi.new("fov_detect_options *", base[0])
    for name, value in given.items():
        set_option(options, name, value)
    if ("tile_overlap" in given or "tile_scale" in given) and options.resize != lib.FOV_RESIZE_TILES:
        raise ArgumentError("tile_overlap and tile_scale go with size='tiles:N'")
    return options


def new_options(given: Mapping[str, Any]) -> Any:
    """fov_detect_options: the defaults, with what was given."""
    return lay_over(ffi.new("fov_detect_options *", lib.fov_detect_options_default()), given)
