# SPDX-License-Identifier: Apache-2.0
"""Networks on encrypted records, from an ONNX file to labels: beside the same network in the clear, exact and with
polynomials instead of activations."""
import dataclasses
import json
import typing

import measured
from reference import data, outcome
from reference.program import Journal, Program, digest_of, folders, hand_over, make_folders

SAMPLES = 1000


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
    singly: bool = False      # where records are run one after another: each in a process of its own
    shape: tuple = ()         # of a record, where the network can be drawn
    draw: typing.Callable = None  # of that shape: the bytes of an ONNX file

    def one_by_one(self):
        """Whether records are run one after another, as many as there are."""
        return self.sizes[-1][0] == 1


LIKE_PLAIN = {"logit_error_exact": ("<=", 0.25), "labels_equal_exact": (">=", 1)}
DRAWN_IMAGES = {"shape": (3, 32, 32), "draw": data.draw_resnet20}

NETWORKS = {
    "mlp": Network(data.copy_model("mnist_mlp_relu_784_128_64_10.onnx"),
                   lambda folder: data.Digits(folder, lambda pixel: (pixel / 255 - 0.1307) / 0.3081),
                   [(1, 1), (100, 100), (1000, 1000)], {1: 0.1, 100: 1, 1000: 2, 10000: 10}, ("--degree", "7")),
    "mlp-square": Network(data.copy_model("square.onnx"), lambda folder: data.FlatDigits(folder, lambda p: p / 255),
                          [(1, 1), (1000, 1000), (10000, 10000)], {1: 0.04, 10000: 4}, shape=(784,),
                          draw=data.draw_square),
    "lola": Network(data.lola, lambda folder: data.Digits(folder, lambda pixel: pixel / 256), [(1, 1), (1, 100)],
                    {1: 0.05}),
    "lola-small": Network(data.lola_small, lambda folder: data.Digits(folder, lambda pixel: pixel / 256),
                          [(1, 1), (1, 100)], {1: 0.008}),
    "resnet20": Network(data.copy_model("resnet20_cifar10_legacy17.onnx"), data.Cifar, [(1, 1), (1, 20)], {1: 60},
                        ("--relu", "7,15,15"), memory=10 << 30, bars=LIKE_PLAIN, singly=True, **DRAWN_IMAGES),
    "resnet20-fast": Network(data.copy_model("resnet20_cifar10_legacy17.onnx"), data.Cifar, [(1, 1), (1, 20)], {1: 40},
                             ("--degree", "59"), memory=10 << 30, singly=True, **DRAWN_IMAGES),
    "logreg": Network(data.copy_model("sk_logreg_binary.onnx"), data.Tumours, [(569, 569)], {}, (), "1"),
}


# ---- the job ----

INFER = ["infer", "--plan", "server.umbra", "--keys", "keys"]


def make_plan(umbra, owner, network, planned, options):
    """Its report, and keys for it."""
    target = ["--target", "gpu", "--machine", options.gpu] if options.gpu else []
    plan = umbra.run(owner, "plan", "model.onnx", "--samples", "samples.npy", "--output", network.output, "--records",
                     planned, "--memory", options.memory or network.memory, "--symmetric", *network.options, "--server",
                     "server.umbra", "--client", "client.umbra", "--explain", *target)
    umbra.run(owner, "keygen", "--plan", "client.umbra", "--out", "keys", "--secret", "secret/key.umbra",
              "--no-passphrase")
    return plan


def files_of(part):
    return ["--in", f"batch{part}.umbra", "--out", f"answer{part}.umbra"]


def encrypted(umbra, owner, server, rounds, options, part=""):
    """Of the records in x.npy, or of a part of them: the report; y.npy are the outputs."""
    secret = ["--plan", "client.umbra", "--secret", "secret/key.umbra"]
    umbra.run(owner, "encrypt", f"x{part}.npy", *secret, "--out", f"batch{part}.umbra", "--clip")
    hand_over(f"batch{part}.umbra", owner, server)
    answer = umbra.run(server, *INFER, *files_of(part), "--device", options.device, "--repeat", rounds)
    hand_over(f"answer{part}.umbra", server, owner)
    umbra.run(owner, "decrypt", *secret, "--in", f"answer{part}.umbra", "--out", f"y{part}.npy")
    return answer


