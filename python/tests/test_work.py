# SPDX-License-Identifier: MIT
"""build, calibrate, compare, evaluate and inspect: what the program does; progress, cancelling, Ctrl-C."""
import json
import os
import signal
import threading

import numpy
import pytest
from PIL import Image

import fovea
from fovea import _calls


@pytest.fixture
def truth(tmp_path, many):
    """Ground truth of the photos: in each the face where it is, and one that nobody finds."""
    entries = []
    for path in sorted(many.rglob("[0-9].png")):
        side = Image.open(path).width / 512
        boxes = [[round(side * v) for v in (173, 54, 103, 118)], [1, 1, 10, 10]]
        entries.append({"file": str(path.relative_to(many)), "boxes": boxes, "easy": [0], "medium": [0], "hard": [0, 1]})
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(entries))
    return path


def without(record, *names):
    """A copy without members that differ from run to run."""
    if isinstance(record, dict):
        return {key: without(value, *names) for key, value in record.items() if key not in names}
    return [without(value, *names) for value in record] if isinstance(record, list) else record


def test_inspect_model(program):
    assert fovea.inspect("default") == json.loads(program("inspect", "--json", "default"))
    expected = json.loads(program("inspect", "--json", "--size", "320x256", "default"))
    assert fovea.inspect("default", size=(320, 256)) == fovea.inspect("default", size="320x256") == expected


def test_inspect_weights(program):
    assert fovea.inspect("default", precision="fp16") == json.loads(program("inspect", "--json", "--precision", "fp16", "default"))
    with pytest.raises(fovea.ArgumentError, match="precision"):
        fovea.inspect("default", "photos")
    with pytest.raises(fovea.FoveaError):
        fovea.inspect("default", precision="fp32")


@pytest.mark.parametrize("size", ["native", "long:640", "640", (640, 480, 3), 640, (640, -1), None])
def test_inspect_wrong_size(size):
    with pytest.raises(fovea.ArgumentError, match="expected '640x480' or"):
        fovea.inspect("default", size=size)


def test_doctor():
    found = fovea.doctor()
    assert found["version"] == fovea.__version__ and found["cpu"]["brand"] and found["threads"] >= 1


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """An engine in INT8, and what build() said of it."""
    path = tmp_path_factory.mktemp("engine") / "int8.fov"
    return path, fovea.build("default", path, precision="int8")


def test_build_as_the_program(engine, program, tmp_path):
    path, certificate = engine
    expected = json.loads(program("build", "--json", "--precision", "int8", "default", "-o", tmp_path / "other.fov"))
    assert without(certificate, "slower", "built") == without(expected, "slower", "built")
    assert isinstance(certificate["slower"], list)
    assert path.read_bytes()[:6] == b"\x89FOV\r\n"


def test_engines_run(engine, photo, found):
    path, certificate = engine
    with fovea.Detector(path) as detector:
        assert detector.precision == "int8"
        assert detector.certificate == without(certificate, "slower")
        assert [detector.detect(photo).to_dict()] == found("-m", path, photo)
    assert fovea.inspect(path)["precision"] == "int8"


def test_engines_have_their_precision(engine):
    with pytest.raises(fovea.ArgumentError, match="chosen when it was built"):
        fovea.Detector(engine[0], precision="fp16")
    with pytest.raises(fovea.ArgumentError, match="carries its settings"):
        fovea.Detector(engine[0], settings="leaky = 0")


@pytest.mark.parametrize("given, message", [
    ({"precision": "int8", "max_loss": 0.1}, "mixed and auto"), ({"mapping": "a = b"}, "cache"), ({"cache": "nowhere"}, "nowhere"),
    ({"precision": "mixed", "max_loss": -1}, "above 0"), ({"precision": "auto", "max_loss": 0}, "above 0"),
    ({"precision": "int4"}, "int8"), ({"backend": "tpu"}, "tpu"),
])
def test_wrong_builds(tmp_path, given, message):
    with pytest.raises(fovea.FoveaError, match=message):
        fovea.build("default", tmp_path / "a.fov", **given)
    assert not list(tmp_path.iterdir())


def test_build_in_fp32_needs_no_photos(tmp_path):
    certificate = fovea.build("default", tmp_path / "a.fov", precision="fp32")
    assert "slower" not in certificate and (tmp_path / "a.fov").exists()


