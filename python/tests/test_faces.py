# SPDX-License-Identifier: MIT
"""Faces: pictures of them as the program makes them, parts of them, other packages' forms."""
import pickle
import sys
import types

import numpy
import pytest
from PIL import Image

import fovea
from conftest import same


@pytest.fixture
def crowd(detector, photo):
    return detector.detect(photo, score=0.0005, nms=1)


def test_crops_as_the_program(detector, photo, rgb, program, tmp_path):
    program("detect", "--crop", tmp_path, "--crop-size", "96", photo)
    expected = numpy.asarray(Image.open(tmp_path / "astronaut_1.png"))
    crops = detector.detect(photo).crops(96)
    assert crops.shape == (1, 96, 96, 3) and numpy.array_equal(crops[0], expected)
    assert numpy.array_equal(detector.detect(rgb).crops(96)[0], expected)
    bgr = detector.detect(rgb[..., ::-1], format="bgr")
    assert numpy.array_equal(bgr.crops(96)[0], expected[..., ::-1])
    assert numpy.array_equal(bgr.crops(96, format="rgb")[0], expected)


def test_drawing_as_the_program(detector, photo, rgb, program, tmp_path):
    program("detect", "--draw", tmp_path, photo)
    expected = numpy.asarray(Image.open(tmp_path / "astronaut.png"))
    before = rgb.copy()
    assert numpy.array_equal(detector.detect(photo).draw(), expected)
    assert numpy.array_equal(detector.detect(rgb).draw(), expected)
    assert numpy.array_equal(detector.detect(rgb[..., ::-1], format="bgr").draw(), expected[..., ::-1])
    assert numpy.array_equal(rgb, before)
    detector.detect(rgb).draw(tmp_path / "mine.png")
    assert numpy.array_equal(numpy.asarray(Image.open(tmp_path / "mine.png")), expected)


def test_drawing_gray_and_alpha(detector, rgb):
    gray = numpy.asarray(Image.fromarray(rgb).convert("L"))
    drawn = detector.detect(gray).draw()
    far = drawn[400:, 400:]
    assert drawn.shape == (512, 512, 3) and numpy.array_equal(far, numpy.repeat(gray[400:, 400:, None], 3, axis=2))
    rgba = numpy.dstack([rgb, gray])
    assert numpy.array_equal(detector.detect(rgba).draw(), detector.detect(rgb).draw())


def test_pictures_that_cannot_be_made(detector, photo, rgb, tmp_path):
    faces = detector.detect(rgb)
    for size in (0, -1, 5000, 1.5, "small"):
        with pytest.raises(fovea.ArgumentError, match="1 to 4096"):
            faces.crops(size)
    with pytest.raises(fovea.ArgumentError, match="'bgr'"):
        faces.crops(format="gray")
    with pytest.raises(fovea.ArgumentError, match="gif"):
        faces.draw(tmp_path / "a.gif")
    with pytest.raises(fovea.FileError):
        faces.draw(tmp_path / "no folder" / "a.png")
    with pytest.raises(fovea.ArgumentError, match="no file can have this name"):
        faces.draw(f"{tmp_path}/a.png\0b.png")
    assert not list(tmp_path.iterdir())
    faces.landmarks[:] = 5
    with pytest.raises(fovea.ArgumentError, match="landmarks"):
        faces.crops()
    faces.boxes[:] = numpy.nan
    with pytest.raises(fovea.ArgumentError, match="finite"):
        faces.draw()


def test_files_are_read_again_for_pictures(detector, rgb, tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(rgb).save(path)
    faces = detector.detect(path)
    assert len(faces.crops()) == 1
    path.unlink()
    with pytest.raises(fovea.FileError, match="a.png"):
        faces.crops()


def test_no_faces(detector):
    faces = detector.detect(numpy.zeros((64, 64, 3), numpy.uint8))
    assert (faces.boxes.shape, faces.scores.shape, faces.landmarks.shape) == ((0, 4), (0,), (0, 5, 2))
    assert faces.crops(32).shape == (0, 32, 32, 3) and faces.draw().shape == (64, 64, 3)
    assert not faces and list(faces) == [] and faces.to_dict() == {"width": 64, "height": 64, "faces": []}


def test_parts(crowd):
    assert len(crowd) > 5 and (numpy.diff(crowd.scores) <= 0).all()
    face = crowd[1]
    assert isinstance(face, fovea.Face) and isinstance(face.score, float)
    assert numpy.array_equal(face.box, crowd.boxes[1]) and numpy.array_equal(face.landmarks, crowd.landmarks[1])
    assert [f.score for f in crowd] == crowd.scores.tolist()
    assert same(crowd[2:4], crowd[[2, 3]]) and len(crowd[crowd.scores > 2]) == 0
    assert crowd[:2].crops().shape == (2, 112, 112, 3)
    with pytest.raises(IndexError):
        crowd[len(crowd)]


def test_pickled(crowd):
    copy = pickle.loads(pickle.dumps(crowd))
    assert same(copy, crowd) and copy.file == crowd.file and copy.timing == crowd.timing


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_pickled_with_their_photo(detector, photo, kind):
    faces = detector.detect(kind(open(photo, "rb").read()))
    assert numpy.array_equal(pickle.loads(pickle.dumps(faces)).crops(), faces.crops())


def test_repr(detector, photo, rgb):
    assert repr(detector.detect(photo)) == f"<fovea.Faces: 1 face in {photo}, 512 x 512>"
    assert repr(detector.detect(rgb)[:0]) == "<fovea.Faces: 0 faces in a picture, 512 x 512>"


def test_timing(detector, rgb):
    timing = detector.detect(rgb).timing
    assert timing.network > 0 and timing.preprocess > 0 and timing.postprocess > 0


def test_supervision_gets_the_arrays(crowd, monkeypatch):
    stub = types.SimpleNamespace(Detections=lambda **given: types.SimpleNamespace(**given))
    monkeypatch.setitem(sys.modules, "supervision", stub)
    detections = crowd.to_supervision()
    assert numpy.array_equal(detections.xyxy, crowd.boxes) and numpy.array_equal(detections.confidence, crowd.scores)
    assert numpy.array_equal(detections.data["landmarks"], crowd.landmarks) and detections.class_id.tolist() == [0] * len(crowd)


def test_supervision_itself(crowd):
    pytest.importorskip("supervision", reason="the package supervision is not installed")
    detections = crowd.to_supervision()
    assert len(detections) == len(crowd) and detections[detections.confidence > 0.9].data["landmarks"].shape[1:] == (5, 2)


def test_supervision_missing(crowd, monkeypatch):
    monkeypatch.setitem(sys.modules, "supervision", None)
    with pytest.raises(ImportError, match="pip install supervision"):
        crowd.to_supervision()


def test_load_photo(photo, rgb, tmp_path):
    assert numpy.array_equal(fovea.load_photo(photo), rgb)
    bgr = fovea.load_photo(open(photo, "rb").read(), format="bgr")
    assert numpy.array_equal(bgr, rgb[..., ::-1]) and bgr.flags.c_contiguous
    bgr[:] = 0  # is the caller's
