#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: quick
"""The table of the wide sampler is what its script makes."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
made = subprocess.run([ROOT / "scripts/make_gaussian_table", "--print"], check=True, capture_output=True, text=True).stdout
if made != (ROOT / "host/base/gaussian_table.h").read_text():
    sys.exit("host/base/gaussian_table.h differs from what scripts/make_gaussian_table writes")
