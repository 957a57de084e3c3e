#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The list of parts (SPDX) of a folder that scripts/package made, against what is in the files.

    parts.py FOLDER
"""
import hashlib
import json
import pathlib
import subprocess
import sys
import zipfile

FOLDER = pathlib.Path(sys.argv[1])
BILL = json.loads((FOLDER / "umbra.spdx.json").read_text())
PARTS = {part["SPDXID"]: part for part in BILL["packages"]}


def related(name, how):
    """Names, with their parts, of what a file has that relation to."""
    one = next(identifier for identifier, part in PARTS.items() if part["name"] == name)
    return {PARTS[r["relatedSpdxElement"]]["name"]: PARTS[r["relatedSpdxElement"]] for r in BILL["relationships"]
            if (r["spdxElementId"], r["relationshipType"]) == (one, how)}


def has_sum(part, data):
    return part["checksums"] == [{"algorithm": "SHA256", "checksumValue": hashlib.sha256(data).hexdigest()}]


assert BILL["spdxVersion"] == "SPDX-2.3" and len(PARTS) == len(BILL["packages"])
assert all(r["spdxElementId"] in {*PARTS, "SPDXRef-DOCUMENT"} and r["relatedSpdxElement"] in PARTS
           for r in BILL["relationships"])
files = [path for path in FOLDER.iterdir() if path.suffix in (".deb", ".whl")]
assert len(files) == 5, files
for path in files:
    part, = [part for part in PARTS.values() if part.get("packageFileName") == path.name]
    assert has_sum(part, path.read_bytes()) and part["licenseDeclared"] == "Apache-2.0"
    if path.suffix == ".deb":
        depends = subprocess.run(["dpkg-deb", "--field", path, "Depends"], check=True, stdout=subprocess.PIPE, text=True)
        wanted = {f"debian:{clause.split()[0]}" for clause in depends.stdout.split(", ")}
        assert set(related(path.name, "DEPENDS_ON")) == wanted, path.name
        continue
    with zipfile.ZipFile(path) as wheel:
        libraries = {pathlib.PurePath(name).name: name for name in wheel.namelist() if ".so" in name}
        assert libraries.pop("libumbra.so") and any(name.startswith("libsodium") for name in libraries)
        bundled = related(path.name, "CONTAINS")
        assert set(bundled) == set(libraries)
        for name, part in bundled.items():
            assert has_sum(part, wheel.read(libraries[name])) and part["licenseDeclared"] != "NOASSERTION", part
print(f"OK: {len(PARTS)} parts")
