# SPDX-License-Identifier: MIT
"""What was found in a photo."""
from __future__ import annotations

import os
from typing import Any, Iterator, NamedTuple, Sequence, overload

import numpy

from .errors import ArgumentError, check, new_error
from ._library import ffi, lib
from ._photos import file_name, is_file, load, new_options, path_bytes, pixels_of
from ._pixels import check_order, new_image

FLOATS = 15  # of a fov_face: 4 of the box, the score, 5 points
JPEG_QUALITY = 92  # as the program writes them
MOST_CROP = 4096  # pixels of a side


class Timing(NamedTuple):
    """Seconds in the stages of a call, all pictures of a list together."""

    preprocess: float
    network: float
    postprocess: float


def timing_of(timing: Any) -> Timing:
    return Timing(timing.preprocess_s, timing.network_s, timing.postprocess_s)


class Face(NamedTuple):
    """One face: what its row in Faces says."""

    box: numpy.ndarray  # x1, y1, x2, y2
    score: float
    landmarks: numpy.ndarray  # (5, 2)


class Origin(NamedTuple):
    """Where faces were found: an array, or a file that is decoded again when its pixels are asked for."""

    photo: Any  # array, path or bytes
    order: str  # of an array's channels, and of pictures that are made
    width: int
    height: int


def table_of(found: Any) -> numpy.ndarray:
    """A view of a fov_faces, a face a row."""
    if not found.count:
        return numpy.empty((0, FLOATS), numpy.float32)
    data = ffi.buffer(found.face, found.count * ffi.sizeof("fov_face"))
    return numpy.frombuffer(data, numpy.float32).reshape(-1, FLOATS)


