# SPDX-License-Identifier: MIT
"""The detector: what most users need."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping, Sequence, Union, overload

import numpy

from ._engine import Backend, Path, Paths, Settings, about, extras_of, open_engine
from .errors import FoveaError, check
from ._faces import Faces, Origin, Timing, timing_of
from ._library import ffi, lib
from ._many import Stream, answers_of
from ._options import DetectOptions, How, lay_over, new_options
from ._photos import File, file_members, is_file, list_photos, load, new_options as new_photo_options
from ._pixels import check_order, point, to_array
from ._pool import DetectorOptions, Pool, Worker

if TYPE_CHECKING:
    from typing_extensions import Unpack

Photo = Union[File, numpy.ndarray, Any]  # Any: a PIL image, or what NumPy can view as an array


class Detector:
    """Finds faces. One object serves any number of threads; it holds the engine once, and memory for each call at a time.

    model      "default" (the bundled one), or the path of a model (.pth, .wts, .safetensors, .onnx) or an engine (.fov)
    precision  of a model: "auto" (what is proven close to FP32 and fast here), "fp32", "bf16", "fp16", "int8"
    threads    of each call; None: all processors for a call that is alone, one for each of several calls at once
    backend    "cpu", "cuda", "auto" (a GPU where one can be used) or "reference"; `device` is the number of the GPU
    format     order of the channels in arrays: "rgb", or "bgr" as OpenCV has them
    strict     a truncated file is an error, not a warning; files of more than `max_pixels` (None: 256 million) are one in any case
    tune, tf32, settings, plugins, heads   as the options of `fovea detect` of the same names
    options    of detect(), for all calls: DetectOptions
    """

    def __init__(self, model: Path = "default", *, precision: str = "auto", threads: int | None = None, backend: str = "cpu",
                 device: int = 0, format: str = "rgb", tune: float = 0, tf32: bool = False, settings: Settings | None = None,
                 plugins: Paths = (), heads: str | None = None, strict: bool = False, max_pixels: int | None = None,
                 **options: Unpack[DetectOptions]) -> None:
        self._how = How(check_order(format), new_options(options), file_members(strict, max_pixels))
        self._model = os.fspath(model)
        engine = open_engine(model, precision, Backend(backend, device), extras_of(settings, plugins, heads))
        self._about = about(engine)
        self._pool = Pool(engine, DetectorOptions(threads, tune, tf32))
        self._pool.leave(self._pool.take())  # what is wrong with the options shows here

    @property
    def precision(self) -> str:
        """What the engine runs at: "fp32", "bf16", "fp16", "int8" or "mixed"."""
        return self._about.precision

    @property
    def backend(self) -> str:
        """What the engine runs on: "cpu", "cuda" or "reference"."""
        return self._about.backend

    @property
    def reason(self) -> str:
        """Why "auto" came to this precision, and to this backend; "" where they were asked for."""
        return self._about.reason

    @property
    def certificate(self) -> dict[str, Any]:
        """What the engine's precision costs (docs/engine-format.md); {} where it was never measured."""
        return self._about.certificate

    @overload
    def detect(self, photo: list[Photo] | tuple[Photo, ...], *, format: str | None = ...,
               **options: Unpack[DetectOptions]) -> list[Faces]: ...

    @overload
    def detect(self, photo: Photo, *, format: str | None = ..., **options: Unpack[DetectOptions]) -> Faces: ...

    def detect(self, photo: Any, *, format: str | None = None, **options: Unpack[DetectOptions]) -> Any:
        """Find the faces of a photo: a path, the bytes of a file, an array, a PIL image; or of a list of these.

        Arrays are uint8: (height, width, 3) in the order that `format` says (None: the detector's), (height, width, 4) with
        alpha, which is not looked at, or (height, width) in gray. They are read as they lie, also with a distance between rows; only
        where the bytes of a row are apart they are copied. A file is turned upright by its EXIF orientation, an array or a PIL image
        is not.
        """
        how = self._how_of(options)
        if format is not None:
            how = how._replace(order=check_order(format))
        worker = self._pool.take()
        try:
            return (detect_list if isinstance(photo, (list, tuple)) else detect_one)(worker, photo, how)
        finally:
            self._pool.leave(worker)

    def detect_many(self, photos: File | Iterable[File], *, threads: int = 0, devices: Sequence[int] = (),
                    **options: Unpack[DetectOptions]) -> Iterator[Faces | FoveaError]:
        """Find the faces of many files, several at once: for each, in order, its Faces, or the FoveaError of one that failed.

        `photos` are paths, folders (with all folders below), and the bytes of files. Both kinds of answers have `file`. `threads`
        photos are worked on at a time, 0: as many as there are processors. `devices` are numbers of GPUs that share the work; none:
        the detector's own.
        """
        how, engine = self._how_of(options), self._pool.open_engine()
        return answers_of(Stream(engine, list_photos(photos), how, threads, devices, self._pool.options))

    def prepare(self, width: int, height: int, **options: Unpack[DetectOptions]) -> None:
        """Make ready for photos of this size, so that the first call that is alone takes no longer than the next."""
        detect = self._how_of(options).detect
        worker = self._pool.take()
        try:
            check(lib.fov_detector_prepare(worker.pointer, width, height, detect, worker.error), worker.error)
        finally:
            self._pool.leave(worker)

    def close(self) -> None:
        """Free the engine and all memory. Calls in other threads end as usual; later ones fail."""
        self._pool.close()

    def _how_of(self, options: Mapping[str, Any]) -> How:
        return self._how._replace(detect=lay_over(self._how.detect, options)) if options else self._how

    def __enter__(self) -> Detector:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "" if self._pool.engine else ", closed"
        return f"<fovea.Detector: {self._model}, {self.precision} on {self.backend}{state}>"


