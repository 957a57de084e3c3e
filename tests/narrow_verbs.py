#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: quick
"""Layers above ckks write no fields of ciphertexts: they call the verbs of verbs.h, range.h and scaled.h.

A text search knows no types. So it looks for assignments to fields with the names of those of umbra_ciphertext and
umbra_scaled, and lets pass those of the structs named here, which have fields of the same names.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ABOVE = ["circuits", "linalg", "nn", "train", "plan"]
FIELDS = "estimate|declared|seeded|owner|log_scale|slots|level"
OTHERS = {"job", "plan", "options", "layout", "report", "refresher", "event", "it"}
LINES = {"made->log_scale = desc->log_scale;"}  # of an umbra_transform

# a->b, a.b, a[i]->b.c and the like, then an assignment; no designated initialiser, whose dot follows no name.
WRITE = re.compile(rf"([\w\])]+(?:\[[^\]]*\])?)(?:->|\.)({FIELDS})\b((?:\.\w+)*)\s*(?:[-+*/|&^%]|<<|>>)?=(?!=)")
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def writes(text):
    for number, line in enumerate(COMMENT.sub(lambda m: "\n" * m[0].count("\n"), text).splitlines(), 1):
        for match in WRITE.finditer(line):
            if re.sub(r"\[.*", "", match[1]).rstrip(")") not in OTHERS and line.strip() not in LINES:
                yield number, line.strip()


SELF_TEST = [
    ("x->estimate = e;", True), ("x.estimate.bound.magnitude = 1;", True), ("state->part[W]->slots = 4;", True),
    ("low->log_scale += a;", True), ("made[i]->declared = d;", True), ("memcpy(x, (c){.level = 1}, 2);", False),
    ("if (x->level == 3) return;", False), ("plan->slots = 3;", False), ("a = (b){.a = 1, .log_scale = 2};", False),
    ("/* x->level = 1 */", False),
]


def main():
    wrong = [line for line, forbidden in SELF_TEST if bool(list(writes(line))) != forbidden]
    if wrong:
        print("self-test:", *wrong, sep="\n")
        return 1
    files = [path for room in ABOVE for path in sorted((ROOT / "host" / room).rglob("*.[ch]"))]
    found = [f"{path.relative_to(ROOT)}:{number}: {line}" for path in files
             for number, line in writes(path.read_text(encoding="utf-8"))]
    print("\n".join(found) or f"OK: {len(files)} files above ckks write no fields of ciphertexts")
    return 1 if found or len(files) < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
