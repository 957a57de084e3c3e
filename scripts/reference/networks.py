# SPDX-License-Identifier: Apache-2.0
"""Networks on encrypted records, from an ONNX file to labels: beside the same network in the clear, exact and with
polynomials instead of activations."""
import dataclasses
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import typing

import measured
from reference import data
from reference.program import Program, is_met, make_folders

RESULTS = pathlib.Path(__file__).resolve().parents[2] / "bench/results"
SAMPLES = 1000
MANY, ALL = 1000, 10000      # records, from which on shares of near ties and accuracies say something
SLOWER = {15: 2.6, 16: 2.1}  # what bars allow without AVX-512, by the ring's logarithm


@dataclasses.dataclass
class Network:
    model: typing.Callable    # of the data folder: the bytes of an ONNX file
    records: typing.Callable  # of the data folder: where records come from
    sizes: list               # (records that are planned together, records of the run), for each run
    seconds: dict             # the bar of a run, by its number of records
    options: tuple = ()       # of umbra plan, and of the network in the clear
    output: str = "0"
    memory: int = 6 << 30
    bars: dict = dataclasses.field(default_factory=dict)  # of every run, beside those of all networks


LIKE_PLAIN = {"logit_error_exact": ("<=", 0.25), "labels_equal_exact": (">=", 1)}

NETWORKS = {
    "mlp": Network(data.copy_model("mnist_mlp_relu_784_128_64_10.onnx"),
                   lambda folder: data.Digits(folder, lambda pixel: (pixel / 255 - 0.1307) / 0.3081),
                   [(1, 1), (100, 100), (1000, 1000)], {1: 0.1, 100: 1, 1000: 2, 10000: 10}, ("--degree", "7")),
    "mlp-square": Network(data.copy_model("square.onnx"), lambda folder: data.FlatDigits(folder, lambda p: p / 255),
                          [(1, 1), (1000, 1000), (10000, 10000)], {1: 0.04, 10000: 4}),
    "lola": Network(data.lola, lambda folder: data.Digits(folder, lambda pixel: pixel / 256), [(1, 1), (1, 100)],
                    {1: 0.05}),
    "lola-small": Network(data.lola_small, lambda folder: data.Digits(folder, lambda pixel: pixel / 256),
                          [(1, 1), (1, 100)], {1: 0.008}),
    "resnet20": Network(data.copy_model("resnet20_cifar10_legacy17.onnx"), data.Cifar, [(1, 1), (1, 20)], {1: 60},
                        ("--relu", "7,15,15"), memory=10 << 30, bars=LIKE_PLAIN),
    "resnet20-fast": Network(data.copy_model("resnet20_cifar10_legacy17.onnx"), data.Cifar, [(1, 1), (1, 20)], {1: 40},
                             ("--degree", "59"), memory=10 << 30),
    "logreg": Network(data.copy_model("sk_logreg_binary.onnx"), data.Tumours, [(569, 569)], {}, (), "1"),
}


# ---- the job ----

def encrypted(umbra, owner, server, network, size, options):
    """Reports of the plan and of the computation; y.npy are the outputs."""
    planned, count = size
    plan = umbra.run(owner, "plan", "model.onnx", "--samples", "samples.npy", "--output", network.output, "--records",
                     planned, "--memory", options.memory or network.memory, "--symmetric", *network.options, "--server",
                     "server.umbra", "--client", "client.umbra", "--explain")
    umbra.run(owner, "keygen", "--plan", "client.umbra", "--out", "keys", "--secret", "secret/key.umbra",
              "--no-passphrase")
    umbra.run(owner, "encrypt", "x.npy", "--plan", "client.umbra", "--secret", "secret/key.umbra", "--out",
              "batch.umbra", "--clip")
    for name in ("keys/eval.umbra", "server.umbra"):
        shutil.copy(owner / name, server / name)
    shutil.move(owner / "batch.umbra", server / "batch.umbra")
    rounds = options.repeat if planned == count else 1
    answer = umbra.run(server, "infer", "--plan", "server.umbra", "--keys", "keys", "--in", "batch.umbra", "--out",
                       "answer.umbra", "--device", options.device, "--repeat", rounds)
    shutil.copy(server / "answer.umbra", owner)
    umbra.run(owner, "decrypt", "--plan", "client.umbra", "--secret", "secret/key.umbra", "--in", "answer.umbra",
              "--out", "y.npy")
    return plan, answer


