# SPDX-License-Identifier: MIT
"""Tables of Arrow with faces: one schema for all hosts, failures in their rows, one engine for a process."""
import subprocess
import sys
import threading

import pytest

import fovea
from conftest import SOURCE
from tables import assert_failed, assert_same

pyarrow = pytest.importorskip("pyarrow", reason="no tables without pyarrow: pip install pyarrow")
_arrow = pytest.importorskip("fovea._arrow")
_tables = pytest.importorskip("fovea._tables")

BYTES = _arrow.Columns("bytes", "", False)


@pytest.fixture
def files(many):
    return [many / "0.png", many / "below" / "1.png", many / "notes.txt", many / "2.png"]


@pytest.mark.parametrize("page", ["ray.md", "spark.md"])
def test_schema_is_as_documented(page):
    words = (SOURCE / "docs" / page).read_text(encoding="utf-8")
    for field in _arrow.RESULT:
        assert f"{field.name}: {field.type}\n" in words


@pytest.mark.parametrize("kind", ["binary", "large_binary"])
@pytest.mark.parametrize("threads", [1, 3])
def test_bytes_with_failures(detector, files, kind, threads):
    photos = pyarrow.array([*(file.read_bytes() for file in files), None], getattr(pyarrow, kind)())
    table = pyarrow.table({"name": [*map(str, files), "nothing"], "bytes": photos})
    found = _tables.Finder(BYTES, threads, {"score": 0.02})(table)
    assert found.schema == pyarrow.schema([("name", pyarrow.string()), *_arrow.RESULT])
    rows = found.to_pylist()
    assert [row["name"] for row in rows] == table["name"].to_pylist() and len(rows[0]["faces"]) > 1
    for i in (0, 1, 3):
        assert_same(rows[i], detector.detect(files[i], score=0.02))
    assert_failed(rows[2])
    assert_failed(rows[4])
    assert "null in this row" in rows[4]["error"]


def test_paths_stay(detector, files):
    table = pyarrow.table({"path": ["/nowhere.jpg", str(files[0].parent), str(files[0])]})
    found = _tables.Finder(_arrow.Columns("path", "face_", False), 2, {})(table)
    assert found.schema.names == ["path", "face_width", "face_height", "face_faces", "face_error"]
    errors = found["face_error"].to_pylist()
    assert "/nowhere.jpg" in errors[0] and "is a folder" in errors[1] and errors[2] is None


def test_tensors(detector, rgb):
    arrays = rgb[None].repeat(3, axis=0)
    table = pyarrow.table({"bytes": pyarrow.FixedShapeTensorArray.from_numpy_ndarray(arrays)})
    rows = _tables.Finder(BYTES, 2, {})(table).to_pylist()
    assert len(rows) == 3
    for row in rows:
        assert_same(row, detector.detect(rgb))
    table = pyarrow.table({"bytes": pyarrow.FixedShapeTensorArray.from_numpy_ndarray(arrays.astype("float32"))})
    assert "uint8" in _tables.Finder(BYTES, 1, {})(table)["error"][0].as_py()


def test_slices_and_nothing(detector, files):
    table = pyarrow.table({"bytes": [file.read_bytes() for file in files]})
    finder = _tables.Finder(BYTES, 1, {})
    assert_same(finder(table.slice(3, 1)).to_pylist()[0], detector.detect(files[3]))
    nothing = finder(table.slice(0, 0))
    assert nothing.num_rows == 0 and nothing.schema == _arrow.RESULT


def test_photos_are_kept_when_asked(files):
    table = pyarrow.table({"bytes": [files[0].read_bytes()], "n": [1]})
    assert _tables.Finder(BYTES._replace(keep_photos=True), 1, {})(table).schema.names[:2] == ["bytes", "n"]


def test_columns_that_cannot_be(files):
    data = [files[0].read_bytes()]
    for table, words in [({"jpg": data}, "no column 'bytes': there are jpg"), ({"bytes": [1]}, "has the type int64"),
                         ({"bytes": data, "error": ["x"]}, "prefix=")]:
        with pytest.raises(fovea.ArgumentError, match=words):
            _tables.Finder(BYTES, 1, {})(pyarrow.table(table))
    with pytest.raises(fovea.ArgumentError, match="threads"):
        _tables.Finder(BYTES, 0, {})


class Broken:
    """A detector whose machine fails."""

    def detect_many(self, photos, threads):
        return [fovea.DeviceError("the GPU is gone") for _ in photos]

    def detect(self, photo):
        raise fovea.NoMemoryError("no memory")


@pytest.mark.parametrize("photos, kind", [([b"x"], fovea.DeviceError), ([None], fovea.NoMemoryError)])
def test_what_is_no_fault_of_the_photo_is_raised(photos, kind):
    finder = _tables.Finder(BYTES, 1, {})
    finder.detector = Broken()
    with pytest.raises(kind):
        finder.detect(photos)


def test_one_engine_for_all_threads():
    found, options = [], {"score": 0.123, "settings": {"leaky": 0.1}}
    threads = [threading.Thread(target=lambda: found.append(_tables.shared_detector(dict(options)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(map(id, found))) == 1
    assert _tables.shared_detector({"score": 0.124}) is not found[0]


@pytest.mark.parametrize("module, package", [("ray", "ray"), ("spark", "pyspark")])
def test_what_is_missing_is_named(module, package):
    code = f"import sys; sys.modules[{package!r}] = None; import fovea.{module}"
    done = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    assert done.returncode and f"pip install 'fovea[{module}]'" in done.stderr.splitlines()[-1]
