# SPDX-License-Identifier: Apache-2.0
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]


def check(names):
    """The pictures are those that the program makes today."""
    subprocess.run([ROOT / "scripts/docs_pictures", shutil.which("umbra"), "."], check=True)
    for name in ("slots.svg", "levels.svg"):
        assert pathlib.Path(name).read_text() == (ROOT / "docs/pictures" / name).read_text(), name
