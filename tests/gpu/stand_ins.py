#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What gpu_check starts, played: each program takes the seconds that its step is expected to take, and leaves output of
the right form. Tests move a clock by those seconds; run as a program it sleeps them: stand_ins.py SCENARIO PROGRAM...

A scenario maps steps to what goes wrong in them: "hang" (what it writes is cut), "hang at once" (cut where it begins),
"fail", "wrong" (a result that is an error), "nothing" (no output), "skip".
"""
import json
import os
import pathlib
import re
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import gpu_floors
from gpu import plan

FOREVER = 1e6
CUT = ("hang", "hang at once")
SKIPPED = 77
# Operations and kernels that a filter can find, with the counters that floors are computed from.
NAMES = ["ntt_forward/params:{}/primes:64", "residues_copy/params:{}/primes:level", "rotate/params:{}",
         "rotate_graph/params:{}", "mul_relin_rescale_graph/params:{}", "encode/params:{}"]
MATRIX_NAMES = ["product_plain_vector/rows:128/columns:128/batch:1/params:{}",
                "product_plain_batch/rows:1024/columns:1024/batch:4096/params:{}", "convolution/channels:16/params:{}"]
BOOT_NAMES = ["bootstrap/params:{}", "bootstrap_graph/params:{}", "bootstrap_stc_first/params:{}"]
COUNTERS = {**vars(gpu_floors.shape_of_preset("n16-d24-s50")), "polys": 1, "held_bytes": 4e9, "key_bytes": 4.8e9,
            "plain_bytes": 8e8}
MICROSECONDS = {"ntt_forward": 25, "residues_copy": 10, "rotate": 255, "rotate_graph": 250, "encode": 900,
                "mul_relin_rescale_graph": 283}

NETWORK_SECONDS = {"mlp_square": 0.0025, "resnet20": 0.4}


# ---- what each program is, and does ----

def argument(command, flag, default=""):
    """Of --flag=text."""
    return next((word.split("=", 1)[1] for word in command if word.startswith(f"{flag}=")), default)


def step_of(command, env):
    """(step, its part of the step's seconds)"""
    program = pathlib.Path(command[0]).name
    if "--import" in command:
        return "profile", 0.2
    for name, step, part in (("ncu", "profile", 0.8), ("compute-sanitizer", "sanitizers", 1),
                             ("umbra_gpu_rates", "rates", 1), ("nvidia-smi", "rates", 0), ("cmake", "build", 0.5),
                             ("test_backends", "conformance", 0.5)):
        if program == name:
            return step, part
    if program == "test_conformance_gpu":
        return ("conformance" if "UMBRA_CONFORMANCE_RINGS" in env else "full_rings"), 1
    if program == "umbra_bench":
        return step_of_benchmark(command, env)
    if pathlib.Path(command[1]).name == "main_job":
        return "main_job", 1
    runs = {**plan.NETWORKS, **plan.TRAININGS}
    return next((name for name, run in runs.items() if run.run == command[2]), "helr"), 1


def step_of_benchmark(command, env):
    text = argument(command, "--benchmark_filter")
    if argument(command, "--memory"):
        return "streaming", 1
    if "UMBRA_CUDA_OVERLAP" in env:
        return "overlap", 0.5
    return next((step, 0.5) for step, filters in (("kernels", plan.KERNELS), ("operations", [plan.OPERATIONS]),
                                                  ("matrices", [text_ for _, text_ in plan.MATRICES]),
                                                  ("refreshes", plan.REFRESHES)) if text in filters)


def run_of(name, seconds, now, wrong):
    name = f"{name}/backend:cuda/threads:16/manual_time"
    run = {"name": name, "run_name": name, "run_type": "iteration", "repetition_index": 0, "iterations": 10}
    if wrong:
        return {**run, "error_occurred": True, "error_message": "the result differs from that of ref"}
    took = MICROSECONDS.get(name.split("/")[0], 15000)
    return {**run, "real_time": took, "time_unit": "us", "begun": now + 0.25 * seconds, "ended": now + 0.75 * seconds,
            **COUNTERS}


def bench(command, seconds, now, how):
    """Writes what umbra_bench writes."""
    params, text = argument(command, "--params"), argument(command, "--benchmark_filter")
    names = BOOT_NAMES if params.startswith("boot") else [*NAMES, *MATRIX_NAMES]
    full = [f"{name.format(params)}" for name in names]
    runs = [run_of(name, seconds, now, how == "wrong") for name in full if re.search(text, name + "/")]
    document = json.dumps({"context": {}, "benchmarks": [] if how == "nothing" else runs}, indent=2)
    if how == "hang":  # it was writing when it was ended
        document = document[:document.index("\n    }") + 6] + ',\n    {\n      "name": "rot'
    pathlib.Path(argument(command, "--benchmark_out")).write_text(document, encoding="utf-8")
    return ""


def profile(command, how):
    if "--import" in command:
        return ('==PROF== Connected\n"ID","Kernel Name","Metric Name","Metric Unit","Metric Value"\n'
                '"0","forward_rows","Duration","us","7.5"\n')
    if how != "nothing":
        pathlib.Path(f"{command[command.index('-o') + 1]}.ncu-rep").write_bytes(b"profile")
    return "==PROF== Disconnected"


def training(command, how):
    """The server's log, and the outcome."""
    work = pathlib.Path(command[command.index("--work") + 1])
    (work / "server/run").mkdir(parents=True)
    backend = "avx512" if how == "wrong" else "cuda"
    lines = [{"umbra": "0.1.0", "backend": backend}] + [
        {"iteration": i + 1, "seconds": 0.1 if i < 16 else 0.008} for i in range(32)]
    text = "\n".join(map(json.dumps, lines)) + "\n"
    if how in CUT:  # it was writing when it was ended
        text = text[:text.index("\n", 1 if how == "hang at once" else 300) + 20]
    (work / "server/run/log.jsonl").write_text(text, encoding="utf-8")
    if how in CUT:
        return ""
    outcome = {"accuracy": 0.966} | ({"seconds_per_iteration_planned": 0.3} if "--gpu" in command else {})
    pathlib.Path(command[command.index("--out") + 1]).write_text(json.dumps(outcome), encoding="utf-8")
    return "met     accuracy"


def network(command, step, how):
    """The outcome of a reference run."""
    if how in CUT or how == "nothing":
        return ""
    images = [int(count) for count in command[command.index("--images") + 1].split(",")]
    rows = [{"images": count, "backend": "avx512" if how == "wrong" else "cuda", "seconds": NETWORK_SECONDS[step],
             "seconds_predicted": 0.02, "labels_equal": 1.0, "near_ties": 0, "logit_error": 1e-4,
             "digests_equal": "--digests" in command} for count in images]
    pathlib.Path(command[command.index("--out") + 1]).write_text(json.dumps({"rows": rows}), encoding="utf-8")
    return "met     labels_equal"


def rates():
    return json.dumps({"lanes_per_clock": {"imad": 64.0, "imad_wide": 32.0}, "multiprocessors": 132,
                       "clock_hz": 1980000000, "copy_bytes_per_second": 4.3e12,
                       "graph_kernel_microseconds": {"1": 1.2, "1056": 1.6}})


def cmocka(program, how):
    first = "ref and cuda\n" if program == "test_backends" and how != "wrong" else ""
    return first + "[  PASSED  ] 7 test(s).\n" + ("[  FAILED  ] cuda against ref: 1 test(s), listed below:\n"
                                                  "[  FAILED  ] ntt_forward\n" if how == "fail" else "")


def output(command, step, seconds, now, how):
    program = pathlib.Path(command[0]).name
    if step == "profile":
        return profile(command, how)
    if program == "umbra_bench":
        return bench(command, seconds, now, how)
    if step in plan.NETWORKS:
        return network(command, step, how)
    if step in ("helr", "main_job", *plan.TRAININGS):
        return training(command, how)
    if step == "sanitizers":
        tool = command[command.index("--tool") + 1]
        return "========= " + ("RACECHECK SUMMARY: 0 hazards displayed" if tool == "racecheck" else
                               "ERROR SUMMARY: 0 errors")
    return rates() if program == "umbra_gpu_rates" else cmocka(program, how)


def build(command, step_seconds):
    """Programs that do nothing, where cmake would put real ones."""
    if "--preset" in command:
        return ""
    from gpu import programs
    for path in programs.find(pathlib.Path(command[command.index("--build") + 1])).values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return f"built in {step_seconds} s"


def perform(command, env, now, scenario):
    """(seconds, exit status, what is printed)"""
    command = [str(word) for word in command]
    step, part = step_of(command, env)
    entry = next(step_ for step_ in (*plan.STEPS, plan.BUILD) if step_.name == step)
    how, seconds = scenario.get(step), part * entry.expected
    text = build(command, seconds) if step == "build" and not how else output(command, step, seconds, now, how)
    status = {"fail": 1, "wrong": 1, "skip": SKIPPED}.get(how, 0)
    if step in ("conformance", "helr", "main_job", *plan.NETWORKS, *plan.TRAININGS) and how == "wrong":
        status = 0
    return (FOREVER if how in CUT else seconds), status, text


def main():
    seconds, status, text = perform(sys.argv[2:], os.environ, time.monotonic(), json.loads(sys.argv[1]))
    time.sleep(seconds)
    print(text)
    return status


if __name__ == "__main__":
    sys.exit(main())
