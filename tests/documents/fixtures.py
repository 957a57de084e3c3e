# SPDX-License-Identifier: Apache-2.0
"""Files that snippets of the documentation work on: small, and the same each time."""
import pathlib
import random
import struct
import subprocess

from onnx_file import Model, Node, Tensor, npy

SMALL_PLAN = "--no-search --rate 1 --iterations 2 "  # a training of seconds: without refreshes


def table(path, rows=300, features=3, classes=2, seed=1):
    """Records with a label, which follows from the first two features."""
    draw = random.Random(seed)
    lines = [",".join(("height", "weight", "age")[:features] if features <= 3 else [f"x{i}" for i in range(features)])
             + ",label"]
    for _ in range(rows):
        x = [min(max(draw.gauss(0, 1), -2.5), 2.5) for _ in range(features)]
        score = x[0] - x[1] / 2
        label = int(score > 0) if classes == 2 else min(classes - 1, max(0, round(score + (classes - 1) / 2)))
        lines.append(",".join(f"{value:.3f}" for value in x) + f",{label}")
    if seed == 1:  # so that records of other seeds have no values beyond these
        lines[1:3] = [",".join([value] * features) + ",0" for value in ("-2.5", "2.5")]
    pathlib.Path(path).write_text("\n".join(lines) + "\n")


def square_network(path="model.onnx", inputs=8, hidden=6, classes=3, last="ArgMax", seed=2,
                   middle=Node("Mul", "h,h", "s")):
    """Two dense layers with a square, or another node, between them, and labels or probabilities at its end."""
    draw = random.Random(seed)

    def numbers(*dims):
        return Tensor(dims, [draw.uniform(-1, 1) for _ in range(dims[0] * dims[-1])])

    end = Node("ArgMax", "z", "y", axis=1, keepdims=0) if last == "ArgMax" else Node(last, "z", "y")
    nodes = [Node("MatMul", "x,w", "h"), middle, Node("MatMul", "s,v", "z"), end]
    constants = {"w": numbers(inputs, hidden), "v": numbers(hidden, classes)}
    pathlib.Path(path).write_bytes(Model(nodes, constants, ["n", inputs]).encode())


def relu_network(**options):
    """The same with a ReLU and probabilities."""
    square_network(last="Softmax", middle=Node("Relu", "h", "s"), **options)


def records(path="samples.npy", rows=20, columns=8, seed=3):
    """Values within [-1, 1]."""
    draw = random.Random(seed)
    values = [draw.uniform(-1, 1) for _ in range(rows * columns)]
    pathlib.Path(path).write_bytes(npy([rows, columns], values))


def safetensors(path="model.safetensors"):
    """One layer, fc1, of three inputs and two outputs."""
    header = b'{"fc1.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},' \
             b'"fc1.bias":{"dtype":"F32","shape":[2],"data_offsets":[24,32]}}'
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(header)) + header + struct.pack("<8f", *range(8)))


def training(folder="."):
    """What a training of seconds leaves: plan, keys, data set, run, weights; beside the secret key, all in one folder."""
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    table(folder / "train.csv")
    table(folder / "held.csv", rows=60, seed=4)
    (folder / "secret").mkdir(mode=0o700)
    for line in (f"plan train.csv {SMALL_PLAN} --scaling scaling.csv --out plan.umbra",
                 "keygen --plan plan.umbra --out keys --secret secret/key.umbra",
                 "encrypt train.csv --plan plan.umbra --scaling scaling.csv --secret secret/key.umbra --out data",
                 "train --keys keys --data data --out run",
                 "decrypt --keys keys --secret secret/key.umbra --weights --in run/model.umbra --out weights.csv"):
        subprocess.run(["umbra", *line.split()], cwd=folder, check=True, stdout=subprocess.DEVNULL)
