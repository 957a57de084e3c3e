#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: emu full
# labels: slow GPU_CHECK_CLOCK=real
"""scripts/gpu_check without a GPU: whole runs in which everything it starts is played, on a clock that the test moves.

What umbra_bench measures and counts is asked of the real one, on the emulated GPU; its times mean nothing. No test here
depends on the machine's speed. With GPU_CHECK_CLOCK=real the players sleep, so that one run takes as long as on a GPU.
Exit status 77 where umbra_bench_emu was not built, after what can be tested without it.
"""
import contextlib
import dataclasses
import io
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import types
import unittest
import unittest.mock

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "scripts/gpu_check"
BENCH = pathlib.Path(os.environ.get("UMBRA_BUILD_DIR", ROOT / "build/ci")) / "bench/umbra_bench_emu"
SMALL_SET, SMALL_BOOT_SET = "n12-d1-s30", "n11-d1-s40-boot"
REAL_TIME = os.environ.get("GPU_CHECK_CLOCK") == "real"
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests/gpu")]
import gpu_floors
import stand_ins
from gpu import check, libraries, machine, plan, programs, report, results

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # for thousands of small files
FIRST_SECONDS, ALL_SECONDS = 270, 360  # that steps are expected to take, in the first call and in all
NETWORK_SHAPES = {network.shape for network in (*plan.NETWORKS.values(), *plan.TRAININGS.values())}
TOOLS = {"nvidia-smi", "nvcc", "ncu", "compute-sanitizer"}
SMI = {"name": "NVIDIA H200", "driver_version": "580.159.03", "compute_cap": "9.0", "clocks.max.sm": "1980",
       "power.limit": "[N/A]"}


class Killed(BaseException):
    """As by SIGKILL: nobody catches it."""


class Played(machine.Machine):
    """A machine with an H200 that is not there. Its clock stands still but for what programs take."""

    def __init__(self, scenario=None, tools=TOOLS, nvml=True, cufft=True, starts=True, at=None):
        self.time, self.scenario, self.tools, self.nvml, self.cufft = 1000.0, scenario or {}, tools, nvml, cufft
        self.starts, self.at, self.calls, self.before = starts, at or {}, 0, lambda: None
        self.commands = []

    def now(self):
        return self.time

    def processors(self):
        return 16

    def which(self, name):
        return name if name in self.tools else None

    def ask(self, command, env=None):
        text = " ".join(map(str, command))
        fields = re.search(r"--query-gpu=(\S+)", text)
        if fields:
            return ", ".join(SMI.get(field, "1") for field in fields[1].split(","))
        return "Cuda compilation tools, release 13.0, V13.0.88" if "--version" in text else "d93bce0"

    def loads(self, library, env):
        return self.cufft and library == "libcufft.so.12"

    def driver_attributes(self):
        return {"multiprocessors": 132, "l2_bytes": 60 << 20}

    def watch(self):
        return PlayedWatch(self) if self.nvml else None

    def run(self, jobs, limit):
        if "start-" in jobs[0].log.name:
            return [(programs.PROGRAMS[job.command[0].name].status if self.starts else 127,
                     "version `GLIBC_2.38' not found") for job in jobs]
        self.before()
        self.calls += 1
        self.commands += [[str(word) for word in job.command] for job in jobs]
        if self.calls in self.at:
            raise self.at[self.calls]
        played = [stand_ins.perform(job.command, job.env, self.time, self.scenario) for job in jobs]
        self.time += min(limit, max(seconds for seconds, _, _ in played))
        for job, (_, _, text) in zip(jobs, played):
            job.log.write_text(text, encoding="utf-8")
        return [(None if seconds > limit else status, text) for seconds, status, text in played]


class PlayedWatch:
    """A GPU that takes 500 W at 1755 MHz."""

    def __init__(self, clock):
        self.clock = clock

    @property
    def samples(self):
        return [machine.Sample(time=t, joules=500.0 * t, watts=500.0, sm_mhz=1755, busy_percent=97)
                for t in range(999, int(self.clock.now()) + 2)]

    def close(self):
        pass


class Asleep(Played):
    """The same by the real clock: real programs, that sleep what they should take."""

    def now(self):
        return time.monotonic()

    def run(self, jobs, limit):
        if "start-" in jobs[0].log.name:
            return super().run(jobs, limit)
        played = [dataclasses.replace(job, command=[sys.executable, stand_ins.__file__, json.dumps(self.scenario),
                                                    *job.command]) for job in jobs]
        return machine.Machine.run(self, played, limit)


class Folder(unittest.TestCase):
    parent = None

    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(dir=self.parent)
        self.folder = pathlib.Path(self.temporary.name)
        self.addCleanup(self.temporary.cleanup)

    def make_bundle(self):
        bundle = self.folder / "bundle"
        (bundle / "bin").mkdir(parents=True)
        (bundle / "data").mkdir()
        (bundle / "data/MNIST_train.txt.gz").touch()
        (bundle / "commit").write_text("abc1234\n", encoding="utf-8")
        for name in programs.PROGRAMS:
            (bundle / "bin" / name).touch()
        return bundle

    def make_work(self):
        work = self.folder / "work"
        work.mkdir(exist_ok=True)
        return work

    def options(self, **changes):
        given = {"built": self.make_bundle(), "data": None, "prefix": None, "out": self.folder / "out",
                 "work": self.make_work(), "call": None, "seconds": plan.CALL_SECONDS, "build": self.folder / "build"}
        return types.SimpleNamespace(**{**given, **changes})

    def make_check(self, played, **changes):
        return check.Check(ROOT, self.options(**changes), played, check.find_device(played))

    def run_check(self, played=None, **changes):
        """(exit status, report, what was printed)"""
        run = self.make_check(played or Played(), **changes)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            status = run.run()
        return status, self.read_report(), printed.getvalue()

    def read_report(self):
        (path,) = self.folder.glob("out/*.json")
        return json.loads(path.read_text(encoding="utf-8"))


