# SPDX-License-Identifier: MIT
"""Photos in a column of an Arrow table, and their faces as columns beside: what the hosts that work on tables share.

Every row stays. One whose photo failed has an `error`, and null where the others have faces.
"""
from __future__ import annotations

from typing import Any, NamedTuple, Sequence, Union

import numpy

from ._faces import Faces
from ._needs import need
from .errors import ArgumentError, FoveaError

pyarrow = need("pyarrow", "pyarrow")

Answer = Union[Faces, FoveaError]

FLOAT = pyarrow.float32()
FACE = pyarrow.struct([
    ("box", pyarrow.list_(FLOAT)),  # x1, y1, x2, y2
    ("score", FLOAT),
    ("landmarks", pyarrow.list_(pyarrow.list_(FLOAT))),  # five of x, y
])
RESULT = pyarrow.schema([  # the record of `fovea detect --json`, and what went wrong
    ("width", pyarrow.int32()),
    ("height", pyarrow.int32()),
    ("faces", pyarrow.list_(FACE)),
    ("error", pyarrow.string()),
])


class Columns(NamedTuple):
    """Which column has the photos, and what is made of it."""

    photos: str
    prefix: str  # of the names of new columns
    keep_photos: bool  # False: where they are files in memory or arrays, they are left out of the result

    def fields(self) -> list[Any]:
        return [field.with_name(self.prefix + field.name) for field in RESULT]


def is_path(kind: Any) -> bool:
    return pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind)


def is_bytes(kind: Any) -> bool:
    types = pyarrow.types
    return types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind)


def is_array(kind: Any) -> bool:
    """Tensors, which in Arrow are a type that an extension defines: Ray's, or Arrow's own."""
    return isinstance(kind, pyarrow.BaseExtensionType)


def photo_of(scalar: Any) -> Any:
    """What Detector takes; the bytes of a file are viewed where they lie."""
    if not scalar.is_valid:
        return None
    if is_bytes(scalar.type):
        return memoryview(scalar.as_buffer())
    return scalar.to_numpy() if hasattr(scalar, "to_numpy") else scalar.as_py()


def photos_of(column: Any, name: str) -> list[Any]:
    """The photos of a column; None where the row has none."""
    if not any(is_such(column.type) for is_such in (is_path, is_bytes, is_array)):
        raise ArgumentError(f"column {name!r} has the type {column.type}: expected the bytes of files (binary), paths (string), or "
                            "arrays (tensors of uint8)")
    return [photo_of(scalar) for scalar in column]


def lists_of(values: Any, counts: Sequence[int], missing: Any = None) -> Any:
    """An Arrow list of `counts[i]` values for each i; null where `missing`."""
    offsets = numpy.zeros(len(counts) + 1, numpy.int32)
    numpy.cumsum(counts, out=offsets[1:])
    mask = None if missing is None else numpy.append(missing, False)
    return pyarrow.ListArray.from_arrays(pyarrow.array(offsets, mask=mask), values)


def face_structs(found: Sequence[Faces]) -> Any:
    """A FACE for each face of all photos, without an object for any."""
    boxes = numpy.concatenate([numpy.empty((0, 4), numpy.float32), *(faces.boxes for faces in found)])
    scores = numpy.concatenate([numpy.empty(0, numpy.float32), *(faces.scores for faces in found)])
    points = numpy.concatenate([numpy.empty((0, 5, 2), numpy.float32), *(faces.landmarks for faces in found)])
    count = len(scores)
    pairs = lists_of(pyarrow.array(points.reshape(-1)), [2] * (5 * count))
    columns = [lists_of(pyarrow.array(boxes.reshape(-1)), [4] * count), pyarrow.array(scores), lists_of(pairs, [5] * count)]
    return pyarrow.StructArray.from_arrays(columns, fields=list(FACE))


def columns_of(answers: Sequence[Answer]) -> list[Any]:
    """Arrays of RESULT, a row for each answer."""
    found = [answer for answer in answers if isinstance(answer, Faces)]
    failed = numpy.array([not isinstance(answer, Faces) for answer in answers], bool)
    counts = [len(answer) if isinstance(answer, Faces) else 0 for answer in answers]
    return [
        pyarrow.array([getattr(answer, "width", None) for answer in answers], pyarrow.int32()),
        pyarrow.array([getattr(answer, "height", None) for answer in answers], pyarrow.int32()),
        lists_of(face_structs(found), counts, failed),
        pyarrow.array([None if isinstance(answer, Faces) else str(answer) for answer in answers], pyarrow.string()),
    ]


def kept_names(names: Sequence[str], columns: Columns, paths: bool) -> list[str]:
    """The columns that stay beside the new ones, which never take the place of others. `paths`: the photos' column has no photos
    itself, and always stays."""
    if columns.photos not in names:
        raise ArgumentError(f"no column {columns.photos!r}: there are {', '.join(names)}")
    kept = [name for name in names if name != columns.photos or columns.keep_photos or paths]
    for field in columns.fields():
        if field.name in kept:
            raise ArgumentError(f"there is a column {field.name!r} already: rename it, or give the new ones a prefix, as in "
                                "prefix='face_'")
    return kept


def result_schema(schema: Any, columns: Columns) -> Any:
    """The schema of a table with faces."""
    kept = kept_names(schema.names, columns, columns.photos in schema.names and is_path(schema.field(columns.photos).type))
    return pyarrow.schema([schema.field(name) for name in kept] + columns.fields())


def add_faces(table: Any, answers: Sequence[Answer], schema: Any) -> Any:
    """The table with RESULT's columns at its end, by result_schema()."""
    return pyarrow.table([table[name] for name in schema.names[:-len(RESULT)]] + columns_of(answers), schema=schema)
