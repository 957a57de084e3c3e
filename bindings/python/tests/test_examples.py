# SPDX-License-Identifier: Apache-2.0
"""The examples do what they say, in as few lines as they should."""
import ast
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import umbra
from conftest import ROOT
from networks import square_network

EXAMPLES = ROOT / "bindings/python/examples"
SERVER = pathlib.Path(os.environ.get("UMBRA_BUILD_DIR", ROOT / "build/ci"), "tests/example_http_server")


def run(name, *arguments):
    """What an example prints."""
    return subprocess.run([sys.executable, EXAMPLES / name, *map(str, arguments)], check=True, stdout=subprocess.PIPE,
                          text=True).stdout


@pytest.mark.parametrize("name, most", [("breast_cancer.py", 15), ("onnx_network.py", 10), ("vectors.py", 7),
                                        ("tensors.py", 6)])
def test_lines(name, most):
    tree = ast.parse((EXAMPLES / name).read_text())
    statements = tree.body[1:]  # without the docstring
    assert sum(statement.end_lineno - statement.lineno + 1 for statement in statements) <= most


def test_vectors():
    assert run("vectors.py") == "[2. 5.]\n"


def test_tensors():
    layer = np.array([[0, 1], [2, 3], [4, 5]]) / 4 @ np.array([[1, -1], [0.5, 2]]) + [0.5, 0]
    assert run("tensors.py") == f"{(layer ** 2).sum(axis=1).round(3)}\n"


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


@pytest.mark.skipif(not SERVER.exists(), reason="there is no libmicrohttpd")
def test_http(tmp_path):
    """Two of four clients have their keys on the server at a time: those who come back send theirs again."""
    params = umbra.Params(depth=1)
    params.save(tmp_path / "params.umbra")
    room = 2 * umbra.Owner(params).eval_keys.nbytes
    with subprocess.Popen([SERVER, tmp_path / "params.umbra", str(room)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as server:
        printed = run(ROOT / "examples/http/clients.py", tmp_path / "params.umbra", server.stdout.readline().strip(), 4)
    assert [line.split()[-1] for line in printed.splitlines()] == ["4", "8", "8"] and server.returncode == 0
