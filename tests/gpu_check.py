#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: emu full
"""scripts/gpu_check without a GPU: its floors, and whole runs in which everything it starts is a stand-in.

Only umbra_bench is real, and runs on the emulated GPU: what it counts must be what the floors are computed from. Its
times mean nothing. Exit status 77 where it was not built, after what can be tested without it.
"""
import json
import os
import re
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "scripts/gpu_check"
BENCH = pathlib.Path(os.environ.get("UMBRA_BUILD_DIR", ROOT / "build/ci")) / "bench/umbra_bench_emu"
SET = "n12-d1-s30"
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))
import gpu_floors

SMI = """
fields = next(a for a in args if a.startswith("--query-gpu=")).split("=")[1].split(",")
known = {"name": "NVIDIA H200", "driver_version": "580.159.03", "compute_cap": "9.0", "memory.total": "143771",
         "clocks.max.sm": "1980", "clocks.sm": "1755", "utilization.gpu": "97", "power.limit": "[N/A]"}
line = ", ".join(known.get(field, "1") for field in fields)
print(line, flush=True)
while "-lms" in args:
    time.sleep(0.05)
    print(line, flush=True)
"""

CMAKE = """
if "--target" in args and "build" in fails:
    sys.exit("stale programs are left" if any(pathlib.Path(args[1]).glob("*/*umbra_bench")) else 2)
if "--preset" in args and not "build" in fails:
    build = pathlib.Path(args[args.index("-B") + 1])
    for name in ("tests/test_conformance_gpu", "bench/umbra_bench"):
        (build / name).parent.mkdir(parents=True, exist_ok=True)
        (build / name).symlink_to(here / pathlib.Path(name).name)
"""

CTEST = """
if "hang" in fails:
    time.sleep(float(args[args.index("--timeout") + 1]))  # what ctest takes to end them and go on
pathlib.Path(args[args.index("--output-junit") + 1]).write_text('''<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="Linux-c++" tests="2" failures="0" disabled="0" skipped="0" hostname="" time="3">
  <testcase name="backends.cuda" classname="backends.cuda" time="1.25" status="run"><system-out>ref and cuda
[  PASSED  ] 4 test(s).
</system-out></testcase>
  <testcase name="conformance_gpu" classname="conformance_gpu" time="2.5" status="STATUS"><system-out>
[  PASSED  ] 32 test(s).
[  FAILED  ] cuda against ref: 1 test(s), listed below:
[  FAILED  ] ntt_forward
</system-out></testcase>
</testsuite>
'''.replace("STATUS", "fail" if "tests" in fails else "run"))
sys.exit("tests" in fails)
"""

SANITIZER = """
tool = args[args.index("--tool") + 1]
assert os.environ["UMBRA_CONFORMANCE_SKIP"] == "test_bulk_law"
if tool in fails:
    time.sleep(600)
print("========= COMPUTE-SANITIZER")
print("========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)" if tool == "racecheck" else
      "========= ERROR SUMMARY: 0 errors")
"""

# The emulated backend as cuda, on a set that it can do in time.
UMBRA_BENCH = """
args = [a.replace("--backend=cuda", "--backend=emu") for a in args if not a.startswith(("--rotate", "--threads"))]
args += ["--rotate=1", "--warm=1", "--threads=1", "--benchmark_min_time=0.0001", "--benchmark_repetitions=2"]
os.environ["OMP_NUM_THREADS"] = "1"
os.execv(os.environ["FAKE_BENCH"], ["umbra_bench", *args])
"""

NVCC = 'print("Cuda compilation tools, release 13.0, V13.0.88")'

STAND_INS = {"nvidia-smi": SMI, "cmake": CMAKE, "ctest": CTEST, "compute-sanitizer": SANITIZER, "nvcc": NVCC,
             "umbra_bench": UMBRA_BENCH, "test_conformance_gpu": ""}
HEAD = """#!{python}
import os, pathlib, sys, time
args, here = sys.argv[1:], pathlib.Path(__file__).resolve().parent
fails = os.environ.get("FAKE_FAILURES", "").split(",")
"""


