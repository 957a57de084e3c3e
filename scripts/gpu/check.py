# SPDX-License-Identifier: Apache-2.0
"""One run of gpu_check: prepares, takes the steps of a call one by one, and writes what it has after each."""
import contextlib
import datetime
import pathlib
import re
import shutil
import signal
import tempfile

import gpu_floors

from . import libraries, plan, programs, report, results, steps
from .machine import Job

TAIL = 3000  # characters kept of what a failed program printed
PASSED, FAILED, MISSING = 0, 1, 3  # exit statuses
LEAST_WORK_BYTES = 8 << 30  # keys and data sets of two trainings, those of the server and those of the owner
FAST_FOLDER = "/dev/shm"  # checkpoints are written there while iterations are timed

DEVICE_FIELDS = ["name", "driver_version", "compute_cap", "memory.total", "clocks.max.sm", "clocks.max.memory",
                 "clocks.sm", "clocks.mem", "power.limit", "power.draw", "temperature.gpu", "pci.bus_id"]


class Ended(BaseException):
    """Somebody asks the program to end."""


ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@contextlib.contextmanager
def ending_signals(action):
    """What they do meanwhile."""
    before = [signal.signal(kind, action) for kind in ENDING_SIGNALS]
    try:
        yield
    finally:
        for kind, handler in zip(ENDING_SIGNALS, before):
            signal.signal(kind, handler)


def end(number, _):
    """The first of them; those that follow shall not disturb it."""
    for kind in ENDING_SIGNALS:
        signal.signal(kind, signal.SIG_IGN)
    raise Ended(signal.Signals(number).name)


def number(text):
    try:
        return float(text)
    except ValueError:
        return text


def find_device(machine):
    """The first GPU; None if there is none."""
    smi = machine.which("nvidia-smi")
    fields = ",".join(DEVICE_FIELDS)
    line = machine.ask([smi, f"--query-gpu={fields}", "--format=csv,noheader,nounits", "-i", "0"]) if smi else ""
    words = [word.strip() for word in line.split("\n")[0].split(",")]
    if len(words) != len(DEVICE_FIELDS):
        return None
    device = {field: number(word) for field, word in zip(DEVICE_FIELDS, words)}
    device.update(driver_version=words[1], compute_cap=words[2], **machine.driver_attributes())
    if device["name"] in results.KNOWN:
        device.setdefault("multiprocessors", results.KNOWN[device["name"]][1])
    return device


def outcome(status):
    return {0: "passed", None: "cut at its limit", programs.SKIPPED: "skipped"}.get(status, "failed")


