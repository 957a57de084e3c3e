#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What tests have run of a build with gcov's counters: coverage_lines.py BUILD LEAST UNCOVERED PREFIX...
Of the sources below the prefixes: the share of lines that were run, and BUILD/lines.txt with those that were not. Fails below
LEAST of 100; single files below it are listed with the reason that UNCOVERED has (a path, and behind it the reason)."""
import collections
import itertools
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
AT_ONCE = 40  # files for one call of gcov


def reports(build):
    """Of each object that some process has left counters of."""
    counters = sorted(str(path.relative_to(build)) for path in (build / "CMakeFiles").rglob("*.gcda"))
    while counters:
        some, counters = counters[:AT_ONCE], counters[AT_ONCE:]
        told = subprocess.run(["gcov", "--json-format", "--stdout", *some], cwd=build, check=True, capture_output=True,
                              text=True).stdout
        yield from map(json.loads, told.splitlines())


def lines_of(build, prefixes):
    """By file and number, whether a line was run; one that is in several objects counts once."""
    run = collections.defaultdict(dict)
    for report in reports(build):
        for file in report["files"]:
            path = os.path.relpath(os.path.normpath(build / file["file"]), ROOT)
            if path.startswith(prefixes):
                for line in file["lines"]:
                    number = line["line_number"]
                    run[path][number] = run[path].get(number, False) or line["count"] != 0
    return run


def ranges(numbers):
    """1-3,7 for 1, 2, 3 and 7."""
    for _, group in itertools.groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        some = [number for _, number in group]
        yield str(some[0]) if len(some) == 1 else f"{some[0]}-{some[-1]}"


def main():
    build, least, uncovered = pathlib.Path(sys.argv[1]).resolve(), float(sys.argv[2]), pathlib.Path(sys.argv[3])
    run = lines_of(build, tuple(sys.argv[4:]))
    known = dict(line.split(maxsplit=1) for line in uncovered.read_text(encoding="utf-8").splitlines() if line[:1] != "#")
    share = {path: 100 * sum(lines.values()) / len(lines) for path, lines in run.items()}
    with open(build / "lines.txt", "w", encoding="utf-8") as table:
        for path in sorted(run):
            lacking = sorted(number for number, was_run in run[path].items() if not was_run)
            print(f"{share[path]:5.1f} of {len(run[path]):4} {path} {','.join(ranges(lacking))}", file=table)
    lines = [was_run for file in run.values() for was_run in file.values()]
    all_of_them = 100 * sum(lines) / max(1, len(lines))
    print(f"{all_of_them:.2f} of 100 lines were run, of {len(lines)} in {len(run)} files")
    for path in sorted(run):
        if share[path] < least:
            print(f"  {share[path]:5.1f} {path}: {known.get(path, 'no reason is known')}")
    return 1 if all_of_them < least else 0


if __name__ == "__main__":
    sys.exit(main())
