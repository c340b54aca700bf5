# SPDX-License-Identifier: MIT
"""calibrate(): ranges of tensors for INT8, as `fovea calibrate` finds them."""
from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Iterable

from ._calls import Progress, Work
from ._engine import Path, Paths, Settings, extras_of, load_model
from .errors import ArgumentError, CancelledError, FoveaError, check, new_error
from ._library import ffi, lib, take_json
from ._options import DetectOptions, new_options
from ._owned import Owned
from ._photos import File, load, path_bytes
from ._writable import check_writable

if TYPE_CHECKING:
    from typing_extensions import Unpack

METHODS = {
    "mse": lib.FOV_CALIBRATE_MSE,
    "min-max": lib.FOV_CALIBRATE_MIN_MAX,
    "percentile": lib.FOV_CALIBRATE_PERCENTILE,
    "entropy": lib.FOV_CALIBRATE_ENTROPY,
}
FORMATS = {"fovea": False, "tensorrt": True}
SAVE_EVERY_S = 30  # what an interruption that cannot be caught costs at most


def one_of(name: str, given: str, names: dict[str, Any]) -> Any:
    if given not in names:
        raise ArgumentError(f"{name} {given!r}: one of these is needed: {', '.join(names)}")
    return names[given]


def load_cache(path: Path, model: Owned, mapping: str | None) -> Owned:
    calibration, error = ffi.new("fov_calibration **"), new_error()
    names = ffi.NULL if mapping is None else ffi.new("char[]", mapping.encode())
    check(lib.fov_calibration_load(path_bytes(path), model.pointer, names, calibration, error), error)
    return Owned(calibration[0], lib.fov_calibration_free)


class Calibration:
    """A run over photos. While it goes on, and when it is stopped, what was collected lies in `partial`, from where the next one
    with the same photos goes on."""

    def __init__(self, model: Owned, work: Work, partial: str, detect: Any, threads: int) -> None:
        self.work = work
        self.partial = partial
        options = ffi.new("fov_calibrator_options *", (detect, threads))
        calibrator = ffi.new("fov_calibrator **")
        work.check(lib.fov_calibrator_new(model.pointer, options, calibrator, work.error))
        self.owned = Owned(calibrator[0], lib.fov_calibrator_free, needs=model)
        self.pointer = calibrator[0]

    def load(self, index: int) -> Any:
        """A photo and its pixels; None, and a warning, where it cannot be read."""
        try:
            photo = load(self.work.files[index])
        except FoveaError as failure:
            self.work.warn_of(index, failure)
            return None
        return photo, ffi.new("fov_image *", lib.fov_photo_image(photo))

    def resume(self) -> None:
        """Go on, if the state is of these photos: others would slip their numbers in among them."""
        if not os.path.exists(self.partial):
            return
        self.work.check(lib.fov_calibrator_resume(self.pointer, path_bytes(self.partial), self.work.error))
        for index in range(len(self.work.files)):
            loaded = self.load(index) if lib.fov_calibrator_unconfirmed(self.pointer) else None
            if loaded and lib.fov_calibrator_has(self.pointer, loaded[1]):
                lib.fov_calibrator_add(self.pointer, loaded[1], ffi.NULL, ffi.NULL)
        others = lib.fov_calibrator_unconfirmed(self.pointer)
        if others:
            raise ArgumentError(f"{self.partial}: {others} of the photos it knows are not among those named now: name all of them, "
                                "or remove it to start over")

    def save(self) -> None:
        if lib.fov_calibrator_count(self.pointer):
            self.work.check(lib.fov_calibrator_save(self.pointer, path_bytes(self.partial), self.work.error))

    def add(self, index: int) -> None:
        loaded = self.load(index)
        if loaded is None:
            return
        status = lib.fov_calibrator_add(self.pointer, loaded[1], self.work.names[index], self.work.error)
        try:
            self.work.check(status)
        except FoveaError as failure:
            self.work.warn_of(index, failure)

    def add_all(self) -> None:
        total, saved = len(self.work.files), time.monotonic()
        try:
            for index in range(total):
                if self.work.told is not None and self.work.told("photos", index, total) is False:
                    raise CancelledError(f"stopped after {index} of {total} photos; {self.partial} keeps them")
                self.add(index)
                if time.monotonic() - saved > SAVE_EVERY_S:
                    self.save()
                    saved = time.monotonic()
        except BaseException:  # Ctrl-C too
            self.save()
            raise

    def finish(self, method: int, percentile: float) -> Owned:
        if not lib.fov_calibrator_count(self.pointer):
            raise ArgumentError("no photo could be used: there is nothing to calibrate on")
        calibration = ffi.new("fov_calibration **")
        self.work.check(lib.fov_calibrator_finish(self.pointer, method, percentile, calibration, self.work.error))
        return Owned(calibration[0], lib.fov_calibration_free)

    def forget(self) -> None:
        if os.path.exists(self.partial):
            os.unlink(self.partial)


def calibrate(model: Path, photos: File | Iterable[File] = (), output: Path | None = None, *, method: str = "mse",
              percentile: float | None = None, format: str = "fovea", from_cache: Path | None = None, mapping: str | None = None,
              threads: int = 0, settings: Settings | None = None, plugins: Paths = (), heads: str | None = None,
              progress: Progress = None, **options: Unpack[DetectOptions]) -> dict[str, Any]:
    """Run a model on photos and write a cache of the ranges that its tensors need in INT8, for build(cache=...).

    `method` is "mse", "min-max", "percentile" or "entropy"; `format` of the file "fovea" or "tensorrt". A run that is stopped leaves
    OUTPUT.partial; the same call goes on from there. With `from_cache` the ranges are those of a cache, Fovea's or TensorRT's, and
    `output` may be left out. Returns the ranges, as `fovea calibrate --json` prints them.
    """
    chosen, tensorrt = one_of("method", method, METHODS), one_of("format", format, FORMATS)
    if percentile is not None and method != "percentile":
        raise ArgumentError("percentile needs method='percentile'")
    if percentile is not None and not percentile > 50:  # 0 is the library's word for its default
        raise ArgumentError(f"percentile {percentile!r}: expected above 50, at most 100, such as 99.99")
    if mapping is not None and from_cache is None:
        raise ArgumentError("mapping is for names in a cache: name one, from_cache='FILE'")
    check_writable(output)
    loaded = load_model(model, extras_of(settings, plugins, heads))
    run = None
    if from_cache is not None:
        ranges = load_cache(from_cache, loaded, mapping)
    elif output is not None:
        run = Calibration(loaded, Work(progress, photos), f"{os.fsdecode(output)}.partial", new_options(options), threads)
        run.resume()
        run.add_all()
        ranges = run.finish(chosen, percentile or 0)
    else:
        raise ArgumentError("calibrate needs a name to write: output='FILE'")
    if output is not None:
        error = new_error()
        check(lib.fov_calibration_save(ranges.pointer, path_bytes(output), tensorrt, error), error)
    if run is not None:
        run.forget()
    return take_json(lib.fov_calibration_describe_json(ranges.pointer))