def results_of(found):
    return {step["name"]: step["result"] for step in found["steps"]}


class Plan(unittest.TestCase):
    def test_the_first_call(self):
        first = plan.assign(plan.STEPS)[0]
        self.assertEqual(sum(step.expected for step in first), FIRST_SECONDS)
        self.assertEqual(sum(step.limit for step in first), 358)
        self.assertEqual(sum(step.expected for step in plan.STEPS), ALL_SECONDS)
        self.assertLessEqual(ALL_SECONDS, plan.CALL_SECONDS)
        for step in plan.STEPS:
            self.assertLess(step.expected, step.limit, step.name)
            self.assertTrue(step.source and step.what, step.name)

    def test_more_steps_than_fit(self):
        """What is added comes to a second call by itself, or sends there what matters less."""
        rest = {step.name for step in plan.assign(plan.STEPS)[1]}
        new = plan.Step("new", 3, 10, 20, "", "")
        calls = plan.assign([*plan.STEPS, new])
        self.assertEqual([step.name for step in calls[1] if step.name not in rest], ["new"])
        calls = plan.assign([dataclasses.replace(new, priority=1), *plan.STEPS])
        self.assertEqual(calls[0][0].name, "new")
        self.assertEqual({step.priority for step in calls[1]}, {2})
        for call in calls:
            self.assertLessEqual(sum(step.limit for step in call), plan.CALL_SECONDS)
            names = [step.name for step in call if step.name != "new"]
            self.assertEqual(names, [step.name for step in plan.STEPS if step.name in names])

    def test_a_step_that_is_longer_than_a_call(self):
        self.assertEqual([len(call) for call in plan.assign(plan.STEPS[:2], 5)], [1, 1])

    def bars_in_the_documents(self):
        """step, parameters, row, bar and its unit, kernels, predicted time and its unit; "": plans of networks predict"""
        text = (ROOT / "docs/gpu-status.md").read_text(encoding="utf-8")
        return text, re.findall(r"^\| [^|]+ \| `(\w+)` \| `([\w-]+)` \| `([\w:]+)` \| ([\d.]+) (µs|ms) \| "
                                r"(?:([\d.]+)|-) \| (?:([\d.]+) (µs|ms)|by its plan) \|$", text, re.M)

    def test_predictions_of_bars(self):
        """docs/gpu-status.md says what bench/predictions says."""
        said = {(row["name"], row["params"], row.get("primes")): row for row in results.read_predictions()["rows"]}
        for _, params, name, _, _, kernels, time_, unit in self.bars_in_the_documents()[1]:
            name, *primes = name.split(":")
            if params in NETWORK_SHAPES:
                self.assertEqual((kernels, time_), ("", ""))
                continue
            row = said[name, params, primes[0] if primes else None]
            self.assertEqual(row["launches"], float(kernels), name)
            scale, rounding = (1, 0.5) if unit == "µs" else (1000, 0.05)
            self.assertAlmostEqual(row["microseconds"] / scale, float(time_), delta=rounding, msg=name)

    def test_bars(self):
        """Each bar of docs/gpu-status.md has a step that measures it, and there are no others."""
        text, rows = self.bars_in_the_documents()
        stated = {(step, name, params, float(bar) / (1000 if unit == "µs" else 1))
                  for step, params, name, bar, unit, *_ in rows}
        known = {(bar.step, bar.name + (f":{bar.primes}" if bar.primes else ""), bar.params, bar.milliseconds)
                 for bar in plan.BARS}
        self.assertEqual(stated, known)
        clean = re.findall(r"^\| [^|]+ \| `(\w+)` \|[^|]*\|[^|]*\| clean \| \| \|$", text, re.M)
        self.assertEqual(set(clean), {"conformance", "full_rings", "sanitizers"})
        self.assertLessEqual({step for step, *_ in known} | set(clean), {step.name for step in plan.STEPS})


