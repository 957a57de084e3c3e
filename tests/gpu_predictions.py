#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: emu full
"""bench/predictions is of this code: the launches that it states are those of the host code, at full size.

The rest are the parts of the model that can be tested by themselves. Exit status 77 where umbra_bench_trace was not
built, after these.
"""
import os
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("UMBRA_BUILD_DIR", ROOT / "build/ci"))
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))
import gpu_model
import gpu_sass


def listing(*lines):
    """What nvdisasm would print of these instructions and labels."""
    return [line if line.startswith(".L") else f"        /*{16 * i:04x}*/   {line} ;" for i, line in enumerate(lines)]


class Instructions(unittest.TestCase):
    def test_the_dearer_branch_counts(self):
        row = gpu_sass.analyse("tensor", listing(
            "S2R R1, SR_TID.X", "@P0 EXIT", "@P1 BRA `(.L_x_1)", "IADD3 R1, R1, R2, R3", "LOP3.LUT R1, R1, R2, R3",
            "BRA `(.L_x_2)", ".L_x_1:", "IMAD.WIDE.U32 R2, R1, R1, R2", ".L_x_2:", "STG.E.128 desc[UR4][R2.64], R4",
            "EXIT", ".L_x_3:", "BRA `(.L_x_3)", "NOP"))
        self.assertEqual(row, {"once": {"alu": 2, "memory": 1, "special": 1, "other": 4, "words": 4}, "loops": []})

    def test_a_loop_counts_by_its_trips(self):
        row = gpu_sass.analyse("unary<op_copy>", listing(
            "MOV R1, R2", ".L_x_1:", "IMAD R1, R1, R2, R3", "ISETP.NE.AND P0, PT, R1, RZ, PT", "@!P0 BRA `(.L_x_2)",
            "VIADD R1, R1, 0x1", "BRA `(.L_x_1)", ".L_x_2:", "EXIT"))
        total = gpu_model.executed(row, {"polys": 3})
        self.assertEqual(total, {"alu": 1 + 3 + 2, "multiply": 3, "other": 1 + 3 + 2})
        self.assertEqual(gpu_model.executed(row, {"polys": 0})["multiply"], 0)

    def test_an_unrolled_loop_counts_by_its_markers(self):
        names = {"tensor": [("rows", r"LDS")]}
        kept, gpu_sass.LOOPS = gpu_sass.LOOPS, names
        try:
            row = gpu_sass.analyse("tensor", listing(
                "@P0 BRA `(.L_x_1)", "LDS R1, [R2]", "IMAD R1, R1, R2, R3", ".L_x_1:", "MOV R1, R2", ".L_x_2:",
                "LDS R1, [R2]", "LDS R3, [R2+0x4]", "IMAD R1, R1, R2, R3", "IMAD R1, R3, R2, R3", "@P1 BRA `(.L_x_2)",
                "EXIT"))
        finally:
            gpu_sass.LOOPS = kept
        total = gpu_model.executed(row, {"rows": 5})
        self.assertEqual((total["memory"], total["multiply"], total["alu"]), (5, 5, 1))

    def test_unknown_code_is_refused(self):
        self.assertRaisesRegex(ValueError, "loops", gpu_sass.analyse, "tensor",
                               listing(".L_x_1:", "MOV R1, R2", "@P0 BRA `(.L_x_1)", "EXIT"))
        self.assertRaisesRegex(ValueError, "of no pipe", gpu_sass.analyse, "tensor", listing("HGMMA R1, R2", "EXIT"))
        self.assertRaisesRegex(ValueError, "calls", gpu_sass.analyse, "tensor", listing("CALL.REL 0x10", "EXIT"))

    def test_all_kernels_are_counted(self):
        budget = (ROOT / "kernels/cuda/budget.txt").read_text(encoding="utf-8")
        kernels = {kernel for kernel in re.findall(r"^sm_90 +\S+ +(\S+)", budget, re.MULTILINE)
                   if kernel in gpu_sass.LOOPS or kernel.split("<")[0] in gpu_sass.LOOPS}
        self.assertEqual(kernels, set(gpu_model.read_kernels()))


class Model(unittest.TestCase):
    def test_the_cache_keeps_what_was_touched_last(self):
        cache = gpu_model.Cache(30)
        self.assertEqual([cache.touch(a, 10, False) for a in (1, 2, 3, 1)], [10, 10, 10, 0])
        self.assertEqual(cache.touch(4, 10, True), 0)  # in the place of 2; written, so it is not read
        self.assertEqual(cache.touch(2, 10, False), 10)
        self.assertEqual([cache.touch(a, 10, False) for a in (3, 1)], [10, 10 + 10])  # 4 goes back

    def test_the_fullest_multiprocessor_is_waited_for(self):
        self.assertEqual(gpu_model.imbalance(132), 1)
        self.assertEqual(gpu_model.imbalance(66), 2)
        self.assertAlmostEqual(gpu_model.imbalance(133), 2 * 132 / 133)

    def test_pipes(self):
        total = {"wide": 64, "multiply": 64, "alu": 128, "words": 32, "double": 0, "special": 0, "memory": 8}
        self.assertEqual(gpu_model.pipe_clocks(total, 2), 3)
        self.assertEqual(gpu_model.pipe_clocks(total, 1), 264 / 128)

    def test_what_the_launch_before_touched_costs_nothing(self):
        step = lambda *touched: gpu_model.Step("tensor", 1, list(touched), {})
        a, b, large = (1, 10, False), (2, 10, True), (3, gpu_model.CACHED_BYTES, False)
        steps = [step(a, b), step((2, 10, False), (3, 10, True)), step(a), step(a, a, large), step(a)]
        self.assertEqual(list(gpu_model.counted_bytes(steps)), [20, 10, 10, gpu_model.CACHED_BYTES, 10])
        streamed = (4, gpu_model.CACHED_BYTES, gpu_model.STREAMED)
        self.assertEqual(list(gpu_model.counted_bytes([step(a, streamed), step(a, streamed)])),
                         [10 + gpu_model.CACHED_BYTES, gpu_model.CACHED_BYTES])

    def test_changes_are_told(self):
        row = {"name": "rotate", "params": "n16-d23-s55", "launches": 12, "counted_bytes": 7, "microseconds": 100.0}
        self.assertEqual(list(gpu_model.differences([row], [row])), [])
        for other in ({**row, "launches": 13}, {**row, "microseconds": 102.0}, {**row, "counted_bytes": 8}, {**row, "params": "n16-d24-s50"}):
            self.assertEqual(len(list(gpu_model.differences([row], [other]))), 1)


@unittest.skipUnless((BUILD / "bench/umbra_bench_trace").exists(), "umbra_bench_trace was not built")
class Predictions(unittest.TestCase):
    def test_they_are_of_this_code(self):
        stated, kernels = gpu_model.read_stated(), gpu_model.read_kernels()
        rows = [gpu_model.Prediction(kernels, traced).row({"microseconds": gpu_model.CENTRAL})
                for traced in gpu_model.all_traces(BUILD)]
        self.assertEqual(list(gpu_model.differences(rows, stated)), [], "scripts/gpu_model.py makes the file anew")
        self.assertEqual(len(rows), len(stated))


if __name__ == "__main__":
    program = unittest.main(exit=False, verbosity=2)
    if not program.result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if program.result.skipped else 0)
