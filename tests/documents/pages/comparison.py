# SPDX-License-Identifier: Apache-2.0
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
OPERATIONS = {"encode": "encode", "encrypt": "encrypt", "sum": "add", "product, relinearised and rescaled": "mul_relin_rescale",
              "rotation": "rotate", "eight rotations of one ciphertext": "rotate_hoisted_8"}
REFRESH = {"seconds": ("ms", 1000), "levels left": ("levels_left", 1), "bits of precision, mean": ("mean_bits", 1),
           "keys, GB": ("key_bytes", 1e9)}


def rows(name):
    return json.loads((ROOT / f"bench/results/{name}.json").read_text())["rows"]


def find(name, threads, params, operation):
    return next(row for row in rows(name) if (row["threads"], row["params"], row["operation"]) == (threads, params, operation))


def rounded(text, value):
    """A figure as it is printed is that value, rounded."""
    digits = len(text.partition(".")[2])
    assert abs(float(text) - value) <= 0.51 * 10 ** -digits, (text, value)


def check(names):
    """The tables' figures are those of the files that they name."""
    page = (ROOT / "docs/comparison.md").read_text()
    table = {cells[0]: cells[1:] for line in page.splitlines() if line.startswith("| ")
             for cells in [[cell.strip() for cell in line.strip("|").split("|")]]}
    for title, operation in OPERATIONS.items():
        a = find("amd-epyc-2-cores-2026-11-22-evening", 2, "n16-d24-s50", operation)
        c = find("intel-xeon-avx512-2026-11-29-openfhe-1.6.1", 1, "n16-d24-s50", operation)
        d = find("amd-epyc-avx2-2026-12-01-openfhe-1.6.1", 1, "n16-d24-s50", operation)
        values = [a["umbra_ms"], a["peer_ms"], a["ratio"], c["umbra_cpu_min_ms"], c["peer_cpu_min_ms"], c["ratio_of_cpu"],
                  d["umbra_ms"], d["peer_ms"], d["ratio"]]
        for text, value in zip(table[title], values, strict=True):
            rounded(text, value)
    refresh = find("amd-epyc-2-cores-2026-11-23-bootstrap", 2, "boot-64k-40", "bootstrap")
    for title, (field, unit) in REFRESH.items():
        for text, who in zip(table[title], ("umbra", "peer"), strict=True):
            rounded(text, refresh[f"{who}_{field}"] / unit)
