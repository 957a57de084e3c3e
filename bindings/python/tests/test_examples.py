# SPDX-License-Identifier: Apache-2.0
"""The examples do what they say, in as few lines as they should."""
import ast
import re
import subprocess
import sys

import numpy as np
import pytest

import umbra
from conftest import ROOT
from networks import square_network

EXAMPLES = ROOT / "bindings/python/examples"


def run(name, *arguments):
    """What an example prints."""
    return subprocess.run([sys.executable, EXAMPLES / name, *map(str, arguments)], check=True, stdout=subprocess.PIPE,
                          text=True).stdout


@pytest.mark.parametrize("name, most", [("breast_cancer.py", 15), ("onnx_network.py", 10), ("vectors.py", 7)])
def test_lines(name, most):
    tree = ast.parse((EXAMPLES / name).read_text())
    statements = tree.body[1:]  # without the docstring
    assert sum(statement.end_lineno - statement.lineno + 1 for statement in statements) <= most


def test_vectors():
    assert run("vectors.py") == "[2. 5.]\n"


def test_breast_cancer(breast_cancer):
    X, y, held = breast_cancer
    model = umbra.EncryptedLogisticRegression().fit(X[~held], y[~held])
    name, accuracy = run("breast_cancer.py", ROOT / "tests/data/wdbc/breast_cancer.csv").split()
    assert name == "accuracy" and float(accuracy) == model.score(X[held], y[held]) > 0.93


def test_onnx_network(tmp_path, random):
    model, plain = square_network(random)
    (tmp_path / "model.onnx").write_bytes(model)
    np.save(tmp_path / "samples.npy", random.uniform(-1, 1, (100, 12)))
    np.save(tmp_path / "records.npy", records := random.uniform(-1, 1, (3, 12)))
    printed = run("onnx_network.py", *(tmp_path / f for f in ("model.onnx", "samples.npy", "records.npy")))
    answers = np.array(printed.replace("[", "").replace("]", "").split(), dtype=float).reshape(3, 3)
    assert np.allclose(answers, plain(records), atol=0.02)


def test_documentation(tmp_path, monkeypatch, random, breast_cancer):
    """Every block of docs/python.md, one after the other; the training under encryption in a small ring."""
    text = (ROOT / "docs/python.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 7
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.onnx").write_bytes(square_network(random)[0])
    np.save("samples.npy", random.uniform(-1, 1, (100, 12)))
    np.save("records.npy", random.uniform(-1, 1, (3, 12)))
    X, y, held = breast_cancer
    names = {"X": X[~held], "y": y[~held], "new": X[held],
             "SMALL": umbra.Params(depth=14, scale_bits=40, log_n=11, insecure_for_tests=True, bootstrap={})}
    for block in blocks:
        exec(block.replace("iterations=30", "iterations=1, degree=3, range=12, params=SMALL"), names)
    assert np.mean(names["labels"] == y[held]) > 0.93


def test_readme():
    """The one of the package prints what its example does."""
    text = (ROOT / "bindings/python/README.md").read_text()
    assert re.search(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[1].split() == \
        (EXAMPLES / "vectors.py").read_text().split('"""')[2].split()
