# SPDX-License-Identifier: MIT
"""What the tests share: photos, a detector, and the program, whose answers are the measure."""
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy
import pytest
from PIL import Image

import fovea

SOURCE = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def photo():
    """The path of a portrait with one face."""
    return str(SOURCE / "photos" / "astronaut.png")


@pytest.fixture(scope="session")
def rgb(photo):
    """Its pixels, by another decoder than Fovea's."""
    return numpy.asarray(Image.open(photo).convert("RGB"))


@pytest.fixture(scope="session")
def detector():
    return fovea.Detector()


@pytest.fixture(scope="session")
def program():
    """Runs `fovea` with arguments and returns what it printed."""
    path = os.environ.get("FOVEA_CLI")
    if not path:
        pytest.skip("FOVEA_CLI does not name the program: answers are not compared with its")

    def run(*arguments):
        return subprocess.run([path, *map(str, arguments)], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout.decode()

    return run


@pytest.fixture(scope="session")
def found(program):
    """Faces as `fovea detect --json` prints them."""
    return lambda *arguments: json.loads(program("detect", "--json", *arguments))


@pytest.fixture(scope="session")
def many_once(tmp_path_factory, rgb):
    folder = tmp_path_factory.mktemp("many")
    (folder / "below").mkdir()
    for i, side in enumerate([256, 150, 200, 225, 128, 167]):
        Image.fromarray(rgb).resize((side, side)).save(folder / ("below" if i % 2 else ".") / f"{i}.png")
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden.png").write_text("no picture either")
    return folder


@pytest.fixture
def many(tmp_path, many_once):
    """A folder with photos of different sizes, two levels deep, and other files; to write beside."""
    shutil.copytree(many_once, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def photos(many):
    """Good photos and a bad one."""
    (many / "bad.jpg").write_bytes(b"\xff\xd8\xff no photo")
    return many


def same(a, b):
    """Whether two Faces are the same to the bit."""
    return all(numpy.array_equal(getattr(a, name), getattr(b, name)) for name in ("boxes", "scores", "landmarks"))
