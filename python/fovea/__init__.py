# SPDX-License-Identifier: MIT
"""Fovea finds faces in photos.

    import fovea
    faces = fovea.Detector().detect("photo.jpg")
    print(faces.boxes, faces.scores, faces.landmarks)

docs/python.md tells the rest.
"""
from ._build import build
from ._calibrate import calibrate
from ._compare import compare
from ._detector import Detector
from .errors import (ArgumentError, CancelledError, DeviceError, FileError, FormatError, FoveaError, FoveaWarning, InternalError,
                      LimitError, NoMemoryError, UnsupportedError)
from ._evaluate import Curve, Evaluation, evaluate
from ._faces import Face, Faces, Timing
from ._inspect import doctor, inspect
from ._library import lib as _lib, text as _text
from ._options import DetectOptions
from ._photos import load_photo

__version__ = _text(_lib.fov_version())

__all__ = [
    "ArgumentError", "CancelledError", "Curve", "DetectOptions", "Detector", "DeviceError", "Evaluation", "Face", "Faces",
    "FileError", "FormatError", "FoveaError", "FoveaWarning", "InternalError", "LimitError", "NoMemoryError", "Timing",
    "UnsupportedError", "build", "calibrate", "compare", "doctor", "evaluate", "inspect", "load_photo",
]
