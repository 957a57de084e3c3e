# SPDX-License-Identifier: Apache-2.0
"""The notebooks are executed, cell by cell in one namespace, and print what they have stored. After a change:
jupyter execute --inplace NOTEBOOK, with the package in PYTHONPATH."""
import contextlib
import io
import json

import pytest

from conftest import ROOT

NOTEBOOKS = sorted((ROOT / "examples/notebooks").glob("*.ipynb"))


def stored(cell):
    """What it printed; notebooks here show nothing in other ways."""
    assert all(output["output_type"] == "stream" for output in cell["outputs"])
    return "".join("".join(output["text"]) for output in cell["outputs"] if output["name"] == "stdout")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(path, monkeypatch):
    notebook = json.loads(path.read_text())
    monkeypatch.chdir(path.parent)
    names = {"__name__": "__main__"}
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(cells, start=1):
        assert cell["execution_count"] == number, "it was not stored as executed from its beginning"
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile("".join(cell["source"]), f"{path.name}, cell {number}", "exec"), names)
        assert printed.getvalue() == stored(cell)


def test_there_are_two():
    assert len(NOTEBOOKS) >= 2
