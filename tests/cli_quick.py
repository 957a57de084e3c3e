#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: full
# labels: slow UMBRA_TEST_QUICK=whole
"""umbra bench --quick: every operation is measured and right, the machines it is compared with are those of bench/results,
and the drawing has all of it. With UMBRA_TEST_QUICK also those that refresh, which take 3 GiB."""
import json
import math
import os
import pathlib
import subprocess
import tempfile
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = os.path.join(os.environ["UMBRA_BUILD_DIR"], "umbra")
WHOLE = "UMBRA_TEST_QUICK" in os.environ
LIGHT = ["encrypt", "decrypt", "add", "multiply", "rotate", "polynomial", "matrices", "scores"]
SVG = "{http://www.w3.org/2000/svg}"


def refuses(words, *arguments):
    run = subprocess.run([PROGRAM, "bench", *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 2 and words in run.stderr, run.stderr


def check_operations(report):
    operations = report["operations"]
    assert [operation["name"] for operation in operations] == LIGHT + (["refresh", "training"] if WHOLE else [])
    for operation in operations:
        assert operation["seconds"] > 0 and operation["calls"] >= 2, operation
        assert 0 < operation["error"] < 1e-3, operation  # what was encrypted is never exact


def check_known(report):
    known = {machine["source"]: machine for machine in report["known"]}
    source = "amd-epyc-2-cores-2026-11-22-evening.json"
    rows = json.loads((ROOT / "bench/results" / source).read_text())["rows"]
    rotation, = [row for row in rows if (row["operation"], row["params"], row["threads"]) == ("rotate", "n14-d7-s40", 2)]
    assert math.isclose(known[source]["seconds"]["rotate"], rotation["umbra_min_ms"] / 1e3, rel_tol=1e-3)
    assert known[source]["date"] == "2026-11-22" and "refresh" not in known[source]["seconds"]


def check_drawing(path, report):
    root = xml.etree.ElementTree.parse(path).getroot()
    assert {element.tag for element in root.iter()} == {SVG + name for name in ("svg", "title", "rect", "text")}
    words = [text.text for text in root.iter(SVG + "text")]
    assert report["machine"] in words
    assert all(operation["what"] in words for operation in report["operations"])
    machines = [{operation["name"]: operation["seconds"] for operation in report["operations"]},
                *(machine["seconds"] for machine in report["known"])]
    drawn = sorted(float(bar.get("width")) for bar in root.iter(SVG + "rect") if bar.get("x") and bar.get("width") != "10")
    wanted = sorted(60 * math.log10(seconds / 1e-6) for machine in machines for seconds in machine.values())
    assert len(drawn) == len(wanted) and all(abs(a - b) <= 0.06 for a, b in zip(drawn, wanted)), (drawn, wanted)


subprocess.run([ROOT / "scripts/known_machines", "--check"], check=True)
refuses("--quick goes with", "--quick", "--preset", "n13-d4-s30")
refuses("are for --quick", "--light")
with tempfile.TemporaryDirectory() as folder:
    drawing = os.path.join(folder, "machine.svg")
    words = [PROGRAM, "bench", "--quick", "--json", "--svg", drawing, *([] if WHOLE else ["--light"])]
    report = json.loads(subprocess.run(words, check=True, capture_output=True, env={**os.environ, "TMPDIR": folder}).stdout)
    check_operations(report)
    check_known(report)
    check_drawing(drawing, report)
    assert os.listdir(folder) == ["machine.svg"], "something was left behind"
print("OK: ten operations" if WHOLE else "OK: eight operations")
