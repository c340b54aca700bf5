# SPDX-License-Identifier: MIT
"""evaluate(): average precision on photos whose faces are known, as `fovea eval` measures it."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, Sequence, Union

import numpy

from ._calls import Progress, Work
from ._engine import Backend, Extras, Path, Paths, Settings, extras_of, is_engine, open_engine
from .errors import ArgumentError, check, new_error
from ._library import ffi, lib, take_json
from ._options import DetectOptions, lay_over
from ._owned import Owned
from ._photos import path_bytes
from ._writable import check_writable

if TYPE_CHECKING:
    from typing_extensions import Unpack

Names = Union[str, "os.PathLike[str]", Sequence[Any]]  # one, or several


class Curve(NamedTuple):
    """Recall and precision at falling thresholds of the score."""

    recall: numpy.ndarray
    precision: numpy.ndarray
    ap: float


def as_list(names: Names | None) -> list[Any]:
    if names is None:
        return [None]
    return [names] if isinstance(names, (str, os.PathLike)) else list(names)


def name_of(path: Path, precision: str | None, others: list[str]) -> str:
    """The file's last part and the precision, if it was asked for; a number where that is not enough."""
    plain = os.path.basename(os.fspath(path)) + (f" {precision}" if precision else "")
    names = [plain, *(f"{plain} ({n})" for n in range(2, len(others) + 2))]
    return next(name for name in names if name not in others)


def open_entrants(models: Names, precisions: Names | None, backend: Backend, extras: Extras) -> dict[str, Owned]:
    """The engines by their names: each model in each precision; an engine file has its own."""
    engines: dict[str, Owned] = {}
    for model in as_list(models):
        for precision in [None] if is_engine(model) else as_list(precisions):
            engines[name_of(model, precision, list(engines))] = open_engine(model, precision or "auto", backend, extras)
    if not engines:
        raise ArgumentError("no engine: name a model, as in model='default'")
    return engines


def load_truth(path: Path) -> Owned:
    truth, error = ffi.new("fov_truth **"), new_error()
    check(lib.fov_truth_load(path_bytes(path), truth, error), error)
    return Owned(truth[0], lib.fov_truth_free)


class Evaluation(dict):
    """What `fovea eval --json` prints, and the curves behind it."""

    def __init__(self, pointer: Any) -> None:
        super().__init__(take_json(lib.fov_evaluation_json(pointer)))
        self._pointer = pointer

    def curve(self, engine: int = 0, setting: int = 0) -> Curve:
        """Of self["engines"][engine] in self["settings"][setting]."""
        if not (0 <= engine < len(self["engines"]) and 0 <= setting < len(self["settings"])):
            raise IndexError(f"engine {engine}, setting {setting}: there are {len(self['engines'])} and {len(self['settings'])}")
        curve = lib.fov_evaluation_curve(self._pointer, engine, setting)
        recall, precision = (numpy.array([*ffi.unpack(values, curve.count)] if curve.count else [], float)
                             for values in (curve.recall, curve.precision))
        return Curve(recall, precision, curve.ap)


def evaluate(wider: Path, images: Path, model: Names = "default", precision: Names | None = None, *, curves: Path | None = None,
             detections: Path | None = None, skip_missing: bool = False, threads: int = 0, backend: str = "cpu", device: int = 0,
             settings: Settings | None = None, plugins: Paths = (), heads: str | None = None, progress: Progress = None,
             **options: Unpack[DetectOptions]) -> Evaluation:
    """Measure average precision by WIDER FACE's protocol (docs/evaluate.md).

    `wider` is the ground truth: JSON, wider_face_val.mat or its folder, or wider_face_val_bbx_gt.txt; `images` the folder of its
    photos. `model` and `precision` may be lists: each model is measured in each precision. `curves` (.svg or .png) draws precision
    over recall; `detections` is a folder for what is found. Options not given are size="native", score=0.02, nms=0.4.
    """
    check_writable(curves)
    truth = load_truth(wider)
    engines = open_entrants(model, precision, Backend(backend, device), extras_of(settings, plugins, heads))
    names = [ffi.new("char[]", os.fsencode(name)) for name in engines]
    entrants = ffi.new("fov_entrant[]", [(name, engine.pointer) for name, engine in zip(names, engines.values())])
    work = Work(progress)
    detect = lay_over(ffi.new("fov_detect_options *", lib.fov_detect_options_wider()), options)
    folder = ffi.NULL
    if detections is not None:
        os.makedirs(detections, exist_ok=True)
        folder = ffi.new("char[]", path_bytes(detections))
    how = ffi.new("fov_evaluate_options *", {"detect": detect, "threads": threads, "skip_missing": skip_missing,
                                             "detections": folder, "progress": work.progress})
    evaluation = ffi.new("fov_evaluation **")
    work.check(lib.fov_evaluate(entrants, len(engines), truth.pointer, path_bytes(images), how, evaluation, work.error))
    owned = ffi.gc(evaluation[0], lib.fov_evaluation_free)
    if curves is not None:
        work.check(lib.fov_evaluation_save_curves(owned, path_bytes(curves), work.error))
    return Evaluation(owned)
