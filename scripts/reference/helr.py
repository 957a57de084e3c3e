# SPDX-License-Identifier: Apache-2.0
"""MNIST 3 against 8 in 14x14 pixels, as Han, Song, Cheon and Park trained it (eprint 2018/662): 32 iterations over
batches of 1024 records."""
import gzip
import json
import shutil
import sys

import measured
from reference.program import Program, is_met, make_folders

ITERATIONS = 32
BARS = {"accuracy": (">=", 0.964), "auc": (">=", 0.992), "max_weight_deviation": ("<=", 2.0**-10)}

READ = ["--label", "1"]
PLAN = ["--scale", "constant", "--scale-by", "7", "--iterations", str(ITERATIONS), "--batch", "1024", "--whole-batches",
        "--rate", "1", "--momentum", "0.01", "--degree", "3", "--range", "8"]


# ---- the job ----

def unpack(source, target):
    with gzip.open(source, "rb") as packed, open(target, "wb") as plain:
        shutil.copyfileobj(packed, plain)


def train(umbra, owner, server, memory, device):
    """The model's weights, the bias last, and the reports of plan, training and evaluation."""
    plan = umbra.run(owner, "plan", "train.csv", *READ, *PLAN, "--held-out", "test.csv", "--scaling", "scaling.csv",
                     "--out", "plan.umbra")
    umbra.run(owner, "keygen", "--plan", "plan.umbra", "--out", "keys", "--secret", "secret/key.umbra",
              "--no-passphrase")
    umbra.run(owner, "encrypt", "train.csv", *READ, "--plan", "plan.umbra", "--scaling", "scaling.csv",
              "--keys", "keys", "--out", "data")
    for name in ("params.umbra", "eval.umbra"):
        shutil.copy(owner / "keys" / name, server / "keys")
    shutil.copytree(owner / "data", server / "data")
    training = umbra.run(server, "train", "--keys", "keys", "--data", "data", "--out", "run", "--memory", memory,
                         "--device", device)
    shutil.copy(server / "run/model.umbra", owner)
    umbra.run(owner, "decrypt", "--keys", "keys", "--secret", "secret/key.umbra", "--weights", "--in", "model.umbra",
              "--out", "weights.csv")
    judged = umbra.run(owner, "evaluate", "--weights", "weights.csv", "--data", "test.csv", *READ,
                       "--scaling", "scaling.csv", "--plan", "plan.umbra", "--train", "train.csv")
    lines = [line for line in (owner / "weights.csv").read_text().splitlines() if not line.startswith("#")]
    weights = [float(x) for line in lines for x in line.split(",")]
    return weights, plan, training, judged


def deviation(weights, reference):
    """Largest difference of a weight; the reference has its bias first."""
    expected = [float(line) for line in reference.read_text().split()]
    if len(weights) != len(expected):
        sys.exit(f"reference_runs: {len(weights)} weights, and {reference} has {len(expected)}")
    return max(abs(a - b) for a, b in zip(weights, expected[1:] + expected[:1]))


# ---- the report ----

def collect(umbra, plan, training, judged, worst, origin):
    result = origin | {"run": "helr", "records": plan["plan"]["rows"], "features": plan["plan"]["columns"],
                       "accuracy": judged["accuracy"], "auc": judged["auc"], "max_weight_deviation": worst}
    result |= {key: judged[key] for key in ("accuracy_twin", "auc_twin", "accuracy_exact", "auc_exact",
                                            "max_weight_difference")}
    result |= {key: training[key] for key in ("iterations", "bootstraps", "bootstraps_planned", "bootstrap_seconds",
                                              "bytes_read", "backend", "log_n", "log_qp", "security")}
    result["seconds_per_iteration"] = umbra.steps["train"]["seconds"] / ITERATIONS
    result["peak_bytes"] = umbra.steps["train"]["peak_bytes"]
    result["plan"] = {key: plan["plan"][key] for key in ("depth", "levels", "blocks", "data_bytes", "keys", "key_bytes",
                                                         "memory_bytes", "key_switches", "bootstrap_switches")}
    result["bars"] = {name: {"bar": " ".join(map(str, bar)), "met": is_met(result[name], bar)}
                      for name, bar in BARS.items()}
    result["steps"] = umbra.steps
    return result


def print_result(result):
    print(f"\n{'step':<12}{'seconds':>10}{'peak, GiB':>12}")
    for name, step in result["steps"].items():
        print(f"{name:<12}{step['seconds']:>10.1f}{step['peak_bytes'] / 2**30:>12.2f}")
    print(f"\n{'':<12}{'encrypted':>12}{'in the clear':>14}{'exact sigmoid':>15}")
    for name in ("accuracy", "auc"):
        print(f"{name:<12}{result[name]:>12.6f}{result[name + '_twin']:>14.6f}{result[name + '_exact']:>15.6f}")
    print(f"\nlargest deviation of a weight: {result['max_weight_deviation']:.3g} from the reference, "
          f"{result['max_weight_difference']:.3g} from the training in the clear")
    print(f"{result['iterations']} iterations, {result['bootstraps']} of {result['bootstraps_planned']} refreshes")
    print(f"{result['seconds_per_iteration']:.3f} seconds per iteration, loading and writing included")
    for name, bar in result["bars"].items():
        print(f"{'met' if bar['met'] else 'MISSED':<8}{name} = {result[name]:.6g} {bar['bar']}")


def helr(options):
    owner, server = make_folders(options.work)
    unpack(options.data / "MNIST_train.txt.gz", owner / "train.csv")
    unpack(options.data / "MNIST_test.txt.gz", owner / "test.csv")
    umbra = Program(options.build / "umbra")
    origin = measured.origin(umbra.program) | {"yardstick_ms": options.yardstick()}
    weights, plan, training, judged = train(umbra, owner, server, options.memory or "0", options.device)
    worst = deviation(weights, options.data / "reference_w_deg3_32iter.csv")
    result = collect(umbra, plan, training, judged, worst, origin) | {"yardstick_ms_after": options.yardstick()}
    print_result(result)
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")
    return all(bar["met"] for bar in result["bars"].values()) and result["bootstraps"] == result["bootstraps_planned"]
