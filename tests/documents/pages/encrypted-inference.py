# SPDX-License-Identifier: Apache-2.0
import json
import pathlib

import fixtures


def prepare():
    fixtures.square_network(last="Softmax")
    fixtures.records()


def check(names):
    assert len(json.loads(pathlib.Path("y.json").read_text())) > 0 and pathlib.Path("layers.svg").exists()
