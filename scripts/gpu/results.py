# SPDX-License-Identifier: Apache-2.0
"""What is made of the output of programs: rows of benchmarks, floors, energy, bars, predictions."""
import csv
import io
import json
import pathlib
import re
import statistics

import gpu_floors

from . import plan

PREDICTIONS = pathlib.Path(__file__).resolve().parent.parent.parent / "bench/predictions/h200.json"
# Bytes in a second, from datasheets, and multiprocessors.
KNOWN = {"NVIDIA H200": (4.8e12, 132), "NVIDIA H100 80GB HBM3": (3.35e12, 132)}
# What Google Benchmark says of a run, and when it was, beside our other counters.
FIELDS_OF_RUNS = {"name", "run_name", "run_type", "repetitions", "repetition_index", "threads", "iterations",
                  "family_index", "per_family_instance_index", "real_time", "cpu_time", "time_unit", "begun", "ended"}
LEAST_ENERGY_SECONDS = 0.3  # the counter moves every few hundredths of a second


# ---- umbra_bench ----

def read_benchmarks(path):
    """Runs of a JSON file of umbra_bench; what is complete if the program was ended."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    try:
        return json.loads(text)["benchmarks"]
    except ValueError:
        end = text.rfind("\n    }")
        return json.loads(text[:end] + "\n    }\n  ]\n}")["benchmarks"] if end > 0 else []


def parse_name(name):
    operation, *rest = name.split("/")
    return {"name": operation, **dict(part.split(":", 1) for part in rest if ":" in part)}


def microseconds(seconds):
    return None if seconds is None else seconds * 1e6


def floors_of(name, counters, took, device):
    """Fields of a row: the floors, and the fraction of the larger one that was reached."""
    work = gpu_floors.floor(name, counters)
    if not work or not device:
        return {}
    floors = device.seconds(work)
    fields = {"bytes": work.bytes, "operations": work.operations, "floor_bytes_microseconds": microseconds(floors[0]),
              "floor_operations_microseconds": microseconds(floors[1])}
    if None not in floors:
        fields.update(floor_microseconds=max(floors) * 1e6, fraction=max(floors) * 1e6 / took)
    return fields


def summarise(runs, device, samples=()):
    """One row for each benchmark: median and least time, floors, joules where it ran for long enough."""
    rows = []
    for name in dict.fromkeys(run["run_name"] for run in runs):
        same = [run for run in runs if run["run_name"] == name and run.get("run_type") == "iteration"]
        row = parse_name(name)
        wrong = [run["error_message"] for run in same if run.get("error_occurred")]
        if wrong or not same:
            rows.append({**row, "error": wrong[0] if wrong else "no result"})
            continue
        times = [run["real_time"] for run in same]
        row.update(microseconds=statistics.median(times), least_microseconds=min(times), repetitions=len(times))
        row.update((key, value) for key, value in same[0].items() if key not in FIELDS_OF_RUNS)
        row.update(floors_of(row["name"], row, row["microseconds"], device))
        joules = joules_of(same[-1], samples)
        if joules is not None:
            row["joules"] = joules
        rows.append(row)
    return rows


def measured_bandwidth(runs):
    """Bytes in a second that the copies of residues moved, read and written; None if there was none."""
    rates = [2 * gpu_floors.WORD * run["n"] * run["limbs"] * run["polys"] / run["real_time"] * 1e6
             for run in runs if run["name"].startswith("residues_copy/") and not run.get("error_occurred")]
    return max(rates, default=None)


# ---- power and clocks ----

def energy_at(samples, time):
    """Between the two samples around it; None outside of all."""
    for before, after in zip(samples, samples[1:]):
        if before.time <= time <= after.time and after.time > before.time:
            part = (time - before.time) / (after.time - before.time)
            return before.joules + part * (after.joules - before.joules)
    return None


def with_joules(samples):
    """Samples that all have energy: the counter's, or what power sums up to."""
    if samples and samples[0].joules is not None:
        return [s for s in samples if s.joules is not None]
    made, total = [], 0.0
    for s in (s for s in samples if s.watts is not None):
        if made:
            total += (s.time - made[-1].time) * (s.watts + made[-1].watts) / 2
        made.append(type(s)(time=s.time, watts=s.watts, joules=total))
    return made


