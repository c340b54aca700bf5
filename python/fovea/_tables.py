# SPDX-License-Identifier: MIT
"""Faces for tables, by one engine for all threads of a process."""
from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, Mapping

from ._arrow import Answer, Columns, add_faces, photos_of, result_schema
from ._detector import Detector
from ._photos import is_file
from .errors import ArgumentError, DeviceError, FoveaError, InternalError, NoMemoryError

NOT_OF_THE_PHOTO = (DeviceError, InternalError, NoMemoryError)  # another machine may do it: hosts have rules for trying again

detectors: dict[str, Detector] = {}
lock = Lock()


def shared_detector(options: Mapping[str, Any]) -> Detector:
    """The detector of this process with these arguments of Detector; made by the first who asks, while others wait."""
    key = json.dumps(options, sort_keys=True, default=os.fspath)
    with lock:
        if key not in detectors:
            detectors[key] = Detector(threads=1, **options)
        return detectors[key]


def check_threads(threads: int) -> int:
    if not isinstance(threads, int) or threads < 1:
        raise ArgumentError(f"threads {threads!r}: expected how many photos are worked on at once, 1 or more")
    return threads


def kept(failure: FoveaError) -> FoveaError:
    """What becomes a row's error; what is no fault of the photo is raised."""
    if isinstance(failure, NOT_OF_THE_PHOTO):
        raise failure
    return failure


def refusal(photo: Any, column: str) -> FoveaError | None:
    """Why a row has no photo, if it has none. Of a folder, detect_many() would take all photos."""
    if photo is None:
        return ArgumentError(f"column {column!r} is null in this row")
    if isinstance(photo, str) and os.path.isdir(photo):
        return ArgumentError(f"{photo}: is a folder, and a row has one photo")
    return None


def detect_array(detector: Detector, photo: Any) -> Answer:
    try:
        return detector.detect(photo)
    except FoveaError as failure:
        return kept(failure)


class Finder:
    """Gives tables the columns of faces. Any number of threads may call it; each call works on `threads` photos at once."""

    def __init__(self, columns: Columns, threads: int, options: Mapping[str, Any]) -> None:
        self.columns = columns
        self.threads = check_threads(threads)
        self.detector = shared_detector(options)

    def detect(self, photos: list[Any]) -> list[Answer]:
        if all(map(is_file, photos)):
            answers = self.detector.detect_many(photos, threads=self.threads)
            return [kept(answer) if isinstance(answer, FoveaError) else answer for answer in answers]
        with ThreadPoolExecutor(self.threads) as pool:
            return list(pool.map(lambda photo: detect_array(self.detector, photo), photos))

    def __call__(self, table: Any) -> Any:
        """The pyarrow.Table with faces; a row without a photo has that as its error."""
        schema, column = result_schema(table.schema, self.columns), self.columns.photos
        photos = photos_of(table[column], column)
        refusals = [refusal(photo, column) for photo in photos]
        found = iter(self.detect([photo for photo, refused in zip(photos, refusals) if refused is None]))
        return add_faces(table, [refused or next(found) for refused in refusals], schema)