@unittest.skipIf(REAL_TIME, "by the other clock")
class Runs(Folder):
    parent = MEMORY

    def test_all_is_well(self):
        played = Played()
        status, found, printed = self.run_check(played)
        self.assertEqual((status, found["failed"], found["missing"]), (0, [], []), printed)
        self.assertEqual(set(results_of(found).values()), {"passed"})
        self.assertEqual(results_of(found).keys(), {step.name for step in plan.STEPS})
        self.assertEqual(played.time - 1000, ALL_SECONDS)
        self.assertTrue(found["complete"])
        self.assertEqual((found["device"]["name"], found["device"]["driver_version"], found["nvcc"], found["umbra"]),
                         ("NVIDIA H200", "580.159.03", "13.0", "abc1234"))
        self.assertEqual((found["programs"], found["cufft"]), ("brought along", "libcufft.so.12"))
        self.assertEqual((found["floors"]["bytes_in_a_second"], found["floors"]["clock_hz"]), (4.8e12, 1755e6))
        self.assertGreater(found["floors"]["measured_copy_bytes_in_a_second"], 0)
        self.assertEqual([test["passed"] for test in found["tests"]], [7, 7, 7])
        self.assertIn("RACECHECK", found["sanitizers"]["racecheck"]["summary"])
        self.assertEqual(found["profile"], [{"kernel": "forward_rows", "Duration [us]": "7.5"}])
        self.assertEqual([bar["met"] for bar in found["bars"]], [True] * len(plan.BARS))
        self.assertAlmostEqual(found["helr"]["microseconds"], 8000)
        self.assertEqual(found["helr"]["outcome"], {"accuracy": 0.966})
        self.assertIn("rotate_graph", printed)

    def test_networks(self):
        """Rows of their own, each beside what its plan says; drawn where their data is not there."""
        played = Played()
        _, found, printed = self.run_check(played)
        rows = {row["name"]: row for row in found["networks"]}
        self.assertEqual(set(rows), {"mlp_square_1", "mlp_square_1000", "resnet20_1"})
        self.assertAlmostEqual(rows["resnet20_1"]["microseconds"], 4e5)
        table = {line["name"]: line for line in found["comparison"]}
        self.assertAlmostEqual(table["mlp_square_1000"]["predicted"]["microseconds"], 20000)
        self.assertIn("mlp_square_1000 (drawn): 2.50 ms, by its plan 20.00 ms; labels equal 100.00%", printed)
        self.assertIn("the CPU's bits", printed)
        commands = [command for command in played.commands if "mlp-square" in command or "resnet20" in command]
        self.assertEqual(["--drawn" in command for command in commands], [True, True])

    def test_trainings(self):
        """On drawn records, each beside what its plan says."""
        played = Played()
        _, found, printed = self.run_check(played)
        table = {line["name"]: line for line in found["comparison"]}
        self.assertAlmostEqual(table["mlp_train_iteration"]["predicted"]["microseconds"], 300000)
        self.assertEqual(found["mlp_train_small"]["params"], "196-64-10")
        commands = {command[2]: command for command in played.commands if "--iterations" in command}
        self.assertEqual(set(commands), {"mlp-train", "mlp-train-small"})
        for command in commands.values():
            self.assertIn("--drawn", command)

    def test_networks_with_data(self):
        data, played = self.folder / "data", Played()
        data.mkdir()
        (data / "square.onnx").touch()
        _, found, _ = self.run_check(played, data=data)
        self.assertEqual([row["drawn"] for row in found["networks"]], [False, False, True])
        (command,) = [command for command in played.commands if "mlp-square" in command]
        self.assertIn(str(data), command)

    def test_joules_of_a_refresh(self):
        """Ten calls in half of the seconds that the program takes, at 500 W."""
        _, found, _ = self.run_check()
        seconds = next(step.expected for step in plan.STEPS if step.name == "refreshes") / 2
        self.assertAlmostEqual(found["refresh_joules"], 500 * seconds / 2 / 10)

    def test_files(self):
        self.run_check()
        files = sorted(path.suffix for path in (self.folder / "out").iterdir())
        self.assertEqual(files, [".gz", ".json", ".ncu-rep"])
        (archive,) = (self.folder / "out").glob("*.tar.gz")
        with tarfile.open(archive) as opened:
            names = opened.getnames()
        self.assertLessEqual({"logs/rates.log", "logs/kernels-0.json", "logs/memcheck.log", "logs/helr-outcome.json"},
                             set(names))
        self.assertFalse(list((self.folder / "work").iterdir()))

    def test_the_report_is_valid_before_every_program(self):
        played = Played()
        run = self.make_check(played)
        seen = []

        def look():
            found = self.read_report()
            words = [step["result"] for step in found["steps"]]
            at = words.index("not finished")
            self.assertEqual(set(words[:at]) - {"passed"}, set())
            self.assertEqual(set(words[at + 1:]) - {"not reached"}, set())
            self.assertFalse(found["complete"])
            seen.append(found["steps"][at]["name"])

        played.before = look
        with contextlib.redirect_stdout(io.StringIO()):
            run.run()
        self.assertEqual(list(dict.fromkeys(seen)),
                         [step.name for call in plan.assign(plan.STEPS) for step in call])

    def test_every_step_hangs_in_turn(self):
        """It is cut at its limit, those after it run, and the exit status says that something is missing."""
        for step in plan.STEPS:
            with self.subTest(step.name):
                self.setUp()
                played = Played({step.name: "hang"})
                status, found, _ = self.run_check(played)
                words = results_of(found)
                self.assertEqual((status, words.pop(step.name)), (check.MISSING, "missing"), found["failed"])
                self.assertEqual(set(words.values()), {"passed"})
                self.assertEqual(played.time - 1000, ALL_SECONDS - step.expected + step.limit)
                self.assertTrue(any("cut at its limit" in what for what in found["missing"]))
                self.assertFalse(found["complete"])

    def test_everything_hangs(self):
        played = Played({step.name: "hang" for step in plan.STEPS})
        status, found, _ = self.run_check(played, call=1)
        self.assertEqual((status, played.time - 1000), (check.MISSING, 358))
        self.assertEqual(set(results_of(found).values()), {"missing"})

    def test_results_of_a_program_that_was_cut(self):
        _, found, _ = self.run_check(Played({"kernels": "hang", "helr": "hang"}))
        self.assertTrue(any(row["name"] == "ntt_forward" for row in found["benchmarks"]))
        self.assertIn(found["helr"]["iterations"], range(1, 32))

    def test_a_training_that_was_cut_before_its_first_iteration(self):
        status, found, _ = self.run_check(Played({"helr": "hang at once"}))
        self.assertEqual((status, found["failed"]), (check.MISSING, []))
        self.assertIn("helr: no iteration was timed", found["missing"])

    def test_every_step_fails_in_turn(self):
        """That ncu does is not Umbra's fault."""
        for step in plan.STEPS:
            with self.subTest(step.name):
                self.setUp()
                status, found, _ = self.run_check(Played({step.name: "fail"}))
                expected = (check.MISSING, "missing") if step.name == "profile" else (check.FAILED, "failed")
                words = results_of(found)
                self.assertEqual((status, words.pop(step.name)), expected)
                self.assertEqual(set(words.values()), {"passed"})

    def test_wrong_results(self):
        """An error of a benchmark, a test that compared nothing, a training on the processor."""
        for step in ("kernels", "operations", "matrices", "refreshes", "overlap", "streaming", "conformance", "helr",
                     "main_job", "mlp_train", "mlp_square", "resnet20"):
            with self.subTest(step):
                self.setUp()
                status, found, _ = self.run_check(Played({step: "wrong"}))
                self.assertEqual((status, results_of(found)[step]), (check.FAILED, "failed"))

    def test_nothing_and_skipped(self):
        for step, how in (("kernels", "nothing"), ("profile", "nothing"), ("refreshes", "nothing"), ("rates", "skip"),
                          ("conformance", "skip"), ("resnet20", "nothing")):
            with self.subTest(step):
                self.setUp()
                status, found, _ = self.run_check(Played({step: how}))
                self.assertEqual((status, results_of(found)[step]), (check.MISSING, "missing"), found["failed"])

    def test_failures_are_kept(self):
        _, found, _ = self.run_check(Played({"conformance": "fail"}))
        self.assertIn("test conformance: ntt_forward", found["failed"])
        self.assertIn("PASSED", found["output"]["test conformance: failed"])
        self.assertIn("ntt_forward", found["tests"][0]["failed"])

    def test_keys_that_did_not_stream(self):
        stand_ins.COUNTERS["held_bytes"] = 5.7e9
        self.addCleanup(stand_ins.COUNTERS.update, held_bytes=4e9)
        status, found, _ = self.run_check()
        self.assertEqual((status, results_of(found)["streaming"]), (check.FAILED, "failed"))

    def test_a_missed_bar_is_no_failure(self):
        stand_ins.MICROSECONDS["rotate"] = 700
        self.addCleanup(stand_ins.MICROSECONDS.update, rotate=255)
        status, found, printed = self.run_check()
        self.assertEqual((status, [bar["met"] for bar in found["bars"] if bar["name"] == "rotate"]), (0, [False]))
        self.assertIn("BAR MISSED", printed)


