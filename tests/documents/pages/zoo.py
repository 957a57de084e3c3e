# SPDX-License-Identifier: Apache-2.0
import os
import pathlib


def prepare():
    os.environ["CLONE"] = str(pathlib.Path(__file__).resolve().parents[3])
