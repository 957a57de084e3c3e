# SPDX-License-Identifier: Apache-2.0
import pathlib
import subprocess


def prepare():
    """A model that was encrypted with room for the noise."""
    pathlib.Path("secret").mkdir(mode=0o700)
    pathlib.Path("model.csv").write_text("0.5,-0.25,1,0.125\n")
    for line in ("params --for-logistic 3 --degree 7 --scale 55 --save params.umbra",
                 "keygen --params params.umbra --out keys --secret secret/key.umbra",
                 "encrypt --keys keys --model model.csv --range 8 --degree 7 --out model.umbra"):
        subprocess.run(["umbra", *line.split()], check=True, stdout=subprocess.DEVNULL)
