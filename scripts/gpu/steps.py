# SPDX-License-Identifier: Apache-2.0
"""What each step of plan.py does: a function of its name, which reports to the Check."""
import json
import shutil
import sys

from . import plan, programs, results
from .report import MOST_BYTES


def build(c):
    """Programs of an earlier build would pass for this one's, so those go first."""
    for path in programs.find(c.build).values():
        path.unlink(missing_ok=True)
    architecture = c.report["device"]["compute_cap"].replace(".", "")
    configure = ["cmake", "--preset", "cuda", "-S", c.root, "-B", c.build, "-DUMBRA_WERROR=OFF",
                 f"-DCMAKE_CUDA_ARCHITECTURES={architecture}"]
    if c.prefix:
        configure.append(f"-DCMAKE_PREFIX_PATH={c.prefix}/usr")
    targets = [program.target for program in programs.PROGRAMS.values()]
    make = ["cmake", "--build", c.build, "-j", c.machine.processors(), "--target", *targets]
    for name, command in (("configure", configure), ("make", make)):
        status, text = c.call(f"build-{name}", command)
        if c.note(f"build, {name}", status, text) != "passed":
            return
    c.paths = programs.find(c.build)
    c.report["programs"] = "built here"


def rates(c):
    smi = c.machine.which("nvidia-smi")
    jobs = {"rates": ([c.paths["umbra_gpu_rates"]], {})}
    if smi:
        jobs["nvidia-smi"] = ([smi, "-q"], {})
    status, text = c.call_together(jobs)["rates"]
    if c.note("rates", status, text) == "passed":
        c.report["rates"] = json.loads(text)
    if not c.watch:
        c.miss("power and clocks: there is no NVML here")


# ---- right ----

def test(c, names, **env):
    """cmocka's programs, all at once."""
    jobs = {name: ([c.paths[program]], env) for name, program in names.items()}
    for name, (status, text) in c.call_together(jobs).items():
        row = results.read_cmocka(name, c.note(f"test {name}", status, text), text)
        c.report.setdefault("tests", []).append(row)
        if row["failed"]:
            c.fail(f"test {name}: {', '.join(row['failed'])}")
        if name == "backends" and status == 0 and "ref and cuda" not in text:
            c.fail("test backends: passed without a GPU", text)


def conformance(c):
    test(c, {"conformance": "test_conformance_gpu", "backends": "test_backends"},
         UMBRA_CONFORMANCE_RINGS=plan.QUICK_RINGS, UMBRA_TEST_BACKEND="cuda")


def full_rings(c):
    test(c, {"full_rings": "test_conformance_gpu"})


def sanitizers(c):
    program = c.machine.which("compute-sanitizer")
    if not program:
        c.report["sanitizers"] = {tool: {"result": "not here"} for tool in plan.SANITIZERS}
        c.miss("sanitizers: there is no compute-sanitizer here")
        return
    env = {"UMBRA_CONFORMANCE_RINGS": plan.SMALL_RINGS, "UMBRA_CONFORMANCE_SKIP": plan.SLOW_LAWS}
    jobs = {tool: ([program, "--tool", tool, "--error-exitcode", 99, c.paths["test_conformance_gpu"]], env)
            for tool in plan.SANITIZERS}
    found = {}
    for tool, (status, text) in c.call_together(jobs).items():
        if status != 0 and "device not supported" in text.lower():
            c.miss(f"{tool}: not supported on this machine")
            found[tool] = {"result": "not supported", "summary": None}
        else:
            found[tool] = {"result": c.note(tool, status, text), "summary": results.sanitizer_summary(text)}
    c.report["sanitizers"] = found


# ---- fast ----

def kernels(c):
    """Operands take turns, and are together twice as large as the L2 cache at least."""
    l2 = c.report["device"].get("l2_bytes", 0)
    for i, text in enumerate(plan.KERNELS):
        c.runs += c.bench(f"kernels-{i}", f"--params={plan.SET}", f"--rotate={max(128, -(-2 * l2 >> 20))}",
                          f"--benchmark_filter={text}")


def operations(c):
    for params in (plan.SET, plan.OTHER_SET):
        c.runs += c.bench(f"operations-{params}", f"--params={params}", f"--benchmark_filter={plan.OPERATIONS}")


def matrices(c):
    """Few calls of each: most of the seconds are keys and inputs."""
    for params, text in plan.MATRICES:
        c.runs += c.bench(f"matrices-{params}", f"--params={params}", "--benchmark_min_time=0.1",
                          f"--benchmark_filter={text}")


def refreshes(c):
    """For a second each, so that the energy that they take can be read off."""
    for i, text in enumerate(plan.REFRESHES):
        c.runs += c.bench(f"refreshes-{i}", f"--params={plan.BOOT_SET}", "--benchmark_min_time=1",
                          f"--benchmark_filter={text}")
    rows = results.summarise(c.runs, None, c.watch.samples if c.watch else ())
    row = results.find_row(rows, "bootstrap_graph", plan.BOOT_SET, None)
    if row and "joules" in row:
        c.report["refresh_joules"] = row["joules"]
    else:
        c.miss("joules of a refresh")


def overlap(c):
    """Kernels that take their places early, beside the rows of operations and refreshes."""
    runs = []
    for params, text in plan.OVERLAPPED:
        runs += c.bench(f"overlap-{params}", f"--params={params}", f"--benchmark_filter={text}", UMBRA_CUDA_OVERLAP="1")
    c.report["overlap"] = results.summarise(runs, None)