def test_calibrate_as_the_program(many, program, tmp_path):
    mine, other = tmp_path / "mine.cache", tmp_path / "other.cache"
    told = []
    ranges = fovea.calibrate("default", many, mine, method="percentile", percentile=99.9,
                             progress=lambda *step: told.append(step))
    program("calibrate", "default", many, "-o", other, "--method", "percentile", "--percentile", "99.9")
    assert mine.read_bytes() == other.read_bytes()
    assert ranges == json.loads(program("calibrate", "default", "--from", other, "--json"))
    assert told == [("photos", i, 6) for i in range(6)]
    assert fovea.calibrate("default", from_cache=other) == ranges
    fovea.calibrate("default", from_cache=other, output=tmp_path / "table", format="tensorrt")
    assert (tmp_path / "table").read_text().startswith("TRT-")
    certificate = fovea.build("default", tmp_path / "a.fov", precision="int8", cache=mine, calibrate=many)
    assert certificate["calibration"]["photos"] == 6


def test_calibration_goes_on_where_it_was_stopped(many, tmp_path):
    def stop(what, done, total):
        return done < 3

    output, partial = tmp_path / "a.cache", tmp_path / "a.cache.partial"
    with pytest.raises(fovea.CancelledError, match="a.cache.partial keeps them"):
        fovea.calibrate("default", many, output, progress=stop)
    assert partial.exists() and not output.exists()
    with pytest.raises(fovea.ArgumentError, match="not among those named now"):
        fovea.calibrate("default", [many / "below"], output)
    fovea.calibrate("default", many, output)
    assert not partial.exists()
    fovea.calibrate("default", many, tmp_path / "b.cache")
    assert output.read_bytes() == (tmp_path / "b.cache").read_bytes()


@pytest.mark.parametrize("given, message", [
    ({"method": "best"}, "min-max"), ({"format": "onnx"}, "tensorrt"), ({"percentile": 99}, "method='percentile'"),
    ({"method": "percentile", "percentile": 0}, "above 50"), ({"method": "percentile", "percentile": 101}, "100"),
    ({"mapping": "a = b"}, "from_cache"), ({"photos": "nowhere.jpg"}, "no photo could be used"), ({"photos": []}, "no photo"),
])
@pytest.mark.filterwarnings("ignore:left out")
def test_wrong_calibrations(many, tmp_path, given, message):
    with pytest.raises(fovea.ArgumentError, match=message):
        fovea.calibrate("default", **{"photos": many, "output": tmp_path / "a.cache", **given})
    with pytest.raises(fovea.ArgumentError, match="output='FILE'"):
        fovea.calibrate("default", many)


def test_compare_as_the_program(engine, many, program, tmp_path):
    expected = json.loads(program("compare", "--json", "--threads", "1", "default", engine[0], many))
    assert fovea.compare("default", engine[0], many, html=tmp_path / "a.html", threads=1) == expected
    assert "<html" in (tmp_path / "a.html").read_text()


def test_a_photo_that_fails_is_warned_of_once_and_counted(many):
    with pytest.warns(fovea.FoveaWarning) as caught:
        result = fovea.compare("default", "default", [many / "0.png", "nowhere.png", "nowhere.png"], precision_b="bf16", layers=False)
    assert [str(w.message) for w in caught] == ["left out: nowhere.png: cannot open: No such file or directory"]
    assert caught[0].filename == __file__
    assert result["photos"] == 1 and result["failed"] == 1


def test_evaluate_as_the_program(program, tmp_path, engine, truth, many):
    expected = json.loads(program("eval", "--json", "--wider", truth, "-m", "default", "-m", engine[0], "--precision", "fp32", many))
    result = fovea.evaluate(truth, many, ["default", engine[0]], "fp32", curves=tmp_path / "a.svg", detections=tmp_path / "found")
    assert without(result, "seconds") == without(expected, "seconds")
    assert [e["name"] for e in result["engines"]] == ["default fp32", "int8.fov"] and result["engines"][0]["ap"]["easy"] > 0.9
    assert (tmp_path / "a.svg").exists() and any((tmp_path / "found").rglob("*.txt"))
    curve = result.curve(1, 0)
    assert curve.ap == pytest.approx(result["engines"][1]["ap"]["easy"], abs=1e-8)
    assert len(curve.recall) == len(curve.precision) > 0 and (numpy.diff(curve.recall) >= 0).all()
    with pytest.raises(IndexError):
        result.curve(2, 0)


def test_models_of_one_name_are_told_apart(truth, many):
    result = fovea.evaluate(truth, many, ["default", "default"], ["fp32", "bf16"], size="long:64")
    assert [e["name"] for e in result["engines"]] == ["default fp32", "default bf16", "default fp32 (2)", "default bf16 (2)"]


