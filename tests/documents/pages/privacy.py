# SPDX-License-Identifier: Apache-2.0
import pathlib

import fixtures

EDITS = [("--private 1,1e-6", "--private 8,1e-6 --iterations 1 --no-search --rate 1")]


def prepare():
    fixtures.table("train.csv")
    fixtures.table("held.csv", rows=60, seed=4)
    pathlib.Path("limits.csv").write_text("-2.5,-2.5,-2.5\n2.5,2.5,2.5\n")
    pathlib.Path("secret").mkdir(mode=0o700)


def check(names):
    assert pathlib.Path("model.csv").exists()