class Check:
    def __init__(self, root, options, machine, device):
        self.root, self.options, self.machine = root, options, machine
        self.build = options.build / "cuda"
        self.logs = options.build / "gpu_check"
        shutil.rmtree(self.logs, ignore_errors=True)
        self.logs.mkdir(parents=True)
        self.nvcc = machine.which("nvcc")
        prefix = options.prefix or self.brought("prefix")
        self.prefix = prefix if prefix and prefix.is_dir() else None
        self.data = options.data or self.brought("data")
        self.env = libraries.environment(machine, self.prefix, self.logs.parent / "pkgconfig", self.nvcc)
        self.paths, self.runs, self.watch, self.deadline = {}, [], None, machine.now()
        self.report = self.first_report(device)
        slug = re.sub(r"[^a-z0-9]+", "-", device["name"].lower()).strip("-")
        call = f"-call-{options.call}" if options.call else ""
        began = datetime.datetime.now().strftime("%H%M%S")
        self.stem = options.out / f"gpu-check-{slug}-{self.report['date']}-{began}{call}"
        self.path = self.stem.with_suffix(".json")

    def brought(self, name):
        """What came along with the programs."""
        return self.options.built / name if self.options.built and (self.options.built / name).exists() else None

    def first_report(self, device):
        version = re.search(r"release ([\d.]+)", self.machine.ask([self.nvcc, "--version"]) if self.nvcc else "")
        return {"date": datetime.date.today().isoformat(), "ended": False, "complete": False, "device": device,
                "nvcc": version[1] if version else None, "umbra": self.commit(),
                "cufft": libraries.find_cufft(self.machine, self.env), "call": self.options.call, "programs": None,
                "steps": [], "later": [], "failed": [], "missing": [], "benchmarks": [], "comparison": []}

    def commit(self):
        described = self.brought("commit")
        if described:
            return described.read_text(encoding="utf-8").strip()
        git = ["git", "-C", self.root, "describe", "--always", "--dirty"]
        return self.machine.ask(git, self.env).split("\n")[-1] or "unknown"

    # ---- for steps ----

    def left(self):
        """Seconds until the present step is ended."""
        return max(0.0, self.deadline - self.machine.now())

    def call_together(self, jobs):
        """{name: (exit status, output)} of programs that run at once; jobs: {name: (command, environment)}."""
        started = [Job(command, self.logs / f"{name}.log", {**self.env, **env})
                   for name, (command, env) in jobs.items()]
        return dict(zip(jobs, self.machine.run(started, self.left())))

    def call(self, name, command, **env):
        return self.call_together({name: (command, env)})[name]

    def fail(self, what, text=""):
        self.report["failed"].append(what)
        self.keep(what, text)

    def miss(self, what, text=""):
        """Evidence that there should be, and is not."""
        self.report["missing"].append(what)
        self.keep(what, text)

    def keep(self, what, text):
        if text:
            self.report.setdefault("output", {})[what] = text[-TAIL:]

    def note(self, what, status, text):
        """The outcome in words, whatever it was."""
        result = outcome(status)
        if result == "failed":
            self.fail(f"{what}: {result}", text)
        elif result != "passed":
            self.miss(f"{what}: {result}", text)
        return result

    def bench(self, name, *arguments, **env):
        """Runs of umbra_bench, as many as there were; failures are noted."""
        result = self.logs / f"{name}.json"
        command = [self.paths["umbra_bench"], "--backend=cuda", f"--threads={self.machine.processors()}",
                   "--benchmark_out_format=json", f"--benchmark_out={result}", *arguments]
        status, text = self.call(name, command, **env)
        runs = results.read_benchmarks(result)
        wrong = [run for run in runs if run.get("error_occurred")]
        for run in wrong:
            self.fail(f"{run['name']}: {run['error_message']}")
        if status != 0 and not wrong:
            self.note(f"umbra_bench, {name}", status, text)
        if status == 0 and not runs:
            self.miss(f"umbra_bench, {name}: measured nothing", text)
        return runs

    @contextlib.contextmanager
    def work(self):
        """A folder for keys and data sets, for as long as they are needed."""
        parent = self.options.work or self.logs.parent
        parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):
            if not self.options.work and shutil.disk_usage(FAST_FOLDER).free >= LEAST_WORK_BYTES:
                parent = FAST_FOLDER
        with tempfile.TemporaryDirectory(prefix="umbra-gpu-check-", dir=parent) as folder:
            yield pathlib.Path(folder)

    # ---- programs ----

    def find_programs(self):
        """Whether those that were brought along can be used."""
        if not self.options.built:
            return False
        failures = programs.that_do_not_start(self.machine, self.options.built, self.env, self.logs)
        if failures:
            said = "\n".join(f"{name}: {why}" for name, why in failures.items())
            print(f"programs that do not start:\n{said}")
            self.keep("programs that do not start", said)
            return False
        self.paths = programs.find(self.options.built)
        self.report["programs"] = "brought along"
        return True

    # ---- steps ----

    def planned(self, ready):
        """Steps of this call, the build first if programs are not ready; and the names of those of other calls."""
        first = [] if ready else [plan.BUILD]
        calls = plan.assign(plan.STEPS, self.options.seconds - sum(step.limit for step in first))
        chosen = self.options.call
        mine = calls[chosen - 1:chosen] if chosen else calls
        others = [step.name for call in calls for step in call if call not in mine]
        return [*first, *(step for call in mine for step in call)], others

    def take(self, step, entry):
        entry["result"] = "not finished"
        self.write()
        print(f"{step.name} ({step.expected} s expected, at most {step.limit} s)", flush=True)
        failed, missing, start = len(self.report["failed"]), len(self.report["missing"]), self.machine.now()
        self.deadline = start + step.limit
        try:
            getattr(steps, step.name)(self)
        except Exception as error:  # whatever it is, the steps after this one shall run
            self.fail(f"{step.name}: {error!r}")
        entry["seconds"] = round(self.machine.now() - start, 1)
        entry["result"] = ("failed" if len(self.report["failed"]) > failed else
                           "missing" if len(self.report["missing"]) > missing else "passed")
        self.evaluate()
        self.write()
        report.write_archive(self.stem.with_suffix(".tar.gz"), self.logs)

    def evaluate(self):
        try:
            self.report.update(self.evaluated())
        except Exception as error:  # programs may have written what nobody expects; the rest is worth keeping
            self.fail(f"evaluation: {error!r}")

    def evaluated(self):
        """Rows, floors by what is known of the device now, bars, predictions."""
        device, samples = self.report["device"], self.watch.samples if self.watch else []
        clocks = results.clocks_of(samples)
        known, measured = results.KNOWN.get(device["name"]), results.measured_bandwidth(self.runs)
        busy = clocks.get("sm_mhz", {}).get("median")
        clock = busy or device["clocks.max.sm"]
        model = gpu_floors.Device(known[0] if known else measured, device.get("multiprocessors"),
                                  clock * 1e6 if isinstance(clock, (int, float)) else None)
        rows = results.summarise(self.runs, model, samples)
        jobs = [self.report[name] for name in ("helr", *plan.TRAININGS, "main_job") if name in self.report]
        jobs += self.report.get("networks", [])
        floors = {"bytes_in_a_second": model.bandwidth,
                  "bandwidth_from": "datasheet" if known else "copies of residues",
                  "measured_copy_bytes_in_a_second": measured, "multiprocessors": model.multiprocessors,
                  "clock_hz": model.clock, "clock_from": "samples" if busy else "the largest that nvidia-smi names",
                  "products_per_multiprocessor_and_clock": gpu_floors.LANES}
        return {"clocks": clocks, "floors": floors, "benchmarks": rows, "bars": results.judge(rows + jobs),
                "comparison": results.compare(rows + jobs)}

    def write(self):
        self.options.out.mkdir(parents=True, exist_ok=True)
        report.write_json(self.path, self.report)

    def run(self):
        """The exit status."""
        with ending_signals(signal.SIG_IGN):  # once the first has ended the steps: what they leave is written in peace
            self.watch = self.machine.watch()
            try:
                with ending_signals(end):
                    self.take_all()
            except Ended as name:
                self.keep("ended early", str(name))
                self.miss(f"ended early by {name}")
            if self.watch:
                self.watch.close()
            return self.finish()

    def take_all(self):
        chosen, self.report["later"] = self.planned(self.find_programs())
        self.report["steps"] = entries = [
            {"name": step.name, "priority": step.priority, "expected": step.expected, "limit": step.limit,
             "result": "not reached"} for step in chosen]
        self.write()
        for step, entry in zip(chosen, entries):
            if self.paths or step is plan.BUILD:
                self.take(step, entry)

    def finish(self):
        if not self.report["steps"]:
            self.miss("there is no step in this call")
        for entry in self.report["steps"]:
            if entry["result"] in ("not finished", "not reached"):
                self.miss(f"{entry['name']}: {entry['result']}")
        self.report.update(ended=True, complete=not self.report["missing"])
        self.evaluate()
        self.write()
        report.write_archive(self.stem.with_suffix(".tar.gz"), self.logs)
        report.print_report(self.report)
        print(f"\nwritten: {self.path}")
        return FAILED if self.report["failed"] else MISSING if self.report["missing"] else PASSED
