# SPDX-License-Identifier: MIT
"""For programs that were written for insightface: its FaceAnalysis, with Fovea behind it.

    from fovea.insightface import FaceAnalysis   # was: from insightface.app import FaceAnalysis

Faces have bbox, kps and det_score as insightface gives them, in its order. Only faces are found: what its other models tell
(embedding, gender, age, pose) is None, as it is there without these models. Pictures are BGR, as OpenCV reads them.
"""
from __future__ import annotations

import os
from typing import Any, Sequence

import numpy

from ._detector import Detector
from .errors import ArgumentError
from ._faces import Faces, Origin, Timing


class Face(dict):
    """A dict whose keys are attributes too; what it has not is None."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # copy and pickle ask for what only classes have
            raise AttributeError(name)
        return self.get(name)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


def most_central(faces: Faces, count: int) -> numpy.ndarray:
    """Indices of the faces that insightface prefers: large ones, near the centre of the picture."""
    sides = faces.boxes[:, 2:] - faces.boxes[:, :2]
    offsets = (faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2 - numpy.array([faces.width // 2, faces.height // 2])
    worth = sides.prod(axis=1) - 2 * (offsets**2).sum(axis=1)
    return numpy.argsort(-worth, kind="stable")[:count]


class FaceAnalysis:
    """`name` is a model of Fovea's: "default", or the path of one; the names of insightface's packs stand for the default.

    The other arguments of insightface are taken: `root` and `allowed_modules` change nothing, `providers` decide whether a GPU may be
    used.
    """

    def __init__(self, name: str | os.PathLike[str] = "default", root: str | None = None,
                 allowed_modules: Sequence[str] | None = None, providers: Sequence[Any] | None = None, **_: Any) -> None:
        if allowed_modules is not None and "detection" not in allowed_modules:
            raise ArgumentError(f"allowed_modules {list(allowed_modules)}: only 'detection' is there")
        self._model = "default" if os.fspath(name) in PACKS else name
        self._may_use_gpu = providers is None or any("CUDA" in str(provider) for provider in providers)
        self._detector: Detector | None = None

    def prepare(self, ctx_id: int, det_thresh: float = 0.5, det_size: tuple[int, int] = (640, 640), **_: Any) -> None:
        """`ctx_id` is the number of the GPU, which is used where one can be; below 0: the processor."""
        on_gpu = ctx_id >= 0 and self._may_use_gpu
        self._detector = Detector(self._model, backend="auto" if on_gpu else "cpu", device=ctx_id if on_gpu else 0, format="bgr",
                                  score=det_thresh, size=det_size, place="top-left", fill=(0, 0, 0))

    def get(self, img: numpy.ndarray, max_num: int = 0, **_: Any) -> list[Face]:
        """The faces of a BGR picture, best score first; the `max_num` largest and most central ones, 0: all."""
        if self._detector is None:
            raise ArgumentError("call prepare(ctx_id=0) before get()")
        faces = self._detector.detect(img)
        if max_num > 0 and len(faces) > max_num:
            faces = faces[most_central(faces, max_num)]
        return [Face(bbox=box, kps=points, det_score=score) for box, points, score in
                zip(faces.boxes, faces.landmarks, faces.scores)]

    def draw_on(self, img: numpy.ndarray, faces: Sequence[Face]) -> numpy.ndarray:
        """A copy of a BGR picture with the faces marked."""
        boxes = numpy.array([face.bbox for face in faces], numpy.float32).reshape(-1, 4)
        scores = numpy.array([face.det_score for face in faces], numpy.float32)
        landmarks = numpy.array([face.kps for face in faces], numpy.float32).reshape(-1, 5, 2)
        return Faces(boxes, scores, landmarks, Origin(img, "bgr", img.shape[1], img.shape[0]), Timing(0, 0, 0)).draw()


PACKS = ("antelopev2", "buffalo_l", "buffalo_m", "buffalo_s", "buffalo_sc")
