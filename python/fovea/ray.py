# SPDX-License-Identifier: MIT
"""Faces in datasets of Ray Data: an actor for each part of the cluster, an engine for each actor.

    import ray, fovea.ray
    photos = ray.data.read_binary_files("s3://bucket/photos", include_paths=True)
    fovea.ray.detect_faces(photos, num_cpus=2).write_parquet("s3://bucket/faces")

docs/ray.md tells the rest.
"""
from __future__ import annotations

from typing import Any

from ._needs import need

ray = need("ray", "fovea[ray]")  # first, for its remedy brings pyarrow too
data = need("ray.data", "fovea[ray]")

from ._arrow import Columns
from ._tables import Finder

BATCH = 64  # photos: some MB of JPEGs, and a second of work


def assigned() -> tuple[int, bool]:
    """Processors that Ray gave to this actor, at least one, and whether there is a GPU with them."""
    resources = ray.get_runtime_context().get_assigned_resources()
    return max(1, int(resources.get("CPU", 0))), resources.get("GPU", 0) > 0


class FaceDetector:
    """For Dataset.map_batches(FaceDetector, batch_format="pyarrow"): batches get the columns width, height, faces and error.

    column       has the photos: bytes of files, paths that every node can read, or tensors of uint8, as `format` says
    threads      photos at once; None: the processors of the actor (num_cpus)
    prefix       of the names of the new columns
    keep_photos  False: a column of bytes or tensors is left out of the result
    backend      None: "cuda" in an actor with a GPU or a part of one (num_gpus), else "cpu"
    options      of fovea.Detector
    """

    def __init__(self, column: str = "bytes", *, threads: int | None = None, prefix: str = "", keep_photos: bool = False,
                 backend: str | None = None, **options: Any) -> None:
        processors, has_gpu = assigned()
        options["backend"] = backend or ("cuda" if has_gpu else "cpu")
        self._find = Finder(Columns(column, prefix, keep_photos), processors if threads is None else threads, options)

    def __call__(self, batch: Any) -> Any:
        return self._find(batch)


def detect_faces(dataset: Any, column: str = "bytes", *, actors: int | tuple[int, int | None] = (1, None), num_cpus: float = 1,
                 num_gpus: float = 0, batch_size: int = BATCH, **arguments: Any) -> Any:
    """A Dataset with the faces of the photos in `column`; `arguments` are FaceDetector's.

    `actors` is their number, or the least and the most (None: what the cluster has room for). Each reserves `num_cpus` and
    `num_gpus`, which may be fractions: with num_gpus=0.25 four share a GPU.
    """
    least, most = (actors, actors) if isinstance(actors, int) else actors
    return dataset.map_batches(FaceDetector, fn_constructor_kwargs={"column": column, **arguments}, batch_format="pyarrow",
                               batch_size=batch_size, compute=data.ActorPoolStrategy(min_size=least, max_size=most),
                               num_cpus=num_cpus, num_gpus=num_gpus, udf_modifying_row_count=False)
