#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: quick
"""umbra doctor beside what the system itself says, and its verdicts where something is wrong."""
import json
import os
import resource
import subprocess
import tempfile

# AddressSanitizer would set the limit itself.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":disable_coredump=0"

PROGRAM = os.path.join(os.environ["UMBRA_BUILD_DIR"], "umbra")
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("UMBRA_") or name == "UMBRA_BUILD_DIR"}


def doctor(*arguments, code=0, limit=None, **variables):
    def prepare():
        if limit:
            resource.setrlimit(*limit)
    run = subprocess.run([PROGRAM, "doctor", *arguments], capture_output=True, text=True, check=False, preexec_fn=prepare,
                         env={**CLEAN, **variables})
    assert run.returncode == code and not run.stderr, f"{arguments} {variables}: {run.returncode} {run.stderr}"
    return run.stdout


def findings(**how):
    report = json.loads(doctor("--json", **how))
    assert report["usable"] == (how.get("code", 0) == 0)
    found = {finding["name"]: finding for finding in report["findings"]}
    assert all((finding["state"] in ("warning", "broken")) <= ("advice" in finding) for finding in found.values())
    return found


def agrees_with_the_system():
    found = findings()
    threads = found["threads"]
    assert threads["processors_allowed"] == len(os.sched_getaffinity(0)) and threads["processors"] == os.cpu_count()
    assert 1 <= threads["threads"] <= threads["processors_allowed"]
    disk = os.statvfs(".")
    assert abs(found["disk"]["free_bytes"] / (disk.f_bavail * disk.f_frsize) - 1) < 0.1
    with open("/proc/meminfo", encoding="ascii") as file:
        total = int(file.readline().split()[1]) * 1024
    assert found["memory"]["memory_bytes"] == total and 0 < found["memory"]["free_bytes"] <= total
    assert found["ref"]["state"] == "good" and found["device"]["what"] in found
    devices = json.loads(subprocess.run([PROGRAM, "devices", "--json"], capture_output=True, check=True).stdout)["devices"]
    for device in devices:
        assert (found[device["name"]]["state"] == "good") == device["usable"], device
        assert device["usable"] or found[device["name"]]["what"] == device["why_not"]


def says_what_is_wrong():
    allowed = len(os.sched_getaffinity(0))
    threads = findings(UMBRA_THREADS=str(allowed + 1))
    assert threads["threads"]["state"] == "warning" and threads["threads"]["threads"] == allowed + 1
    assert threads["environment"]["what"] == f"UMBRA_THREADS is {allowed + 1}"
    broken = findings(code=1, UMBRA_BACKEND="abacus")
    assert broken["device"]["state"] == "broken" and "UMBRA_BACKEND" in broken["device"]["what"]
    assert broken["device"]["advice"] == "unset UMBRA_BACKEND"
    assert "cannot be relied on" in doctor(code=1, UMBRA_BACKEND="abacus")
    absent = findings(TMPDIR="/nowhere/at\x1ball")
    assert absent["temporary_disk"]["state"] == "warning"
    assert "\x1b" not in doctor(TMPDIR="/nowhere/at\x1ball")


def knows_limits():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if hard != 0:
        assert findings(limit=(resource.RLIMIT_CORE, (1 << 20, hard)))["core_dumps"]["state"] == "note"
    locked = findings(limit=(resource.RLIMIT_MEMLOCK, (0, 0)))["memory_locking"]
    assert locked["limit_bytes"] == 0
    if os.geteuid() != 0:  # whoever may lock without a limit is not stopped by one
        assert locked["state"] == "warning" and not locked["locked"]


def knows_what_was_measured():
    with tempfile.TemporaryDirectory() as cache:
        found = findings(XDG_CACHE_HOME=cache)["calibration"]
        assert found["state"] == "note" and not found["measured"] and not os.listdir(cache)


agrees_with_the_system()
says_what_is_wrong()
knows_limits()
knows_what_was_measured()
print("OK: the doctor knows this machine")
