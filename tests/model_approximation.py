#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: quick
"""`umbra infer --clear --calibrate` on a network written here: polynomials, outputs and the report against least squares,
weighted by the density of what each activation reads, by normal equations of our own."""
import json
import os
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "models"))
from onnx_file import Model, Node, Tensor, npy, read_npy

PROGRAM = os.path.join(os.environ["UMBRA_BUILD_DIR"], "umbra")
WIDTHS, SAMPLES, RECORDS, DEGREE, MARGIN, FLOOR, BINS = (5, 6, 7, 3), 60, 20, 5, 1.6, 0.005, 64
random.seed(2)
faults = []


def numbers(count):
    return [random.uniform(-1, 1) for _ in range(count)]


def gauss(count):
    """Nodes and weights on [-1, 1], by bisection between the zeros of the polynomial of one degree less."""
    def legendre(n, x):
        a, b = 1.0, x
        for k in range(1, n):
            a, b = b, ((2 * k + 1) * x * b - k * a) / (k + 1)
        return b if n else a
    zeros = []
    for n in range(1, count + 1):
        ends, zeros = [-1.0] + zeros + [1.0], []
        for lo, hi in zip(ends, ends[1:]):
            for _ in range(100):
                middle = (lo + hi) / 2
                if (legendre(n, lo) > 0) == (legendre(n, middle) > 0):
                    lo = middle
                else:
                    hi = middle
            zeros.append(lo)
    return [(x, 2 * (1 - x * x) / (count * legendre(count - 1, x)) ** 2) for x in zeros]


def chebyshev(t):
    values = [1.0, t]
    while len(values) <= DEGREE:
        values.append(2 * t * values[-1] - values[-2])
    return values


