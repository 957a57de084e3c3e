#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: full
# labels: slow UMBRA_NETWORKS=all
"""Models as exporters write them, where the folder ../shared/data/onnx is: each goes from its file to an encrypted
answer with the commands, and its labels are those of the plain network. Skipped without them. All that fit are in the
slow run, a small one of each exporter in the other."""
import os
import pathlib
import random
import shutil
import sys
import tempfile
import zipfile

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "models"))
from chain import Chain, distance
from onnx_file import read_npy

DATA = HERE.parent.parent / "shared/data/onnx"
SMALL = ("hand_gemm_alpha_beta", "keras_cnn_nhwc_export", "sk_logreg_binary", "sk_softmax_iris",
         "torch_mlpseq_legacy11", "torch_odd_dynamo")
LARGE = ("hand_conv_asym_depthwise_gap", "keras_mlp_export", "mnist_mlp_relu_784_128_64_10", "sk_linreg",
         "sk_mlp_digits", "torch_lenet_legacy18", "torch_lola_legacy17", "torch_mlp_dynamo", "torch_mlp_legacy13",
         "torch_resnet8_legacy17_dyn")
# What an error of 2^-6 would ask too much of: random weights, or values that are large.
OPTIONS = {"mnist_mlp_relu_784_128_64_10": ["--degree", "15"]}
SAMPLES = 64
SKIPPED = 77
random.seed(4)


def put_model(chain, name):
    for file in DATA.glob(f"{name}.onnx*"):
        shutil.copy(file, chain.owner)
    with zipfile.ZipFile(DATA / f"{name}.npz") as arrays:
        shape, x = read_npy(arrays.read("x.npy"))
        outputs = len(arrays.namelist()) - 1
        y = read_npy(arrays.read(f"y{outputs - 1}.npy"))
    times = -(-SAMPLES // shape[0])
    chain.write("x.npy", shape, x)
    chain.write("samples.npy", [times * shape[0], *shape[1:]],
                [v * random.uniform(0.9, 1.1) if t else v for t in range(times) for v in x])
    return outputs - 1, shape[0], y


def labels_of(values, rows):
    """A label, of one number its sign; and by how much it is the label."""
    width = len(values) // rows
    for i in range(rows):
        row = values[i * width:(i + 1) * width]
        order = sorted(range(width), key=lambda k: -row[k])
        yield (order[0], row[order[0]] - row[order[1]]) if width > 1 else (row[0] > 0, abs(row[0]))


def faults_of(name, folder):
    chain = Chain(folder)
    output, records, (shape, wanted) = put_model(chain, name)
    options = OPTIONS.get(name, [])
    plan = chain.plan(f"{name}.onnx", "--output", str(output), "--records", str(records), *options)
    chain.keygen()
    chain.encrypt("--keys", "keys")
    chain.infer()
    chain.decrypt("y.npy")
    got_shape, got = chain.read("y.npy")
    chain.clear(f"{name}.onnx", "clear.npy", "--output", str(output), "--calibrate", "samples.npy", *options)
    error, bound = distance(got, chain.read("clear.npy")[1]), plan["error"]
    if got_shape != shape or error > bound:
        yield f"shape {got_shape}, not {shape}; error {error:.2g} over {bound:.2g}"
    ties = 4 * (plan["approximation_error"] + bound)
    for (label, _), (right, margin) in zip(labels_of(got, records), labels_of(wanted, records)):
        if label != right and margin > ties:
            yield f"label {label}, not {right}"


def main():
    if not DATA.is_dir():
        print("skipped: there is no", DATA)
        return SKIPPED
    names = SMALL + LARGE if os.environ.get("UMBRA_NETWORKS") == "all" else SMALL
    faults = []
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            try:
                faults += [f"{name}: {fault}" for fault in faults_of(name, folder)]
            except AssertionError as failure:
                faults.append(f"{name}: {failure}")
    print("\n".join(faults) or f"{len(names)} networks as wanted")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
