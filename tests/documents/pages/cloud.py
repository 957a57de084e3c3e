# SPDX-License-Identifier: Apache-2.0
"""The recipes go on with a training that was stopped: that of Slurm is run with the page, that of Kubernetes below."""
import pathlib
import re
import shutil
import signal
import subprocess
import time

import fixtures

ROOT = pathlib.Path(__file__).resolve().parents[3]
EDITS = [("--device cuda", "--device cpu")]
TRAIN = "umbra train --keys keys --data data --out run".split()


def stop_after_an_iteration():
    """A server that is stopped when its log has an iteration; it may have ended by then."""
    shutil.rmtree("run", ignore_errors=True)
    server = subprocess.Popen(TRAIN, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log = pathlib.Path("run/log.jsonl")
    while server.poll() is None and not (log.exists() and '"iteration":1,' in log.read_text()):
        time.sleep(0.02)
    server.send_signal(signal.SIGTERM)
    server.wait()


def prepare():
    fixtures.training()
    pathlib.Path("run/model.umbra").rename("model.umbra")
    stop_after_an_iteration()


def same_model():
    return pathlib.Path("run/model.umbra").read_bytes() == pathlib.Path("model.umbra").read_bytes()


def check(names):
    assert same_model()
    page = (ROOT / "docs/cloud.md").read_text()
    made = re.search(r"^ssh machine mkdir -p (.*)$", page, re.MULTILINE)[1].split()
    assert made == re.findall(r"^rsync -a \S.* machine:(job/\w+)/", page, re.MULTILINE), made
    command = re.search(r'args: \["(.*)"\]', page)[1].replace(*EDITS[0])
    stop_after_an_iteration()
    for _ in range(2):  # the second time there is nothing left to do
        subprocess.run(["/bin/sh", "-c", command], check=True, stdout=subprocess.DEVNULL)
    assert same_model()