def test_wrong_evaluations(tmp_path, truth, many):
    (tmp_path / "empty").mkdir()
    with pytest.raises(fovea.FileError):
        fovea.evaluate(tmp_path / "nowhere.json", many)
    with pytest.raises(fovea.FileError, match="cannot be read"):
        fovea.evaluate(truth, tmp_path / "empty")
    with pytest.raises(fovea.ArgumentError, match="no engine"):
        fovea.evaluate(truth, many, [])
    (many / "0.png").unlink()
    assert fovea.evaluate(truth, many, skip_missing=True)["missing"] == 1


@pytest.fixture
def works(many, tmp_path, truth):
    few = [many / "0.png", many / "2.png"]
    return lambda progress: {
        "build": lambda: fovea.build("default", tmp_path / "a.fov", precision="mixed", calibrate=few, progress=progress),
        "calibrate": lambda: fovea.calibrate("default", many, tmp_path / "a.cache", progress=progress),
        "compare": lambda: fovea.compare("default", "default", many, progress=progress),
        "evaluate": lambda: fovea.evaluate(truth, many, progress=progress),
        "inspect": lambda: fovea.inspect("default", many, precision="fp16", progress=progress),
    }


WORKS = ["build", "calibrate", "compare", "evaluate", "inspect"]


@pytest.mark.parametrize("work", WORKS)
def test_progress_is_told(works, tmp_path, work):
    told = []
    works(lambda *step: told.append(step))[work]()
    assert told and all(isinstance(what, str) and 0 <= done and (total == 0 or done <= total) for what, done, total in told)


@pytest.mark.parametrize("work", WORKS)
def test_progress_may_stop(works, tmp_path, work):
    with pytest.raises(fovea.CancelledError):
        works(lambda *_: False)[work]()
    assert not (tmp_path / "a.fov").exists() and not (tmp_path / "a.cache").exists()


@pytest.mark.parametrize("work", WORKS)
def test_what_progress_raises_comes_out(works, tmp_path, work):
    def fail(*_):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        works(fail)[work]()


@pytest.mark.parametrize("name, problem", [("nowhere/a.fov", "No such file"), ("below", "Is a directory"), ("0.png/a", "Not a directory")])
def test_what_cannot_be_written_is_told_before_the_work(many, truth, name, problem):
    def never(*_):
        raise AssertionError("work was begun")

    for work in (lambda path: fovea.build("default", path, calibrate=many, progress=never),
                 lambda path: fovea.calibrate("default", many, path, progress=never),
                 lambda path: fovea.compare("default", "default", many, html=path, progress=never),
                 lambda path: fovea.evaluate(truth, many, curves=path, progress=never)):
        with pytest.raises(fovea.FileError, match=f"{name}: cannot be written: {problem}"):
            work(many / name)


@pytest.mark.parametrize("work", ["build", "compare", "inspect"])
def test_ctrl_c(works, many, work):
    """Without a progress function, too; and nothing is broken by it."""
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        timer.start()
        while True:
            works(None)[work]()
    timer.join()
    assert len(fovea.Detector().detect(many / "0.png")) == 1


@pytest.mark.parametrize("work", ["build", "compare", "inspect"])
def test_ctrl_c_while_a_photo_is_loaded(works, tmp_path, monkeypatch, work):
    """The library leaves out a photo that fails, and goes on; this it must not."""
    told, done = [], []

    def interrupt(*_):
        done.append(len(told))
        raise KeyboardInterrupt

    monkeypatch.setattr(_calls, "load_into", interrupt)
    with pytest.raises(KeyboardInterrupt):
        works(lambda *step: told.append(step))[work]()
    assert len(told) == done[0] and not (tmp_path / "a.fov").exists()


def test_model_warnings_are_told(tmp_path, program):
    """Integers in a file of weights are ignored, and told."""
    path = tmp_path / "a.safetensors"
    program("convert", "default", path)
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    end = max(entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__")
    header["steps"] = {"dtype": "I64", "shape": [1], "data_offsets": [end, end + 8]}
    words = json.dumps(header).encode()
    path.write_bytes(len(words).to_bytes(8, "little") + words + data[8 + size :] + bytes(8))
    with pytest.warns(fovea.FoveaWarning, match="steps") as caught:
        fovea.Detector(path, precision="fp32")
    assert caught[0].filename == __file__
