# SPDX-License-Identifier: MIT
"""What the tests of tables share."""
import importlib.util
import json
from pathlib import Path

import numpy

COPIES = 200  # of each photo, so that workers can be killed in the middle


def assert_same(row, found):
    """A row of a table has exactly the faces that a Detector found."""
    boxes, scores, landmarks = ([face[name] for face in row["faces"]] for name in ("box", "score", "landmarks"))
    assert (row["width"], row["height"], row["error"]) == (found.width, found.height, None)
    assert numpy.array_equal(numpy.array(boxes, numpy.float32).reshape(-1, 4), found.boxes)
    assert numpy.array_equal(numpy.array(scores, numpy.float32), found.scores)
    assert numpy.array_equal(numpy.array(landmarks, numpy.float32).reshape(-1, 5, 2), found.landmarks)


def record_of(row):
    """A row as `fovea detect --json` prints it, but for the name."""
    faces = [{"box": rounded(face["box"]), "score": round(face["score"], 6), "landmarks": [rounded(p) for p in face["landmarks"]]}
             for face in row["faces"]]
    return {"width": row["width"], "height": row["height"], "faces": faces}


def rounded(numbers):
    return [round(number, 3) for number in numbers]


def program_records(program, folder):
    """What the program finds in a folder: a record for each file."""
    records = [json.loads(line) for line in program("detect", "--ndjson", "--score", "0.02", folder).splitlines()]
    return {record.pop("file"): record for record in records}


def assert_failed(row):
    assert row["error"] and row["width"] is row["height"] is row["faces"] is None


def assert_as_the_program(rows, program, folder):
    """Rows by their path: the program's faces, and the error of the bad photo."""
    assert_failed(rows.pop(str(folder / "bad.jpg")))
    (folder / "bad.jpg").unlink()
    assert {path: record_of(row) for path, row in rows.items()} == program_records(program, folder)


def files_of_copies(folder):
    """Row i of many has the photo i % 3, of which the second is bad."""
    return [str(folder / name) for name in ("0.png", "bad.jpg", "2.png")]


def assert_all_there_once(rows, detector, folder):
    files = files_of_copies(folder)
    expected = [None if name.endswith("bad.jpg") else detector.detect(name) for name in files]
    assert sorted(row["id"] for row in rows) == list(range(len(files) * COPIES))
    for row in rows:
        found = expected[row["id"] % 3]
        if found is None:
            assert_failed(row)
        else:
            assert_same(row, found)


def is_installed(*packages):
    """Whether these can be imported."""
    return all(importlib.util.find_spec(package) for package in packages)


def processes(name, ancestor):
    """Numbers of the processes with this in their command, among those that a process started."""
    return [int(path.name) for path in Path("/proc").glob("[0-9]*") if name in words_of(path) and is_below(int(path.name), ancestor)]


def words_of(process):
    try:
        return (process / "cmdline").read_bytes()
    except OSError:  # it ended
        return b""


def is_below(process, ancestor):
    while process > 1 and process != ancestor:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
        process = int(stat.rpartition(")")[2].split()[1])
    return process == ancestor
