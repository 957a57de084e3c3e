# SPDX-License-Identifier: Apache-2.0
import pathlib

import fixtures

EDITS = [("--out run --keep 100", "--out run --keep 1"),
         ("--link LINK --segments 5", "--link $(cat link) --all"),
         ("# server, when the training is done: the link", "tail -n 1 run/log.jsonl | sed 's/.*\"link\": *\"//; s/\".*//' >link #")]


def prepare():
    fixtures.training()
    for file in pathlib.Path("run").iterdir():
        file.unlink()
