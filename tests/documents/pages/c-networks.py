# SPDX-License-Identifier: Apache-2.0
import pathlib
import subprocess

import fixtures


def prepare():
    pathlib.Path("secret").mkdir(mode=0o700)
    fixtures.square_network()
    fixtures.records()


def three_processes(run):
    for step in ("ask", "answer", "open"):
        run(step)
    subprocess.run("umbra infer --clear model.onnx --in samples.npy --out clear.npy".split(), check=True,
                   stdout=subprocess.DEVNULL)
    assert pathlib.Path("clear.npy").read_bytes() == pathlib.Path("answers.npy").read_bytes()


PROGRAMS = [three_processes]
