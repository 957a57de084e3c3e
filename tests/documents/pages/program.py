# SPDX-License-Identifier: Apache-2.0
import pathlib

import fixtures

FRESH = "rm -rf secret keys data run; mkdir -m 700 secret"
EDITS = [("mkdir -m 700 secret", FRESH),
         ("umbra plan train.csv ", f"umbra plan train.csv {fixtures.SMALL_PLAN}"),
         # a head is as good an example as hidden layers, which take refreshes
         ("umbra plan digits.csv --labels classes --hidden 16 --batch 512 --iterations 60",
          f"{FRESH}; umbra plan digits.csv --labels classes --hidden 4 --batch 16 --iterations 1 --rate 0.1"),
         ("# the model's owner:", f"{FRESH} #")]


def prepare():
    fixtures.table("train.csv")
    fixtures.table("held.csv", rows=60, seed=4)
    fixtures.table("records.csv", rows=20, features=30)
    pathlib.Path("model.csv").write_text(",".join(["0.05"] * 31) + "\n")
    fixtures.table("digits.csv", rows=16, classes=3)
    fixtures.square_network()
    fixtures.records()
    fixtures.records("x.npy", rows=1, seed=5)


def check(names):
    assert all(map(pathlib.Path.exists, map(pathlib.Path, ("report.html", "logistic.onnx", "network.onnx", "loss.csv",
                                                                "y.csv"))))
