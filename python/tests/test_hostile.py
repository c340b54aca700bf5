# SPDX-License-Identifier: MIT
"""What cannot be done is refused with the reason and the remedy; nothing crashes."""
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

import fovea
from conftest import same
from fovea import _library


@pytest.mark.parametrize("dtype, remedy", [
    (numpy.float32, "255"), (numpy.float64, "255"), (numpy.uint16, ">> 8"), (numpy.int64, "astype"), (bool, "astype"),
    (object, "astype"), (complex, "astype"),
])
def test_wrong_types(detector, dtype, remedy):
    with pytest.raises(fovea.ArgumentError, match=f"an array of {numpy.dtype(dtype)}.*{remedy}"):
        detector.detect(numpy.zeros((64, 64, 3), dtype))


@pytest.mark.parametrize("shape, remedy", [
    ((3, 64, 60), r"transpose\(1, 2, 0\)"), ((2, 64, 64, 3), r"list\(array\)"), ((64,), "height, width"), ((), "height, width"),
    ((64, 64, 2), "channels"), ((64, 64, 5), "channels"), ((64, 64, 0), "channels"),
])
def test_wrong_shapes(detector, shape, remedy):
    with pytest.raises(fovea.ArgumentError, match=remedy):
        detector.detect(numpy.zeros(shape, numpy.uint8))


@pytest.mark.parametrize("shape", [(0, 64, 3), (64, 0, 3), (0, 0), (0, 0, 1)])
def test_no_pixels(detector, shape):
    with pytest.raises(fovea.ArgumentError, match="no pixels"):
        detector.detect(numpy.zeros(shape, numpy.uint8))


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 1), (1, 500, 3), (500, 1, 4), (2, 3, 1)])
def test_tiny_pictures(detector, shape):
    assert len(detector.detect(numpy.zeros(shape, numpy.uint8), size="native")) == 0


@pytest.mark.parametrize("thing", [None, 5, 1.5, {"a": 1}, object(), iter([])])
def test_no_photos(detector, thing):
    with pytest.raises(TypeError, match="is no photo: expected a path"):
        detector.detect(thing)
    with pytest.raises(TypeError, match="is no photo: expected a path"):
        detector.detect([numpy.zeros((64, 64), numpy.uint8), thing])


def test_wrong_paths(detector, tmp_path):
    with pytest.raises(fovea.FileError, match="nowhere.jpg: cannot open"):
        detector.detect(tmp_path / "nowhere.jpg")
    with pytest.raises(OSError):
        detector.detect(str(tmp_path))
    with pytest.raises(ValueError, match="no file can have this name"):
        detector.detect("a\0b.jpg")
    with pytest.raises(ValueError, match="no file can have this name"):
        detector.detect("")
    strange = tmp_path / os.fsdecode(b"\xff\xfe.jpg")
    with pytest.raises(fovea.FileError):
        detector.detect(strange)


@pytest.mark.parametrize("data", [b"", b"x", b"\xff\xd8\xff\xe0" + bytes(40), b"\x89PNG\r\n\x1a\n" + bytes(40), bytes(100_000)])
def test_wrong_files(detector, data):
    with pytest.raises(fovea.FormatError):
        detector.detect(data)
    with pytest.raises(fovea.FormatError):
        fovea.load_photo(data)


def test_another_kind_of_picture(detector):
    with pytest.raises(fovea.UnsupportedError, match="GIF"):
        detector.detect(b"GIF89a" + bytes(40))


@pytest.mark.parametrize("options, message", [
    ({"score": 2}, "score"), ({"score": float("nan")}, "score"), ({"nms": -1}, "nms"), ({"top_k": 0}, "top_k"),
    ({"max_faces": 0}, "max_faces"), ({"score": "much"}, "expected a number"), ({"top_k": None}, "whole number"),
    ({"top_k": 10**12}, "whole number"), ({"top_k": 40.7}, "whole number"),
    ({"max_faces": "40"}, "whole number"), ({"full_decode": "false"}, "True or False"), ({"full_decode": 2}, "True or False"),
    ({"size": "big"}, "expected '640x480'"), ({"size": 640}, "expected '640x480'"),
    ({"size": (640, -1)}, "expected"), ({"size": "0x0"}, "at least 1"), ({"size": "tiles:10"}, "64 to 8192"),
    ({"size": "long:0"}, "at least 1"), ({"place": "left"}, "top-left"), ({"fill": (1, 2)}, "three numbers"),
    ({"fill": (1, 2, 300)}, "0 to 255"), ({"fill": 5}, "three numbers"), ({"fill": "black"}, "three numbers"),
    ({"fill": (1.5, 2, 3)}, "three numbers"), ({"fill": (1, 2, 10**12)}, "three numbers"),
    ({"tile_scale": 2}, "tiles:N"), ({"format": "yuv"}, "'bgr'"),
])
def test_wrong_options(detector, rgb, options, message):
    with pytest.raises(fovea.ArgumentError, match=message):
        detector.detect(rgb, **options)


