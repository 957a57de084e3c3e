# SPDX-License-Identifier: Apache-2.0
import pathlib

import fixtures

EDITS = [("umbra plan train.csv --held-out", f"umbra plan train.csv {fixtures.SMALL_PLAN}--held-out")]


def prepare():
    fixtures.table("train.csv")
    fixtures.table("held.csv", rows=60, seed=4)


def check(names):
    assert pathlib.Path("report.html").exists()
