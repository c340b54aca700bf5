# SPDX-License-Identifier: MIT
"""Many photos at once, by the threads of the library.

fov_photos_detect() runs in a thread of its own and puts each answer into a queue that the caller's thread empties, so that answers
can be taken one by one, and left when there are enough. A full queue makes the library wait.
"""
from __future__ import annotations

import atexit
import threading
from queue import Full, Queue
from typing import Any, Iterator, NamedTuple, Sequence

from ._calls import Calls
from .errors import FoveaError, exception, refuse
from ._faces import Faces, Origin, timing_of
from ._library import ffi, lib, text
from ._options import How
from ._owned import Owned
from ._photos import File, file_name, load_into, new_options, warn_of
from ._pool import DetectorOptions

AHEAD = 16  # answers that wait for the caller
LOOK_S = 0.1  # how often a full queue is left to see whether the caller has gone


class Ended(NamedTuple):
    """After the last answer."""

    failure: BaseException | None  # of the whole


class Stream(Calls):
    def __init__(self, engine: Owned, files: list[File], how: How, threads: int, devices: Sequence[int], given: DetectorOptions) -> None:
        super().__init__()
        self.engine = engine
        self.files = files
        self.how = how
        self.photo_options = new_options(how.detect, defer=True, **how.file)
        self.devices = ffi.new("int[]", list(devices))
        self.options = ffi.new("fov_photos_options *", {"detect": how.detect, "threads": threads, "devices": self.devices,
                                                        "n_device": len(devices), "tune_seconds": given.tune_seconds,
                                                        "tf32": given.tf32})
        self.load = self.new("fov_status(void *, size_t, fov_photo **, fov_error *)", self.load_one, lib.FOV_ERR_INTERNAL)
        self.done = self.new("fov_photo_done", self.put_result, False)
        self.source = ffi.new("fov_photo_source *", (len(files), self.load, ffi.NULL))
        self.answers: Queue[Any] = Queue(AHEAD)
        self.left = False  # by the caller
        self.worker = threading.Thread(target=self.run, name="fovea.detect_many", daemon=True)

    def start(self) -> None:
        atexit.register(self.leave)  # the library must not call Python when that is gone
        self.worker.start()

    def leave(self) -> None:
        self.left = True
        self.worker.join()
        atexit.unregister(self.leave)

    def load_one(self, _: Any, index: int, photo: Any, error: Any) -> int:
        try:
            return load_into(self.files[index], self.photo_options, photo, error)
        except FoveaError as failure:
            return refuse(error, failure)

    def put_result(self, _: Any, result: Any) -> bool:
        if self.failure is not None:  # in load_one(): the end of all
            return False
        file = self.files[result.index]
        if not result.status:
            warn_of(file, result.photo)
            origin = Origin(file, self.how.order, lib.fov_photo_width(result.photo), lib.fov_photo_height(result.photo))
            return self.put(Faces.of(result.faces, origin, timing_of(result.timing)))
        failure = exception(result.status, text(result.message))
        failure.file = file_name(file)
        return self.put(failure)

    def put(self, answer: Any) -> bool:
        while not self.left:
            try:
                self.answers.put(answer, timeout=LOOK_S)
                return True
            except Full:
                pass
        return False

    def run(self) -> None:
        try:
            self.check(lib.fov_photos_detect(self.engine.pointer, self.source, self.options, self.done, ffi.NULL, self.error))
        except BaseException as failure:  # belongs to the caller's thread
            self.put(Ended(failure))
        else:
            self.put(Ended(None))


def answers_of(stream: Stream) -> Iterator[Faces | FoveaError]:
    stream.start()
    try:
        while not isinstance(answer := stream.answers.get(), Ended):
            yield answer
        if answer.failure is not None:
            raise answer.failure
    finally:
        stream.leave()
