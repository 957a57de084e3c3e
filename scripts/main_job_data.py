#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The part of the main job that is done in the clear: divides the records, and judges what the training came to.

    main_job_data.py split DATA FOLDER            writes train.csv and held.csv; the label is the last column
    main_job_data.py judge LOG OUT NAME=FILE...   prints the comparison; OUT gets the JSON of the last line

DATA is tests/data/wdbc/breast_cancer.csv, LOG the log.jsonl of the training, and a FILE what a step NAME of the job
printed with --json: plan, keygen, encrypt, train, decrypt and evaluate. Beside OUT goes a drawing of the accuracy after
each iteration, with the ending .svg. Needs the standard library only.
"""
import csv
import json
import pathlib
import sys

HELD_OUT = 5  # every fifth record, class after class, is held out: 114 of 569
MOST_RECORDS = 1  # by which accuracies may differ
MOST_AUC = 0.005
LEAST_REFRESHES = 5


# ---- data ----

def read_data(path):
    """Rows of features and label; 1 is malignant, which the file calls class 0."""
    with open(path, newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [row[:-1] + [str(1 - int(row[-1]))] for row in rows]


def write_csv(path, rows):
    header = [f"x{i}" for i in range(1, len(rows[0]))] + ["malignant"]
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header] + rows)


def split(data, folder):
    rows = read_data(data)
    by_class = sorted(range(len(rows)), key=lambda i: -int(rows[i][-1]))
    held = set(by_class[::HELD_OUT])
    folder = pathlib.Path(folder)
    write_csv(folder / "train.csv", [row for i, row in enumerate(rows) if i not in held])
    write_csv(folder / "held.csv", [row for i, row in enumerate(rows) if i in held])
    print(f"{len(rows) - len(held)} records of {len(rows[0]) - 1} features to train by, {len(held)} held out")


# ---- the drawing ----

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 320, 56, 16, 36, 40


class Axes:
    """Iterations from left to right, accuracies upwards."""

    def __init__(self, iterations, lowest):
        self.iterations, self.lowest = iterations, lowest

    def x(self, iteration):
        return LEFT + (WIDTH - LEFT - RIGHT) * iteration / self.iterations

    def y(self, accuracy):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (accuracy - self.lowest) / (1 - self.lowest)

    def line(self, values, style):
        points = " ".join(f"{self.x(i):.1f},{self.y(value):.1f}" for i, value in enumerate(values, 1))
        return f'<polyline points="{points}" fill="none" {style}/>'

    def grid(self):
        percent = range(round(100 * self.lowest), 101, 5)
        for y, label in ((self.y(p / 100), f"{p} %") for p in percent):
            yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
        for i in range(0, self.iterations + 1, 5):
            yield f'<text x="{self.x(i):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{i}</text>'
        yield f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">iteration</text>'


def draw(path, trace, accuracy):
    """Held-out accuracy of both trainings in the clear, and of the encrypted one where it ended."""
    lowest = int(20 * min(t[key] for t in trace for key in ("accuracy", "accuracy_exact"))) / 20
    axes = Axes(len(trace), min(lowest, 0.95))
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
             'font-size="12">', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', *axes.grid(),
             axes.line([t["accuracy_exact"] for t in trace], 'stroke="#999" stroke-dasharray="5 4"'),
             axes.line([t["accuracy"] for t in trace], 'stroke="#1565c0" stroke-width="2"'),
             f'<circle cx="{axes.x(len(trace)):.1f}" cy="{axes.y(accuracy):.1f}" r="5" fill="#c62828"/>',
             f'<text x="{LEFT}" y="20">Held-out accuracy: <tspan fill="#1565c0">in the clear</tspan>, '
             '<tspan fill="#777">with the exact sigmoid</tspan>, '
             '<tspan fill="#c62828">trained under encryption</tspan></text>', "</svg>"]
    path.write_text("\n".join(parts) + "\n")


# ---- judgement ----

def is_input(part):
    return part["name"].startswith(("load", "read", "check"))


def bytes_written(report):
    return sum(part.get("bytes", 0) for part in report["steps"] if not is_input(part))


def print_steps(reports, seconds):
    """Each step with its parts."""
    print(f"\n{'step':<28}{'seconds':>12}{'bytes':>16}")
    for name, report in reports.items():
        print(f"{name:<28}{report['seconds']:>12.3f}{bytes_written(report):>16,} written")
        for part in report["steps"]:
            size = f"{part['bytes']:,}" if "bytes" in part else ""
            print(f"  {part['name']:<26}{part['seconds']:>12.3f}{size:>16}")
    print(f"{'total':<28}{seconds:>12.3f}\n")


def print_comparison(result):
    columns = [("exact sigmoid", "exact"), ("in the clear", "twin"), ("encrypted", "plain"),
               ("and scored so", "encrypted")]
    print("trained" + "".join(f"{title:>16}" for title, _ in columns))
    for name in ("accuracy", "auc"):
        print(f"{name:<7}" + "".join(f"{result[f'{name}_{key}']:>16.6f}" for _, key in columns))
    print(f"largest difference of a weight from the training in the clear: {result['max_weight_difference']:.3g}")
    print(f"largest difference of a probability from that in the clear:    {result['max_difference']:.3g}\n")


def read_log(path):
    """The facts of the plan, and the lines of iterations."""
    head, *lines = [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]
    return head["plan"], lines


def failures(result, lines):
    """What is not as it should be, in words."""
    records = result["records"]
    refreshes = sum(line["bootstrapped"] for line in lines)
    for kind in ("plain", "encrypted"):
        if abs(result[f"accuracy_{kind}"] - result["accuracy_twin"]) > (MOST_RECORDS + 0.5) / records:
            yield f"the accuracy ({kind}) differs from that of the training in the clear by more than a record"
        if abs(result[f"auc_{kind}"] - result["auc_twin"]) > MOST_AUC:
            yield f"the AUC ({kind}) differs from that of the training in the clear by more than {MOST_AUC}"
    if [line["iteration"] for line in lines] != list(range(1, result["iterations"] + 1)):
        yield "the log does not have every iteration once"
    if not refreshes == result["bootstraps"] == result["bootstraps_planned"] or refreshes < LEAST_REFRESHES:
        yield (f"{refreshes} refreshes in the log, {result['bootstraps']} reported, {result['bootstraps_planned']} "
               f"planned, at least {LEAST_REFRESHES} expected")


def collect(reports):
    """The fields of the result, from what the steps reported."""
    train, judged = reports["train"], reports["evaluate"]
    result = {"accuracy_plain": judged["accuracy"], "auc_plain": judged["auc"]}
    result |= {key: judged[key] for key in (
        "accuracy_encrypted", "auc_encrypted", "accuracy_twin", "auc_twin", "accuracy_exact", "auc_exact",
        "max_weight_difference", "max_difference", "max_difference_polynomial")}
    result |= {key: train[key] for key in (
        "iterations", "bootstraps", "bootstraps_planned", "seconds_per_iteration", "peak_bytes", "backend", "log_n",
        "log_qp", "security")}
    return result | {"records": judged["records"], "max_logit": judged["largest_score"]}


def judge(log, out, *steps):
    named = (step.split("=", 1) for step in steps)
    reports = {name: json.loads(pathlib.Path(file).read_text()) for name, file in named}
    plan, lines = read_log(log)
    result = collect(reports)
    result["features"] = plan["columns"]
    result["seconds"] = sum(report["seconds"] for report in reports.values())
    result["steps"] = [{"name": name, "seconds": report["seconds"], "bytes": bytes_written(report)}
                       for name, report in reports.items()]
    print_steps(reports, result["seconds"])
    print_comparison(result)
    drawing = pathlib.Path(out).with_suffix(".svg")
    draw(drawing, reports["plan"]["trace"], result["accuracy_plain"])
    print(f"accuracy after each iteration: {drawing}")
    line = json.dumps(result)
    pathlib.Path(out).write_text(line + "\n")
    print(line)
    wrong = list(failures(result, lines))
    if wrong:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    commands = {"split": (split, 2, 2), "judge": (judge, 3, 99)}
    function, least, most = commands.get(sys.argv[1] if len(sys.argv) > 1 else "", (None, 0, 0))
    if not function or not least <= len(sys.argv) - 2 <= most:
        raise SystemExit(__doc__)
    function(*sys.argv[2:])
