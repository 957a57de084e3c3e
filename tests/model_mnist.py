#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: full
"""The digits network of ../shared/data/onnx with polynomials of degree 7 instead of its ReLUs: its accuracy on the 10,000
test images is within half a point of what it is without them. Skipped without the data."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scripts"))
from reference.data import Digits, read_npy

PROGRAM = os.path.join(os.environ["UMBRA_BUILD_DIR"], "umbra")
DATA = HERE.parent.parent / "shared/data"
MODEL = DATA / "onnx/mnist_mlp_relu_784_128_64_10.onnx"
SAMPLES, IMAGES, SKIPPED = 1000, 10000, 77


def labels_of(values):
    return [max(range(10), key=values[10 * i:10 * i + 10].__getitem__) for i in range(IMAGES)]


def infer(folder, *options):
    run = subprocess.run([PROGRAM, "infer", "--clear", MODEL, "--in", f"{folder}/x.npy", "--out", f"{folder}/y.npy",
                          "--json", *options], capture_output=True, text=True, check=True)
    return json.loads(run.stdout), labels_of(read_npy(pathlib.Path(folder, "y.npy").read_bytes())[1])


def share(found, wanted):
    return sum(a == b for a, b in zip(found, wanted)) / IMAGES


def main():
    if not MODEL.exists() or not (DATA / "mnist").exists():
        print("skipped: there is no", MODEL, "or no digits beside it")
        return SKIPPED
    digits = Digits(DATA / "mnist", lambda pixel: (pixel / 255 - 0.1307) / 0.3081)  # as the network was trained on them
    with tempfile.TemporaryDirectory() as folder:
        truth = digits.write_records(f"{folder}/x.npy", IMAGES)
        digits.write_samples(f"{folder}/s.npy", SAMPLES)
        _, exact = infer(folder)
        report, found = infer(folder, "--calibrate", f"{folder}/s.npy", "--degree", "7")
    print(f"exact {share(exact, truth)}, degree 7 {share(found, truth)}, equal labels {share(found, exact)};",
          f"on the samples {report['labels_equal'] / SAMPLES}, {report['labels_wrong']} wrong, use {report['use']:.2f}")
    sound = (abs(share(exact, truth) - 0.9754) < 1e-9 and abs(share(found, truth) - share(exact, truth)) <= 0.005 and
             share(found, exact) > 0.98 and report["outside"] == 0 and report["labels_wrong"] == 0)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