class Folder(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.temporary.name)
        self.addCleanup(self.temporary.cleanup)

    def run_script(self, *arguments, stand_ins=tuple(STAND_INS), path=None, failures=""):
        """The finished process, and the report that it wrote."""
        tools = self.folder / "tools"
        tools.mkdir()
        for name in stand_ins:
            (tools / name).write_text(HEAD.format(python=sys.executable) + STAND_INS[name], encoding="utf-8")
            (tools / name).chmod(0o755)
        environment = {**os.environ, "UMBRA_BUILD": str(self.folder / "build"), "FAKE_FAILURES": failures,
                       "FAKE_BENCH": str(BENCH), "PATH": f"{tools}:{os.environ['PATH'] if path is None else path}"}
        environment.pop("OUT", None)
        process = subprocess.run([sys.executable, SCRIPT, "--out", self.folder / "out", *arguments], env=environment,
                                 capture_output=True, text=True, timeout=200, check=False)
        reports = list(self.folder.glob("out/*.json"))
        return process, json.loads(reports[0].read_text(encoding="utf-8")) if reports else None


class Floors(unittest.TestCase):
    """Against numbers that were worked out by hand."""

    def test_shape(self):
        shape = gpu_floors.shape_of_preset("n16-d24-s50")
        self.assertEqual(shape, gpu_floors.Shape(65536, 43, 41, 2, 14, 3, 15 * 42 + 2 * 14 * 43))
        self.assertEqual((shape.extended, shape.key), (3 * 57 - 43, 6 * 57))

    def test_all_presets(self):
        text = (ROOT / "host/ring/presets_table.c").read_text(encoding="utf-8")
        for name in re.findall(r'^    "(.+)",$', text, re.MULTILINE):
            shape = gpu_floors.shape_of_preset(name)
            self.assertLess(shape.below, shape.limbs, name)
            if name.startswith("n"):
                self.assertEqual(1 << int(re.match(r"n(\d+)", name)[1]), shape.n, name)
        self.assertEqual(gpu_floors.shape_of_preset("boot-64k-40"),
                         gpu_floors.Shape(65536, 25, 23, 2, 12, 2, 13 * 24 + 12 * 25))
        with self.assertRaises(KeyError):
            gpu_floors.shape_of_preset("n99-d1-s1")

    def test_transform(self):
        work = gpu_floors.floor("ntt_forward", {"n": 65536, "limbs": 64, "polys": 1})
        self.assertEqual((work.bytes, work.operations), (2 * 64 * 2 ** 18, 64 * 2 ** 19 * 11))
        memory, arithmetic = gpu_floors.Device(4.8e12, 132, 1.98e9).seconds(work)
        self.assertAlmostEqual(memory * 1e6, 6.99, 2)
        self.assertAlmostEqual(arithmetic * 1e6, 11.03, 2)

    def test_products_count_alone(self):
        device = gpu_floors.Device(1, 1, 1)
        self.assertEqual(device.seconds(gpu_floors.Work(0, 64, 32))[1], 1)
        self.assertEqual(device.seconds(gpu_floors.Work(0, 32, 96))[1], 1)

    def test_product(self):
        work = gpu_floors.floor("mul_relin_rescale_graph", vars(gpu_floors.shape_of_preset("n16-d24-s50")))
        transforms = 285 * 8 * 11
        digits = 2 * 1834 + 5 * 128 + 2 * 43
        remainder = 2 * (2 * 16 * 41 + 5 * 41 + 2 * 16 + 4 * 16 + 2 * 41)
        key = 2 * 57 * (3 * 2 + 5) + 2 * 43 * 2
        tensor, close = 43 * 23, 2 * 41 * 9
        self.assertEqual(work.operations, 65536 * (transforms + digits + remainder + key + tensor + close))
        self.assertEqual(work.bytes, 2 ** 18 * (4 * 43 + 6 * 57 + 2 * 41))

    def test_unknown_device(self):
        self.assertEqual(gpu_floors.Device().seconds(gpu_floors.Work(1, 1)), (None, None))


class Limits(unittest.TestCase):
    """Those of the tests themselves would outlive ctest's --timeout."""

    def test_none_on_a_gpu(self):
        found = subprocess.run(["ctest", "--test-dir", BENCH.parent.parent, "-L", "^gpu$", "--show-only=json-v1"],
                               capture_output=True, text=True, check=True)
        tests = json.loads(found.stdout)["tests"]
        for test in tests:
            self.assertNotIn("TIMEOUT", {given["name"] for given in test["properties"]}, test["name"])
        self.assertGreater(len(tests), 0)


class NoDevice(Folder):
    def test_nothing_is_built(self):
        process, report = self.run_script(stand_ins=(), path="")
        self.assertEqual((process.returncode, report), (77, None), process.stderr)
        self.assertFalse((self.folder / "build").exists())