class Faces:
    """The faces of one photo, best score first, in pixels of the photo (of a file: upright).

    boxes      float32 (N, 4): x1, y1, x2, y2, not clipped to the photo
    scores     float32 (N,)
    landmarks  float32 (N, 5, 2): left eye, right eye, nose, left and right corner of the mouth, as one sees them

    The arrays are the caller's. `faces[3]` is a Face, `faces[faces.scores > 0.9]` are Faces. Of a photo that was given as an
    array, the array is kept, for crops() and draw(); of a file, its name or its bytes.
    """

    __slots__ = ("boxes", "scores", "landmarks", "origin", "timing")

    def __init__(self, boxes: numpy.ndarray, scores: numpy.ndarray, landmarks: numpy.ndarray, origin: Origin,
                 timing: Timing) -> None:
        self.boxes = boxes
        self.scores = scores
        self.landmarks = landmarks
        self.origin = origin
        self.timing = timing

    @classmethod
    def of(cls, found: Any, origin: Origin, timing: Timing) -> Faces:
        """A copy of what a detector of C found."""
        table = table_of(found)
        return cls(table[:, :4].copy(), table[:, 4].copy(), table[:, 5:].reshape(-1, 5, 2).copy(), origin, timing)

    @property
    def file(self) -> str | None:
        """The path of the photo; None for one that came as an array or as bytes."""
        return file_name(self.origin.photo) if is_file(self.origin.photo) else None

    @property
    def width(self) -> int:
        return self.origin.width

    @property
    def height(self) -> int:
        return self.origin.height

    def __len__(self) -> int:
        return len(self.scores)

    @overload
    def __getitem__(self, index: int | numpy.integer) -> Face: ...

    @overload
    def __getitem__(self, index: slice | Sequence[int] | numpy.ndarray) -> Faces: ...

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, (int, numpy.integer)):
            return Face(self.boxes[index], float(self.scores[index]), self.landmarks[index])
        return Faces(self.boxes[index], self.scores[index], self.landmarks[index], self.origin, self.timing)

    def __iter__(self) -> Iterator[Face]:
        return (self[i] for i in range(len(self)))

    def __reduce__(self) -> Any:
        origin = self.origin
        if isinstance(origin.photo, memoryview):  # cannot be pickled
            origin = origin._replace(photo=bytes(origin.photo))
        return Faces, (self.boxes, self.scores, self.landmarks, origin, self.timing)

    def __repr__(self) -> str:
        count = "1 face" if len(self) == 1 else f"{len(self)} faces"
        return f"<fovea.Faces: {count} in {self.file or 'a picture'}, {self.width} x {self.height}>"

    def to_dict(self) -> dict[str, Any]:
        """What `fovea detect --json` prints of a photo, made of plain numbers and lists."""
        record: dict[str, Any] = {} if self.file is None else {"file": self.file}
        record.update(width=self.width, height=self.height, faces=[
            {"box": rounded(box), "score": round(float(score), 6), "landmarks": [rounded(point) for point in points]}
            for box, score, points in zip(self.boxes, self.scores, self.landmarks)
        ])
        return record

    def to_supervision(self) -> Any:
        """supervision.Detections, with the landmarks as data["landmarks"]; needs the package supervision."""
        try:
            import supervision
        except ImportError as e:
            raise ImportError("to_supervision() needs the package supervision: pip install supervision") from e
        return supervision.Detections(xyxy=self.boxes, confidence=self.scores, class_id=numpy.zeros(len(self), int),
                                      data={"landmarks": self.landmarks})

    def crops(self, size: int = 112, format: str | None = None) -> numpy.ndarray:
        """Each face aligned by its landmarks to the ArcFace template: uint8 (N, size, size, 3); outside of the photo black.

        `format` is the order of the channels; None: that of the array in which the faces were found, and "rgb" for files.
        """
        order = check_order(format or self.origin.order)
        if not isinstance(size, (int, numpy.integer)) or not 1 <= size <= MOST_CROP:
            raise ArgumentError(f"size {size!r}: expected pixels, 1 to {MOST_CROP}")
        image, kept = self._image()
        crops = numpy.empty((len(self), size, size, 3), numpy.uint8)
        for face, crop in zip(self._structs(), crops):
            crop[:] = pixels_of(cut(image, face, size), order)
        del kept  # lived as long as the image
        return crops

    def draw(self, path: str | os.PathLike[str] | None = None, format: str | None = None) -> numpy.ndarray:
        """A copy of the photo with boxes, points and scores: uint8 (height, width, 3).

        Also written to `path`, a .jpg or .png, where one is given. `format` is as in crops().
        """
        order = check_order(format or self.origin.order)
        photo = self._photo()
        faces, error = self._structs(), new_error()
        found = ffi.new("fov_faces *", (len(faces), faces))
        check(lib.fov_faces_draw(found, photo, error), error)
        if path is not None:
            image = ffi.new("fov_image *", lib.fov_photo_image(photo))
            check(lib.fov_image_save(image, path_bytes(path), JPEG_QUALITY, error), error)
        return numpy.ascontiguousarray(pixels_of(photo, order))

    def _structs(self) -> Any:
        """fov_face of each face."""
        table = numpy.concatenate([self.boxes, self.scores[:, None], self.landmarks.reshape(-1, 10)], axis=1, dtype=numpy.float32)
        structs = ffi.new("fov_face[]", len(table))
        ffi.memmove(structs, table.tobytes(), table.nbytes)
        return structs

    def _load(self) -> Any:
        """The file again, however large the detector let it be; not a larger one that has its name now."""
        return load(self.origin.photo, new_options(max_pixels=self.width * self.height))

    def _image(self) -> tuple[Any, Any]:
        """A fov_image of the photo, and what must live as long as it."""
        if not is_file(self.origin.photo):
            return new_image(self.origin.photo, self.origin.order)
        photo = self._load()
        return ffi.new("fov_image *", lib.fov_photo_image(photo)), photo

    def _photo(self) -> Any:
        """A fov_photo that may be drawn into."""
        if is_file(self.origin.photo):
            return self._load()
        photo, error = ffi.new("fov_photo **"), new_error()
        check(lib.fov_photo_new(self.width, self.height, photo, error), error)
        owned = ffi.gc(photo[0], lib.fov_photo_free)
        array = self.origin.photo
        if array.ndim == 2:
            array = array[..., None]
        pixels_of(owned, self.origin.order)[:] = array[..., :3]  # gray is repeated
        return owned


def rounded(numbers: numpy.ndarray) -> list[float]:
    return [round(float(number), 3) for number in numbers]


def cut(image: Any, face: Any, size: int) -> Any:
    photo, error = ffi.new("fov_photo **"), new_error()
    check(lib.fov_face_crop(image, ffi.addressof(face), size, photo, error), error)
    return ffi.gc(photo[0], lib.fov_photo_free)
