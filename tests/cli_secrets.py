#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: quick
"""While the program has secrets it leaves no core dump, and it says if it may not lock their memory."""
import ctypes
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.join(os.environ["UMBRA_BUILD_DIR"], "umbra")
PR_CAPBSET_DROP, CAP_IPC_LOCK = 24, 14
DECRYPT = ["decrypt", "--keys", "keys", "--secret", "secret/key.umbra", "--in", "records.umbra", "--out", "x.csv"]
faults = []


def expect(what, truth):
    if not truth:
        faults.append(what)


def umbra(*arguments, **how):
    return subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          **how)


def succeeds(*arguments):
    run = umbra(*arguments)
    expect(f"{' '.join(arguments)}: {run.stderr}", run.returncode == 0)


def may_lock_nothing():
    """In the child: also root may not, after its next program has begun."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_IPC_LOCK, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))


def lock_is_refused():
    """Sanitizers, which lock nothing, say that they have; and somewhere the limit may not hold."""
    probe = "import ctypes,sys;sys.exit(ctypes.CDLL(None).mlock(ctypes.create_string_buffer(9),9)==0)"
    return subprocess.run([sys.executable, "-c", probe], preexec_fn=may_lock_nothing, check=False).returncode == 0


def refused_locks_are_told():
    if not lock_is_refused() or b"__asan_init" in pathlib.Path(PROGRAM).read_bytes():
        return
    run = umbra(*DECRYPT, "--passphrase-file", "secret/passphrase", preexec_fn=may_lock_nothing)
    words = "warning: the memory of the secret key could not be locked"
    expect(f"a warning: {run.stderr}", run.returncode == 0 and words in run.stderr)
    run = umbra("keygen", "--params", "params.umbra", "--out", "new", "--secret", "secret/new.umbra", "--no-passphrase",
                preexec_fn=may_lock_nothing)
    expect(f"a warning of keygen: {run.stderr}", run.returncode == 0 and "could not be locked" in run.stderr)


def cores_are_off():
    """As long as it waits for the passphrase."""
    def allow():
        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    process = subprocess.Popen([PROGRAM, *DECRYPT, "--passphrase-file", "-"], stdin=subprocess.PIPE, preexec_fn=allow,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    limits = pathlib.Path(f"/proc/{process.pid}/limits")

    def limit():
        return next((line.split()[4] for line in limits.read_text(encoding="utf-8").splitlines() if "core" in line), "")
    while process.poll() is None and most and limit() != "0":
        time.sleep(0.01)
    expect("waits for the passphrase, without cores", process.poll() is None)
    if os.geteuid():
        expect("nobody of its user may look into it", os.stat(f"/proc/{process.pid}/environ").st_uid == 0)
    process.send_signal(signal.SIGQUIT)
    process.communicate()
    expect("no core", not [name for name in os.listdir(".") if name.startswith("core")])


def main():
    folder = tempfile.mkdtemp(prefix="umbra-secrets-")
    os.chdir(folder)
    try:
        os.mkdir("secret")
        pathlib.Path("secret/passphrase").write_text("correct horse\n", encoding="utf-8")
        pathlib.Path("records.csv").write_text("0.5,-1\n1,1\n", encoding="utf-8")
        succeeds("params", "--depth", "1", "--scale", "25", "--save", "params.umbra")
        succeeds("keygen", "--params", "params.umbra", "--out", "keys", "--secret", "secret/key.umbra",
                 "--passphrase-file", "secret/passphrase")
        succeeds("encrypt", "--keys", "keys", "--records", "records.csv", "--out", "records.umbra")
        refused_locks_are_told()
        cores_are_off()
    finally:
        os.chdir("/")
        shutil.rmtree(folder)
    for fault in faults:
        print("not so:", fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