@unittest.skipIf(REAL_TIME, "by the other clock")
class Ends(Folder):
    """Whatever ends a run leaves evidence."""

    parent = MEMORY

    def calls(self):
        played = Played()
        self.run_check(played)
        return played.calls

    def test_a_signal(self):
        """At every other program, and a kill at the others."""
        for call in range(1, self.calls() + 1, 2):
            with self.subTest(call):
                self.setUp()
                status, found, _ = self.run_check(Played(at={call: check.Ended("SIGTERM")}))
                words = list(results_of(found).values())
                at = words.index("not finished")
                self.assertEqual((status, found["output"]["ended early"]), (check.MISSING, "SIGTERM"))
                self.assertEqual((set(words[:at]) - {"passed"}, set(words[at + 1:]) - {"not reached"}), (set(), set()))
                self.assertEqual(len(found["missing"]), 1 + len(words) - at)
                self.assertEqual(len(list(self.folder.glob("out/*.tar.gz"))), 1)
                self.assertFalse(list((self.folder / "work").iterdir()))

    def test_a_kill(self):
        for call in range(2, self.calls() + 1, 2):
            with self.subTest(call):
                self.setUp()
                with self.assertRaises(Killed):
                    self.run_check(Played(at={call: Killed()}))
                found = self.read_report()
                words = list(results_of(found).values())
                self.assertEqual(set(words[:words.index("not finished")]) - {"passed"}, set())
                self.assertFalse(found["complete"])
                self.assertEqual(len(list(self.folder.glob("out/*.tar.gz"))), int("passed" in words))

    def test_an_error_of_our_own(self):
        played = Played(at={3: ValueError("of our own")})
        status, found, _ = self.run_check(played)
        words = list(results_of(found).values())
        self.assertEqual((status, words.count("failed"), words.count("passed")), (1, 1, len(words) - 1))


