#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which systems a wheel's libraries run on, by the versions of the symbols that they ask for.

    wheel_tag.py WHEEL     fails if its tag claims older systems than its libraries run on, or newer than manylinux_2_34
"""
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import zipfile

NEWEST = (2, 34)
OLDEST = (2, 17)  # of the C library; older tags have other names
# What every manylinux system has (PEP 600); all else goes into the wheel.
OF_THE_SYSTEM = re.compile(r"(libc|libm|libpthread|libdl|librt|ld-linux-[\w-]+|libgcc_s|libz)\.so\.\d+$")


def readelf(option, library):
    return subprocess.run(["readelf", "--wide", option, library], check=True, stdout=subprocess.PIPE, text=True).stdout


def needed(library):
    """Names of the libraries that it is linked to."""
    return re.findall(r"\(NEEDED\).*\[(.*)\]", readelf("--dynamic", library))


def bundled(library):
    """Paths of the libraries that go beside it."""
    lines = subprocess.run(["ldd", library], check=True, stdout=subprocess.PIPE, text=True).stdout
    paths = dict(re.findall(r"(\S+) => (/\S+)", lines))
    return [pathlib.Path(paths[name]) for name in needed(library) if not OF_THE_SYSTEM.match(name)]


def c_library_of(library):
    """The oldest GNU C library that has the symbols it asks for: (2, 34)."""
    versions = re.findall(r"Name: GLIBC_(\d+)\.(\d+)", readelf("--version-info", library))
    return max((int(major), int(minor)) for major, minor in versions)


def platform_of(libraries):
    major, minor = max([OLDEST, *map(c_library_of, libraries)])
    return f"manylinux_{major}_{minor}_{platform.machine()}"


def check(wheel):
    claimed = tuple(map(int, re.search(r"-py3-none-manylinux_(\d+)_(\d+)_\w+\.whl$", wheel.name).groups()))
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(wheel).extractall(folder)
        libraries = sorted(pathlib.Path(folder, "umbra").glob("lib*.so*"))
        names = {library.name for library in libraries}
        assert "libumbra.so" in names, f"{wheel.name} has no library"
        for library in libraries:
            assert c_library_of(library) <= claimed <= NEWEST, \
                f"{wheel.name}: {library.name} asks for the C library {c_library_of(library)}, and {NEWEST} is the newest"
            missing = [name for name in needed(library) if name not in names and not OF_THE_SYSTEM.match(name)]
            notice = pathlib.Path(folder, "umbra/licences", f"{library.name.replace('libumbra.so', 'umbra')}.txt")
            assert notice.exists(), f"{wheel.name}: {library.name} comes without its licence"
            assert not missing, f"{wheel.name}: {library.name} needs {missing}, neither here nor in all systems"
    print(f"OK: {wheel.name} has {', '.join(sorted(names))} for the C library {claimed[0]}.{claimed[1]} and later")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    check(pathlib.Path(sys.argv[1]))
