# SPDX-License-Identifier: MIT
"""build(): engines, as `fovea build` makes them."""
from __future__ import annotations

from typing import Any, Iterable

from ._bundled import bundled_photo
from ._calls import Progress, Work
from ._calibrate import load_cache
from ._engine import Backend, EngineOptions, Path, Paths, Settings, certificate, extras_of, load_model, parse_precision
from .errors import ArgumentError, check, new_error
from ._library import ffi, lib, take_json
from ._owned import Owned
from ._photos import File, path_bytes
from ._writable import check_writable


def build(model: Path, output: Path, *, precision: str = "auto", calibrate: File | Iterable[File] | None = None,
          cache: Path | None = None, mapping: str | None = None, max_loss: float | None = None, repair: bool = False,
          backend: str = "cpu", device: int = 0, settings: Settings | None = None, plugins: Paths = (),
          heads: str | None = None, progress: Progress = None) -> dict[str, Any]:
    """Make an engine (.fov) of a model, with a certificate of what its precision costs, which is also what is returned.

    With photos to `calibrate` on, ranges for INT8 are found on three quarters of them, and losses are measured on the rest; without,
    ranges follow from BatchNorm statistics, checked on the bundled photo alone. `cache` has ranges from calibrate() or TensorRT,
    `mapping` lines of "name in the cache = name here". `max_loss` is what "mixed" and "auto" may lose, 0.005 half a point of average
    precision. Where the engine is slower than FP32 on some instruction set, "slower" tells.
    """
    number = parse_precision(precision)
    if max_loss is not None and number not in (lib.FOV_PRECISION_AUTO, lib.FOV_PRECISION_MIXED):
        raise ArgumentError(f"max_loss is for the precisions mixed and auto: {precision} is taken whatever it loses")
    if max_loss is not None and not max_loss > 0:  # 0 is the library's word for its default
        raise ArgumentError(f"max_loss {max_loss!r}: expected a part of 1 above 0, such as 0.005; precision='fp32' loses nothing")
    if mapping is not None and cache is None:
        raise ArgumentError("mapping is for names in a cache: name one, cache='FILE'")
    check_writable(output)
    loaded = load_model(model, extras_of(settings, plugins, heads))
    photos = calibrate if calibrate is not None else () if number == lib.FOV_PRECISION_FP32 else bundled_photo()
    work = Work(progress, photos)
    ranges = load_cache(cache, loaded, mapping) if cache is not None else None
    options = EngineOptions(Backend(backend, device), precision=number, repair=repair, keep_weights=True, progress=work.progress,
                            max_loss=max_loss or 0, photos=work.source if work.files else ffi.NULL,
                            calibration=ranges.pointer if ranges else ffi.NULL)
    engine = build_in(work, loaded, options)
    result = certificate(engine)
    if "int8" in result.get("share", {}):
        result["slower"] = find_slower(work, loaded, engine, Backend(backend))
    error = new_error()
    check(lib.fov_engine_save(engine.pointer, path_bytes(output), error), error)
    return result


def build_in(work: Work, model: Owned, options: EngineOptions) -> Owned:
    engine = ffi.new("fov_engine **")
    work.check(lib.fov_engine_build(model.pointer, options.pointer, engine, work.error))
    return Owned(engine[0], lib.fov_engine_free)


def find_slower(work: Work, model: Owned, engine: Owned, backend: Backend) -> list[dict[str, Any]]:
    """On which instruction sets the engine is slower than FP32."""
    fp32 = build_in(work, model, EngineOptions(backend, precision=lib.FOV_PRECISION_FP32, keep_weights=True,
                                               progress=work.progress))
    words = ffi.new("char **")
    work.check(lib.fov_engine_slower_json(engine.pointer, fp32.pointer, work.progress, ffi.NULL, words, work.error))
    return take_json(words[0])
