# SPDX-License-Identifier: Apache-2.0
import pathlib

import fixtures

EDITS = [("umbra keygen --signing", "rm -rf keys secret; mv trained/* .; rm -r run; umbra keygen --signing")]


def prepare():
    fixtures.training("trained")
    pathlib.Path("secret").mkdir(mode=0o700)
    pathlib.Path("params.umbra").write_bytes(pathlib.Path("trained/keys/params.umbra").read_bytes())
    pathlib.Path("server.umbra").write_bytes(pathlib.Path("trained/plan.umbra").read_bytes())
