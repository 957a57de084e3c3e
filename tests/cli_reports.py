#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: quick
"""What the program hands out of a logistic model for others to read: models as CSV with names, JSON and ONNX, the HTML
report of an evaluation, and what is said of the polynomials that stand for the sigmoid. Names in tables are hostile."""
import csv
import html.parser
import json
import math
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "models"))
from onnx_file import npy, read_npy

PROGRAM = os.path.join(os.environ["UMBRA_BUILD_DIR"], "umbra")
AGE, SIZE, CITY, LABEL = '</td><script>alert("age")</script>', "size, 'in' \"cm\"\n&amp;", "#city", "ill<b>"
CITIES = ("Oslo", "<i>Rome</i>")
FEATURES = [AGE, SIZE, f"{CITY}={CITIES[1]}", f"{CITY}={CITIES[0]}"]
SCALE, CLIP, THRESHOLD = "deviation", 1.5, 0.4
HANDED_OUT = ("--keys", "keys", "--secret", "secret/key.umbra", "--weights", "--in", "model.umbra")
ROWS = 60
random.seed(7)


def number_shown(number):
    """As the program writes it: exponents without zeros before them."""
    return re.sub("e-0", "e-", f"{number:.6g}")


def umbra(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False)


def succeeds(*arguments):
    run = umbra(*arguments, "--json")
    assert run.returncode == 0, f"umbra {arguments}: {run.stderr}"
    return json.loads(run.stdout)


def fails(words, *arguments, code=1):
    run = umbra(*arguments)
    assert run.returncode == code and words in run.stderr, f"umbra {arguments}: {run.returncode}, {run.stderr}"


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


# ---- what there is before ----

def make_records():
    """Rows of age, size, city and label, which follows from the first two with some noise."""
    for _ in range(ROWS):
        age, size = random.gauss(50, 12), random.gauss(1e4, 3)
        ill = (age - 50) / 12 + (size - 1e4) / 6 + random.gauss(0, 0.8) > 0
        yield age, size, random.choice(CITIES), "yes" if ill else "no"


def features_of(record):
    age, size, city, _ = record
    return [age, size, float(city == CITIES[1]), float(city == CITIES[0])]


def make_files():
    records = list(make_records())
    with open("train.csv", "w", newline="") as f:
        table = csv.writer(f, lineterminator="\n")
        table.writerow((AGE, SIZE, CITY, LABEL))
        table.writerows(records)
    os.mkdir("secret")
    umbra("plan", "train.csv", "--no-search", "--iterations", 4, "--scale", SCALE, "--clip", CLIP, "--scaling",
          "scaling.csv", "--out", "plan.umbra")
    for name, scale in ("unclipped", SCALE), ("whitened", "whitened"):
        succeeds("plan", "train.csv", "--no-search", "--iterations", 4, "--scale", scale, "--scaling", f"{name}.csv",
                 "--out", "other.umbra")
    pathlib.Path("weights.csv").write_text("1.25,0.5,-0.25,0.125,0.0625\n")
    succeeds("params", "--for-logistic", 4, "--degree", 15, "--scale", 30, "--save", "params.umbra")
    succeeds("keygen", "--params", "params.umbra", "--for-logistic", 4, "--out", "keys", "--secret", "secret/key.umbra",
             "--no-passphrase")
    report = succeeds("encrypt", "--keys", "keys", "--model", "weights.csv", "--range", 6, "--degree", 3, "--out",
                      "model.umbra")
    assert "degree 3 on [-6, 6]" in report["sigmoid"] and 0.01 < report["sigmoid_error"] < 0.2
    return records


# ---- models ----

def json_model(out, *options):
    succeeds("decrypt", *HANDED_OUT, "--out", out, *options)
    return json.loads(pathlib.Path(out).read_text())


def score_of(model, values):
    """As the JSON says: scaled, cut off, weighted."""
    z = model["bias"]
    for feature, x in zip(model["features"], values):
        scaled = (x - feature["offset"]) / feature["divisor"]
        clip = feature.get("clip", math.inf)
        z += feature["weight"] * max(-clip, min(clip, scaled))
    return z


def models_have_names(records):
    model = json_model("model.json", "--scaling", "scaling.csv", "--threshold", THRESHOLD)
    assert sorted(f["name"] for f in model["features"]) == sorted(FEATURES), model
    assert model["label"] == {"name": LABEL, "positive": "yes", "negative": "no"} and model["threshold"] == THRESHOLD
    assert model["approximation"]["degree"] == 3 and model["approximation"]["range"] == 6 and model["scaled"] is True
    assert all(abs(f["weight"] - w) < 1e-3 for f, w in zip(model["features"], (1.25, 0.5, -0.25, 0.125)))
    inside = [f["offset"] + 0.3 * f["divisor"] for f in model["features"]]
    straight = model["intercept_original"] + sum(f["weight_original"] * x for f, x in zip(model["features"], inside))
    assert abs(straight - score_of(model, inside)) < 1e-9
    assert all(math.isclose(f["least"], f["offset"] - CLIP * f["divisor"], rel_tol=1e-12) for f in model["features"])
    return model


