#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: slow
"""A training on umbra serve, at full security: the server is killed in the middle of it, and so is the job; the model has
the bits of a training that nobody disturbed."""
import json
import os
import pathlib
import random
import signal
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "serving"))
from served import Served, add_client  # noqa: E402
from chain import umbra  # noqa: E402

faults = []
TRAIN = json.dumps({"command": "train", "keys": "keys", "data": "data"})


def expect(what, truth):
    if not truth:
        faults.append(what)


def make_training(folder):
    """Keys and data set, and the model of an undisturbed training."""
    draw = random.Random(1)
    rows = [[draw.uniform(-2, 2) for _ in range(3)] for _ in range(60)]
    (folder / "train.csv").write_text("a,b,c,label\n" + "\n".join(
        ",".join(f"{x:.3f}" for x in row) + f",{int(row[0] > row[1] / 2)}" for row in rows) + "\n")
    (folder / "secret").mkdir(mode=0o700)
    for line in ("plan train.csv --no-search --rate 1 --iterations 2 --batch 16 --scaling scaling.csv --out plan.umbra",
                 "keygen --plan plan.umbra --out keys --secret secret/key.umbra --no-passphrase",
                 "encrypt train.csv --plan plan.umbra --scaling scaling.csv --secret secret/key.umbra --out data",
                 "train --keys keys --data data --out run"):
        done = umbra(folder, *line.split())  # which warns of so few iterations
        assert done.returncode == 0, done.stderr
    return (folder / "run/model.umbra").read_bytes()


class Job:
    """A training on a server that may be replaced by the next."""

    def __init__(self, server, token, name):
        self.server, self.token, self.path, self.name = server, token, f"/v1/jobs/{name}", name
        expect("taken", self.ask("PUT", "", TRAIN)[0] == 202)

    def ask(self, method, path="", body=None):
        return self.server.ask(method, self.path + path, self.token, body)

    def iterations(self):
        status, log = self.ask("GET", "/files/log.jsonl")
        return max(log.count(b"\n") - 1, 0) if status == 200 else 0

    def begin(self):
        told = {"state": "queued"}
        while not self.iterations() and told["state"] in ("queued", "running"):
            told = self.ask("GET")[1]
            time.sleep(0.01)
        expect(f"it has not ended: {told}", told["state"] == "running")

    def end(self, model):
        told = self.server.wait(self.token, self.name)
        expect(f"done: {told}", told["state"] == "done")
        expect("the same bits", self.ask("GET", "/files/model.umbra")[1] == model)
        expect("each iteration once", self.iterations() == 2)
        expect("it went on", json.loads(self.ask("GET", "/report")[1]).get("resumed_after", 0) >= 1)
        expect("it goes", self.ask("DELETE")[0] == 200)


def upload(server, token, folder):
    for path in [folder / "keys/params.umbra", folder / "keys/eval.umbra", *sorted((folder / "data").glob("*.umbra"))]:
        with open(path, "rb") as file:
            status = server.ask("PUT", f"/v1/objects/{path.parent.name}/{path.name}", token, file,
                                **{"Content-Length": str(path.stat().st_size)})[0]
        expect(f"{path.name} goes up", status == 201)


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        state = folder / "state"
        model, token = make_training(folder), add_client(state, "alice")
        server = Served(state)
        upload(server, token, folder)
        for number in (signal.SIGKILL, signal.SIGTERM):
            job = Job(server, token, f"of-signal-{int(number)}")
            job.begin()
            server.end(number)
            server = job.server = Served(state)
            job.end(model)
        job = Job(server, token, "cancelled")
        job.begin()
        job.ask("POST", "/cancel")
        expect("cancelled", server.wait(token, "cancelled")["state"] == "cancelled")
        expect("it is resumed", job.ask("POST", "/resume")[0] == 202)
        job.end(model)
        server.end()
    print("\n".join(faults) or "OK")
    sys.exit(bool(faults))


main()
