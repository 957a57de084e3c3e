#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: quick
# labels: slow SETTINGS_SETS=all
"""Settings that `umbra plan` finds by itself, on records that it has not seen, beside an exact optimiser written out here.

Quick: made sets of different kinds. Slow: those, the tables and digits of ../shared/data where that folder is, and the
folders that UMBRA_SETS names, divided by colons, whose .csv files have numbers and a last column of 0 and 1. A fifth of
each class is held back; settings, training and optimum see the rest alone. No training may diverge, and on nine sets of
ten the AUC is to be within 0.01 of the optimum's. SETTINGS_REPORT names a file for a table of all sets."""
import gzip
import json
import math
import os
import pathlib
import random
import subprocess
import sys
import tempfile

PROGRAM = os.path.join(os.environ["UMBRA_BUILD_DIR"], "umbra")
DATA = pathlib.Path(__file__).resolve().parent.parent.parent / "shared/data"
WITHIN, SHARE, PENALTY = 0.01, 0.9, 1e-4
MOST_WORK = 3e6  # of the optimiser here: records times squared columns


# ---- the exact optimiser: Newton's method with elimination ----

def sigmoid(z):
    return 1 / (1 + math.exp(-z)) if z >= 0 else 1 - 1 / (1 + math.exp(z))


def moments(rows):
    """Mean and deviation of each column; a deviation of 0 becomes 1."""
    n = len(rows)
    means = [sum(column) / n for column in zip(*rows)]
    spreads = [math.sqrt(sum((x - m) ** 2 for x in column) / n) or 1.0 for column, m in zip(zip(*rows), means)]
    return means, spreads


def scaled(rows, means, spreads):
    return [[(x - m) / s for x, m, s in zip(row, means, spreads)] + [1.0] for row in rows]


def score(w, z):
    return sum(a * b for a, b in zip(w, z))


def derivatives(w, rows, labels):
    """Gradient and Hessian of the mean loss with the penalty."""
    n, size = len(rows), len(w)
    gradient = [PENALTY * x for x in w[:-1]] + [0.0]
    hessian = [[0.0] * size for _ in range(size)]
    for z, label in zip(rows, labels):
        p = sigmoid(score(w, z))
        off, bend = (p - label) / n, max(p * (1 - p), 1e-300) / n
        for i, x in enumerate(z):
            gradient[i] += off * x
            here, part = hessian[i], bend * x
            for k in range(i + 1):
                here[k] += part * z[k]
    for i in range(size):
        hessian[i][i] += PENALTY if i < size - 1 else 0.0
        for k in range(i):
            hessian[k][i] = hessian[i][k]
    return gradient, hessian


def solve(a, b):
    size = len(b)
    a, b = [row[:] for row in a], b[:]
    for k in range(size):
        for i in range(k + 1, size):
            factor = a[i][k] / a[k][k]
            for j in range(k, size):
                a[i][j] -= factor * a[k][j]
            b[i] -= factor * b[k]
    for k in reversed(range(size)):
        b[k] = (b[k] - sum(a[k][j] * b[j] for j in range(k + 1, size))) / a[k][k]
    return b


def loss(w, rows, labels):
    total = sum(max(m, 0) + math.log1p(math.exp(-abs(m)))
                for m in ((1 - 2 * y) * score(w, z) for z, y in zip(rows, labels)))
    return total / len(rows) + PENALTY / 2 * sum(x * x for x in w[:-1])


def optimum(rows, labels):
    w, value = [0.0] * len(rows[0]), math.log(2)
    for _ in range(100):
        gradient, hessian = derivatives(w, rows, labels)
        if math.sqrt(sum(g * g for g in gradient)) < 1e-8:
            return w
        step, length = solve(hessian, gradient), 1.0
        while length > 1e-6:
            moved = [x - length * s for x, s in zip(w, step)]
            after = loss(moved, rows, labels)
            if after <= value + 1e-12:
                break
            length /= 2
        w, value = moved, after
    raise AssertionError("the optimiser of this test does not converge")


def auc(scores, labels):
    order = sorted(range(len(scores)), key=lambda i: scores[i])
    wins, below, i = 0.0, 0, 0
    while i < len(order):
        tied = [k for k in order[i:i + 1]]
        while i + len(tied) < len(order) and scores[order[i + len(tied)]] == scores[order[i]]:
            tied.append(order[i + len(tied)])
        ones = sum(labels[k] for k in tied)
        wins += ones * (below + (len(tied) - ones) / 2)
        below += len(tied) - ones
        i += len(tied)
    ones = sum(labels)
    return wins / (ones * (len(labels) - ones))


# ---- sets: a name, rows of features, labels ----

def made(name, rows, columns, seed, feature, label):
    draw = random.Random(seed)
    features = [feature(draw, columns) for _ in range(rows)]
    return name, features, [int(label(draw, x)) for x in features]


def likely(draw, z):
    return draw.random() < sigmoid(z)


def dependent(draw, columns):
    """Each feature is mostly the one before."""
    x = [draw.gauss(0, 1)]
    while len(x) < columns:
        x.append(0.95 * x[-1] + 0.3 * draw.gauss(0, 1))
    return x


