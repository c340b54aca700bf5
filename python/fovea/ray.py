# SPDX-License-Identifier: MIT
"""Faces in datasets of Ray Data: an actor for each part of the cluster, an engine for each actor.

    import ray, fovea.ray
    photos = ray.data.read_binary_files("s3://bucket/photos", include_paths=True)
    fovea.ray.detect_faces(photos, num_cpus=2).write_parquet("s3://bucket/faces")

docs/ray.md tells the rest.
"""
from __future__ import annotations

import math
from typing import Any, Mapping

from ._needs import need

ray = need("ray", "fovea[ray]")  # first, for its remedy brings pyarrow too
data = need("ray.data", "fovea[ray]")

from ._arrow import Columns
from ._tables import Finder
from .errors import ArgumentError

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


def units(amount: float) -> int:
    """Ray counts processors and GPUs in ten-thousandths."""
    return round(amount * 10_000)


def to_fill(node: Mapping[str, float], actor: Mapping[str, float], room: float) -> float:
    """How many actors leave less than `room` processors of a node; infinitely many where it cannot hold as many."""
    count = (units(node["CPU"]) - units(room)) // units(actor["CPU"]) + 1
    holds = all(count * units(amount) <= units(node.get(name, 0)) for name, amount in actor.items())
    return count if holds else math.inf


def check_room(least: int, actor: Mapping[str, float], room: float) -> None:
    """Refuse actors that may leave no node `room` processors, wherever Ray puts them: it would wait for ever to run what reads."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= room]
    if not nodes or not units(actor["CPU"]):
        return
    most = sum(to_fill(node, actor, room) for node in nodes) - 1
    if least > most:
        raise ArgumentError(f"{least} actors of num_cpus={actor['CPU']:g} may leave less than {room:g} processors free on every node, and "
                            f"the tasks that read photos would wait for ever: this cluster has room for {most} such actors. Take fewer or "
                            "smaller ones, or room=0 where the cluster grows or those tasks need less")


def detect_faces(dataset: Any, column: str = "bytes", *, actors: int | tuple[int, int | None] = (1, None), num_cpus: float = 1,
                 num_gpus: float = 0, batch_size: int = BATCH, room: float = 1, **arguments: Any) -> Any:
    """A Dataset with the faces of the photos in `column`; `arguments` are FaceDetector's.

    `actors` is their number, or the least and the most (None: what the cluster has room for). Each reserves `num_cpus` and
    `num_gpus`, which may be fractions: with num_gpus=0.25 four share a GPU. Some node must keep `room` processors for the tasks that
    read, one as Ray has it; with more actors ArgumentError is raised.
    """
    least, most = (actors, actors) if isinstance(actors, int) else actors
    if not isinstance(dataset, data.dataset.MaterializedDataset):  # its rows are there
        check_room(least, {"CPU": num_cpus, "GPU": num_gpus}, room)
    return dataset.map_batches(FaceDetector, fn_constructor_kwargs={"column": column, **arguments}, batch_format="pyarrow",
                               batch_size=batch_size, compute=data.ActorPoolStrategy(min_size=least, max_size=most),
                               num_cpus=num_cpus, num_gpus=num_gpus)
