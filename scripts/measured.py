# SPDX-License-Identifier: Apache-2.0
"""What every result of a measurement says about where it comes from."""
import datetime
import os
import pathlib
import platform
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent


def machine():
    """The processor, and how many of it."""
    model = platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = re.search(r"model name\s*: (.*)|$", file.read()).group(1) or model
    return {"cpu": model, "processors": os.cpu_count(), "architecture": platform.machine()}


def commit():
    """The commit of this tree."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    described = subprocess.run(command, capture_output=True, text=True, check=False)
    return described.stdout.strip() or "unknown"


def version(program):
    """What `umbra --version` says."""
    return subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False).stdout.split()[-1]


def origin(program):
    """All of it, and the load of the machine now."""
    return {"date": datetime.date.today().isoformat(), "machine": machine(), "umbra": version(program),
            "commit": commit(), "load": os.getloadavg()[0]}


def default_file(result, name):
    """Where a result goes that has an origin."""
    cpu = re.sub(r"[^a-z0-9]+", "-", re.sub(r"\(.*?\)", "", result["machine"]["cpu"]).lower()).strip("-")
    return ROOT / f"bench/results/{cpu}-{result['machine']['processors']}-cores-{result['date']}-{name}.json"
