# SPDX-License-Identifier: Apache-2.0
"""An encrypted network from the command line, for tests: owner and server are folders, and each step is a process."""
import json
import os
import pathlib
import shutil
import subprocess

from onnx_file import npy, read_npy

PROGRAM = os.path.join(os.environ["UMBRA_BUILD_DIR"], "umbra")
TO_SERVER = ("server.umbra", "batch.umbra", "keys/eval.umbra")


def umbra(folder, *arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], cwd=folder, capture_output=True, text=True, check=False)


def succeeds(folder, *arguments):
    """The report. The program says nothing but that."""
    run = umbra(folder, *arguments, "--json")
    if run.returncode or run.stderr:
        raise AssertionError(f"umbra {arguments[0]}: {run.stderr.strip()}")
    return json.loads(run.stdout)


class Chain:
    """The folders: owner (with secret), server. The network is what its model, samples and options make it."""

    def __init__(self, folder):
        self.owner, self.server = pathlib.Path(folder, "owner"), pathlib.Path(folder, "server")
        (self.owner / "secret").mkdir(parents=True)
        (self.server / "keys").mkdir(parents=True)

    def write(self, name, shape, values):
        (self.owner / name).write_bytes(npy(shape, values))

    def read(self, name):
        return read_npy((self.owner / name).read_bytes())

    def plan(self, model, *options):
        return succeeds(self.owner, "plan", model, "--samples", "samples.npy", "--server", "server.umbra", "--client",
                        "client.umbra", *options)["plan"]

    def keygen(self):
        return succeeds(self.owner, "keygen", "--plan", "client.umbra", "--out", "keys", "--secret", "secret/key.umbra",
                        "--no-passphrase")

    def encrypt(self, *options):
        return succeeds(self.owner, "encrypt", "x.npy", "--plan", "client.umbra", *options, "--out", "batch.umbra")

    def infer(self, *options):
        for name in TO_SERVER:
            shutil.copy(self.owner / name, self.server / name)
        report = succeeds(self.server, "infer", "--plan", "server.umbra", "--keys", "keys", "--in", "batch.umbra",
                          "--out", "answer.umbra", *options)
        shutil.copy(self.server / "answer.umbra", self.owner)
        return report

    def decrypt(self, out, *options):
        return succeeds(self.owner, "decrypt", "--plan", "client.umbra", "--secret", "secret/key.umbra", "--in",
                        "answer.umbra", "--out", out, *options)

    def clear(self, model, out, *options):
        return succeeds(self.owner, "infer", "--clear", model, "--in", "x.npy", "--out", out, *options)


def distance(a, b):
    return max(abs(x - y) for x, y in zip(a, b))