def same_digests(umbra, server, device, part):
    """Whether every layer's ciphertexts have the bits that they have on the processor."""
    command = [*INFER, *files_of(part), "--digests", "digests.json", "--device"]
    return umbra.run(server, *command, device)["digests"] == umbra.run(server, *command, "cpu")["digests"]


def split(network, size, owner):
    """Names of the parts of x.npy that are run by themselves, after their files are written; [""]: all of it."""
    planned, count = size
    if not network.singly or planned == count:
        return [""]
    for i, row in enumerate(data.read_rows(owner / "x.npy", count)):
        data.write_npy(owner / f"x-{i}.npy", [1, *network.shape], row)
    return [f"-{i}" for i in range(count)]


def in_the_clear(umbra, owner, network):
    """polynomial.npy, exact.npy: the outputs. What has no activations is its own polynomial network."""
    clear = ["infer", "--clear", "model.onnx", "--in", "x.npy", "--output", network.output, "--out"]
    umbra.run(owner, *clear, "polynomial.npy", "--calibrate", "samples.npy", *network.options)
    umbra.run(owner, *clear, "exact.npy")


def write_inputs(owner, network, size, options):
    """What there is before anything is planned; returns labels, or None where nobody knows them."""
    model = network.draw(network.shape) if options.drawn else network.model(options.data)
    records = data.Drawn(network.shape) if options.drawn else network.records(options.data)
    (owner / "model.onnx").write_bytes(model)
    records.write_samples(owner / "samples.npy", SAMPLES)
    return records.write_records(owner / "x.npy", size[1])


def run_size(umbra, network, size, options):
    """A row. Before there are keys nothing is worth going on with."""
    kept = any(command.startswith("owner keygen") for command in umbra.journal.said)
    if not kept:
        umbra.journal.said = {}
    owner, server = folders(options.work) if kept else make_folders(options.work)
    umbra.steps = {}
    truth = write_inputs(owner, network, size, options)
    plan = make_plan(umbra, owner, network, size[0], options)
    for name in ("keys/eval.umbra", "server.umbra"):
        hand_over(name, owner, server)
    parts = split(network, size, owner)
    rounds = options.repeat if size[0] == size[1] else 1
    answers = [encrypted(umbra, owner, server, rounds, options, part) for part in parts]
    steps = umbra.steps
    umbra.steps = {}
    in_the_clear(umbra, owner, network)
    row = outcome.row_of(steps, plan, answers, outcome.judge(owner, parts, size[1], truth, plan["plan"]["error"]))
    if options.digests:
        row["digests_equal"] = all(same_digests(umbra, server, options.device, part) for part in parts)
    row["bars"] = outcome.bars_of(network, row, options.device)
    return row


# ---- the report ----

def sizes_of(network, options):
    if not options.images:
        return network.sizes
    return [(1 if network.one_by_one() else count, count) for count in options.images]


def open_journal(name, sizes, umbra, options):
    asked = ("data", "drawn", "memory", "device", "gpu", "repeat", "digests")
    identity = {"run": name, "sizes": [list(size) for size in sizes], "program": digest_of(umbra)}
    identity |= {key: str(getattr(options, key)) for key in asked}
    return Journal(options.work / "journal.jsonl", identity, options.resume)


def run(name, options):
    network = NETWORKS[name]
    sizes = sizes_of(network, options)
    umbra = Program(options.build / "umbra")
    umbra.journal = open_journal(name, sizes, umbra.program, options)
    result = measured.origin(umbra.program) | {"run": name, "drawn": options.drawn, "yardstick_ms": options.yardstick()}
    for size in sizes[len(umbra.journal.rows):]:
        umbra.journal.add({"row": run_size(umbra, network, size, options)})
    rows = umbra.journal.rows
    result |= {"yardstick_ms_after": options.yardstick(), "instruction_set": rows[0]["backend"], "rows": rows}
    for row in rows:
        outcome.print_row(row)
    file = options.out or measured.default_file(result, name)
    file.write_text(json.dumps(result, indent=1) + "\n")
    print(f"\n{file}")
    return all(bar["met"] for row in rows for bar in row["bars"].values())
