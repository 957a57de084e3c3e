#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: quick
"""The public interface is the one that tests/abi.xml describes: functions, their types, structs, enumerations.

What the headers promise is compiled into a library of empty functions, so nothing hidden is in the description, and no
compiler option changes it; abigail-tools read and compare it.

Usage: abi.py             compare
       abi.py --update    write the description; its diff is then part of the review
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DESCRIPTION = ROOT / "tests/abi.xml"
COMPILER = os.environ.get("CC", "cc")
SKIPPED = 77


def preprocessed():
    includes = "".join(f"#include <umbra/{path.name}>\n" for path in sorted((ROOT / "include/umbra").glob("*.h")))
    command = [COMPILER, "-E", "-P", "-std=c17", "-I", ROOT / "include", "-x", "c", "-"]
    return subprocess.run(command, input=includes, text=True, check=True, capture_output=True).stdout


def with_bodies(text):
    """The same text, where every exported function that is declared is defined."""
    exported = re.compile(r'__attribute__\(\(visibility\("default"\)\)\)([^;{}]*);')
    defined, count = exported.subn(r"\1 { __builtin_trap(); }", text)
    if not count:
        sys.exit("no exported function was found in the headers")
    return defined


def build(folder):
    source, library = folder / "interface.c", folder / "libumbra.so"
    source.write_text(with_bodies(preprocessed()), encoding="utf-8")
    subprocess.run([COMPILER, "-std=c17", "-g", "-O0", "-w", "-fPIC", "-shared",
                    f"-ffile-prefix-map={folder}/=", "-o", library, source], check=True)
    return library


def update(library):
    subprocess.run(["abidw", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--no-elf-needed",
                    "--no-architecture", "--out-file", DESCRIPTION, library], check=True)
    print(f"wrote {DESCRIPTION}")


def compare(library):
    command = ["abidiff", "--no-show-locs", "--no-architecture", DESCRIPTION, library]
    found = subprocess.run(command, text=True, capture_output=True)
    if found.returncode == 0:
        print("OK: the interface is the one that tests/abi.xml describes")
        return 0
    print(found.stdout, found.stderr, sep="")
    print("The public interface changed. If that is meant: tests/abi.py --update")
    return 1


def main():
    if sys.argv[1:] not in ([], ["--update"]):
        sys.exit(__doc__)
    if not shutil.which("abidw") or not shutil.which("abidiff"):
        print("skipped: abigail-tools are not installed")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        library = build(pathlib.Path(folder))
        return update(library) if sys.argv[1:] else compare(library)


sys.exit(main())