def solve(matrix, right):
    n = len(right)
    rows = [row + [r] for row, r in zip(matrix, right)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda k: abs(rows[k][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for k in range(n):
            if k != i:
                factor = rows[k][i] / rows[i][i]
                rows[k] = [a - factor * b for a, b in zip(rows[k], rows[i])]
    return [rows[i][n] / rows[i][i] for i in range(n)]


def fitted(values, floor=FLOOR):
    """The bound and the polynomial that stands for ReLU."""
    bound = MARGIN * max(map(abs, values))
    weights = [floor] * BINS
    for x in values:
        weights[int((x / bound + 1) / 2 * BINS)] += BINS / len(values)
    matrix, right = [[0.0] * (DEGREE + 1) for _ in range(DEGREE + 1)], [0.0] * (DEGREE + 1)
    for i, weight in enumerate(weights):
        for node, share in gauss(8):
            t = (2 * i + 1 + node) / BINS - 1
            basis = chebyshev(t)
            for j, a in enumerate(basis):
                right[j] += weight * share * a * max(t, 0) * bound
                matrix[j] = [m + weight * share * a * b for m, b in zip(matrix[j], basis)]
    c = solve(matrix, right)
    return bound, lambda x: sum(a * b for a, b in zip(c, chebyshev(x / bound)))


def dense(layer, x):
    return [sum(w * v for w, v in zip(row, x)) + b for row, b in zip(*layer)]


def network(layers, activations, x):
    for layer, activation in zip(layers, activations):
        x = [activation(v) for v in dense(layer, x)]
    return dense(layers[-1], x)


def relu(x):
    return max(x, 0.0)


def make_model():
    layers, nodes, constants, name = [], [], {}, "x"
    for i, (inputs, outputs) in enumerate(zip(WIDTHS, WIDTHS[1:])):
        w, b = Tensor([outputs, inputs], numbers(inputs * outputs)), Tensor([outputs], numbers(outputs))
        constants.update({f"w{i}": w, f"b{i}": b})
        last = i + 2 == len(WIDTHS)
        nodes.append(Node("Gemm", f"{name},w{i},b{i}", "y" if last else f"h{i}", transB=1))
        if not last:
            nodes.append(Node("Relu", f"h{i}", f"r{i}"))
        name = f"r{i}"
        layers.append(([w.values[k * inputs:(k + 1) * inputs] for k in range(outputs)], b.values))
    return Model(nodes, constants, ["n", WIDTHS[0]]), layers


def umbra(folder, *options):
    return subprocess.run([PROGRAM, "infer", "--clear", f"{folder}/model.onnx", "--in", f"{folder}/x.npy", "--out",
                           f"{folder}/y.npy", *options], capture_output=True, text=True, check=False)


def near(what, found, wanted, tolerance=1e-7):
    if not abs(found - wanted) <= tolerance * max(1, abs(wanted)):
        faults.append(f"{what} is {found}, not {wanted}")


def errors_of(layers, polynomials, samples):
    errors, equal = [], 0
    for x in samples:
        exact, near_by = network(layers, [relu, relu], x), network(layers, polynomials, x)
        errors.append(max(abs(a - b) for a, b in zip(exact, near_by)))
        equal += exact.index(max(exact)) == near_by.index(max(near_by))
    return sorted(errors), equal


def check(folder, layers, samples, records):
    run = umbra(folder, "--calibrate", f"{folder}/s.npy", "--degree", str(DEGREE), "--json")
    if run.returncode:
        faults.append(run.stderr)
        return
    report = json.loads(run.stdout)
    first = [v for x in samples for v in dense(layers[0], x)]
    second = [v for x in samples for v in dense(layers[1], [relu(h) for h in dense(layers[0], x)])]
    fits = [fitted(first), fitted(second)]
    polynomials = [f for _, f in fits]
    for a, (bound, _), node in zip(report["activations"], fits, (2, 4)):
        near("bound", a["bound"], bound)
        if (a["node"], a["degree"], a["levels"]) != (node, DEGREE, 3):
            faults.append(f"activation {a}")
    with open(f"{folder}/y.npy", "rb") as f:
        _, values = read_npy(f.read())
    wanted = [v for x in records for v in network(layers, polynomials, x)]
    for found, value in zip(values, wanted):
        near("output", found, value)
    errors, equal = errors_of(layers, polynomials, samples)
    near("largest error", report["largest_error"], errors[-1])
    near("median error", report["median_error"], errors[len(errors) // 2])
    near("labels", report["labels_equal"], equal)
    if (report["samples"], report["outside"], report["levels"]) != (SAMPLES, 0, 6) or not 0.6 < report["use"] < 1:
        faults.append(f"report {report}")


def check_options(folder):
    samples = ["--calibrate", f"{folder}/s.npy"]
    nine = ",".join(["3"] * 9)
    for options in (["--degree", "7"], ["--relu", "7,7"], ["--error", "1"], [*samples, "--degree", "7", "--error", "1"],
                    [*samples, "--relu", "7,"], [*samples, "--relu", nine], [*samples, "--degree", "300"]):
        run = umbra(folder, *options)
        if run.returncode != 2:
            faults.append(f"{options}: status {run.returncode}, {run.stderr}")
    run = umbra(folder, *samples, "--relu", "7,15", "--degree", "3")
    if "activations" not in run.stdout or "relu 7,15 levels 8" not in run.stdout:
        faults.append(run.stdout + run.stderr)
    run = umbra(folder, *samples, "--error", "0.5", "--levels", "4", "--margin", "1.2", "--json")
    report = json.loads(run.stdout or "{}")
    if not report or report["largest_error"] > 0.5 or any(a["levels"] > 4 for a in report["activations"]):
        faults.append(run.stdout + run.stderr)


def main():
    model, layers = make_model()
    samples = [numbers(WIDTHS[0]) for _ in range(SAMPLES)]
    records = [numbers(WIDTHS[0]) for _ in range(RECORDS)]
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/model.onnx", "wb") as f:
            f.write(model.encode())
        for name, rows in (("s", samples), ("x", records)):
            with open(f"{folder}/{name}.npy", "wb") as f:
                f.write(npy([len(rows), WIDTHS[0]], [v for row in rows for v in row]))
        check(folder, layers, samples, records)
        check_options(folder)
    print("\n".join(faults) or "the polynomial network is the one of weighted least squares")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
