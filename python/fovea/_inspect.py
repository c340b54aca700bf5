# SPDX-License-Identifier: MIT
"""inspect() and doctor(): what a model is made of, and what Fovea finds here to run on."""
from __future__ import annotations

from typing import Any, Iterable

from ._bundled import bundled_photo
from ._calls import Progress, Work
from ._engine import (Backend, EngineOptions, Path, Paths, Settings, build_engine, certificate, extras_of, is_engine, load_engine,
                      load_model, parse_precision, precision_name)
from .errors import ArgumentError, check, new_error
from ._library import ffi, lib, take_json
from ._options import parse_input
from ._owned import Owned
from ._photos import File


def describe(engine: Owned, size: tuple[int, int]) -> dict[str, Any]:
    words, error = ffi.new("char **"), new_error()
    check(lib.fov_engine_describe_json(engine.pointer, *size, words, error), error)
    return take_json(words[0])


def inspect_weights(model: Owned, precision: str, photos: File | Iterable[File], progress: Progress) -> dict[str, Any]:
    """What a precision does to the weights, and what such weights alone change in the outputs for the photos."""
    number, work, words = parse_precision(precision), Work(progress, photos), ffi.new("char **")
    work.check(lib.fov_model_health_json(model.pointer, number, words, work.error))
    health = take_json(words[0])
    names = ffi.new("char[]", b"fp32 weights"), ffi.new("char[]", b"rounded weights")
    how = ffi.new("fov_compare_options *", {"a_name": names[0], "b_name": names[1], "progress": work.progress})
    work.check(lib.fov_model_health_effect_json(model.pointer, number, work.source, how, words, work.error))
    return {"health": health, "effect": take_json(words[0])}


def inspect(model: Path, photos: File | Iterable[File] | None = None, *, size: str | tuple[int, int] = "640x640",
            precision: str | None = None, backend: str = "cpu", device: int = 0, settings: Settings | None = None,
            plugins: Paths = (), heads: str | None = None, progress: Progress = None) -> dict[str, Any]:
    """What `fovea inspect --json` prints.

    Of a model: {"model", "engine"}, with shapes, memory and kernels for an input of `size`. Of an engine file (.fov): {"precision",
    "certificate", "engine"}. With `precision` ("fp16", "bf16" or "int8"): {"health", "effect"}, what it does to the weights, and
    what that changes in the outputs for `photos` (default: the bundled one).
    """
    pixels = parse_input(size)
    extras, where = extras_of(settings, plugins, heads), Backend(backend, device)
    if photos is not None and precision is None:
        raise ArgumentError("photos show what a precision does to the weights: name one, as in precision='fp16'")
    if precision is not None:
        return inspect_weights(load_model(model, extras), precision, bundled_photo() if photos is None else photos, progress)
    if is_engine(model):
        engine = load_engine(model, where, extras.plugins)
        return {"precision": precision_name(engine), "certificate": certificate(engine), "engine": describe(engine, pixels)}
    loaded = load_model(model, extras)
    return {"model": take_json(lib.fov_model_describe_json(loaded.pointer)),
            "engine": describe(build_engine(loaded, EngineOptions(where)), pixels)}


def doctor() -> dict[str, Any]:
    """What Fovea finds here to run on: processor, NVIDIA's driver, GPUs; and what is missing. Opens every GPU, which may take
    seconds."""
    return take_json(lib.fov_doctor_json())