def test_numbers_of_numpy_are_numbers(detector, rgb):
    plain = detector.detect(rgb, score=0.02, top_k=40, size=(320, 256), fill=(1, 2, 3), full_decode=True)
    given = detector.detect(rgb, score=numpy.float64(0.02), top_k=numpy.int64(40), size=tuple(numpy.array([320, 256])),
                            fill=numpy.array([1, 2, 3]), full_decode=numpy.True_)
    assert same(plain, given) and plain.crops(numpy.int32(64)).shape == (len(plain), 64, 64, 3)


def test_unknown_option(detector, rgb):
    with pytest.raises(TypeError, match="no option 'treshold': there are score, nms"):
        detector.detect(rgb, treshold=0.5)
    with pytest.raises(TypeError, match="no option 'treshold'"):
        fovea.Detector(treshold=0.5)


@pytest.mark.parametrize("given, kind, message", [
    ({"model": "nowhere.pth"}, fovea.FileError, "nowhere.pth"),
    ({"precision": "fp8"}, fovea.ArgumentError, "fp16"),
    ({"threads": -1}, fovea.ArgumentError, "threads"),
    ({"threads": 10**6}, fovea.ArgumentError, "threads"),
    ({"backend": "tpu"}, fovea.ArgumentError, "cuda"),
    ({"device": 1}, fovea.ArgumentError, "add backend='cuda'"),
    ({"format": "RGB"}, fovea.ArgumentError, "'bgr'"),
    ({"plugins": ["nowhere.so"]}, fovea.FileError, "nowhere.so"),
    ({"plugins": "nowhere.so"}, fovea.FileError, "nowhere.so: cannot open"),
    ({"strict": "no"}, fovea.ArgumentError, "True or False"),
    ({"max_pixels": 0}, fovea.ArgumentError, "1 or more"),
    ({"max_pixels": 1e6}, fovea.ArgumentError, "1 or more"),
    ({"settings": {"leaky": "much"}}, fovea.FormatError, "leaky"),
    ({"settings": "nonsense"}, fovea.FormatError, "nonsense"),
])
def test_wrong_detectors(given, kind, message):
    with pytest.raises(kind, match=message):
        fovea.Detector(**given)


def test_settings_may_be_lines_or_a_mapping(photo):
    found = [fovea.Detector(precision="fp32", settings=s).detect(photo, score=0.02).to_dict()
             for s in ("variances = 0.1,0.3\nleaky = 0.1\n", {"variances": [0.1, 0.3], "leaky": 0.1})]
    assert found[0] == found[1] != fovea.Detector(precision="fp32").detect(photo, score=0.02).to_dict()


def test_a_damaged_model(tmp_path):
    path = tmp_path / "bad.onnx"
    path.write_bytes(os.urandom(1000))
    with pytest.raises(fovea.FoveaError, match="bad.onnx"):
        fovea.Detector(path)


def test_int8_without_photos_is_warned_of():
    with pytest.warns(fovea.FoveaWarning, match="nobody measured the loss"):
        assert fovea.Detector(precision="int8").precision == "int8"


def test_closed(rgb, photo):
    detector = fovea.Detector()
    assert detector.detect(rgb)
    detector.close()
    detector.close()
    for call in (lambda: detector.detect(rgb), lambda: detector.detect([]), lambda: detector.prepare(64, 64),
                 lambda: detector.detect_many([photo])):
        with pytest.raises(fovea.ArgumentError, match="closed"):
            call()
    assert "closed" in repr(detector) and detector.precision


def test_errors_are_pythons_too():
    for kind, base in ((fovea.ArgumentError, ValueError), (fovea.NoMemoryError, MemoryError), (fovea.FileError, OSError),
                       (fovea.FormatError, ValueError)):
        assert issubclass(kind, base) and issubclass(kind, fovea.FoveaError)
        copy = pickle.loads(pickle.dumps(kind("message")))
        assert type(copy) is kind and str(copy) == "message"


def test_a_library_of_another_release(tmp_path):
    shutil.copytree(Path(fovea.__file__).parent, tmp_path / "fovea")
    cdef = tmp_path / "fovea" / "_cdef.py"
    cdef.write_text(cdef.read_text(encoding="utf-8") + "VERSION = '0.0.9'\n", encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", "import fovea"], stderr=subprocess.PIPE, check=False,
                          env={**os.environ, "PYTHONPATH": str(tmp_path), "FOVEA_LIBRARY": _library.find_library()})
    assert done.returncode == 1 and f"Fovea {fovea.__version__}, and this package is of 0.0.9" in done.stderr.decode()


def test_a_library_that_is_not_there():
    done = subprocess.run([sys.executable, "-c", "import fovea"], env={**os.environ, "FOVEA_LIBRARY": "/nowhere/libfovea.so"},
                          stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1 and b"/nowhere/libfovea.so" in done.stderr
