#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: full
"""The files of known answers are what the big-integer model makes."""
import pathlib
import subprocess
import sys

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "scripts" / "make_known_answers"
sys.exit(subprocess.run([sys.executable, str(SCRIPT), "--check"], check=False).returncode)
