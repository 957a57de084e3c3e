# SPDX-License-Identifier: Apache-2.0
"""What all reference runs have in common: the program, the folders of owner and server, and bars."""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time


class Journal:
    """
    What a run has done, in a file that is on the disk after each step: rows that are whole, and what the program said
    since the last of them. It begins anew where the run is not to be resumed, or the file has another identity.
    """

    def __init__(self, path, identity, resume):
        self.path, self.rows, self.said = path, [], {}
        entries = self.read() if resume else []
        if entries and entries[0] == {"identity": identity}:
            for entry in entries[1:]:
                self.take(entry)
            print(f"going on: {len(self.rows)} rows and {len(self.said)} steps are done")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            self.write({"identity": identity})

    def read(self):
        """A line without an end was being written when the run was ended."""
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True) if self.path.exists() else []
        whole = [line for line in lines if line.endswith("\n")]
        if whole != lines:
            self.path.write_text("".join(whole), encoding="utf-8")
        return [json.loads(line) for line in whole]

    def take(self, entry):
        if "row" in entry:
            self.rows.append(entry["row"])
            self.said = {}
        else:
            self.said[entry["command"]] = entry

    def write(self, entry):
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def add(self, entry):
        self.write(entry)
        self.take(entry)


class Program:
    """Runs the steps of the job, each with its report, seconds and peak of memory; but for those that a journal has."""

    def __init__(self, program, journal=None):
        self.program, self.journal = program, journal
        self.steps = {}

    def run(self, folder, *arguments):
        words = list(map(str, arguments))
        key = " ".join([folder.name, *words])
        entry = self.journal.said.get(key) if self.journal else None
        if not entry:
            entry = {"command": key, **self.call(folder, words)}
            if self.journal:
                self.journal.add(entry)
        self.count(words[0], entry)
        return entry["report"]

    def call(self, folder, words):
        print(f"{folder.name}: umbra {' '.join(words)}", flush=True)
        started = time.monotonic()
        process = subprocess.run([str(self.program), *words, "--json"], cwd=folder, stdout=subprocess.PIPE, check=False)
        seconds = time.monotonic() - started
        if process.returncode:
            sys.exit(f"reference_runs: umbra {words[0]} failed with {process.returncode}")
        return {"seconds": seconds, "report": json.loads(process.stdout)}

    def count(self, name, entry):
        step = self.steps.setdefault(name, {"seconds": 0, "peak_bytes": 0})
        step["seconds"] += entry["seconds"]
        step["peak_bytes"] = max(step["peak_bytes"], entry["report"]["peak_bytes"])


def digest_of(program):
    """Of the program and of the libraries beside it."""
    digest = hashlib.sha256(program.read_bytes())
    for library in sorted(program.parent.glob("libumbra.so*")):
        digest.update(library.read_bytes())
    return digest.hexdigest()


def folders(work):
    return work / "owner", work / "server"


def make_folders(work):
    """Of owner and server, empty but for what keys go into."""
    owner, server = folders(work)
    for folder in (owner, server):
        shutil.rmtree(folder, ignore_errors=True)
    (owner / "secret").mkdir(parents=True, mode=0o700)
    (server / "keys").mkdir(parents=True)
    return owner, server


def hand_over(name, giver, taker):
    """A file that the giver does not need any more; nothing if that is done."""
    if (giver / name).exists():
        shutil.move(giver / name, taker / name)


def is_met(value, bar):
    """bar: ">=" or "<=", and a number."""
    kind, limit = bar
    return value >= limit if kind == ">=" else value <= limit
