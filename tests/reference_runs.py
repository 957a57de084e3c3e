#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: full
"""scripts/reference_runs on networks that are drawn: what it says of them, what a run that was ended leaves to the
next, and what goes into every result."""
import contextlib
import dataclasses
import gzip
import importlib.machinery
import importlib.util
import io
import json
import os
import pathlib
import sys
import tempfile
import unittest
import unittest.mock

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("UMBRA_BUILD_DIR", ROOT / "build/ci"))
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))
from gpu import plan
from reference import data, networks, program, training, yardstick

SHAPE, IMAGES = (6,), 3


def load_script():
    loader = importlib.machinery.SourceFileLoader("reference_runs_script", str(ROOT / "scripts/reference_runs"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def draw_tiny(shape):
    network = data.Drawing()
    network.dense(network.add("Relu", network.dense("x", shape[0], 8)), 8, 4)
    return network.encode(shape)


TINY = networks.Network(None, None, [(1, 1), (1, IMAGES)], {}, ("--degree", "3"), singly=True, shape=SHAPE,
                        draw=draw_tiny)


class Ended(Exception):
    """As the run is, by whatever."""


class Runs(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        for patch in (unittest.mock.patch.dict(networks.NETWORKS, tiny=TINY),
                      unittest.mock.patch.object(yardstick, "build", return_value="built"),
                      unittest.mock.patch.object(yardstick, "milliseconds", side_effect=[2.5, 2.6] * 9)):
            patch.start()
            self.addCleanup(patch.stop)

    def run_script(self, name, *arguments, stop=None):
        """The result, and the words of all commands; stop: after so many of them the run is ended."""
        commands, call = [], program.Program.call

        def counted(umbra, folder, words):
            if len(commands) == stop:
                raise Ended
            commands.append(words)
            return call(umbra, folder, words)

        given = ["reference_runs", name, "--drawn", "--build", BUILD, "--work", self.folder / "work", "--out",
                 self.folder / "out.json", *arguments]
        with unittest.mock.patch.object(program.Program, "call", counted), \
             unittest.mock.patch.object(sys, "argv", list(map(str, given))), \
             contextlib.redirect_stdout(io.StringIO()) as printed, self.assertRaises((SystemExit, Ended)) as raised:
            load_script().main()
        if stop is not None:
            self.assertIsInstance(raised.exception, Ended)
            return None, commands
        self.assertEqual(raised.exception.code, 0, printed.getvalue())
        return json.loads((self.folder / "out.json").read_text(encoding="utf-8")), commands

    def test_rows(self):
        result, _ = self.run_script("tiny")
        self.assertEqual((result["yardstick_ms"], result["yardstick_ms_after"]), (2.5, 2.6))
        self.assertEqual([row["images"] for row in result["rows"]], [1, IMAGES])
        for row in result["rows"]:
            self.assertEqual((row["labels_equal_exact"] is None, row["accuracy_plain"]), (False, None))
            self.assertTrue(all(bar["met"] for bar in row["bars"].values()))
            self.assertLess(0, row["logit_error"])
        one, many = (row["seconds_predicted"] for row in result["rows"])
        self.assertAlmostEqual(many, IMAGES * one)
        self.assertGreater(one, 0)

    def test_memory_of_steps(self):
        """Is that of the program: not of the script, which has far more here."""
        ballast = b"x" * (400 << 20)
        result, _ = self.run_script("tiny", "--images", "1")
        self.assertEqual(len(ballast), 400 << 20)
        for step in result["rows"][0]["steps"].values():
            self.assertLess(step["peak_bytes"], 200 << 20)

    def test_a_run_that_goes_on(self):
        """Wherever it was ended: what was answered is not asked again, and the outcome is the same."""
        whole, commands = self.run_script("tiny")
        for stop in range(1, len(commands), 5):
            with self.subTest(stop):
                _, first = self.run_script("tiny", stop=stop)
                result, second = self.run_script("tiny", "--resume")
                again = [words for words in second if words in first]
                self.assertLessEqual({words[0] for words in again[:1]}, {"plan", "infer"})
                self.assertLessEqual(len(first) + len(second), len(commands) + 1)
                for row, wanted in zip(result["rows"], whole["rows"]):
                    self.assertEqual((row["images"], row["labels_equal"]), (wanted["images"], wanted["labels_equal"]))

    def test_another_run_begins_anew(self):
        _, commands = self.run_script("tiny")
        _, again = self.run_script("tiny", "--resume", "--repeat", "3")
        self.assertEqual(len(again), len(commands))
        _, again = self.run_script("tiny")
        self.assertEqual(len(again), len(commands))
        _, none = self.run_script("tiny", "--resume")
        self.assertEqual(none, [])

    def test_a_journal_that_was_cut(self):
        """Its last line is one that was being written."""
        path = self.folder / "journal.jsonl"
        journal = program.Journal(path, "a", True)
        journal.add({"command": "owner plan", "report": {}, "seconds": 1})
        with open(path, "a", encoding="utf-8") as file:
            file.write('{"command": "owner key')
        with contextlib.redirect_stdout(io.StringIO()):
            journal = program.Journal(path, "a", True)
            self.assertEqual(list(journal.said), ["owner plan"])
            journal.add({"row": {"images": 1}})
            self.assertEqual(program.Journal(path, "a", True).rows, [{"images": 1}])
        self.assertEqual(program.Journal(path, "b", True).rows, [])

    def test_the_step_of_gpu_check(self):
        """As it asks, but for fewer images, and another backend of the processor in the place of a GPU."""
        step = plan.NETWORKS["mlp_square"]
        options = ["1,4" if word == "1,1000" else word for word in step.options]
        result, _ = self.run_script(step.run, *options, "--device", "ref", "--gpu", plan.MACHINE, "--yardstick", "none",
                                    "--repeat", "2")
        self.assertEqual([(row["images"], row["backend"], row["digests_equal"]) for row in result["rows"]],
                         [(1, "ref", True), (4, "ref", True)])
        self.assertIn("H200", result["rows"][0]["machine_predicted"])
        self.assertIsNone(result["yardstick_ms"])

    def test_digests_that_differ(self):
        """They miss a bar."""
        self.assertFalse(networks.outcome.bars_of(TINY, {"stated_error": 1, "accuracy_plain": None, "images": 1,
                                                         "digests_equal": False, "labels_equal": 1, "logit_error": 0,
                                                         "planned_together": 1}, "cuda")["digests_equal"]["met"])


class Drawn(unittest.TestCase):
    def test_resnet20(self):
        """20 layers with weights, and as many of these as the published network has."""
        network = data.Drawing()
        with unittest.mock.patch.object(data, "Drawing", return_value=network):
            data.draw_resnet20((3, 32, 32))
        weights = [tensor for tensor in network.constants.values() if tensor.kind == "float"]
        self.assertEqual(sum(node.op in ("Conv", "Gemm") for node in network.nodes), 20)
        self.assertEqual(sum(len(tensor.values) for tensor in weights), 269034)

    def test_the_same_again(self):
        self.assertEqual(data.draw_square((784,)), data.draw_square((784,)))


def slowly(job):
    """At a hundredth of its rate: whatever the order, which is drawn, a few records do not throw it out of its ranges."""
    words = list(job.options)
    at = words.index("--rate") + 1
    words[at] = str(float(words[at]) / 100)
    return dataclasses.replace(job, options=tuple(words))


class Trainings(unittest.TestCase):
    """Networks that are trained: their records, and the plan of a few batches of them."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        for part, count in (("train", 40), ("t10k", 20)):
            pixels = bytes((7 * i * i + i // 784 % 10 * 20) % 256 for i in range(784 * count))
            for kind, body in (("images-idx3", bytes(16) + pixels), ("labels-idx1", bytes(8) + bytes(
                    i % 10 for i in range(count)))):
                (self.folder / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(body))

    def test_records(self):
        """Sums of four pixels, and the label behind them."""
        training.write_small(None, self.folder, self.folder, 40)
        image = training.images(self.folder, "train")[3]
        self.assertEqual(len(training.shrink(image)), 196)
        self.assertEqual(training.shrink(image)[15], sum(image[28 * y + x] for y in (2, 3) for x in (2, 3)))
        file = (self.folder / "train.npy").read_bytes()
        self.assertEqual(len(file) % 64, 40 * 197 * 2 % 64)
        self.assertEqual(file[-2:], (39 % 10).to_bytes(2, "little"))

    def test_drawn(self):
        """MNIST's files, the same each time, whose images differ, and belong to the classes that their labels say."""
        found = []
        for name in ("a", "b"):
            (self.folder / name).mkdir()
            folder = training.draw(self.folder / name, 30)
            self.assertEqual(len(training.labels(folder, "t10k")), training.DRAWN_TESTS)
            found.append((training.images(folder, "train"), training.labels(folder, "train")))
        self.assertEqual(found[0], found[1])
        images, labels = found[0]
        self.assertEqual((len(images), len(set(images)), list(labels[:12])), (30, 30, [*range(10), 0, 1]))
        lit = [{i for i, pixel in enumerate(image) if pixel} for image in images]
        self.assertGreater(len(lit[0] & lit[10]), 2 * len(lit[0] & lit[11]))

    def test_plans(self):
        """Of every training, with fewer records in a batch; the table of classes is what the program reads."""
        umbra = program.Program(BUILD.resolve() / "umbra")
        for name, wanted in (("mlp-train", (784, [128], "squared")), ("mlp-train-small", (196, [64], "squared")),
                             ("mlp-train-rest", (784, [128], "one-vs-rest")), ("head", (768, [], "one-vs-rest"))):
            with self.subTest(name), unittest.mock.patch.object(training, "BATCH", 20), \
                 contextlib.redirect_stdout(io.StringIO()):
                job = slowly(training.TRAININGS[name])
                job.records(umbra, self.folder, self.folder, 40)
                facts = training.plan(umbra, self.folder, job, 2)["plan"]
                self.assertEqual((facts["columns"], facts["hidden"], facts["loss"]), wanted)
                self.assertEqual((facts["outputs"], facts["rows"], facts["batches"]), (10, 40, 2))

    def test_tables(self):
        """Records that judge are none of those to train on, and the program reads both; it finds what is not given."""
        (self.folder / "iris.csv").write_text("6,2,a,b\n" + "".join(f"{i % 3 + i / 9},{-i},{i % 3 % 2}\n" for i in range(30)),
                                              encoding="utf-8")
        for part, count in (("tra", 40), ("tes", 10)):
            text = "".join(f"{i % 7},{i % 2 * 9},{i % 2}\n" for i in range(count))
            (self.folder / f"optdigits.{part}.gz").write_bytes(gzip.compress(text.encode()))
        umbra = program.Program(BUILD.resolve() / "umbra")
        for name, wanted in (("digits", (40, 10)), ("iris", (20, 10))):
            job = dataclasses.replace(training.TRAININGS[name], options=("--hidden", "2", "--loss", "squared"))
            job.records(umbra, self.folder, self.folder, 0)
            rows = [(self.folder / file).read_text().splitlines() for file in job.files]
            self.assertEqual(tuple(map(len, rows)), wanted)
            if name == "iris":
                self.assertFalse(set(rows[0]) & set(rows[1]))
            with contextlib.redirect_stdout(io.StringIO()):
                facts = training.plan(umbra, self.folder, job, 8)
            self.assertEqual((facts["plan"]["rows"], facts["plan"]["outputs"]), (wanted[0], 1))
            self.assertGreater(facts["settings"]["trials"], 1)

    def test_bars(self):
        """An accuracy is asked for at the end of an epoch only, that in the clear where an optimum is known."""
        job = training.TRAININGS["mlp-train-small"]
        result = {"accuracy_difference": 0.001, "max_weight_share": 0.004, "rms_weight_share": 0.0009, "iterations": 58,
                  "backend": "avx512", "seconds_per_iteration": 9, "accuracy_encrypted": 0.5, "accuracy_twin": 0.5}
        bars = training.bars_of(job, result, 58)
        self.assertEqual([name for name, bar in bars.items() if not bar["met"]],
                         ["max_weight_share", "accuracy_encrypted"])
        self.assertNotIn("accuracy_encrypted", training.bars_of(job, result | {"iterations": 3}, 58))
        missed = training.bars_of(training.TRAININGS["digits"], result | {"rms_weight_share": 0.001}, None)
        self.assertEqual([name for name, bar in missed.items() if not bar["met"]],
                         ["max_weight_share", "rms_weight_share", "accuracy_twin"])

    def test_shares(self):
        """Of the layer where a difference is most beside the largest weight."""
        layers = [{"largest_weight": 4, "d": 1}, {"largest_weight": 0.5, "d": 0.25}]
        self.assertEqual(training.worst_share(layers, "d"), 0.5)


if __name__ == "__main__":
    unittest.main(verbosity=2)