def tables_have_names(model):
    succeeds("decrypt", *HANDED_OUT, "--names", "--scaling", "scaling.csv", "--out", "named.csv")
    text = pathlib.Path("named.csv").read_text()
    head = text[:text.index("feature,")].splitlines()
    assert f"# label: {LABEL}" in head and "# threshold: 0.5" in head and all(line[0] == "#" for line in head), head
    rows = list(csv.DictReader(text[text.index("feature,"):].splitlines(keepends=True)))
    assert [row["feature"] for row in rows] == [f["name"] for f in model["features"]] + ["(intercept)"], rows
    for row, feature in zip(rows, model["features"]):
        for key in ("weight", "weight_original", "offset", "divisor", "clip"):
            assert math.isclose(float(row[key]), feature[key], rel_tol=1e-14), (row, feature)
    assert math.isclose(float(rows[-1]["weight_original"]), model["intercept_original"], rel_tol=1e-14)


def agree_with_evaluation(got, *options):
    """Records scaled, and mixed if the scaling does that, by the weights as trained, up to their error."""
    succeeds("evaluate", "--weights", "weights.csv", "--data", "train.csv", *options, "--predictions", "p.csv")
    predicted = [float(line.split(",")[0]) for line in pathlib.Path("p.csv").read_text().split()]
    assert len(predicted) == ROWS and max(abs(a - b) for a, b in zip(predicted, got)) < 1e-4, options


def networks_give_probabilities(records, model):
    """Also of records that are far out, where the training cut them off; and without a scaling, and without limits."""
    values = [features_of(record) for record in records] + [[-1e12, 1e9, 1, 0], [1e15, -1e15, 0, 1]]
    with open("x.npy", "wb") as f:
        f.write(npy([len(values), 4], [x for row in values for x in row]))
    scalings = {"model.onnx": ("--scaling", "scaling.csv"), "unclipped.onnx": ("--scaling", "unclipped.csv"),
                "whitened.onnx": ("--scaling", "whitened.csv"), "bare.onnx": ()}
    for out, options in scalings.items():
        succeeds("decrypt", *HANDED_OUT, "--out", out, *options)
        wanted = json_model(out + ".json", *options)
        report = succeeds("infer", "--clear", out, "--in", "x.npy", "--out", "y.npy")
        assert report["output"] == "probability"
        shape, got = read_npy(pathlib.Path("y.npy").read_bytes())
        assert shape == [len(values), 1], shape
        for row, p in zip(values, got):
            z = score_of(wanted, row)
            exact = sigmoid(z) if abs(z) < 700 else float(z > 0)
            assert abs(p - exact) < 1e-6, f"{out}: {row}: {p}, not {exact}"
        if options:
            agree_with_evaluation(got, *options)
    data = pathlib.Path("model.onnx").read_bytes()
    for text in (json.dumps(AGE)[1:-1], LABEL, "threshold"):
        assert text.encode() in data, text
    assert b"alert" not in pathlib.Path("bare.onnx").read_bytes()


def models_are_planned_again():
    """The file is a model like any other: umbra plan takes it."""
    with open("samples.npy", "wb") as f:
        f.write(npy([64, 4], [random.uniform(-1, 1) for _ in range(256)]))
    plan = succeeds("plan", "bare.onnx", "--samples", "samples.npy", "--records", 4)["plan"]
    assert plan["approximation_error"] < 1 / 32, plan


def refusals_change_nothing():
    before = pathlib.Path("model.json").read_bytes()
    fails("belong to --weights", "decrypt", "--keys", "k", "--secret", "s", "--in", "i", "--out", "o.csv", "--names",
          code=2)
    fails("a table with names ends in .csv", "decrypt", *HANDED_OUT, "--names", "--out", "o.npy")
    fails("names of weights end in", "decrypt", *HANDED_OUT, "--out", "o.html")
    fails("row of the weights as trained", "decrypt", *HANDED_OUT, "--threshold", THRESHOLD, "--out", "o.csv")
    fails("names of tables end in", "decrypt", "--keys", "keys", "--secret", "secret/key.umbra", "--in", "model.umbra",
          "--out", "o.json")
    pathlib.Path("three.csv").write_text("0,1,0\n" * 3)
    fails("it is of 3 columns", "decrypt", *HANDED_OUT, "--scaling", "three.csv", "--out", "model.json")
    fails("is an input of this command", "decrypt", *HANDED_OUT, "--names", "--scaling", "scaling.csv", "--out",
          "scaling.csv")
    assert pathlib.Path("model.json").read_bytes() == before
    assert not any(pathlib.Path(name).exists() for name in ("o.csv", "o.npy", "o.html", "o.json"))
    assert pathlib.Path("model.json").stat().st_mode & 0o777 == 0o600