class Builds(Folder):
    def test_a_failing_build_leaves_no_programs(self):
        for name in ("tests/test_conformance_gpu", "bench/umbra_bench"):
            stale = self.folder / "build/cuda" / name
            stale.parent.mkdir(parents=True)
            stale.touch()
        process, report = self.run_script(failures="build")
        self.assertEqual(process.returncode, 1, process.stdout + process.stderr)
        self.assertEqual([(phase["name"], phase["result"]) for phase in report["phases"]], [("build", "failed")])

    def test_cufft(self):
        """The toolkit's is found beside nvcc."""
        (self.folder / "lib64").mkdir()
        library = self.folder / "lib64/libcufft.so.12"
        subprocess.run(["cc", "-shared", "-x", "c", "/dev/null", "-o", library], check=True)
        _, report = self.run_script(failures="build")
        self.assertEqual(report["cufft"], "libcufft.so.12")


@unittest.skipUnless(BENCH.exists(), "umbra_bench_emu was not built")
class Runs(Folder):
    def check_rows(self, report):
        rows = {(row["name"], row.get("primes")): row for row in report["benchmarks"]}
        self.assertGreater(len(rows), 35)
        for row in rows.values():
            self.assertGreater(row["microseconds"], 0, row)
            stated = gpu_floors.floor(row["name"], row)
            if stated:
                self.assertEqual((row["bytes"], row["operations"]), (stated.bytes, stated.operations))
                self.assertAlmostEqual(row["fraction"] * row["microseconds"], row["floor_microseconds"])
        stated = {name for (name, _), row in rows.items() if "fraction" in row}
        self.assertLessEqual(set(gpu_floors.KERNELS) & {name for name, _ in rows}, stated)
        self.assertLessEqual({"ntt_forward", "ntt_close", "extend_digits", "inner_products", "plain_products", "rotate",
                              "mul_relin_rescale_graph", "rotate_graph", "rotate_hoisted_8_graph"}, stated)
        shape = gpu_floors.shape_of_counters(rows["rotate", None])
        self.assertEqual(shape, gpu_floors.shape_of_preset(SET))

    def test_all_is_well(self):
        process, report = self.run_script("--params", SET)
        self.assertEqual(process.returncode, 0, process.stdout + process.stderr)
        self.assertEqual([phase["result"] for phase in report["phases"]], ["passed"] * 5)
        self.assertEqual((report["device"]["name"], report["device"]["driver_version"], report["nvcc"]),
                         ("NVIDIA H200", "580.159.03", "13.0"))
        self.assertEqual((report["floors"]["bytes_in_a_second"], report["floors"]["clock_hz"]), (4.8e12, 1755e6))
        self.assertGreater(report["floors"]["measured_copy_bytes_in_a_second"], 0)
        self.assertEqual(report["clocks"]["clocks.sm"]["median"], 1755)
        self.assertEqual([test["passed"] for test in report["tests"]], [4, 32])
        self.assertEqual(report["sanitizers"]["racecheck"]["summary"],
                         "RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)")
        self.assertEqual([bar["met"] is None for bar in report["bars"]], [False] * 4)
        self.assertGreater(len(report["cpu"]["rows"]), 5)
        self.assertTrue(process.stdout.splitlines()[-3].startswith("failed: nothing"), process.stdout)
        self.check_rows(report)

    def test_a_hanging_tool_and_a_failing_test(self):
        process, report = self.run_script("--params", SET, "--quick", "--seconds", "20", failures="tests,memcheck")
        self.assertEqual(process.returncode, 1, process.stdout + process.stderr)
        self.assertLessEqual({"memcheck: timed out", "test conformance_gpu: failed"}, set(report["failed"]))
        self.assertEqual(report["tests"][1]["failed"], ["ntt_forward"])
        results = [(phase["name"], phase["result"]) for phase in report["phases"]]
        self.assertEqual(results[:3], [("build", "passed"), ("tests", "failed"), ("sanitizers", "timed out")])
        self.assertEqual(results[3][0], "benchmarks")
        self.assertGreater(len(report["benchmarks"]), 0)

    def test_hanging_tests_are_reported(self):
        process, report = self.run_script("--params", SET, "--quick", "--seconds", "20", failures="hang")
        self.assertEqual([test["name"] for test in report["tests"]], ["backends.cuda", "conformance_gpu"])
        self.assertEqual(process.returncode, 0, process.stdout + process.stderr)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=2).result
    sys.exit(1 if not result.wasSuccessful() else 77 if result.skipped else 0)
