# SPDX-License-Identifier: MIT
"""detect_many(): in order, failures among the answers, left when there are enough."""
import gc
import io
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
import weakref

import numpy
import pytest
from PIL import Image

import fovea
from conftest import same
from fovea import _many, _photos


def test_folder_as_the_program(detector, many, found):
    answers = [faces.to_dict() for faces in detector.detect_many(many)]
    assert len(answers) == 6 and answers == found("--mode", "throughput", many)


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_in_order_with_failures(detector, many, threads):
    files = [many / "0.png", many / "nowhere.png", many / "below" / "1.png", (many / "2.png").read_bytes(), b"no photo", "a\0b",
             many / "notes.txt", memoryview(b"abcdef")[::2]] * 5
    answers = list(detector.detect_many(iter(files), threads=threads))
    kinds = [fovea.Faces, fovea.FileError, fovea.Faces, fovea.Faces, fovea.FormatError, fovea.ArgumentError, fovea.FormatError,
             fovea.ArgumentError] * 5
    assert list(map(type, answers)) == kinds
    assert [a.file for a in answers[:5]] == [str(many / "0.png"), str(many / "nowhere.png"), str(many / "below" / "1.png"), None, None]
    assert all(same(answer, detector.detect(file)) for answer, file in zip(answers, files) if isinstance(answer, fovea.Faces))


def test_pictures_in_folders_are_those_of_the_program(program):
    assert f"\n  {' '.join(_photos.ENDINGS)}\n" in program("help", "formats")


def test_options(detector, many):
    assert sum(map(len, detector.detect_many(many, score=0.001))) > sum(map(len, detector.detect_many(many)))
    with pytest.raises(fovea.ArgumentError):
        detector.detect_many(many, size="big")
    with pytest.raises(fovea.ArgumentError, match="threads"):
        list(detector.detect_many(many, threads=-1))


def test_left_early(detector, many):
    before = threading.active_count()
    answers = detector.detect_many([many / "0.png"] * 200)
    assert len(next(answers)) == 1
    answers.close()
    assert threading.active_count() == before
    for _ in detector.detect_many([many / "0.png"] * 200):
        break
    unused = detector.detect_many([many / "0.png"])
    del unused


def test_ctrl_c(detector, many):
    before = threading.active_count()
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        timer.start()
        while True:
            list(detector.detect_many(many))
    timer.join()
    end = time.monotonic() + 60  # what was interrupted may have been the wait for the library's thread
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() == before


def test_exit_in_the_middle(photo):
    code = ("import sys, fovea\n"
            "answers = fovea.Detector().detect_many([sys.argv[1]] * 500)\n"
            "print(len(next(answers)))\n")
    done = subprocess.run([sys.executable, "-c", code, photo], timeout=60, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert (done.stdout, done.stderr) == (b"1\n", b"")


def test_detector_closed_meanwhile(many):
    detector = fovea.Detector()
    answers = detector.detect_many([many / "0.png"] * 30)
    next(answers)
    detector.close()
    del detector
    assert len(list(answers)) == 29


class File(bytearray):
    """One that weakref can watch."""


@pytest.mark.parametrize("work", ["detect_many", "left early", "compare"])
def test_files_in_memory_go_with_the_call(detector, many, work):
    """Not when the collector comes."""
    file = File((many / "0.png").read_bytes())
    gone = weakref.ref(file)
    gc.collect()
    gc.disable()
    try:
        if work == "compare":
            fovea.compare("default", "default", [file], layers=False)
        elif work == "detect_many":
            assert [len(faces) for faces in detector.detect_many([file])] == [1]
        else:
            answers = detector.detect_many([file] * 50)
            assert len(next(answers)) == 1
            answers.close()
        del file
        assert gone() is None
    finally:
        gc.enable()


def test_nothing(detector, tmp_path):
    assert list(detector.detect_many([])) == []
    with pytest.raises(fovea.ArgumentError, match="no pictures in this folder"):
        detector.detect_many(tmp_path)
    with pytest.raises(TypeError, match="is no file"):
        detector.detect_many([numpy.zeros((64, 64, 3), numpy.uint8)])


def test_warnings_may_be_errors(detector, many):
    path = many / "cut.jpg"
    path.write_bytes(cut_jpeg(many))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(fovea.FoveaWarning, match="cut.jpg"):
            list(detector.detect_many([path, many / "0.png"]))


def test_what_python_raises_while_it_loads_ends_it(detector, many, monkeypatch):
    """In threads of the library, for which a photo that fails is no reason to stop."""
    loaded = []

    def load_or_fail(file, *rest):
        loaded.append(file)
        if len(loaded) == 3:
            raise MemoryError("mine")
        return _photos.load_into(file, *rest)

    monkeypatch.setattr(_many, "load_into", load_or_fail)
    with pytest.raises(MemoryError, match="mine"):
        list(detector.detect_many([many / "0.png"] * 1000))
    assert len(loaded) < 100


def cut_jpeg(many):
    data = io.BytesIO()
    Image.open(many / "0.png").save(data, "JPEG")
    return data.getvalue()[:-3000]


def test_links_that_lead_back(detector, many):
    (many / "below" / "loop").symlink_to(many)
    assert len(list(detector.detect_many(many))) == 6
