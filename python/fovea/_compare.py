# SPDX-License-Identifier: MIT
"""compare(): what one model, engine or precision costs against another, as `fovea compare` measures it."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Iterable

from ._calls import Progress, Work
from ._engine import Backend, Path, Paths, Settings, extras_of, is_engine, open_engine
from .errors import check, new_error
from ._library import ffi, lib, take_json
from ._options import DetectOptions, new_options
from ._photos import File, path_bytes
from ._writable import check_writable

if TYPE_CHECKING:
    from typing_extensions import Unpack


def compare(a: Path, b: Path, photos: File | Iterable[File], *, precision_a: str = "fp32", precision_b: str = "fp32",
            html: Path | None = None, layers: bool = True, threads: int = 0, backend: str = "cpu", device: int = 0,
            settings: Settings | None = None, plugins: Paths = (), heads: str | None = None, progress: Progress = None,
            **options: Unpack[DetectOptions]) -> dict[str, Any]:
    """Run two models or engines on the same photos and tell what `b` costs against `a`: faces lost and gained, points of expected
    average precision, drift, and the noise of each layer that both have by name (docs/compare.md).

    Precisions are those of models; an engine has its own. `html` writes a report: one page that needs nothing else.
    """
    check_writable(html)
    extras = extras_of(settings, plugins, heads)
    engines = [open_engine(path, "auto" if is_engine(path) else precision, Backend(backend, device), extras)
               for path, precision in ((a, precision_a), (b, precision_b))]
    work = Work(progress, photos)
    names = [ffi.new("char[]", os.fsencode(path)) for path in (a, b)]
    detect = new_options(options)
    how = ffi.new("fov_compare_options *", {"detect": detect, "threads": threads, "layers": layers, "a_name": names[0],
                                            "b_name": names[1], "photo_name": work.name, "progress": work.progress})
    comparison = ffi.new("fov_comparison **")
    work.check(lib.fov_compare(engines[0].pointer, engines[1].pointer, work.source, how, comparison, work.error))
    owned, error = ffi.gc(comparison[0], lib.fov_comparison_free), new_error()
    if html is not None:
        check(lib.fov_comparison_save_html(owned, path_bytes(html), error), error)
    return take_json(lib.fov_comparison_json(owned))