@unittest.skipIf(REAL_TIME, "by the other clock")
class Lacks(Folder):
    """Tools, libraries and data that are not there."""

    parent = MEMORY

    def check_missing(self, steps, played, **changes):
        """steps: one, or several with spaces between them."""
        status, found, _ = self.run_check(played, **changes)
        words = results_of(found)
        for step in steps.split():
            self.assertEqual((status, words.pop(step)), (check.MISSING, "missing"), found["failed"])
        self.assertEqual(set(words.values()), {"passed"})
        return found

    def test_ncu(self):
        self.check_missing("profile", Played(tools=TOOLS - {"ncu"}))

    def test_compute_sanitizer(self):
        found = self.check_missing("sanitizers", Played(tools=TOOLS - {"compute-sanitizer"}))
        self.assertEqual(found["sanitizers"]["memcheck"]["result"], "not here")

    def test_records(self):
        self.check_missing("helr", Played(), data=self.folder / "nowhere")

    def test_nvml(self):
        status, found, _ = self.run_check(Played(nvml=False))
        words = results_of(found)
        self.assertEqual((status, words["rates"], words["refreshes"]), (check.MISSING, "missing", "missing"))
        self.assertEqual(found["floors"]["clock_hz"], 1980e6)

    def test_cufft_and_nvcc(self):
        """Neither is needed by programs that were built elsewhere."""
        status, found, printed = self.run_check(Played(tools=TOOLS - {"nvcc"}, cufft=False))
        self.assertEqual((status, found["cufft"], found["nvcc"]), (0, None, None))
        self.assertIn("not found, so bulk encoding was tested without it", printed)

    def test_programs_that_do_not_start_are_built(self):
        """That takes its part of the first call, and what does not fit any more goes to the second one."""
        played = Played(starts=False)
        status, found, _ = self.run_check(played, call=1)
        words = results_of(found)
        self.assertEqual((status, found["programs"], list(words)[0]), (0, "built here", "build"), found["failed"])
        self.assertIn("GLIBC", found["output"]["programs that do not start"])
        self.assertEqual(set(words) | set(found["later"]), {"build", *(step.name for step in plan.STEPS)})
        self.assertGreater(len(found["later"]), 0)
        self.assertLessEqual(sum(step["limit"] for step in found["steps"]), 360)

    def test_the_second_call_has_the_rest(self):
        _, first, _ = self.run_check(Played(), built=None, call=1)
        self.setUp()
        status, second, _ = self.run_check(Played(), built=None, call=2, data=self.folder / "bundle/data")
        self.assertEqual(status, 0)
        self.assertEqual(set(results_of(second)) & set(results_of(first)), {"build"})
        self.assertEqual(set(results_of(second)) - {"build"}, set(first["later"]))

    def test_a_call_with_nothing_to_do(self):
        status, found, _ = self.run_check(Played(), call=3)
        self.assertEqual((status, found["steps"], len(found["later"])), (check.MISSING, [], len(plan.STEPS)))
        self.assertEqual(found["missing"], ["there is no step in this call"])

    def test_all_calls_at_once(self):
        _, found, _ = self.run_check(Played(), built=None, call=None)
        self.assertEqual(set(results_of(found)), {"build", *(step.name for step in plan.STEPS)})
        self.assertEqual(found["later"], [])

    def test_a_build_that_fails(self):
        """Programs of an earlier one are not taken for its own."""
        stale = self.folder / "build/cuda/bench/umbra_bench"
        stale.parent.mkdir(parents=True)
        stale.touch()
        status, found, _ = self.run_check(Played({"build": "fail"}), built=None)
        self.assertEqual((status, stale.exists()), (check.FAILED, False))
        self.assertEqual({word for name, word in results_of(found).items() if name != "build"}, {"not reached"})


