#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The part of the main job that is done in the clear: fits a logistic model, and judges the encrypted scores.

    fit_logistic.py fit DATA FOLDER                         writes model.csv, records.csv, labels.csv, range.txt
    fit_logistic.py judge FOLDER SCORES DEGREE OUT STEP...  prints the comparison; OUT gets the JSON of the last line

DATA is tests/data/wdbc/breast_cancer.csv. A STEP is NAME=FILE, where FILE is what `umbra ... --json` printed.
Nothing is random, so every run fits the same model. Needs the standard library only.
"""
import csv
import json
import math
import pathlib
import sys

HELD_OUT = 5  # every fifth record of each class is held out: 114 of 569
# Clipping of outliers and penalty keep logits near 20 at most, where a polynomial of degree 63 follows the sigmoid well.
CLIP = 4.0      # standard deviations
PENALTY = 10.0  # L2, on all weights but the bias
MARGIN = 1.25   # range of the sigmoid over the largest logit of the training records
TOLERANCE = 1e-12


# ---- data ----

def read_data(path):
    """Records and labels; 1 is malignant, which the file calls class 0."""
    with open(path, newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [([float(x) for x in row[:-1]], 1 - int(row[-1])) for row in rows]


def split(data):
    """Training and held-out records: by class, then in the order of the file, every fifth is held out."""
    ordered = sorted(data, key=lambda item: -item[1])
    held = ordered[::HELD_OUT]
    return [item for i, item in enumerate(ordered) if i % HELD_OUT], held


def standardiser(records):
    """The map to mean 0 and deviation 1 over `records`, clipped."""
    columns = list(zip(*records))
    means = [math.fsum(c) / len(c) for c in columns]
    deviations = [math.sqrt(math.fsum((x - m) ** 2 for x in c) / len(c)) for c, m in zip(columns, means)]

    def standardise(record):
        return [max(-CLIP, min(CLIP, (x - m) / d)) for x, m, d in zip(record, means, deviations)]

    return standardise


# ---- model ----

def logit(model, record):
    """Weights times record plus bias; the bias is the last number of the model."""
    return math.fsum(w * x for w, x in zip(model, record)) + model[-1]


def sigmoid(z):
    return 1 / (1 + math.exp(-z)) if z >= 0 else 1 - 1 / (1 + math.exp(z))


def solve(matrix, vector):
    """The solution of a symmetric positive definite system, by Gauss-Jordan elimination."""
    rows = [list(row) + [v] for row, v in zip(matrix, vector)]
    for i, pivot in enumerate(rows):
        pivot[:] = [x / pivot[i] for x in pivot]
        for k, row in enumerate(rows):
            if k != i and row[i]:
                row[:] = [x - row[i] * p for x, p in zip(row, pivot)]
    return [row[-1] for row in rows]


def newton_step(model, records, labels):
    """The step to the minimum of the quadratic model of the penalised loss."""
    size = len(model)
    penalty = [PENALTY] * (size - 1) + [0.0]
    gradient = [p * w for p, w in zip(penalty, model)]
    hessian = [[penalty[i] if i == j else 0.0 for j in range(size)] for i in range(size)]
    for record, label in zip(records, labels):
        extended = record + [1.0]
        p = sigmoid(logit(model, record))
        for i, x in enumerate(extended):
            gradient[i] += (p - label) * x
            weighted = p * (1 - p) * x
            hessian[i] = [h + weighted * y for h, y in zip(hessian[i], extended)]
    return solve(hessian, gradient)


def fit_model(records, labels):
    """Newton's method to convergence."""
    model = [0.0] * (len(records[0]) + 1)
    step = [1.0]
    while max(map(abs, step)) > TOLERANCE:
        step = newton_step(model, records, labels)
        model = [w - s for w, s in zip(model, step)]
    return model