def in_the_clear(umbra, owner, network):
    """polynomial.npy, exact.npy: the outputs. What has no activations is its own polynomial network."""
    clear = ["infer", "--clear", "model.onnx", "--in", "x.npy", "--output", network.output, "--out"]
    umbra.run(owner, *clear, "polynomial.npy", "--calibrate", "samples.npy", *network.options)
    umbra.run(owner, *clear, "exact.npy")


# ---- what came of it ----

def read(path, rows):
    values = data.read_npy(path.read_bytes())[1]
    width = len(values) // rows
    return [values[i * width:(i + 1) * width] for i in range(rows)]


def label(row):
    return max(range(len(row)), key=row.__getitem__)


def is_near_tie(row, error):
    """The two largest are nearer to each other than what the stated error may do to them, twice."""
    first, second = sorted(row)[:-3:-1]
    return first - second < 4 * error


def share(hits):
    hits = list(hits)
    return sum(hits) / len(hits) if hits else None


def largest_difference(rows, others):
    return max(abs(a - b) for row, other in zip(rows, others) for a, b in zip(row, other))


def judge(owner, truth, error):
    rows = len(truth)
    found, polynomial, exact = (read(owner / f"{name}.npy", rows) for name in ("y", "polynomial", "exact"))
    clear = [not is_near_tie(row, error) for row in polynomial]
    return {"labels_equal": share(label(a) == label(b) for a, b, c in zip(found, polynomial, clear) if c),
            "near_ties": clear.count(False),
            "labels_equal_exact": share(label(a) == label(b) for a, b in zip(found, exact)),
            "accuracy_plain": share(label(row) == t for row, t in zip(exact, truth)),
            "accuracy_polynomial": share(label(row) == t for row, t in zip(polynomial, truth)),
            "accuracy_encrypted": share(label(row) == t for row, t in zip(found, truth)),
            "logit_error": largest_difference(found, polynomial), "logit_error_exact": largest_difference(found, exact)}


def seconds_of(report, step):
    return sum(s["seconds"] for s in report["steps"] if s["name"] == step)


def times_of(answer):
    """Of each round."""
    return [item["seconds"] for item in answer.get("rounds", [])] or [seconds_of(answer, "compute")]


def row_of(steps, plan, answer, judged):
    facts, times = plan["plan"], times_of(answer)
    return {"images": int(answer["records"]), "planned_together": int(facts["records"]),
            "seconds": statistics.median(times[1:] or times), "seconds_least": min(times), "seconds_first": times[0],
            "seconds_predicted": plan["predictions"][0]["seconds"],
            "encode_seconds": seconds_of(answer, "encode weights"),
            "load_seconds": seconds_of(answer, "load records") + seconds_of(answer, "load evaluation keys"),
            "plan_seconds": seconds_of(plan, "plan"), "backend": answer["backend"]} | judged | {
                "stated_error": facts["error"], "peak_bytes": answer["peak_bytes"],
                "peak_bytes_predicted": facts["peak_bytes"], "key_bytes": facts["key_bytes"],
                "batch_bytes": facts["batch_bytes"], "log_n": facts["log_n"], "depth": facts["depth"],
                "stride": facts["stride"], "slots": facts["slots"], "layers": answer["layers"],
                "steps": steps}