class Real(Folder):
    """The script itself, in processes. Nothing here ends by time: a program that hangs would do so for a day."""

    def tool(self, folder, name, text):
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (folder / name).chmod(0o755)

    def environment(self, path):
        return {**os.environ, "PATH": path, "UMBRA_BUILD": str(self.folder / "build"), "OUT": str(self.folder / "out")}

    def test_no_gpu(self):
        process = subprocess.run([sys.executable, SCRIPT], env=self.environment(""), capture_output=True, text=True,
                                 check=False)
        self.assertEqual(process.returncode, 77, process.stderr)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_signal(self):
        """The program that runs is ended with what it started, and the report says where it was."""
        bundle, tools = self.make_bundle(), self.folder / "tools"
        for name, program in programs.PROGRAMS.items():
            self.tool(bundle / "bin", name, f'[ "$CUDA_VISIBLE_DEVICES" = -1 ] && exit {program.status}\n'
                                            "sleep 86400 & echo $! >>\"$OUT.pids\"; wait")
        line = ", ".join(SMI.get(field, "1") for field in check.DEVICE_FIELDS)
        self.tool(tools, "nvidia-smi", f"echo '{line}'")
        process = subprocess.Popen([sys.executable, SCRIPT, "--built", bundle, "--call", "1"], text=True,
                                   env=self.environment(f"{tools}:{os.environ['PATH']}"), stdout=subprocess.PIPE)
        pids = self.folder / "out.pids"
        while not pids.exists() or not pids.read_text(encoding="utf-8").endswith("\n"):
            self.assertIsNone(process.poll())
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        printed, _ = process.communicate()
        found = self.read_report()
        self.assertEqual((process.returncode, found["output"]["ended early"]), (check.MISSING, "SIGTERM"), printed)
        self.assertIn("not finished", results_of(found).values())
        for pid in pids.read_text(encoding="utf-8").split():
            while pathlib.Path(f"/proc/{pid}").exists() and "\nState:\tZ" not in self.status_of(pid):
                time.sleep(0.05)

    def status_of(self, pid):
        try:
            return pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        except OSError:
            return "\nState:\tZ"

    def test_a_limit(self):
        """A program that would run for a day is ended, with its children; one that cannot be started is no surprise."""
        log = self.folder / "log"
        status, text = machine.Machine().run([machine.Job(["sh", "-c", "echo begun; sleep 86400"], log)], 2)[0]
        self.assertIsNone(status)
        self.assertIn(text, ("begun\n", ""))
        self.assertEqual(machine.Machine().run([machine.Job([self.folder / "nothing"], log)], 2)[0][0],
                         machine.CANNOT_START)

    def test_nvml(self):
        """Through a library with its functions."""
        source = self.folder / "nvml.c"
        source.write_text("""
            int nvmlInit_v2(void) { return 0; }
            int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **d) { *d = (void *)0x7123456789abul; return i != 0; }
            static int is(void *d) { return d != (void *)0x7123456789abul; }
            int nvmlDeviceGetTotalEnergyConsumption(void *d, unsigned long long *mj)
            { *mj = 6000000000ull; return is(d); }
            int nvmlDeviceGetPowerUsage(void *d, unsigned *mw) { *mw = 512345; return is(d); }
            int nvmlDeviceGetClockInfo(void *d, int type, unsigned *mhz)
            { *mhz = type == 1 ? 1755 : 3201; return is(d); }
            int nvmlDeviceGetTemperature(void *d, int type, unsigned *c) { *c = 41; return type; }
            int nvmlDeviceGetUtilizationRates(void *d, unsigned *r) { r[0] = 97, r[1] = 3; return is(d); }
        """, encoding="utf-8")
        subprocess.run(["cc", "-shared", "-fPIC", source, "-o", self.folder / "libnvidia-ml.so.1"], check=True)
        code = "from gpu.machine import Machine; w = Machine().watch(); w.close(); print(w.samples[0])"
        process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                                 env={**os.environ, "LD_LIBRARY_PATH": str(self.folder),
                                      "PYTHONPATH": str(ROOT / "scripts"), "PYTHONDONTWRITEBYTECODE": "1"})
        self.assertIn("joules=6000000.0, watts=512.345, sm_mhz=1755, memory_mhz=3201, celsius=41, busy_percent=97.0",
                      process.stdout)


