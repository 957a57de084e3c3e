# SPDX-License-Identifier: Apache-2.0
"""Builds the library by CMake and puts it into the wheel, with the libraries that it needs and systems may lack.

UMBRA_LIBRARY names a library that is built already, perhaps for another processor, with the compiler in CC and the tool in
STRIP. UMBRA_CMAKE_ARGS has further arguments for cmake.
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py
from wheel.bdist_wheel import bdist_wheel

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
import declarations  # noqa: E402
import wheel_tag  # noqa: E402


def version():
    header = (ROOT / "include/umbra/version.h").read_text()
    return re.search(r'UMBRA_VERSION_STRING "(.*)"', header)[1]


def build_library(folder):
    """The path of libumbra.so, built for release."""
    given = os.environ.get("UMBRA_LIBRARY")
    if given:
        return pathlib.Path(given)
    if shutil.which("ninja"):  # as in all presets; there need be no make
        os.environ.setdefault("CMAKE_GENERATOR", "Ninja")
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DUMBRA_TESTS=OFF", "-DUMBRA_BENCH=OFF", "-DUMBRA_CLI=OFF",
               *shlex.split(os.environ.get("UMBRA_CMAKE_ARGS", ""))]
    subprocess.run(["cmake", "-S", ROOT, "-B", folder, *options], check=True)
    subprocess.run(["cmake", "--build", folder, "--target", "umbra", "--parallel"], check=True)
    return folder / "libumbra.so"


def copyright_of(library):
    """The notice that comes with a library, where a package of Debian has it; else None."""
    if not shutil.which("dpkg-query"):
        return None
    found = subprocess.run(["dpkg-query", "--search", library.resolve()], check=False, stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True)
    return None if found.returncode else pathlib.Path("/usr/share/doc", found.stdout.split(":")[0], "copyright")


class BuildPackage(build_py):
    def run(self):
        super().run()
        package = pathlib.Path(self.build_lib) / "umbra"
        declarations.write(package / "_api.py")
        library = build_library(pathlib.Path(self.get_finalized_command("build").build_temp).resolve() / "library")
        shutil.copyfile(library.resolve(), package / "libumbra.so")
        self.add_bundled(package, wheel_tag.bundled(library))
        subprocess.run([os.environ.get("STRIP", "strip"), "--strip-unneeded", package / "libumbra.so"], check=True)

    def add_bundled(self, package, libraries):
        """Other libraries, each with its notice."""
        licences = package / "licences"
        licences.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / "LICENSE", licences / "umbra.txt")
        for library in libraries:
            shutil.copyfile(library, package / library.name)
            notice = copyright_of(library)
            if notice:
                shutil.copyfile(notice, licences / f"{library.name}.txt")
            else:
                self.warn(f"the notice of {library.name} is not found: add it before you give the wheel away")


class Wheel(bdist_wheel):
    """For any Python 3, and for systems with the C library that the libraries ask for."""

    def finalize_options(self):
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self):
        return "py3", "none", wheel_tag.platform_of(pathlib.Path(self.bdist_dir).glob("umbra/lib*.so*"))


class WithLibrary(Distribution):
    def has_ext_modules(self):
        return True


with tempfile.TemporaryDirectory() as folder:  # nothing is left in the source tree, nor taken from an earlier build
    setup(version=version(), distclass=WithLibrary, cmdclass={"build_py": BuildPackage, "bdist_wheel": Wheel},
          options={"build": {"build_base": folder}, "egg_info": {"egg_base": folder}})