def joules_of(run, samples):
    """Of one call; None if it did not run for long enough, or nobody watched."""
    if run.get("ended", 0) - run.get("begun", 0) < LEAST_ENERGY_SECONDS:
        return None
    samples = with_joules(samples)
    begun, ended = energy_at(samples, run["begun"]), energy_at(samples, run["ended"])
    return None if begun is None or ended is None else (ended - begun) / run["iterations"]


def clocks_of(samples):
    """Least, median and most of clocks, power and temperature while the GPU was busy."""
    busy = [s for s in samples if (s.busy_percent or 0) >= 50] or samples
    clocks = {"samples": len(samples), "busy": len(busy)}
    for field in ("sm_mhz", "memory_mhz", "watts", "celsius", "busy_percent"):
        values = [getattr(s, field) for s in busy if getattr(s, field) is not None]
        if values:
            clocks[field] = {"least": min(values), "median": statistics.median(values), "most": max(values)}
    return clocks


# ---- tests, sanitizers, profiles, trainings ----

def read_cmocka(name, result, text):
    passed = re.search(r"\[  PASSED  \] (\d+) test", text)
    return {"name": name, "result": result, "passed": int(passed[1]) if passed else None,
            "failed": sorted(set(re.findall(r"\[  FAILED  \] (?:[^:\n]*: )?(\w+)$", text, re.M)))}


def sanitizer_summary(text):
    found = re.findall(r"=+ (?:ERROR|RACECHECK) SUMMARY: .*", text)
    return found[-1].lstrip("= ") if found else None


def read_profile(text):
    """Kernels with their metrics, from what ncu prints with --csv --page details."""
    begin = text.find('"ID"')
    kernels = {}
    for line in csv.DictReader(io.StringIO(text[begin:])) if begin >= 0 else []:
        kernel = kernels.setdefault(line["ID"], {"kernel": line.get("Kernel Name")})
        if line.get("Metric Name"):
            kernel[f"{line['Metric Name']} [{line.get('Metric Unit', '')}]"] = line.get("Metric Value")
    return list(kernels.values())


def read_training(log):
    """
    Seconds of iterations, from the log of `umbra train`: of all, and of the second half, which is warm. None if there is
    no iteration. A line without an end is one that was being written when the program was ended.
    """
    whole = [line for line in log.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]
    lines = [json.loads(line) for line in whole]
    seconds = [line["seconds"] for line in lines if "seconds" in line]
    if not seconds:
        return None
    warm = seconds[len(seconds) // 2:]
    return {"backend": lines[0].get("backend"), "iterations": len(seconds),
            "seconds_per_iteration": statistics.mean(seconds), "seconds_per_warm_iteration": statistics.mean(warm),
            "median_seconds": statistics.median(seconds), "least_seconds": min(seconds)}


# ---- bars and predictions ----

def find_row(rows, name, params, primes):
    """None if it was not measured."""
    return next((row for row in rows if "microseconds" in row and row["name"] == name and row.get("params") == params
                 and primes in (None, row.get("primes"))), None)


def judge(rows):
    """The bars, with what was reached; None where it was not measured."""
    bars = []
    for bar in plan.BARS:
        row = find_row(rows, bar.name, bar.params, bar.primes)
        reached = row["microseconds"] / 1e3 if row else None
        bars.append({"step": bar.step, "name": bar.name, "params": bar.params, "primes": bar.primes,
                     "milliseconds": bar.milliseconds, "reached": reached,
                     "met": None if reached is None else reached <= bar.milliseconds})
    return bars


def read_predictions():
    """What the model says of operations; nothing if it was not written down."""
    if not PREDICTIONS.exists():
        return {"device": None, "rows": []}
    return json.loads(PREDICTIONS.read_text(encoding="utf-8"))


def compare(rows):
    """Every bar and every prediction, a network's that of its plan: what was measured beside what was expected."""
    table = {}
    for bar in plan.BARS:
        table[bar.name, bar.params, bar.primes] = {"bar_microseconds": bar.milliseconds * 1e3}
    for said in read_predictions()["rows"]:
        primes = said.get("primes", next((b.primes for b in plan.BARS if b.name == said["name"]), None))
        table.setdefault((said["name"], said["params"], primes), {})["predicted"] = said
    for (name, params, primes), line in table.items():
        row = find_row(rows, name, params, primes)
        line.update(name=name, params=params, primes=primes, measured=row["microseconds"] if row else None)
        if row and "planned_microseconds" in row:
            line["predicted"] = {"microseconds": row["planned_microseconds"]}
    return list(table.values())
