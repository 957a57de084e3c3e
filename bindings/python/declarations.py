#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes umbra/_api.py, the C declarations as cffi wants them, from the public headers: their only source.

    declarations.py OUT        writes them there, by the C compiler in CC (cc)
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import cffi

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include"
SYSTEM_HEADERS = ("stddef.h", "stdint.h")  # cffi knows their types
INTEGER = re.compile(r"^#define (UMBRA_\w+) \(?(0x[0-9a-fA-F]+|[0-9]+)u?\)?$", re.MULTILINE)


def preprocess(empty, *options):
    command = [os.environ.get("CC", "cc"), "-E", "-nostdinc", "-U__GNUC__", f"-I{empty}", f"-I{INCLUDE}", *options, "-"]
    return subprocess.run(command, input="#include <umbra/umbra.h>\n", check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def declarations():
    """Integer constants, types and functions of all public headers."""
    with tempfile.TemporaryDirectory() as empty:
        for name in SYSTEM_HEADERS:
            pathlib.Path(empty, name).touch()
        constants = INTEGER.findall(preprocess(empty, "-dM"))
        return "".join(f"#define {name} {value}\n" for name, value in sorted(constants)) + preprocess(empty, "-P")


def write(out):
    ffi = cffi.FFI()
    ffi.cdef(declarations())
    ffi.set_source("umbra._api", None)
    ffi.emit_python_code(str(out))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    write(sys.argv[1])
