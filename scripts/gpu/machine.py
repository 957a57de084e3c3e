# SPDX-License-Identifier: Apache-2.0
"""The machine that gpu_check runs on: its clock, its programs, its GPU. A test has one whose clock it moves itself."""
import contextlib
import ctypes
import dataclasses
import glob
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

CANNOT_START = 127
KILL_SECONDS = 10  # for a process that was killed to be gone
# Beside the PATH.
TOOL_FOLDERS = ["/usr/local/cuda/bin", "/usr/local/nvidia/bin", "/opt/nvidia/nsight-compute/*"]


@dataclasses.dataclass
class Job:
    """A program to run; what it prints goes to the log."""

    command: list
    log: object  # path
    env: dict = None


def begin(job):
    """The process; None if there is no such program, or it is for another machine."""
    with open(job.log, "wb") as log:
        try:
            return subprocess.Popen([str(word) for word in job.command], stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=subprocess.STDOUT, env=job.env, start_new_session=True)
        except OSError as error:
            log.write(f"{error}\n".encode())
            return None


def end(process):
    """With all that it started. What the driver holds may outlive even that, and is not waited for for long."""
    if process:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(KILL_SECONDS)


class Machine:
    def now(self):
        return time.monotonic()

    def processors(self):
        return os.cpu_count() or 1

    def which(self, name):
        """The path of a program, or None."""
        others = [path for pattern in TOOL_FOLDERS for path in sorted(glob.glob(pattern))]
        return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *others]))

    def ask(self, command, env=None):
        """What a short program prints, both streams; empty if it fails."""
        try:
            return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30,
                                  check=True, env=env).stdout.strip()
        except (OSError, subprocess.SubprocessError):
            return ""

    def run(self, jobs, limit):
        """All at once. For each: (exit status, or None if it ran past the limit; what it printed)."""
        deadline, processes = self.now() + limit, []
        try:
            for job in jobs:
                processes.append(begin(job))
            statuses = [self.wait(process, deadline) for process in processes]
        finally:
            for process in processes:
                end(process)
        return [(status, job.log.read_text(encoding="utf-8", errors="replace"))
                for status, job in zip(statuses, jobs)]

    def wait(self, process, deadline):
        if not process:
            return CANNOT_START
        try:
            return process.wait(max(0, deadline - self.now()))
        except subprocess.TimeoutExpired:
            end(process)
            return None

    def loads(self, library, env):
        """Whether a program with that environment finds the library."""
        probe = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"
        return subprocess.run([sys.executable, "-c", probe, library], env=env, check=False,
                              stderr=subprocess.DEVNULL).returncode == 0

    def driver_attributes(self):
        """What nvidia-smi does not tell, from the driver; empty if it cannot be asked."""
        try:
            cuda = ctypes.CDLL("libcuda.so.1")
            device, value, found = ctypes.c_int(), ctypes.c_int(), {}
            if cuda.cuInit(0) or cuda.cuDeviceGet(ctypes.byref(device), 0):
                return {}
            for name, attribute in (("multiprocessors", 16), ("l2_bytes", 38)):
                if not cuda.cuDeviceGetAttribute(ctypes.byref(value), attribute, device):
                    found[name] = value.value
            return found
        except (OSError, AttributeError):
            return {}

    def watch(self):
        """Begins to look at the GPU; None if NVML is not there."""
        try:
            return Watch(Nvml())
        except (OSError, AttributeError):
            return None


# ---- power and clocks ----

@dataclasses.dataclass
class Sample:
    """A None was not to be had."""

    time: float  # of the monotonic clock
    joules: float = None  # since the driver was loaded
    watts: float = None
    sm_mhz: float = None
    memory_mhz: float = None
    celsius: float = None
    busy_percent: float = None


class Nvml:
    """The first GPU, by libnvidia-ml.so.1; OSError if that has none."""

    def __init__(self):
        self.library = ctypes.CDLL("libnvidia-ml.so.1")
        self.device = ctypes.c_void_p()
        if self.library.nvmlInit_v2() or self.library.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(self.device)):
            raise OSError("NVML has no device")

    def number(self, function, kind, scale, *arguments):
        value = kind()
        try:
            failed = getattr(self.library, function)(self.device, *arguments, ctypes.byref(value))
        except AttributeError:
            return None
        return None if failed else value.value * scale

    def busy(self):
        rates = (ctypes.c_uint * 2)()
        return None if self.library.nvmlDeviceGetUtilizationRates(self.device, rates) else float(rates[0])

    def sample(self):
        uint = ctypes.c_uint
        return Sample(
            time=time.monotonic(),
            joules=self.number("nvmlDeviceGetTotalEnergyConsumption", ctypes.c_ulonglong, 1e-3),
            watts=self.number("nvmlDeviceGetPowerUsage", uint, 1e-3),
            sm_mhz=self.number("nvmlDeviceGetClockInfo", uint, 1, 1),
            memory_mhz=self.number("nvmlDeviceGetClockInfo", uint, 1, 2),
            celsius=self.number("nvmlDeviceGetTemperature", uint, 1, 0),
            busy_percent=self.busy())


class Watch:
    """A thread that takes samples until it is closed."""

    SECONDS = 0.05

    def __init__(self, nvml):
        self.nvml = nvml
        self.samples = [nvml.sample()]
        self.closed = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self):
        while not self.closed.wait(self.SECONDS):
            self.samples.append(self.nvml.sample())

    def close(self):
        self.closed.set()
        self.thread.join()