# ---- reports ----

class Page(html.parser.HTMLParser):
    """Tags with their attributes, cells of tables, texts and points of lines."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.cells, self.texts, self.inside, self.lines = [], [], [], [], []
        self.feed(text)
        assert not self.inside, f"not closed: {self.inside}"

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            assert not name.startswith("on") and name not in ("href", "src", "xlink:href"), (tag, name)
            assert "http" not in (value or "") or name in ("xmlns", "http-equiv"), (tag, name, value)
        if tag == "td":
            self.cells.append("")
        if tag == "polyline":
            points = dict(attributes)["points"].split()
            self.lines.append([tuple(map(float, point.split(","))) for point in points])
        if tag != "meta":
            self.inside.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.inside.pop()

    def handle_endtag(self, tag):
        assert self.inside and self.inside.pop() == tag, tag

    def handle_data(self, data):
        self.texts.append(data)
        if "td" in self.inside:
            self.cells[-1] += data


def shown(name):
    """Control characters are blanks."""
    return name.replace("\n", " ")


def report_page(*options):
    """Weights that are not those of a plan make an exit code of 1; the report is there all the same."""
    run = umbra("evaluate", "--weights", "weights.csv", "--data", "train.csv", "--scaling", "scaling.csv", "--report",
                "report.html", *options, "--json")
    assert run.returncode == ("--plan" in options), run.stderr
    facts = json.loads(run.stdout)
    page = Page(pathlib.Path("report.html").read_text())
    assert "--plan" not in options or facts["broken_promise"] in page.texts and facts["broken_promise"] in run.stderr
    return facts, page


def area_under(line):
    """Of a curve in the unit square, whose corners are its ends."""
    (left, bottom), (right, top) = line[0], line[-1]
    steps = zip(line, line[1:])
    return sum((b[0] - a[0]) * (2 * bottom - a[1] - b[1]) / 2 for a, b in steps) / (right - left) / (bottom - top)


def reports_show_what_was_found(records, model):
    facts, page = report_page("--plan", "plan.umbra", "--train", "train.csv", "--threshold", THRESHOLD)
    assert {"script", "img", "link", "iframe", "object", "b", "i"}.isdisjoint(page.tags), page.tags
    assert page.tags.count("svg") == 3 and page.tags.count("circle") > 2 and page.tags.count("rect") > 10
    text = " ".join(page.texts)
    for wanted in (f"AUC {facts['auc']:.4f}", f"{facts['auc_twin']:.4f}", shown(LABEL), "class 1 is yes",
                   facts["sigmoid_trained"], facts["optimum"], "always the larger class", "threshold", "range"):
        assert wanted in text.replace("  ", " ") or wanted in "".join(page.texts), wanted
    names = [cell for cell in page.cells if cell in map(shown, FEATURES)]
    assert names == [shown(f["name"]) for f in model["features"]], page.cells
    auc, twin = area_under(page.lines[0]), area_under(page.lines[1])
    assert abs(auc - facts["auc"]) < 0.01 and abs(twin - facts["auc_twin"]) < 0.01, (auc, twin, facts)
    at = page.cells.index(shown(model["features"][0]["name"]))
    assert math.isclose(float(page.cells[at + 1]), 1.25 / model["features"][0]["divisor"], rel_tol=1e-5)
    assert math.isclose(float(page.cells[at + 6]), model["features"][0]["most"], rel_tol=1e-5)
    assert number_shown(facts["weight_error"]) in page.cells and number_shown(facts["max_weight_difference"]) in page.cells
    counts = [f"{facts[name]:.0f} (" for name in ("true_positives", "false_negatives", "false_positives",
                                                 "true_negatives")]
    for count in counts:
        assert any(cell.startswith(count) for cell in page.cells), count
    right = sum((sigmoid(score_of_weights(model, record)) > THRESHOLD) == (record[3] == "yes") for record in records)
    assert facts["true_positives"] + facts["true_negatives"] == right
    assert pathlib.Path("report.html").stat().st_mode & 0o777 == 0o600


def score_of_weights(model, record):
    exact = dict(model, bias=0.0625, features=[dict(f, weight=w) for f, w in zip(model["features"],
                                                                              (1.25, 0.5, -0.25, 0.125))])
    return score_of(exact, features_of(record))


def reports_warn():
    pathlib.Path("weights.csv").write_text("90,0.5,-0.25,0.125,0\n")
    facts, page = report_page("--plan", "plan.umbra", "--train", "train.csv")
    assert "leave [-8, 8]" in facts["warning"] and facts["warning"] in page.texts
    pathlib.Path("weights.csv").write_text("1.7e308,1.7e308,-0.25,0.125,0\n")
    _, page = report_page()
    assert any("are not finite" in text for text in page.texts)
    for drawing in pathlib.Path("report.html").read_text().split("<svg")[1:]:
        assert not re.search(r"\b(nan|inf)\b", drawing[:drawing.index("</svg>")])
    pathlib.Path("weights.csv").write_text("1.25,0.5,-0.25,0.125,0.0625\n")


def reports_are_whole_or_not_there():
    before = pathlib.Path("report.html").read_bytes()
    evaluate = ("evaluate", "--weights", "weights.csv", "--data", "train.csv", "--scaling", "scaling.csv", "--report")
    fails("ends in .html", *evaluate, "report.txt")
    fails("folder nowhere", *evaluate, "nowhere/report.html")
    fails("--predictions: p.txt", *evaluate, "report.html", "--predictions", "p.txt")
    os.symlink("train.csv", "data.html")
    fails("is an input of this command", *evaluate, "data.html")
    fails("other.csv", "evaluate", "--weights", "weights.csv", "--data", "other.csv", "--report", "report.html")
    assert pathlib.Path("report.html").read_bytes() == before and not pathlib.Path("report.txt").exists()


# ---- polynomials ----

def scores_say_what_they_are_of(records, model):
    """The model's polynomial is told, with a better one, which is then nearer to the sigmoid."""
    succeeds("encrypt", "--keys", "keys", "--records", "train.csv", "--scaling", "scaling.csv", "--out",
             "records.umbra")
    succeeds("encrypt", "--keys", "keys", "--model", "weights.csv", "--scaling", "scaling.csv", "--range", 6, "--degree", 3,
             "--out", "scaled.umbra")
    exact = [sigmoid(score_of_weights(model, record)) for record in records]
    score = ("score", "--keys", "keys", "--model", "scaled.umbra", "--records", "records.umbra", "--out", "scores.umbra")
    found = []
    for options in ((), ("--degree", 15), ("--degree", 7, "--range", 5)):
        report = succeeds(*score, *options)
        opened = succeeds("decrypt", "--keys", "keys", "--secret", "secret/key.umbra", "--in", "scores.umbra", "--out",
                          "p.csv")
        assert "umbra score" in opened["sigmoid"]
        off = max(abs(float(line) - p) for line, p in zip(pathlib.Path("p.csv").read_text().split(), exact))
        assert off < report["sigmoid_error"] + 1e-3, (options, off, report)
        found.append((report, off))
    own, better, narrow = found
    assert own[0]["sigmoid_of"] == "the model" and "degree 3 on [-6, 6]" in own[0]["sigmoid"]
    assert own[0]["better_degree"] == 15 and own[0]["better_error"] == better[0]["sigmoid_error"]
    assert "better" not in better[0] and better[1] < own[1] / 2 and "degree 7 on [-5, 5]" in narrow[0]["sigmoid"]
    fails("the highest degree that fits is 15", *score, "--degree", 31)
    facts = succeeds("inspect", "model.umbra", "--keys", "keys")
    assert facts["degree"] == 3 and facts["range"] == 6 and facts["sigmoid_error"] == own[0]["sigmoid_error"]