def made_sets():
    def plain(draw, columns):
        return [draw.gauss(0, 1) for _ in range(columns)]
    yield made("plain", 400, 6, 1, plain, lambda d, x: likely(d, x[0] - 2 * x[1] + 0.5 * x[2]))
    yield made("of all sizes", 500, 5, 2, lambda d, c: [d.gauss(0, 1) * 10 ** (3 * k - 6) + 7 * k for k in range(c)],
               lambda d, x: likely(d, x[0] * 1e6 + (x[4] - 28) / 1e6))
    yield made("dependent", 400, 12, 3, dependent, lambda d, x: likely(d, 2 * x[0] - 2 * x[11] + x[5]))
    yield made("heavy tails", 500, 4, 4, lambda d, c: [math.exp(2 * d.gauss(0, 1)) for _ in range(c)],
               lambda d, x: likely(d, math.log(x[0]) - math.log(x[1])))
    yield made("one in sixteen", 800, 3, 5, plain, lambda d, x: likely(d, 1.5 * x[0] - 3.6))
    yield made("separable", 300, 4, 6, plain, lambda d, x: x[0] + x[1] - x[2] > 0.1)
    yield made("rare ones", 600, 10, 7, lambda d, c: [float(d.random() < 0.04 * (k + 1)) for k in range(c)],
               lambda d, x: likely(d, 3 * x[0] - 2 * x[4] + x[9] - 0.5))


def numbers(lines):
    return [[float(x) for x in line.split(",")] for line in lines if line.strip()]


def split_labels(name, rows, is_one):
    return name, [row[:-1] for row in rows], [int(is_one(row[-1])) for row in rows]


def kept_sets():
    table = numbers((DATA / "tabular/breast_cancer.csv").read_text().splitlines()[1:])
    yield split_labels("breast_cancer", table, bool)
    table = numbers((DATA / "tabular/iris.csv").read_text().splitlines()[1:])
    for species in range(3):
        yield split_labels(f"iris {species}", table, lambda y, s=species: y == s)
    table = numbers(gzip.open(DATA / "tabular/optdigits.tes.gz", "rt").read().splitlines())
    for digit in range(10):
        yield split_labels(f"digit {digit}", table, lambda y, d=digit: y == d)
    table = numbers(gzip.open(DATA / "mnist-3v8-14x14/MNIST_train.txt.gz", "rt").read().splitlines()[1:3001])
    yield split_labels("mnist 3v8", [row[1:] + row[:1] for row in table], bool)


def sets():
    yield from made_sets()
    if os.environ.get("SETTINGS_SETS") != "all":
        return
    if DATA.is_dir():
        yield from kept_sets()
    for folder in filter(None, os.environ.get("UMBRA_SETS", "").split(":")):
        for path in sorted(pathlib.Path(folder).glob("*.csv")):
            yield split_labels(path.stem, numbers(path.read_text().splitlines()), bool)


# ---- the comparison ----

def hold_back(features, labels, seed=0):
    """A fifth of each class; the rest first."""
    draw, held = random.Random(seed), set()
    for side in (0, 1):
        rows = [i for i, y in enumerate(labels) if y == side]
        held.update(draw.sample(rows, max(1, len(rows) // 5)))
    parts = [[i for i in range(len(labels)) if (i in held) == side] for side in (False, True)]
    return [([features[i] for i in part], [labels[i] for i in part]) for part in parts]


def write(path, features, labels):
    path.write_text("".join(",".join(map(repr, row)) + f",{y}\n" for row, y in zip(features, labels)))


def plan(folder):
    run = subprocess.run([PROGRAM, "plan", "train.csv", "--held-out", "held.csv", "--no-estimate", "--json"], cwd=folder,
                         capture_output=True, text=True, check=False)
    return json.loads(run.stdout) if run.returncode == 0 else run.stderr.strip()


def compare(name, features, labels):
    """A line of the table, and whether the set passes."""
    (train, train_labels), (held, held_labels) = hold_back(features, labels)
    with tempfile.TemporaryDirectory() as folder:
        write(pathlib.Path(folder, "train.csv"), train, train_labels)
        write(pathlib.Path(folder, "held.csv"), held, held_labels)
        found = plan(folder)
    if isinstance(found, str):
        return f"{name:16} {found}", None
    best = found["auc_optimum"]
    if len(train) * len(train[0]) ** 2 <= MOST_WORK:
        means, spreads = moments(train)
        w = optimum(scaled(train, means, spreads), train_labels)
        here = auc([score(w, z) for z in scaled(held, means, spreads)], held_labels)
        if abs(here - best) > 1e-6:
            return f"{name:16} AUC of the optimum: {best:.8f}, and here {here:.8f}", None
    p, s = found["plan"], found["settings"]
    return (f"{name:16} {len(labels):6} {len(features[0]):4} {found['auc_twin']:.4f} {best:.4f} "
            f"{found['auc_twin'] - best:+.4f} {s['auc']:.4f} {s['scale']:9} {s['clip']:g} {p['rate']:8g} {p['degree']:3} "
            f"{p['range']:3g} {p['iterations']:3} {p['bootstraps']:3} {found['largest_score']:6.3g} "
            f"{found['steps'][2]['seconds']:6.2f} s {found.get('warning', '')[:40]}"), best - found["auc_twin"] <= WITHIN


def main():
    lines, near = [], []
    for one in sets():
        line, passes = compare(*one)
        print(line, flush=True)
        lines.append(line)
        near.append(passes)
    count, good = len(near), sum(map(bool, near))
    print(f"{good} of {count} sets within {WITHIN} of the optimum's AUC")
    if "SETTINGS_REPORT" in os.environ:
        pathlib.Path(os.environ["SETTINGS_REPORT"]).write_text("\n".join(lines) + "\n")
    return 1 if None in near or good < SHARE * count else 0


if __name__ == "__main__":
    sys.exit(main())