class Parts(Folder):
    def test_energy_of_power(self):
        """Where there is no counter of energy."""
        samples = [machine.Sample(time=t / 4, watts=400 + 100 * (t % 2)) for t in range(41)]
        run = {"begun": 2.0, "ended": 6.0, "iterations": 100}
        self.assertAlmostEqual(results.joules_of(run, samples), 450 * 4 / 100)
        self.assertIsNone(results.joules_of({**run, "ended": 99.0}, samples))
        self.assertIsNone(results.joules_of({**run, "ended": 2.1}, samples))
        self.assertIsNone(results.joules_of({"iterations": 1}, samples))
        self.assertIsNone(results.joules_of(run, []))

    def test_predictions(self):
        file = self.folder / "predictions.json"
        rows = [{"name": "rotate", "params": plan.SET, "microseconds": 255, "least": 157, "most": 350},
                {"name": "ntt_forward", "params": plan.SET, "microseconds": 25, "least": 17, "most": 35},
                {"name": "main_job_iteration", "params": plan.BOOT_SET, "microseconds": 9000}]
        file.write_text(json.dumps({"device": "NVIDIA H200", "rows": rows}), encoding="utf-8")
        before = results.PREDICTIONS
        self.addCleanup(setattr, results, "PREDICTIONS", before)
        results.PREDICTIONS = file
        measured = [{"name": "rotate", "params": plan.SET, "microseconds": 400},
                    {"name": "ntt_forward", "params": plan.SET, "primes": "level", "microseconds": 1},
                    {"name": "ntt_forward", "params": plan.SET, "primes": "64", "microseconds": 30}]
        table = {line["name"]: line for line in results.compare(measured)}
        self.assertEqual(len(table), len(plan.BARS) + 1)
        self.assertEqual(report.verdict(table["rotate"]), "bar met, not in 157 to 350")
        self.assertEqual(report.verdict(table["ntt_forward"]), "bar met, as predicted")
        self.assertEqual(report.verdict(table["main_job_iteration"]), "not measured")
        results.PREDICTIONS = self.folder / "none"
        self.assertEqual(len(results.compare(measured)), len(plan.BARS))

    def test_the_predictions_that_are_there(self):
        for row in results.read_predictions()["rows"]:
            self.assertLessEqual({"name", "params", "microseconds"}, row.keys())

    def test_large_logs(self):
        """The archive stays below what a file may have, and keeps their ends."""
        logs = self.folder / "logs"
        logs.mkdir()
        for i in range(14):
            (logs / f"{i}.log").write_bytes(os.urandom(2**20 + 1000) + b"the end")
        report.write_archive(self.folder / "a.tar.gz", logs)
        self.assertLessEqual((self.folder / "a.tar.gz").stat().st_size, report.MOST_BYTES)
        with tarfile.open(self.folder / "a.tar.gz") as opened:
            self.assertTrue(opened.extractfile("logs/3.log").read().endswith(b"the end"))

    def cufft_of(self, **changes):
        elsewhere = {"CUDA_HOME": "", "CUDA_PATH": "", **changes.get("environ", {})}
        with unittest.mock.patch.dict(os.environ, elsewhere), \
             unittest.mock.patch.object(libraries, "TOOLKIT", str(self.folder / "nowhere")), \
             unittest.mock.patch.object(sys, "path", changes.get("path", [])):
            played = Played()
            played.ask = lambda command, env=None: changes.get("dryrun", "")
            return libraries.cufft_folder(played, changes.get("nvcc"))

    def library(self, folder):
        (self.folder / folder).mkdir(parents=True)
        (self.folder / folder / "libcufft.so.12").touch()

    def test_cufft_beside_nvcc(self):
        self.library("lib64")
        self.assertEqual(self.cufft_of(nvcc=str(self.folder / "bin/nvcc")), self.folder / "lib64")

    def test_cufft_of_a_wrapped_nvcc(self):
        self.library("toolkit/lib64")
        found = self.cufft_of(nvcc="/usr/bin/nvcc", dryrun=f"#$ _SPACE_=\n#$ TOP={self.folder}/toolkit\n#$ PATH=")
        self.assertEqual(found, self.folder / "toolkit/lib64")

    def test_cufft_of_the_environment(self):
        self.library("home/lib64")
        self.assertEqual(self.cufft_of(environ={"CUDA_HOME": str(self.folder / "home")}), self.folder / "home/lib64")

    def test_cufft_in_a_wheel(self):
        self.library("site/nvidia/cu13/lib")
        self.assertEqual(self.cufft_of(path=[str(self.folder / "site")]), self.folder / "site/nvidia/cu13/lib")

    def test_no_cufft(self):
        self.assertIsNone(self.cufft_of())

    def test_packages_under_a_prefix(self):
        prefix = self.folder / "prefix"
        pc = prefix / "usr/lib/x86_64-linux-gnu/pkgconfig"
        pc.mkdir(parents=True)
        (pc / "x.pc").write_text("prefix=/usr\nlibdir=/usr/lib/x86_64-linux-gnu\nCflags: -I/usr/include -I/usr2\n",
                                 encoding="utf-8")
        env = libraries.environment(Played(), prefix, self.folder / "described", None)
        text = (self.folder / "described/x.pc").read_text(encoding="utf-8")
        self.assertEqual(text, f"prefix={prefix}/usr\nlibdir={prefix}/usr/lib/x86_64-linux-gnu\n"
                               f"Cflags: -I{prefix}/usr/include -I/usr2\n")
        self.assertTrue(env["PKG_CONFIG_PATH"].startswith(str(self.folder / "described")))
        self.assertIn(str(pc.parent), env["LD_LIBRARY_PATH"].split(":"))


class Floors(unittest.TestCase):
    """Against numbers that were worked out by hand."""

    def test_shape(self):
        shape = gpu_floors.shape_of_preset("n16-d24-s50")
        self.assertEqual(shape, gpu_floors.Shape(65536, 43, 41, 2, 14, 3, 15 * 42 + 2 * 14 * 43))
        self.assertEqual((shape.extended, shape.key), (3 * 57 - 43, 6 * 57))

    def test_all_presets(self):
        text = (ROOT / "host/params/presets_table.c").read_text(encoding="utf-8")
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


@unittest.skipIf(REAL_TIME, "by the other clock")
class Arguments(Folder):
    """What is asked of programs, asked of the real ones: they understand it."""

    def commands(self, name):
        played = Played()
        self.run_check(played)
        found = [command for command in played.commands if any(word.endswith(f"/{name}") for word in command)]
        self.assertGreater(len(found), 0)
        return found

    @unittest.skipUnless(BENCH.exists(), "umbra_bench_emu was not built")
    def test_umbra_bench(self):
        for command in self.commands("umbra_bench"):
            at = next(i for i, word in enumerate(command) if word.endswith("/umbra_bench"))
            given = ["--backend=emu" if word == "--backend=cuda" else word for word in command[at + 1:]]
            process = subprocess.run([BENCH, *given, "--benchmark_list_tests=true"], capture_output=True, text=True,
                                     check=False)
            self.assertEqual(process.returncode, 0, process.stderr)
            self.assertIn("/params:", process.stdout)

    def test_scripts(self):
        """They fail, as the program is none; but not by 2, which says that an argument is not known."""
        for name, count in (("reference_runs", 1 + len(plan.NETWORKS) + len(plan.TRAININGS)), ("main_job", 1)):
            commands = self.commands(name)
            self.assertEqual(len(commands), count)
            for command in commands:
                process = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
                self.assertNotIn(process.returncode, (0, 2), process.stderr)
            self.setUp()


