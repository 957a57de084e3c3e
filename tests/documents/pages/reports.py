# SPDX-License-Identifier: Apache-2.0
import pathlib

import fixtures

EDITS = [("--out FILE [options]", "--scaling scaling.csv --out model.onnx"),
         ("--in records.csv", "--in features.csv")]


def prepare():
    fixtures.training()
    pathlib.Path("features.csv").write_text("0.5,1,-1\n1,1,0\n")


def check(names):
    assert pathlib.Path("report.html").exists() and len(pathlib.Path("probabilities.csv").read_text().split()) >= 2