def streaming(c):
    """Less memory than keys and matrices take: in every refresh some of them have to come from the host."""
    runs = c.bench("streaming", f"--params={plan.BOOT_SET}", f"--memory={plan.STREAMED_MIB}", "--warm=0",
                   f"--benchmark_filter={plan.REFRESH}")
    c.report["streaming"] = {"memory_mib": plan.STREAMED_MIB, "rows": results.summarise(runs, None)}
    for run in runs:
        if not run.get("error_occurred") and run["held_bytes"] >= run["key_bytes"] + run["plain_bytes"]:
            c.fail(f"streaming: {run['name']}: all keys and matrices were on the device at once")


def profile(c):
    ncu = c.machine.which("ncu")
    if not ncu:
        c.miss("profile: there is no ncu here")
        return
    stem = c.logs / "profile"
    status, text = c.call("profile-run", [
        ncu, "--clock-control", "none", "--set", "basic", "--profile-from-start", "off", "-c", plan.PROFILED_LAUNCHES,
        "-f", "-o", stem, c.paths["umbra_bench"], "--backend=cuda", f"--threads={c.machine.processors()}",
        f"--params={plan.SET}", "--warm=0", "--profile", f"--benchmark_filter={plan.ROTATION}"])
    if status != 0:
        c.miss("profile: " + ("cut at its limit" if status is None else f"ncu ended with {status}"), text)
    made = stem.with_suffix(".ncu-rep")
    if not made.exists():
        c.miss("profile: ncu wrote nothing")
        return
    c.report["profile"] = results.read_profile(
        c.call("profile", [ncu, "--import", made, "--csv", "--page", "details"])[1])
    if not c.report["profile"]:
        c.miss("profile: no kernel in it")
    if made.stat().st_size <= MOST_BYTES:
        shutil.move(made, c.stem.with_suffix(".ncu-rep"))
    else:
        c.miss("profile: the file is too large to keep; its text is in the archive")
        made.unlink()


# ---- whole ----

def train(c, name, params, *command):
    """A training by one of the scripts, which judge its outcome; its iterations become a row."""
    made = c.logs / f"{name}-outcome.json"
    with c.work() as work:
        status, text = c.call(name, [*command, "--build", c.paths["umbra"].parent, "--work", work, "--device", "cuda",
                                     "--out", made])
        c.note(name, status, text)
        log = work / "server/run/log.jsonl"
        training = results.read_training(log) if log.exists() else None
    if not training:
        c.miss(f"{name}: no iteration was timed")
        return
    c.report[name] = row = {"name": f"{name}_iteration", "params": params,
                            "microseconds": training["seconds_per_warm_iteration"] * 1e6, **training}
    if made.exists():
        row["outcome"] = outcome = json.loads(made.read_text(encoding="utf-8"))
        if "seconds_per_iteration_planned" in outcome:
            row["planned_microseconds"] = outcome["seconds_per_iteration_planned"] * 1e6
    if training["backend"] != "cuda":
        c.fail(f"{name}: ran on {training['backend']}")


def helr(c):
    if c.data and (c.data / "MNIST_train.txt.gz").exists():
        train(c, "helr", plan.BOOT_SET, sys.executable, c.root / "scripts/reference_runs", "helr", c.data, "--memory", "4G",
              "--yardstick", "none")
    else:
        c.miss("helr: there are no records; --data names their folder")


def trained_network(c, name):
    run = plan.TRAININGS[name]
    train(c, name, run.shape, sys.executable, c.root / "scripts/reference_runs", run.run, "--drawn", "--iterations",
          plan.TRAINED_BATCHES, "--gpu", plan.MACHINE, "--memory", "4G", "--yardstick", "none")


def mlp_train(c):
    trained_network(c, "mlp_train")


def mlp_train_small(c):
    trained_network(c, "mlp_train_small")


def network(c, name):
    """A reference run, with its data or drawn; each row of it becomes one of the report's."""
    run, made = plan.NETWORKS[name], c.logs / f"{name}-outcome.json"
    source = c.data if c.data and any(c.data.rglob(run.model)) else "--drawn"
    with c.work() as work:
        status, text = c.call(name, [
            sys.executable, c.root / "scripts/reference_runs", run.run, source, *run.options, "--build",
            c.paths["umbra"].parent, "--work", work, "--device", "cuda", "--gpu", plan.MACHINE, "--yardstick", "none",
            "--out", made])
    c.note(name, status, text)
    if not made.exists():
        c.miss(f"{name}: no result")
        return
    rows = json.loads(made.read_text(encoding="utf-8"))["rows"]
    c.report.setdefault("networks", []).extend(
        {"name": f"{name}_{row['images']}", "params": run.shape, "drawn": source == "--drawn",
         "microseconds": row["seconds"] * 1e6, "planned_microseconds": row["seconds_predicted"] * 1e6, **row}
        for row in rows)
    for row in rows:
        if row["backend"] != "cuda":
            c.fail(f"{name}: ran on {row['backend']}")


def mlp_square(c):
    network(c, "mlp_square")


def resnet20(c):
    network(c, "resnet20")


def main_job(c):
    train(c, "main_job", plan.BOOT_SET, "bash", c.root / "scripts/main_job")
