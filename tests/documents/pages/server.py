# SPDX-License-Identifier: Apache-2.0
import atexit
import os
import pathlib
import signal

import fixtures

# In the background, and ready when the snippet ends.
EDITS = [("--keep-days 30 >listening &",
          "--keep-days 30 >listening 2>&1 & echo $! >pid; until grep -q listening listening; do sleep 0.05; done")]


def stop():
    pid = pathlib.Path("pid")
    if pid.exists():
        os.kill(int(pid.read_text()), signal.SIGTERM)
        pid.unlink()


def prepare():
    fixtures.square_network(last="Softmax")
    fixtures.records()
    fixtures.records("x.npy", rows=3, seed=4)
    pathlib.Path("secret").mkdir(mode=0o700)
    atexit.register(stop)


def check(names):
    assert len(pathlib.Path("y.csv").read_text().split()) >= 3
    stop()
