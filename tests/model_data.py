#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: quick
"""Models as exporters write them, where the folder ../shared/data/onnx is: each gives its framework's outputs in the
clear, and the malformed ones are refused. Skipped without them; tests/model_import.py writes files of its own."""
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "models"))
from onnx_file import read_npy

PROGRAM = os.path.join(os.environ["UMBRA_BUILD_DIR"], "umbra")
DATA = HERE.parent.parent / "shared/data/onnx"
REFUSED = {"bad_maxpool": ["'pool_3'", "MaxPool", "AveragePool"], "bad_cycle": ["cycle", "malformed"],
           "bad_short_raw": ["'W1'", "malformed"]}
SKIPPED = 77


def infer(model, folder, output):
    return subprocess.run([PROGRAM, "infer", "--clear", model, "--in", folder / "x.npy", "--out", folder / "y.npy",
                           "--output", str(output)], capture_output=True, text=True, check=False)


def fault_of_output(model, folder, output, wanted):
    run = infer(model, folder, output)
    if run.returncode:
        return run.stderr.strip()
    shape, values = wanted
    got_shape, got = read_npy((folder / "y.npy").read_bytes())
    error = max(abs(a - b) for a, b in zip(got, values)) / max(1, max(map(abs, values)))
    return None if got_shape == shape and error <= 1e-5 else f"shape {got_shape}, not {shape}; error {error:.2g}"


def faults_of(model, folder):
    if model.stem in REFUSED:
        text = infer(model, folder, 0).stderr
        if not all(word in text for word in REFUSED[model.stem]):
            yield text
        return
    with zipfile.ZipFile(model.with_suffix(".npz")) as arrays:
        (folder / "x.npy").write_bytes(arrays.read("x.npy"))
        for k in range(len(arrays.namelist()) - 1):
            fault = fault_of_output(model, folder, k, read_npy(arrays.read(f"y{k}.npy")))
            if fault:
                yield fault


def main():
    models = sorted(DATA.glob("*.onnx"))
    if not models:
        print("skipped: there is no", DATA)
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        faults = [f"{m.stem}: {f}" for m in models for f in faults_of(m, pathlib.Path(folder))]
    print("\n".join(faults) or f"{len(models)} models as wanted")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
