# SPDX-License-Identifier: MIT
"""Models and engines: opened as the program opens them."""
from __future__ import annotations

import json
import os
from typing import Any, Mapping, NamedTuple, Sequence, Union

from .errors import ArgumentError, check, new_error, warn
from ._library import ffi, lib, text
from ._owned import Owned
from ._photos import path_bytes

MAGIC = b"\x89FOV\r\n"  # how engine files start

Path = Union[str, "os.PathLike[str]"]
Paths = Union[Path, Sequence[Path]]  # one, or several
Settings = Union[str, Mapping[str, Any]]


class Extras(NamedTuple):
    """What a model file cannot tell, and operators that Fovea lacks."""

    settings: Settings | None = None  # lines "key = value", or a mapping: docs/settings.md
    plugins: Sequence[Path] = ()  # shared libraries: docs/plugins.md
    heads: str | None = None  # the operator of a plugin that decodes the heads


def extras_of(settings: Settings | None, plugins: Paths, heads: str | None) -> Extras:
    return Extras(settings, (plugins,) if isinstance(plugins, (str, os.PathLike)) else tuple(plugins), heads)


class Backend(NamedTuple):
    """What an engine runs on."""

    name: str = "cpu"  # or "cuda", "auto", "reference"
    device: int = 0  # number of the GPU


def is_engine(path: Path) -> bool:
    """True for a .fov file, told by content."""
    if not os.path.isfile(path):  # a pipe can be read once only
        return False
    with open(path, "rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def parse_precision(name: str) -> int:
    precision, error = ffi.new("fov_precision *"), new_error()
    check(lib.fov_precision_parse(str(name).encode(), precision, error), error)
    return precision[0]


def precision_name(engine: Owned) -> str:
    return text(lib.fov_precision_name(lib.fov_engine_precision(engine.pointer)))


def certificate(engine: Owned) -> dict[str, Any]:
    return json.loads(text(lib.fov_engine_certificate(engine.pointer)))


def reason(engine: Owned) -> str:
    """Why "auto" came to its precision, and to its backend."""
    reasons = lib.fov_engine_reason(engine.pointer), lib.fov_engine_backend_reason(engine.pointer)
    return "; ".join(filter(None, map(text, reasons)))


class About(NamedTuple):
    """What an engine is, to be asked when it is gone, too."""

    precision: str
    backend: str
    reason: str
    certificate: dict[str, Any]


def about(engine: Owned) -> About:
    return About(precision_name(engine), text(lib.fov_engine_backend(engine.pointer)), reason(engine), certificate(engine))


def settings_lines(settings: Settings) -> str:
    """A mapping as lines of "key = value"; lists as numbers with commas."""
    if isinstance(settings, str):
        return settings
    return "".join(f"{key} = {value if isinstance(value, str) or not isinstance(value, Sequence) else ','.join(map(str, value))}\n"
                   for key, value in settings.items())


def load_plugins(paths: Sequence[Path]) -> list[Any]:
    plugins = []
    for path in paths:
        plugin, error = ffi.new("fov_plugin **"), new_error()
        check(lib.fov_plugin_load(path_bytes(path), plugin, error), error)
        plugins.append(ffi.gc(plugin[0], lib.fov_plugin_unload))
    return plugins


def load_model(path: Path, extras: Extras = Extras()) -> Owned:
    """fov_model_load(); what it has to tell becomes warnings."""
    plugins = load_plugins(extras.plugins)
    table = ffi.new("fov_plugin *[]", plugins)
    words = ffi.NULL if extras.settings is None else ffi.new("char[]", settings_lines(extras.settings).encode())
    heads = ffi.NULL if extras.heads is None else ffi.new("char[]", extras.heads.encode())
    options = ffi.new("fov_model_options *", {"settings": words, "plugins": table, "n_plugin": len(plugins), "head_plugin": heads})
    model, error = ffi.new("fov_model **"), new_error()
    check(lib.fov_model_load(path_bytes(path), options, model, error), error)
    owned = Owned(model[0], lib.fov_model_free)
    for line in text(lib.fov_model_warnings(owned.pointer)).splitlines():
        warn(line)
    return owned


def check_device(backend: Backend) -> None:
    """A GPU that is named for the processor would be ignored, and nobody notice."""
    if backend.device and backend.name in ("cpu", "reference"):
        raise ArgumentError(f"device {backend.device}: names a GPU, and the backend {backend.name!r} works on the processor: "
                            "add backend='cuda'")


class EngineOptions:
    """fov_engine_options and what they point to."""

    def __init__(self, backend: Backend, **members: Any) -> None:
        check_device(backend)
        self.name = ffi.new("char[]", str(backend.name).encode())
        self.members = members
        self.pointer = ffi.new("fov_engine_options *", {"backend": self.name, "device": backend.device, **members})


def build_engine(model: Owned, options: EngineOptions) -> Owned:
    engine, error = ffi.new("fov_engine **"), new_error()
    check(lib.fov_engine_build(model.pointer, options.pointer, engine, error), error)
    return Owned(engine[0], lib.fov_engine_free)


def check_given(path: Path, precision: int, extras: Extras) -> None:
    """What an engine file already has cannot be given again."""
    if precision != lib.FOV_PRECISION_AUTO:
        raise ArgumentError(f"{os.fspath(path)}: is an engine, whose precision was chosen when it was built")
    if extras.settings is not None or extras.heads is not None:
        raise ArgumentError(f"{os.fspath(path)}: is an engine and carries its settings: give them when it is built")


def load_engine(path: Path, backend: Backend, plugins: Sequence[Path]) -> Owned:
    loaded = load_plugins(plugins)
    table = ffi.new("fov_plugin *[]", loaded)
    options = EngineOptions(backend, plugins=table, n_plugin=len(loaded))
    engine, error = ffi.new("fov_engine **"), new_error()
    check(lib.fov_engine_load(path_bytes(path), options.pointer, engine, error), error)
    return Owned(engine[0], lib.fov_engine_free)


def open_bundled(backend: Backend) -> Owned:
    """The bundled model comes with an engine, which the library takes where it serves."""
    options = EngineOptions(backend)
    engine, error = ffi.new("fov_engine **"), new_error()
    check(lib.fov_engine_open(b"default", ffi.NULL, options.pointer, engine, error), error)
    return Owned(engine[0], lib.fov_engine_free)


def warn_of_int8(path: Path) -> None:
    warn(f"{os.fspath(path)}: in int8 with ranges guessed from its BatchNorm statistics, and nobody measured the loss: "
         "fovea.build() does")


def open_engine(path: Path, precision: str, backend: Backend, extras: Extras = Extras()) -> Owned:
    """The engine of a model or of an engine file."""
    number = parse_precision(precision)
    if is_engine(path):
        check_given(path, number, extras)
        return load_engine(path, backend, extras.plugins)
    if os.fspath(path) == "default" and number == lib.FOV_PRECISION_AUTO and extras == Extras():
        return open_bundled(backend)
    if number == lib.FOV_PRECISION_INT8:
        warn_of_int8(path)
    return build_engine(load_model(path, extras), EngineOptions(backend, precision=number))
