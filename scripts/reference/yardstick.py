# SPDX-License-Identifier: Apache-2.0
"""How fast the machine is at the time of a run: a scalar transform that has nothing to do with Umbra's code."""
import json
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
NONE = "none"


def build():
    """As scripts/bench_peers has it, in the same folder."""
    folder = pathlib.Path(os.environ.get("UMBRA_BUILD", ROOT / "build")) / "peers"
    for command in (["cmake", "-S", ROOT / "bench/peers", "-B", folder, "-G", "Ninja"],
                    ["cmake", "--build", folder, "--target", "yardstick_bench"]):
        try:
            made = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, check=False)
        except OSError as error:
            sys.exit(f"no yardstick: {error}")
        if made.returncode:
            sys.exit(f"no yardstick, which is to go into every result: {made.stdout}")
    return folder / "yardstick_bench"


def milliseconds(program):
    run = subprocess.run([program, "--benchmark_min_time=0.05", "--benchmark_repetitions=3", "--benchmark_format=json"],
                         capture_output=True, text=True, check=True)
    times = [b["real_time"] for b in json.loads(run.stdout)["benchmarks"] if b["run_type"] == "iteration"]
    return statistics.median(times) / 1e3


def find(given):
    """A function that measures. given: a program; "none", for runs that the processor does not matter to; or None."""
    if given == NONE:
        return lambda: None
    program = pathlib.Path(given).resolve() if given else build()
    return lambda: milliseconds(program)
