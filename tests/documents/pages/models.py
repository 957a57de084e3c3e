# SPDX-License-Identifier: Apache-2.0
import pathlib

import fixtures


def prepare():
    fixtures.relu_network()
    fixtures.records("x.npy", rows=2)
    fixtures.records(rows=100)
    fixtures.safetensors()


def check(names):
    assert pathlib.Path("y.npy").exists()
