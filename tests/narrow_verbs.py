#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: quick
"""Layers above ckks write no fields of ciphertexts: they call the verbs of verbs.h, range.h and scaled.h.

A text search knows no types. So it looks for assignments to fields with the names of those of umbra_ciphertext and
umbra_scaled, and for their addresses, which others write through; and lets pass those of the structs named here, which
have fields of the same names, and addresses that are only read from.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ABOVE = ["circuits", "linalg", "nn", "train"]
FIELDS = "estimate|declared|seeded|seed|owner|log_scale|slots|level|poly"
OTHERS = {"job", "plan", "options", "layout", "report", "refresher", "event", "it", "desc", "map", "l", "is", "trial", "fold"}
LINES = {
    "memcpy(made->owner, owner, sizeof made->owner);",  # of an umbra_dataset
    # of an umbra_ciphertext: residues that several ranks added up take the place of its own
    "if (status == UMBRA_OK) status = pass(&p, &sum->poly, ranks);",
}

# a->b, a.b, a[i]->b.c and the like, then an assignment; no designated initialiser, whose dot follows no name.
FIELD = rf"([\w\])]+(?:\[[^\]]*\])?)(?:->|\.)(?:{FIELDS})\b(?:\.\w+|\[[^\]]*\])*"
# What may stand before the object, as in &a->b[i]->c.
WHOLE = r"[(*]*(?:\w+(?:\[[^\]]*\])?(?:->|\.))*"
WRITES = [re.compile(pattern) for pattern in (
    rf"{FIELD}\s*(?:(?:[-+*/|&^%]|<<|>>)?=(?!=)|\+\+|--)",
    rf"(?:\+\+|--){WHOLE}{FIELD}",
    rf"(?<!&)&{WHOLE}{FIELD}",
    rf"\bmem(?:cpy|set|move)\({WHOLE}{FIELD}",
)]
# Addresses of what is not written: pointers to const, and calls that take such.
READ = re.compile(r"\bconst \w+ \*(?:const )?\w+ = &|\bumbra_poly_(?:view|bytes)\(&")
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def writes(text):
    for number, line in enumerate(COMMENT.sub(lambda m: "\n" * m[0].count("\n"), text).splitlines(), 1):
        objects = [match[1] for write in WRITES for match in write.finditer(READ.sub("", line))]
        if line.strip() not in LINES and any(re.sub(r"\[.*", "", name).rstrip(")") not in OTHERS for name in objects):
            yield number, line.strip()


SELF_TEST = [
    ("x->estimate = e;", True), ("x.estimate.bound.magnitude = 1;", True), ("state->part[W]->slots = 4;", True),
    ("low->log_scale += a;", True), ("made[i]->declared = d;", True), ("memcpy(x, (c){.level = 1}, 2);", False),
    ("if (x->level == 3) return;", False), ("plan->slots = 3;", False), ("a = (b){.a = 1, .log_scale = 2};", False),
    ("/* x->level = 1 */", False), ("x->level++;", True), ("--state->part[W]->slots;", True), ("x[i].level--;", True),
    ("plan->level++;", False), ("return --depth - x->level;", False), ("change(&x->estimate);", True),
    ("umbra_declared *d = &part[i]->declared;", True), ("change(&x->estimate.bound);", True),
    ("change(&(*x)->declared, 1);", True), ("const umbra_estimate *known = &part->estimate;", False),
    ("f(&(umbra_declaration){.real = 1}, x->declared.real);", False), ("if (a && x->estimate.doubts) f();", False),
    ("x->poly = poly;", True), ("x->poly.data = NULL;", True), ("umbra_poly_release(&x->poly, ring);", True),
    ("v = umbra_poly_view(&x->poly, ring);", False), ("x->seed[0] = 1;", True), ("memcpy(x->seed, s, 32);", True),
    ("memcpy(seed, x->seed, 32);", False), ("mask = flags & x->level;", False),
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
