# SPDX-License-Identifier: Apache-2.0
import pathlib

import fixtures

EDITS = [("iterations=30", "iterations=1, degree=3, range=12, params=SMALL")]
HELD = 5


def prepare():
    """The records of breast cancer, and a small ring for the training under encryption."""
    fixtures.square_network(inputs=12, last="Softmax")
    fixtures.records(rows=100, columns=12)
    fixtures.records("records.npy", rows=3, columns=12, seed=4)
    try:
        import numpy as np
        import umbra
    except ImportError:
        return {}
    data = np.loadtxt(pathlib.Path(__file__).parents[2] / "data/wdbc/breast_cancer.csv", delimiter=",", skiprows=1)
    held = np.arange(len(data)) % HELD == 0
    return {"X": data[~held, :-1], "y": data[~held, -1], "new": data[held, :-1], "truth": data[held, -1],
            "SMALL": umbra.Params(depth=14, scale_bits=40, log_n=11, insecure_for_tests=True, bootstrap={})}


def check(names):
    assert (names["labels"] == names["truth"]).mean() > 0.93
