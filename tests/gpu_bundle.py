#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: full
# labels: slow GPU_BUNDLE=whole
"""scripts/gpu_bundle with small programs in the place of Umbra's and small libraries in that of Debian's packages.

With GPU_BUNDLE=whole the real one is made, which takes minutes, nvcc and Debian's archive; 77 where these are missing.
"""
import contextlib
import gzip
import importlib.machinery
import importlib.util
import io
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "scripts/gpu_bundle"
WHOLE = os.environ.get("GPU_BUNDLE") == "whole"
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))
from gpu import programs


def load_script():
    loader = importlib.machinery.SourceFileLoader("gpu_bundle_script", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


bundle = load_script()
TRIPLET = "usr/lib/x86_64-linux-gnu"


class Folder(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name)


class Stand_ins(Folder):
    """Programs need libfirst, which needs libsecond; both come from packages."""

    def compile(self, target, text, *flags):
        target.parent.mkdir(parents=True, exist_ok=True)
        source = self.folder / "source.c"
        source.write_text(text, encoding="utf-8")
        subprocess.run(["cc", source, "-o", target, *flags], check=True)

    def setUp(self):
        super().setUp()
        self.built, self.debian, self.out = self.folder / "build/bundle", self.folder / "debian", self.folder / "out"
        libraries = self.debian / TRIPLET
        for name, flags in (("second", []), ("first", [f"-L{libraries}", "-lsecond"])):
            real, soname = libraries / f"lib{name}.so.3.1", f"lib{name}.so.3"
            self.compile(real, f"int {name}(void) {{ return {77 if name == 'second' else 'second()'}; }}\n"
                         .replace("int first", "int second(void);\nint first"), "-shared", "-fPIC", *flags,
                         f"-Wl,-soname,{soname}")
            (libraries / soname).symlink_to(real.name)
            (libraries / f"lib{name}.so").symlink_to(soname)
        for name, program in programs.PROGRAMS.items():
            self.compile(self.built / program.folder / name,
                         f"int first(void);\nint main(void) {{ return first() - {77 - program.status}; }}\n",
                         f"-L{libraries}", "-lfirst", f"-Wl,-rpath-link,{libraries}",
                         "-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN/../lib")
        shutil.copy(libraries / "libsecond.so.3.1", self.built / bundle.LIBRARY)

    def unpack(self, packages, folder):
        shutil.copytree(self.debian, folder, symlinks=True, dirs_exist_ok=True)

    def make(self, *arguments):
        """What it says when it gives up; None if it does not."""
        with unittest.mock.patch.object(bundle, "build"), unittest.mock.patch.object(bundle, "unpack", self.unpack), \
             unittest.mock.patch.dict(os.environ, UMBRA_BUILD=str(self.folder / "build")), \
             unittest.mock.patch.object(sys, "argv", ["gpu_bundle", str(self.out), *map(str, arguments)]), \
             contextlib.redirect_stdout(io.StringIO()):
            try:
                return bundle.main()
            except SystemExit as error:
                return str(error)

    def test_all_is_there(self):
        data = self.folder / "records"
        data.mkdir()
        for name in bundle.RECORDS:
            (data / name).write_text("1", encoding="utf-8")
        self.assertIsNone(self.make("--data", data))
        made = {str(path.relative_to(self.out)) for path in self.out.rglob("*") if not path.is_dir()}
        self.assertLessEqual({"commit", f"prefix/{TRIPLET}/libfirst.so", "lib/libfirst.so.3", "lib/libsecond.so.3",
                              f"lib/{bundle.LIBRARY}", *(f"data/{name}" for name in bundle.RECORDS),
                              *(f"bin/{name}" for name in programs.PROGRAMS)}, made)
        self.assertFalse((self.out / "lib/libfirst.so.3").is_symlink())
        self.assertIsNone(self.make())  # again, in its own place
        self.assertFalse((self.out / "data").exists())

    def test_a_library_that_no_package_has(self):
        for path in (self.debian / TRIPLET).glob("libsecond*"):
            path.unlink()
        self.assertIn("no package that is taken has libsecond.so.3", self.make())

    def test_a_program_that_does_not_start(self):
        """As one would that finds its libraries only where it was built."""
        path = self.built / "tests/test_backends"
        libraries = self.debian / TRIPLET
        self.compile(path, "int first(void);\nint main(void) { return first(); }\n", f"-L{libraries}", "-lfirst",
                     f"-Wl,-rpath-link,{libraries}")
        self.assertIn("test_backends does not start", self.make())

    def test_a_program_that_is_wrong(self):
        self.compile(self.built / "bench/umbra_bench", "int main(void) { return 0; }\n")
        self.assertIn("umbra_bench does not start: exit status 0", self.make())

    def test_too_large(self):
        with unittest.mock.patch.object(bundle, "MOST_BYTES", 1000):
            self.assertIn("bytes are more than 1000", self.make())

    def test_what_is_somebody_elses(self):
        self.out.mkdir()
        (self.out / "letter").touch()
        self.assertIn("has something else in it", self.make())
        self.assertTrue((self.out / "letter").exists())

    def test_records_that_are_not_there(self):
        self.assertIn("there is no MNIST_train.txt.gz in", self.make("--data", self.folder))

    def test_data_of_networks(self):
        """Of training images the samples; what lacks a file is left out."""
        data, names = self.folder / "records", bundle.Digits.names
        (data / "mnist").mkdir(parents=True)
        for name in (*bundle.RECORDS, "square.onnx", "mnist/" + bundle.Digits.labels, bundle.Cifar.name):
            (data / name).write_text("1", encoding="utf-8")
        for name, count in ((names["train"], 3000), (names["t10k"], 2)):
            with gzip.open(data / "mnist" / name, "wb") as file:
                file.write(struct.pack(">IIII", 2051, count, 28, 28) + bytes(count * bundle.PIXELS))
        self.assertIsNone(self.make("--data", data))
        made = {path.name for path in (self.out / "data").iterdir()}
        self.assertEqual(made, {*bundle.RECORDS, "square.onnx", bundle.Digits.labels, *names.values()})
        with gzip.open(self.out / "data" / names["train"]) as file:
            kept = file.read()
        self.assertEqual((struct.unpack(">IIII", kept[:16]), len(kept)), ((2051, 1000, 28, 28), 16 + 1000 * 784))

    def test_links_count_as_links(self):
        (self.folder / "a").mkdir()
        (self.folder / "a/file").write_bytes(b"x" * 1000)
        (self.folder / "a/link").symlink_to("file")
        self.assertLess(bundle.size_of(self.folder / "a"), 1100)


@unittest.skipUnless(WHOLE, "takes minutes")
@unittest.skipUnless(shutil.which("nvcc") and shutil.which("apt-get"), "there is no nvcc, or no apt-get")
class Whole(Folder):
    def test_it(self):
        out = self.folder / "out"
        subprocess.run([SCRIPT, out], env={**os.environ, "UMBRA_BUILD": str(self.folder / "build")}, check=True)
        self.assertLess(bundle.size_of(out), bundle.MOST_BYTES)
        moved = out.rename(self.folder / "moved")
        for name, program in programs.PROGRAMS.items():
            process = subprocess.run([moved / "bin" / name, *program.arguments], env=programs.NO_GPU, check=False)
            self.assertEqual(process.returncode, program.status, name)
        process = subprocess.run([ROOT / "scripts/gpu_check", "--built", moved], check=False)
        self.assertIn(process.returncode, (0, 1, 3) if os.path.exists("/dev/nvidiactl") else (77,))


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=2).result
    skipped = any(why.startswith("there is no") for _, why in result.skipped)
    sys.exit(1 if not result.wasSuccessful() else 77 if skipped else 0)
