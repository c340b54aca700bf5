# SPDX-License-Identifier: MIT
"""Functions of Python that the library calls while it works.

What they raise cannot pass through C: it is kept, the call fails, and check() raises it where the call was made. So Ctrl-C, too,
stops long work that tells its progress.
"""
from __future__ import annotations

import os
import weakref
from typing import Any, Callable, Iterable, Optional

from .errors import FoveaError, check, new_error, refuse, warn
from ._library import ffi, lib, text
from ._photos import File, file_name, list_photos, load_into, new_options

Progress = Optional[Callable[[str, int, int], Optional[bool]]]  # what, done, total (0: not known); False: stop


class Calls:
    def __init__(self) -> None:
        self.failure: BaseException | None = None
        self.error = new_error()

    def new(self, kind: str, function: Callable[..., Any], answer: Any) -> Any:
        """A pointer to a method; `answer` is what the library gets where it raises.

        It does not keep this object, which keeps it: all photos in memory would else stay there until the collector comes.
        """
        method: Any = weakref.WeakMethod(function)
        keep: Any = weakref.WeakMethod(self.keep)
        return ffi.callback(kind, lambda *given: method()(*given), error=answer, onerror=lambda *what: keep()(*what))

    def keep(self, _: Any, failure: BaseException, __: Any) -> None:
        self.failure = self.failure or failure

    def check(self, status: int) -> None:
        if self.failure is not None:
            raise self.failure
        check(status, self.error)


class Work(Calls):
    """Long work: its progress, and the photos it looks at."""

    def __init__(self, progress: Progress, photos: File | Iterable[File] = ()) -> None:
        super().__init__()
        self.told = progress
        self.progress = self.new("fov_progress", self.tell, False)
        self.files = sort_and_drop_repeats(list_photos(photos))
        self.failed: set[int] = set()
        self.load = self.new("fov_status(void *, size_t, fov_photo **, fov_error *)", self.load_one, lib.FOV_ERR_INTERNAL)
        self.name = self.new("const char *(void *, size_t)", self.name_of, ffi.NULL)
        self.names = [ffi.new("char[]", os.fsencode(file_name(file) or f"photo {i + 1}")) for i, file in enumerate(self.files)]
        self.options = new_options()
        self.source = ffi.new("fov_photo_source *", (len(self.files), self.load, ffi.NULL))

    def tell(self, _: Any, what: Any, done: int, total: int) -> bool:
        if self.failure is not None:  # in load_one(): to the library that is one photo less, and no reason to stop
            return False
        return self.told is None or self.told(text(what), done, total) is not False

    def name_of(self, _: Any, index: int) -> Any:
        return self.names[index]

    def load_one(self, _: Any, index: int, photo: Any, error: Any) -> int:
        own = new_error()
        try:
            status = load_into(self.files[index], self.options, photo, own)
            check(status, own)
        except FoveaError as failure:
            self.warn_of(index, failure)
            return refuse(error, failure)
        return lib.FOV_OK

    def warn_of(self, index: int, failure: FoveaError) -> None:
        """Told once, however often the photo is asked for."""
        if index not in self.failed:
            self.failed.add(index)
            warn(f"left out: {failure}")


def sort_and_drop_repeats(files: list[File]) -> list[File]:
    """A photo named twice, say by its name and by its folder, would count twice in every mean."""
    paths = {os.fsencode(name): file for file in files if (name := file_name(file)) is not None}
    return [paths[path] for path in sorted(paths)] + [file for file in files if file_name(file) is None]
