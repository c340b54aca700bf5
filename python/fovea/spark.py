# SPDX-License-Identifier: MIT
"""Faces in data frames of Apache Spark, by mapInArrow.

    import fovea.spark
    photos = spark.read.format("binaryFile").load("hdfs:///photos")
    fovea.spark.detect_faces(photos, "content").write.parquet("hdfs:///faces")

docs/spark.md tells the rest.
"""
from __future__ import annotations

import os
from typing import Any, Iterator, Mapping, NamedTuple

from ._needs import need

pyspark = need("pyspark", "fovea[spark]")  # first, for its remedy brings pyarrow too
sql = need("pyspark.sql.types", "fovea[spark]")
arrow_types = need("pyspark.sql.pandas.types", "fovea[spark]")

from ._arrow import Columns, kept_names, pyarrow
from ._tables import Finder
from .errors import ArgumentError

BATCH = 64  # photos that are worked on, and handed on, together


class Work(NamedTuple):
    """What the driver tells the workers."""

    columns: Columns
    threads: int | None
    file: str | None  # of the model, among SparkFiles; None: the bundled model
    options: Mapping[str, Any]


def here(work: Work) -> dict[str, Any]:
    """The arguments of Detector in this task: where the model lies, and the GPU if Spark gave one."""
    options = {"model": "default" if work.file is None else pyspark.SparkFiles.get(work.file), **work.options}
    gpu = pyspark.TaskContext.get().resources().get("gpu")
    if gpu is not None:
        options = {"backend": "cuda", "device": int(gpu.addresses[0]), **options}
    return options


def find(work: Work, batches: Iterator[Any]) -> Iterator[Any]:
    """A task: batches of Arrow in and out. The process keeps its engine for the tasks that follow."""
    threads = pyspark.TaskContext.get().cpus() if work.threads is None else work.threads
    finder = Finder(work.columns, threads, here(work))
    for batch in batches:
        for start in range(0, batch.num_rows, BATCH):
            found = finder(pyarrow.Table.from_batches([batch.slice(start, BATCH)]))
            yield from found.combine_chunks().to_batches()


def ship(context: Any, model: str | os.PathLike[str]) -> str | None:
    """Send a model, and the settings beside it, to every executor. Returns the name it has there."""
    path = os.fspath(model)
    if path == "default":
        return None
    for file in [path, f"{path}.settings"]:
        if file == path or os.path.exists(file):
            context.addFile(file)
    return os.path.basename(path)


def check_photos(kind: Any, column: str) -> bool:
    """True for paths, False for bytes."""
    if not isinstance(kind, (sql.BinaryType, sql.StringType)):
        raise ArgumentError(f"column {column!r} has the type {kind.simpleString()}: expected the bytes of files (binary) or paths (string)")
    return isinstance(kind, sql.StringType)


def result_type(schema: Any, columns: Columns) -> Any:
    """The StructType of the result: the columns that stay as they are, and the new ones."""
    paths = columns.photos in schema.names and check_photos(schema[columns.photos].dataType, columns.photos)
    kept = [schema[name] for name in kept_names(schema.names, columns, paths)]
    return sql.StructType(kept + list(arrow_types.from_arrow_schema(pyarrow.schema(columns.fields()))))


def detect_faces(df: Any, column: str = "content", *, threads: int | None = None, prefix: str = "", keep_photos: bool = False,
                 model: str | os.PathLike[str] = "default", **options: Any) -> Any:
    """The DataFrame with the columns width, height, faces and error.

    column       has the photos: bytes of files, or paths that every executor can read
    threads      photos at once in a task; None: the processors of a task (spark.task.cpus)
    prefix       of the names of the new columns
    keep_photos  False: a column of bytes is left out of the result
    model        "default", or a file on the driver, which is sent to the executors
    options      of fovea.Detector; a task to which Spark gave a GPU runs on it
    """
    columns = Columns(column, prefix, keep_photos)
    schema = result_type(df.schema, columns)
    work = Work(columns, threads, ship(df.sparkSession.sparkContext, model), options)
    return df.mapInArrow(lambda batches: find(work, batches), schema)
