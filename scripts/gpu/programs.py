# SPDX-License-Identifier: Apache-2.0
"""The programs that gpu_check runs, where they lie, and whether they start."""
import dataclasses
import pathlib

from .machine import Job

SKIPPED = 77
START_SECONDS = 30  # that they may take to say that there is no GPU


@dataclasses.dataclass(frozen=True)
class Program:
    target: str  # of CMake
    folder: str  # in a build folder; in a bundle it is bin
    arguments: tuple  # with which it says at once that there is no GPU
    status: int = SKIPPED  # and its exit status then


PROGRAMS = {
    "umbra": Program("umbra_program", ".", ("--version",), 0),
    "umbra_bench": Program("umbra_bench", "bench", ("--backend=cuda",)),
    "umbra_gpu_rates": Program("umbra_gpu_rates", "bench", ()),
    "test_conformance_gpu": Program("test_conformance_gpu", "tests", ()),
    "test_backends": Program("test_backends", "tests", ()),
}
NO_GPU = {"CUDA_VISIBLE_DEVICES": "-1", "UMBRA_TEST_BACKEND": "cuda"}


def find(folder):
    """{name: path} in a bundle or a build folder; those that are missing too."""
    bundle = (folder / "bin").is_dir()
    return {name: pathlib.Path(folder) / ("bin" if bundle else program.folder) / name
            for name, program in PROGRAMS.items()}


def that_do_not_start(machine, folder, env, logs):
    """{name: why} for the programs of a folder, which are shown no GPU for that."""
    paths = find(folder)
    jobs = {name: Job([paths[name], *program.arguments], logs / f"start-{name}.log", {**env, **NO_GPU})
            for name, program in PROGRAMS.items()}
    ended = dict(zip(jobs, machine.run(list(jobs.values()), START_SECONDS)))
    return {name: text.strip()[-300:] or f"exit status {status}" for name, (status, text) in ended.items()
            if status != PROGRAMS[name].status}
