# SPDX-License-Identifier: Apache-2.0
"""What all reference runs have in common: the program, the folders of owner and server, and bars."""
import json
import shutil
import subprocess
import sys
import time


class Program:
    """Runs the steps of the job, each with its report, seconds and peak of memory."""

    def __init__(self, program):
        self.program = program
        self.steps = {}

    def run(self, folder, *arguments):
        command = [str(self.program), *map(str, arguments), "--json"]
        print(f"{folder.name}: umbra {' '.join(command[1:-1])}", flush=True)
        started = time.monotonic()
        process = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=False)
        seconds = time.monotonic() - started
        if process.returncode:
            sys.exit(f"reference_runs: umbra {arguments[0]} failed with {process.returncode}")
        report = json.loads(process.stdout)
        self.steps[arguments[0]] = {"seconds": seconds, "peak_bytes": report["peak_bytes"]}
        return report


def make_folders(work):
    """Of owner and server, empty but for what keys go into."""
    owner, server = work / "owner", work / "server"
    for folder in (owner, server):
        shutil.rmtree(folder, ignore_errors=True)
    (owner / "secret").mkdir(parents=True, mode=0o700)
    (server / "keys").mkdir(parents=True)
    return owner, server


def is_met(value, bar):
    """bar: ">=" or "<=", and a number."""
    kind, limit = bar
    return value >= limit if kind == ">=" else value <= limit
