# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import re


def prepare():
    os.environ["CLONE"] = str(pathlib.Path(__file__).resolve().parents[3])


def right(folder):
    """How many of the records are of the class that their golden logits say."""
    import numpy as np  # not in every Python that runs the snippets of other pages
    logits, labels = np.load(folder / "logits.npy"), np.load(folder / "labels.npy")
    return np.sum((logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(1)) == labels)


def check(names):
    """The table has every folder, and what is right there."""
    zoo = pathlib.Path(os.environ["CLONE"]) / "examples/zoo"
    page = (zoo.parents[1] / "docs/zoo.md").read_text()
    stated = dict(re.findall(r"^\| `([\w-]+)` \|.*\| (\d+) \|$", page, re.M))
    assert stated == {folder.name: str(right(folder)) for folder in zoo.iterdir()}, stated
