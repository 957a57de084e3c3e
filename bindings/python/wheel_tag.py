#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which systems a wheel's libraries run on, by the versions of the symbols that they ask for.

    wheel_tag.py WHEEL     fails if its tag claims older systems than its libraries run on, or newer than manylinux_2_34
"""
import os
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


def machine_of(library):
    """As in the tags of wheels; of processors that are not known here, this machine's."""
    known = {"Advanced Micro Devices X86-64": "x86_64", "AArch64": "aarch64"}
    return known.get(re.search(r"Machine:\s+(.*)", readelf("--file-header", library))[1], platform.machine())


def needed(library):
    """Names of the libraries that it is linked to."""
    return re.findall(r"\(NEEDED\).*\[(.*)\]", readelf("--dynamic", library))


def bundled(library):
    """Paths of the libraries that go beside it: as the loader finds them or, for another processor, the compiler in CC."""
    names = [name for name in needed(library) if not OF_THE_SYSTEM.match(name)]
    if machine_of(library) == platform.machine():
        lines = subprocess.run(["ldd", library], check=True, stdout=subprocess.PIPE, text=True).stdout
        paths = dict(re.findall(r"(\S+) => (/\S+)", lines))
        return [pathlib.Path(paths[name]) for name in names]
    return [pathlib.Path(subprocess.run([os.environ["CC"], f"-print-file-name={name}"], check=True, stdout=subprocess.PIPE,
                                        text=True).stdout.strip()) for name in names]


def c_library_of(library):
    """The oldest GNU C library that has the symbols it asks for: (2, 34)."""
    versions = re.findall(r"Name: GLIBC_(\d+)\.(\d+)", readelf("--version-info", library))
    return max((int(major), int(minor)) for major, minor in versions)


def platform_of(libraries):
    libraries = list(libraries)
    major, minor = max([OLDEST, *map(c_library_of, libraries)])
    machine, = set(map(machine_of, libraries))
    return f"manylinux_{major}_{minor}_{machine}"


def check(wheel):
    *claimed, machine = re.search(r"-py3-none-manylinux_(\d+)_(\d+)_(\w+)\.whl$", wheel.name).groups()
    claimed = tuple(map(int, claimed))
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(wheel).extractall(folder)
        libraries = sorted(pathlib.Path(folder, "umbra").glob("lib*.so*"))
        names = {library.name for library in libraries}
        assert "libumbra.so" in names, f"{wheel.name} has no library"
        for library in libraries:
            assert c_library_of(library) <= claimed <= NEWEST, \
                f"{wheel.name}: {library.name} asks for the C library {c_library_of(library)}, and {NEWEST} is the newest"
            assert machine_of(library) == machine, f"{wheel.name}: {library.name} is for another processor"
            missing = [name for name in needed(library) if name not in names and not OF_THE_SYSTEM.match(name)]
            notice = pathlib.Path(folder, "umbra/licences", f"{library.name.replace('libumbra.so', 'umbra')}.txt")
            assert notice.exists(), f"{wheel.name}: {library.name} comes without its licence"
            assert not missing, f"{wheel.name}: {library.name} needs {missing}, neither here nor in all systems"
    print(f"OK: {wheel.name} has {', '.join(sorted(names))} for the C library {claimed[0]}.{claimed[1]} and later")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    check(pathlib.Path(sys.argv[1]))