@unittest.skipUnless(BENCH.exists(), "umbra_bench_emu was not built")
class Benchmarks(Folder):
    """What steps ask of umbra_bench, asked of the real one: in rings in which the emulator is quick."""

    def run_bench(self, *arguments):
        out = self.folder / "bench.json"
        subprocess.run([BENCH, "--backend=emu", "--threads=1", "--warm=0", "--rotate=1", "--profile",
                        "--benchmark_min_time=0.0001", "--benchmark_out_format=json", f"--benchmark_out={out}",
                        *arguments], stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=True)
        return results.read_benchmarks(out)

    def names(self, params, text):
        process = subprocess.run([BENCH, "--backend=emu", "--threads=1", f"--params={params}",
                                  "--benchmark_list_tests=true", f"--benchmark_filter={text}"],
                                 capture_output=True, text=True, check=True)
        return [results.parse_name(line) for line in process.stdout.splitlines() if "/" in line]

    def test_names(self):
        """In the sets that are measured: every bar's row is found, and every filter finds what it names."""
        kernels = [row for text in plan.KERNELS for row in self.names(plan.SET, text)]
        operations, others = (self.names(params, plan.OPERATIONS) for params in (plan.SET, plan.OTHER_SET))
        refreshes = [row for text in plan.REFRESHES for row in self.names(plan.BOOT_SET, text)]
        matrices = [row for params, text in plan.MATRICES for row in self.names(params, text)]
        counts = [len(rows) for rows in (kernels, operations, others, refreshes, matrices)]
        self.assertEqual(counts, [24, 17, 17, 7, 15])
        self.assertEqual([row["name"] for row in self.names(plan.BOOT_SET, plan.REFRESH)], ["bootstrap"])
        self.assertEqual([row["name"] for row in self.names(plan.SET, plan.ROTATION)], ["rotate"])
        rows = [{**row, "microseconds": 1} for row in (*kernels, *operations, *others, *refreshes, *matrices)]
        for bar in plan.BARS:
            if bar.step not in ("helr", *plan.NETWORKS, *plan.TRAININGS):
                self.assertIsNotNone(results.find_row(rows, bar.name, bar.params, bar.primes), bar)
        for said in results.read_predictions()["rows"]:
            if not said["name"].endswith("_iteration"):
                self.assertIsNotNone(results.find_row(rows, said["name"], said["params"], said.get("primes")), said)

    def test_counters(self):
        """Floors come from what was measured, and from nothing else."""
        text = "|".join((*plan.KERNELS, plan.OPERATIONS))
        runs = self.run_bench(f"--params={SMALL_SET}", f"--benchmark_filter={text}")
        rows = results.summarise(runs, gpu_floors.Device(4.8e12, 132, 1.98e9))
        for row in rows:
            self.assertGreater(row["microseconds"], 0, row)
            work = gpu_floors.floor(row["name"], row)
            if work:
                self.assertEqual((row["bytes"], row["operations"]), (work.bytes, work.operations))
                self.assertAlmostEqual(row["fraction"] * row["microseconds"], row["floor_microseconds"])
        stated = {row["name"] for row in rows if "fraction" in row}
        self.assertLessEqual(set(gpu_floors.KERNELS) & {row["name"] for row in rows}, stated)
        self.assertLessEqual({"ntt_forward", "ntt_close", "extend_digits", "inner_products", "plain_products", "rotate",
                              "mul_relin_rescale_graph", "rotate_graph", "rotate_hoisted_8_graph"}, stated)
        shape = gpu_floors.shape_of_counters(next(row for row in rows if row["name"] == "rotate"))
        self.assertEqual(shape, gpu_floors.shape_of_preset(SMALL_SET))

    def test_refreshes(self):
        """When calls were made, by this system's clock; and under a limit not everything is on the device."""
        before = time.monotonic()
        (run,) = self.run_bench(f"--params={SMALL_BOOT_SET}", "--memory=72", "--benchmark_filter=^bootstrap_raise/")
        self.assertNotIn("error_message", run)
        self.assertLess(run["held_bytes"], run["key_bytes"] + run["plain_bytes"])
        self.assertTrue(before < run["begun"] < run["ended"] < time.monotonic())

    def test_products_of_matrices(self):
        """When calls were made, as of all operations."""
        before = time.monotonic()
        (run,) = self.run_bench(f"--params={SMALL_SET}", "--product=16x16x16x1",
                                "--benchmark_filter=^product_plain_batch/")
        self.assertNotIn("error_message", run)
        self.assertTrue(before < run["begun"] < run["ended"] < time.monotonic())

    def test_no_device(self):
        """A backend whose device is not here; where it was not built, its name is not known."""
        built = BENCH.parent / "umbra_bench"
        if not built.exists() or os.path.exists("/dev/nvidiactl"):
            self.skipTest("there is no umbra_bench, or there is a GPU")
        process = subprocess.run([built, "--backend=cuda"], capture_output=True, text=True, check=False)
        self.assertIn((process.returncode, "no device here" in process.stderr), [(77, True), (2, False)])


@unittest.skipUnless(REAL_TIME, "takes more than four minutes")
class RealTime(Folder):
    def test_a_whole_call(self):
        began = time.monotonic()
        status, found, printed = self.run_check(Asleep(), call=1)
        sys.stderr.write(printed)
        self.assertEqual((status, set(results_of(found).values())), (0, {"passed"}), printed)
        self.assertGreaterEqual(time.monotonic() - began, FIRST_SECONDS)
        sys.stderr.write(f"in all {time.monotonic() - began:.1f} s; steps: "
                         f"{sum(step['seconds'] for step in found['steps']):.1f} s\n")


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=2).result
    missing = [test for test, why in result.skipped if "not built" in why]
    sys.exit(1 if not result.wasSuccessful() else 77 if missing else 0)
