#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one case of tests/emu/planted.cu: the bug must be found, its twin without the bug must pass.

Usage: planted.py PROGRAM CASE TEXT    TEXT is a regular expression that the report of the bug must match;
                                       PROGRAM none: nothing can be run, exit status 77
"""
import os
import re
import subprocess
import sys


def run(program, case, variant):
    environment = dict(os.environ)
    for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"):
        environment[name] = environment.get(name, "") + ":exitcode=66"
    done = subprocess.run([program, case, variant], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False)
    return done.returncode, done.stdout


def main():
    program, case, text = sys.argv[1:]
    if program == "none":
        print("no compiler on this machine that could build the program")
        return 77
    status, output = run(program, case, "right")
    if status != 0 or output:
        print(f"{case} without a bug: status {status}, where 0 and silence are due\n{output}")
        return 1
    status, output = run(program, case, "wrong")
    if status == 0 or not re.search(text, output):
        print(f"{case}: status {status}, and no report like '{text}':\n{output}")
        return 1
    print(re.search(f".*(?:{text}).*", output).group(0))
    return 0


sys.exit(main())
