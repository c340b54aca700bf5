# SPDX-License-Identifier: MIT
"""What docs/python.md and the notebook show can be run."""
import json
import re
import shutil

import pytest

from conftest import SOURCE

BLOCK = re.compile(r"^```py\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of the photos, to write beside."""
    shutil.copytree(SOURCE / "photos", tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_document(folder):
    blocks = BLOCK.findall((SOURCE / "docs" / "python.md").read_text(encoding="utf-8"))
    assert len(blocks) > 3
    names = {}
    for block in blocks:
        exec(block, names)
    assert (folder / "marked.png").exists() and (folder / "report.html").exists()


def test_notebook(folder):
    cells = json.loads((SOURCE / "examples" / "faces.ipynb").read_text(encoding="utf-8"))["cells"]
    names = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert len(names["faces"]) == 1