def write_csv(path, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([[repr(x) for x in row] for row in rows])


def fit(data, folder):
    train, held = split(read_data(data))
    standardise = standardiser([record for record, _ in train])
    records = [standardise(record) for record, _ in train]
    model = fit_model(records, [label for _, label in train])
    bound = MARGIN * max(abs(logit(model, record)) for record in records)

    folder = pathlib.Path(folder)
    write_csv(folder / "model.csv", [model])
    write_csv(folder / "records.csv", [standardise(record) for record, _ in held])
    write_csv(folder / "labels.csv", [[label] for _, label in held])
    (folder / "range.txt").write_text(f"{bound:.6g}\n")
    print(f"fitted {len(train)} records of {len(model) - 1} features; {len(held)} held out; range {bound:.6g}")


def interpolant(bound, degree):
    """The polynomial that takes the sigmoid's place: its Chebyshev interpolant on [-bound, bound]."""
    count = degree + 1
    angles = [math.pi * (i + 0.5) / count for i in range(count)]
    values = [sigmoid(bound * math.cos(a)) for a in angles]
    coefficients = [2 / count * math.fsum(v * math.cos(k * a) for v, a in zip(values, angles)) for k in range(count)]
    coefficients[0] /= 2
    return lambda z: math.fsum(c * math.cos(k * math.acos(z / bound)) for k, c in enumerate(coefficients))


# ---- judgement ----

def accuracy(scores, labels):
    return sum((score > 0.5) == bool(label) for score, label in zip(scores, labels)) / len(labels)


def auc(scores, labels):
    """How often a record of class 1 scores above one of class 0; ties count half."""
    ones = [s for s, label in zip(scores, labels) if label]
    zeros = [s for s, label in zip(scores, labels) if not label]
    return sum((a > b) + 0.5 * (a == b) for a in ones for b in zeros) / (len(ones) * len(zeros))


def read_csv(path):
    with open(path, newline="") as file:
        return [[float(x) for x in row] for row in csv.reader(file)]


def read_steps(steps):
    """NAME=FILE pairs as (name, what the program reported)."""
    named = (step.split("=", 1) for step in steps)
    return [(name, json.loads(pathlib.Path(file).read_text())) for name, file in named]


def is_input(part):
    return part["name"].startswith(("load", "read"))


def bytes_written(report):
    return sum(part.get("bytes", 0) for part in report["steps"] if not is_input(part))


def print_steps(steps, seconds):
    """Each step with its parts."""
    print(f"\n{'step':<28}{'seconds':>12}{'bytes':>16}")
    for name, report in steps:
        print(f"{name:<28}{report['seconds']:>12.3f}{bytes_written(report):>16,} written")
        for part in report["steps"]:
            size = f"{part['bytes']:,}" if "bytes" in part else ""
            print(f"  {part['name']:<26}{part['seconds']:>12.3f}{size:>16}")
    print(f"{'total':<28}{seconds:>12.3f}\n")


def print_comparison(result):
    print(f"{'':<28}{'in the clear':>14}{'encrypted':>14}")
    for name in ("accuracy", "auc"):
        print(f"{name:<28}{result[name + '_plain']:>14.6f}{result[name + '_encrypted']:>14.6f}")
    print(f"{'largest difference':<28}{result['max_difference']:>28.3g}   to the sigmoid, in probability")
    print(f"{'':<28}{result['max_difference_polynomial']:>28.3g}   to the same polynomial in the clear\n")


def judge(folder, scores, degree, out, *steps):
    folder = pathlib.Path(folder)
    model, = read_csv(folder / "model.csv")
    labels = [row[0] for row in read_csv(folder / "labels.csv")]
    logits = [logit(model, record) for record in read_csv(folder / "records.csv")]
    plain = [sigmoid(z) for z in logits]
    polynomial = interpolant(float((folder / "range.txt").read_text()), int(degree))
    encrypted = [row[0] for row in read_csv(scores)]
    if len(encrypted) != len(plain):
        raise SystemExit(f"{scores}: {len(encrypted)} scores for {len(plain)} records")

    reports = read_steps(steps)
    result = {
        "accuracy_plain": accuracy(plain, labels), "accuracy_encrypted": accuracy(encrypted, labels),
        "auc_plain": auc(plain, labels), "auc_encrypted": auc(encrypted, labels),
        "max_difference": max(abs(a - b) for a, b in zip(plain, encrypted)),
        "max_difference_polynomial": max(abs(polynomial(z) - b) for z, b in zip(logits, encrypted)),
        "seconds": sum(report["seconds"] for _, report in reports),
    }
    result |= {key: dict(reports)["score"][key] for key in ("backend", "log_n", "log_qp", "security")}
    result |= {"records": len(labels), "features": len(model) - 1, "max_logit": max(map(abs, logits))}
    result["steps"] = [{"name": name, "seconds": report["seconds"], "bytes": bytes_written(report)}
                       for name, report in reports]
    print_steps(reports, result["seconds"])
    print_comparison(result)
    line = json.dumps(result)
    pathlib.Path(out).write_text(line + "\n")
    print(line)
    if result["accuracy_plain"] != result["accuracy_encrypted"]:
        raise SystemExit("the accuracy differs between plain and encrypted scores")


if __name__ == "__main__":
    commands = {"fit": (fit, 2, 2), "judge": (judge, 5, 99)}
    function, least, most = commands.get(sys.argv[1] if len(sys.argv) > 1 else "", (None, 0, 0))
    if not function or not least <= len(sys.argv) - 2 <= most:
        raise SystemExit(__doc__)
    function(*sys.argv[2:])
