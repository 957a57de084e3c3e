# SPDX-License-Identifier: Apache-2.0
"""Networks as ONNX files, and what they compute, by NumPy."""
import sys

import numpy as np

from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests/models"))
from onnx_file import Model, Node, Tensor  # noqa: E402


def square_network(random, inputs=12, hidden=6, classes=3):
    """The bytes of a model with a softmax at its end, and the same as a function."""
    W, V = random.uniform(-0.5, 0.5, (inputs, hidden)), random.uniform(-1, 1, (hidden, classes))
    b, c = random.uniform(-1, 1, hidden), random.uniform(-1, 1, classes)
    constants = {"w": Tensor([inputs, hidden], W.ravel()), "b": Tensor([hidden], b),
                 "v": Tensor([hidden, classes], V.ravel()), "c": Tensor([classes], c)}
    nodes = [Node("Gemm", "x,w,b", "h"), Node("Mul", "h,h", "s"), Node("Gemm", "s,v,c", "z"), Node("Softmax", "z", "y")]

    def plain(x):
        e = np.exp((x @ W + b) ** 2 @ V + c)
        return e / e.sum(axis=1, keepdims=True)

    return Model(nodes, constants, ["n", inputs], "y").encode(), plain
