# SPDX-License-Identifier: Apache-2.0
import json
import pathlib
import re
import subprocess

import fixtures

ROOT = pathlib.Path(__file__).resolve().parents[3]
RESULTS, TRAININGS = "amd-epyc-2-cores-2026-11-", "amd-epyc-avx512-2026-12-01-"

MAINS = {"rotated_square": """
#include <stdio.h>
int main(void) {
  double values[3] = {0.5, -1, 2};
  umbra_context_desc desc;
  umbra_context *context = NULL;
  umbra_evaluator *evaluator = NULL;
  umbra_plaintext *plaintext = NULL;
  umbra_ciphertext *x = NULL, *y = NULL;
  umbra_context_desc_init(&desc);
  desc.preset = "n13-d4-s30";
  desc.device = "sim";
  int failed = umbra_context_create(&context, &desc) || umbra_evaluator_create(&evaluator, context, NULL) ||
    umbra_encode(&plaintext, context, values, 3, NULL) || umbra_sim_ciphertext(&x, plaintext) ||
    rotated_square(evaluator, &y, x) || umbra_sim_decode(values, 2, y);
  printf("%.2f %.2f", values[0], values[1]);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  umbra_plaintext_destroy(plaintext);
  umbra_evaluator_destroy(evaluator);
  umbra_context_destroy(context);
  return failed;
}
"""}


def prepare():
    pathlib.Path("secret").mkdir(mode=0o700)
    fixtures.square_network()
    fixtures.records()
    pathlib.Path("x.csv").write_text("0.5," * 7 + "9\n")  # beyond the samples, as some that start.md holds back
    for line in ("plan model.onnx --samples samples.npy --server server.umbra --client client.umbra",
                 "keygen --plan client.umbra --out keys --secret secret/key.umbra"):
        subprocess.run(["umbra", *line.split()], check=True, stdout=subprocess.DEVNULL)


def rotated(run):
    printed = run()
    assert printed == "1.00 4.00", printed


PROGRAMS = [rotated]


def operation(name):
    return lambda row: (row.get("params"), row.get("threads"), row.get("operation")) == ("n16-d24-s50", 2, name)


def figures():
    """The table's figures, as they stand in the files that it names: of each line ours and the other engine's."""
    def rows(name, machine=RESULTS):
        return json.loads((ROOT / f"bench/results/{machine}{name}.json").read_text())

    for name in ("rotate", "mul_relin_rescale"):
        row = next(filter(operation(name), rows("22-evening")["rows"]))
        yield f"{row['umbra_ms']:.1f} ms", f"{row['peer_ms']:.0f} ms, {row['peer']}"
    row = next(row for row in rows("23-bootstrap")["rows"] if row["operation"] == "bootstrap")
    yield (f"{row['umbra_ms'] / 1000:.2f} s, {row['umbra_levels_left']:.0f} levels left",
           f"{row['peer_ms'] / 1000:.1f} s, {row['peer_levels_left']:.0f} levels left, {row['peer']}")
    for name, accuracy, iterations in (("helr", None, 32), ("mlp-train-small", 0.89, 58), ("mlp-train", 0.7115, 10)):
        row = rows(name, TRAININGS)
        assert (row.get("accuracy_encrypted"), row["iterations"]) == (accuracy, iterations)
        yield f"{row['seconds_per_iteration']:.{2 if row['run'] == 'helr' else 1}f} s", "not measured"
    row = next(row for row in rows("30-mlp-square")["rows"] if row["images"] == 10000)
    yield f"{row['seconds']:.2f} s", "not measured"
    row = next(row for row in rows("30-resnet20")["rows"] if row["images"] == 1)
    yield f"{row['seconds']:.1f} s", "not measured"


def check(names):
    readme = (ROOT / "README.md").read_text()
    assert readme.count("\n") <= 125, "README.md is to be short"
    table = re.findall(r"^\| [^|]+ \| ([^|]+) \| not measured \| ([^|]+) \| \[", readme, re.MULTILINE)
    assert table == list(figures()), table