def evaluations_say_what_they_are_by(records, model):
    facts, page = report_page("--encrypted", "--keys", "keys", "--secret", "secret/key.umbra", "--degree", 15,
                              "--predictions", "p.csv")
    rows = [list(map(float, line.split(","))) for line in pathlib.Path("p.csv").read_text().split()]
    assert len(rows) == len(records)
    for record, (exact, opened) in zip(records, rows):
        assert abs(exact - sigmoid(score_of_weights(model, record))) < 1e-9
        assert abs(opened - exact) <= facts["max_difference"] * (1 + 1e-9)
    assert facts["sigmoid_clear"] == "the sigmoid itself" and "degree 15" in facts["sigmoid_encrypted"]
    assert facts["max_difference"] < facts["sigmoid_encrypted_error"] + 1e-3
    assert any(facts["sigmoid_encrypted"] in text for text in page.texts)
    assert number_shown(facts["max_difference"]) in page.cells


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        records = make_files()
        model = models_have_names(records)
        tables_have_names(model)
        networks_give_probabilities(records, model)
        models_are_planned_again()
        refusals_change_nothing()
        reports_show_what_was_found(records, model)
        reports_warn()
        reports_are_whole_or_not_there()
        scores_say_what_they_are_of(records, model)
        evaluations_say_what_they_are_by(records, model)
        os.chdir("/")
    print("all as wanted")
    return 0


if __name__ == "__main__":
    sys.exit(main())
