# SPDX-License-Identifier: MIT
"""The stand-in for insightface."""
import copy
import pickle

import numpy
import pytest

import fovea
from fovea.insightface import FaceAnalysis


@pytest.fixture(scope="module")
def app():
    app = FaceAnalysis(name="buffalo_l", root="~/.insightface", allowed_modules=["detection"], providers=["CPUExecutionProvider"])
    app.prepare(ctx_id=0, det_size=(640, 640))
    return app


def test_faces_as_insightface_has_them(app, rgb, detector):
    bgr = numpy.ascontiguousarray(rgb[..., ::-1])
    [face] = app.get(bgr)
    expected = detector.detect(bgr, format="bgr", size="640x640", place="top-left", fill=(0, 0, 0))
    assert face.bbox.shape == (4,) and face.kps.shape == (5, 2) and face.bbox.dtype == face.kps.dtype == numpy.float32
    assert numpy.array_equal(face["bbox"], expected.boxes[0]) and numpy.array_equal(face.kps, expected.landmarks[0])
    assert face.det_score == expected.scores[0] and 0.9 < face.det_score <= 1


def test_what_is_not_there_is_none(app, rgb):
    [face] = app.get(rgb[..., ::-1])
    assert face.embedding is None and face.normed_embedding is None and face.gender is None
    face.name = "somebody"
    assert face["name"] == "somebody"
    for other in (copy.deepcopy(face), pickle.loads(pickle.dumps(face))):
        assert other.name == "somebody" and numpy.array_equal(other.kps, face.kps)


def test_thresholds_and_numbers(rgb):
    app = FaceAnalysis()
    app.prepare(-1, det_thresh=0.0005)
    bgr = rgb[..., ::-1]
    faces = app.get(bgr)
    assert len(faces) > 3 and [f.det_score for f in faces] == sorted((f.det_score for f in faces), reverse=True)

    def worth(face):
        x1, y1, x2, y2 = face.bbox
        return (x2 - x1) * (y2 - y1) - 2 * (((x1 + x2) / 2 - 256) ** 2 + ((y1 + y2) / 2 - 256) ** 2)

    best = app.get(bgr, max_num=2)
    assert [f.bbox.tolist() for f in best] == [f.bbox.tolist() for f in sorted(faces, key=worth, reverse=True)[:2]]


def test_drawing(app, rgb, detector):
    bgr = numpy.ascontiguousarray(rgb[..., ::-1])
    drawn = app.draw_on(bgr, app.get(bgr))
    assert drawn.shape == bgr.shape and not numpy.array_equal(drawn, bgr)
    assert numpy.array_equal(app.draw_on(bgr, []), bgr)


def test_misuse():
    with pytest.raises(fovea.ArgumentError, match="prepare"):
        FaceAnalysis().get(numpy.zeros((64, 64, 3), numpy.uint8))
    with pytest.raises(fovea.ArgumentError, match="detection"):
        FaceAnalysis(allowed_modules=["recognition"])