def bars_of(network, row, device):
    bars = {"labels_equal": (">=", 0.999), "logit_error": ("<=", row["stated_error"])} | network.bars
    if row["images"] >= MANY:
        bars["near_ties"] = ("<=", row["images"] / 100)
    if row["images"] >= ALL:
        bars["accuracy_encrypted"] = (">=", row["accuracy_plain"] - 0.005)
    together = row["planned_together"] == row["images"]
    if device == "cpu" and together and row["images"] in network.seconds:
        slower = 1 if row["backend"] == "avx512" else SLOWER.get(max(15, row["log_n"]), 1)
        bars["seconds"] = ("<=", network.seconds[row["images"]] * slower)
        bars["peak_bytes"] = ("<=", network.memory)
    return {name: {"bar": f"{kind} {limit:.6g}", "met": row[name] is None or is_met(row[name], (kind, limit))}
            for name, (kind, limit) in bars.items()}


def run_size(umbra, network, records, size, options):
    owner, server = make_folders(options.work)
    (owner / "model.onnx").write_bytes(network.model(options.data))
    records.write_samples(owner / "samples.npy", SAMPLES)
    truth = records.write_records(owner / "x.npy", size[1])
    plan, answer = encrypted(umbra, owner, server, network, size, options)
    steps = dict(umbra.steps)
    in_the_clear(umbra, owner, network)
    row = row_of(steps, plan, answer, judge(owner, truth, plan["plan"]["error"]))
    row["bars"] = bars_of(network, row, options.device)
    return row


# ---- the report ----

def print_row(row):
    print(f"\n{row['images']} records, {row['planned_together']} planned together: {row['seconds']:.4f} s "
          f"({row['seconds_predicted']:.4f} s predicted), {row['peak_bytes'] / 2**30:.2f} GiB, "
          f"keys {row['key_bytes'] / 2**20:.1f} MiB, N = 2^{row['log_n']:.0f}")
    print(f"accuracy {row['accuracy_encrypted']:.4f} encrypted, {row['accuracy_polynomial']:.4f} polynomial, "
          f"{row['accuracy_plain']:.4f} plain")
    equal = "none but near ties" if row["labels_equal"] is None else f"{row['labels_equal']:.4%} of the others equal"
    print(f"labels: {row['near_ties']} near ties, {equal}; largest error of an output {row['logit_error']:.3g} "
          f"({row['logit_error_exact']:.3g} from the exact network)")
    for layer in row["layers"]:
        print(f"  layer {layer['layer']:<3.0f} {layer['what']:<12} level {layer['level']:<3.0f} "
              f"{layer['seconds']:.4f} s")
    for name, bar in row["bars"].items():
        print(f"{'met' if bar['met'] else 'MISSED':<8}{name} = {row[name]} {bar['bar']}")


def yardstick(program):
    """Milliseconds of a scalar transform, which scripts/bench_peers builds; None without it."""
    if not program:
        return None
    run = subprocess.run([program, "--benchmark_min_time=0.05", "--benchmark_repetitions=3", "--benchmark_format=json"],
                         capture_output=True, text=True, check=True)
    times = [b["real_time"] for b in json.loads(run.stdout)["benchmarks"] if b["run_type"] == "iteration"]
    return statistics.median(times) / 1e3


def default_file(origin, name):
    machine = re.sub(r"[^a-z0-9]+", "-", re.sub(r"\(.*?\)", "", origin["machine"]["cpu"]).lower()).strip("-")
    return RESULTS / f"{machine}-{origin['machine']['processors']}-cores-{origin['date']}-{name}.json"


def run(name, options):
    network = NETWORKS[name]
    records = network.records(options.data)
    umbra = Program(options.build / "umbra")
    result = measured.origin(umbra.program) | {"run": name, "yardstick_ms": yardstick(options.yardstick), "rows": []}
    sizes = [(count, count) for count in options.images] if options.images else network.sizes
    for size in sizes:
        result["rows"].append(run_size(umbra, network, records, size, options))
    result["instruction_set"] = result["rows"][0]["backend"]
    for row in result["rows"]:
        print_row(row)
    file = options.out or default_file(result, name)
    file.write_text(json.dumps(result, indent=1) + "\n")
    print(f"\n{file}")
    return all(bar["met"] for row in result["rows"] for bar in row["bars"].values())