def last_timing(worker: Worker) -> Timing:
    return timing_of(lib.fov_detector_timing(worker.pointer))


def origin_of(array: numpy.ndarray, order: str) -> Origin:
    return Origin(array, order, array.shape[1], array.shape[0])


def detect_one(worker: Worker, photo: Any, how: How) -> Faces:
    return detect_file(worker, photo, how) if is_file(photo) else detect_array(worker, photo, how)


def detect_array(worker: Worker, photo: Any, how: How) -> Faces:
    array, order = to_array(photo, how.order)
    kept = point(worker.image, array, order)
    status = lib.fov_detector_run(worker.pointer, worker.image, how.detect, worker.faces, worker.error)
    del kept  # lived as long as the call
    check(status, worker.error)
    return Faces.of(worker.faces, origin_of(array, order), last_timing(worker))


def detect_file(worker: Worker, file: File, how: How) -> Faces:
    photo = load(file, new_photo_options(how.detect, **how.file))
    check(lib.fov_detector_run_photo(worker.pointer, photo, how.detect, worker.faces, worker.error), worker.error)
    origin = Origin(file, how.order, lib.fov_photo_width(photo), lib.fov_photo_height(photo))
    return Faces.of(worker.faces, origin, last_timing(worker))


def detect_list(worker: Worker, photos: Sequence[Any], how: How) -> list[Faces]:
    """Arrays share passes through the network; files are decoded one by one, each at the size that detect_file() takes."""
    if any(is_file(photo) for photo in photos):
        return [detect_one(worker, photo, how) for photo in photos]
    arrays = [to_array(photo, how.order) for photo in photos]
    images, found = ffi.new("fov_image[]", len(arrays)), ffi.new("fov_faces[]", len(arrays))
    kept = [point(image, array, order) for image, (array, order) in zip(images, arrays)]
    status = lib.fov_detector_run_batch(worker.pointer, images, len(arrays), how.detect, found, worker.error)
    del kept  # lived as long as the call
    check(status, worker.error)
    timing = last_timing(worker)
    return [Faces.of(faces, origin_of(array, order), timing) for faces, (array, order) in zip(found, arrays)]
