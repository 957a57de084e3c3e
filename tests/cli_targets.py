#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: full
"""What lies at the paths that commands are given. In place of every file and folder of every option come a pipe, a
folder, a device, a socket, links and nothing at all: each time there is a text and nothing else, at once. Two commands
on one target, either of them killed; and signals, which leave nothing."""
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "models"))
from chain import PROGRAM
from onnx_file import Model, Node, Tensor, npy

HANGS = 120  # seconds: far beyond what a command that fails at once takes on any machine
random.seed(5)
faults = []


def expect(what, truth):
    if not truth:
        faults.append(what)


def umbra(arguments, **how):
    how = {"stdin": subprocess.DEVNULL, "timeout": HANGS, **how}
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, **how)


def succeeds(*words):
    command = " ".join(words)
    run = umbra(command.split())
    if run.returncode:
        raise AssertionError(f"umbra {command}: {run.stderr.strip()}")


# ---- valid files, and what every command does with them ----

PUBLIC_JOB = "--keys DIR:keys"
SECRET = f"{PUBLIC_JOB} --secret IN:secret/key.umbra --passphrase-file IN:secret/passphrase"

# IN: and OUT: mark files, DIR: and NEW: folders that are read and written, STATE: and SOCKET: the place of a server;
# everything else is as it is.
KINDS = ("IN", "OUT", "DIR", "NEW", "STATE", "SOCKET")
JOBS = tuple(tuple(job.split()) for job in (
    "params --params IN:params.umbra --save OUT:o.umbra",
    "plan IN:train.csv --scale deviation --iterations 2 --degree 3 --rate 1 --clip 4 --params IN:boot.umbra --held-out"
    " IN:train.csv --initial IN:initial.csv --scaling OUT:o.csv --out OUT:o.umbra --calibrate --trace OUT:t.json",
    "plan IN:train.csv --private 1,1e-3 --limits IN:limits.csv --iterations 1 --params IN:boot.umbra --scaling OUT:o.csv"
    " --out OUT:o.umbra",
    "plan IN:model.onnx --samples IN:samples.npy --degree 3 --server OUT:o.umbra --client OUT:p.umbra --svg OUT:o.svg",
    "keygen --params IN:params.umbra --out NEW:new --secret OUT:secret/new.umbra --passphrase-file"
    " IN:secret/passphrase",
    "keygen --signing --out NEW:new --secret OUT:secret/new.umbra --passphrase-file IN:secret/passphrase",
    "keygen --plan IN:client.umbra --out NEW:new --secret OUT:secret/new.umbra --no-passphrase --trace OUT:t.json",
    f"encrypt {SECRET} --records IN:records.csv --out OUT:o.umbra",
    f"encrypt {PUBLIC_JOB} --model IN:model.csv --range 4 --degree 3 --out OUT:o.umbra --trace OUT:t.json",
    f"encrypt {PUBLIC_JOB} IN:train.csv --plan IN:plan.umbra --scaling IN:scaling.csv --initial IN:initial.csv --out"
    " NEW:new",
    "encrypt --keys DIR:network IN:x.npy --plan IN:client.umbra --out OUT:o.umbra",
    "encrypt --keys DIR:weighted --weights --plan IN:owners.umbra --out OUT:o.umbra",
    "train --keys DIR:network --data DIR:data --out NEW:new --trace OUT:t.json",
    f"audit --keys DIR:network --data DIR:data --run DIR:run --link {64 * 'a'} --all --trace OUT:t.json",
    "train --keys network --data data --out NEW:new --verify IN:signer/signer.umbra",
    f"score {PUBLIC_JOB} --model IN:model.umbra --records IN:records.umbra --out OUT:o.umbra --trace OUT:t.json",
    f"decrypt {SECRET} --in IN:records.umbra --out OUT:o.csv --trace OUT:t.json",
    f"decrypt {SECRET} --weights --in IN:model.umbra --scaling IN:scaling.csv --out OUT:o.json",
    f"decrypt {SECRET} --in records.umbra --publish --releases 1 --statistical 1 --least-bits 1 --new-journal --out"
    " OUT:o.csv",
    "decrypt --plan IN:client.umbra --secret IN:secret/network.umbra --in IN:answer.umbra --out OUT:o.json",
    "evaluate --weights IN:initial.csv --data IN:train.csv --scaling IN:scaling.csv --plan IN:plan.umbra --train"
    f" IN:train.csv --initial IN:initial.csv --encrypted --degree 3 {SECRET} --predictions OUT:o.csv --report"
    " OUT:o.html --trace OUT:t.json",
    "evaluate --weights initial.csv --data train.csv --onnx OUT:o.onnx",
    "evaluate --weights initial.csv --data train.csv --safetensors OUT:o.safetensors",
    "infer --plan IN:server.umbra --keys DIR:network --in IN:batch.umbra --out OUT:o.umbra --digests OUT:o.json --audit"
    " IN:digests.jsonl --trace OUT:t.json",
    "infer --plan IN:server.umbra --keys network --in batch.umbra --out OUT:o.umbra --verify IN:signer/signer.umbra",
    "infer --plan IN:weighted.umbra --keys DIR:weighted --weights IN:weights.umbra --in IN:batch.umbra --out"
    " OUT:o.umbra",
    "infer --clear IN:model.onnx --in IN:x.npy --calibrate IN:samples.npy --out OUT:o.csv",
    f"inspect IN:records.umbra {PUBLIC_JOB}",
    "retire --secret IN:secret/key.umbra --keys DIR:keys",
    "sign IN:server.umbra --secret IN:secret/signing.umbra --passphrase-file IN:secret/passphrase",
    "verify IN:server.umbra --signer IN:signer/signer.umbra",
    "verify DIR:data --signer signer/signer.umbra",
    "serve --state STATE:state --socket SOCKET:o.sock",
    "bootstrap --demo --params IN:boot.umbra --trace OUT:t.json",
    "bench --params IN:params.umbra",
    "bench --quick --light --svg OUT:o.svg"))


def numbers(count):
    return [random.uniform(-1, 1) for _ in range(count)]


def network():
    constants = {"w": Tensor([4, 2], numbers(8)), "b": Tensor([2], numbers(2))}
    return Model([Node("Gemm", "x,w,b", "h"), Node("Relu", "h", "y")], constants, ["n", 4], "y").encode()


def make_files():
    for folder in ("secret", "data"):
        os.mkdir(folder)
    for folder in ("state", "state/clients", "state/networks"):
        os.mkdir(folder, 0o700)
    write = {"secret/passphrase": "correct horse\n", "records.csv": "0.5,-1\n1,1\n", "model.csv": "1.5\n-0.5\n0.25\n",
             "initial.csv": "0\n0\n0\n", "limits.csv": "-3,-2\n3,2\n",
             "train.csv": "".join(f"{i % 7 - 3},{i % 5 - 2},{int(i % 7 > 3)}\n" for i in range(60))}
    for name, text in write.items():
        pathlib.Path(name).write_text(text, encoding="utf-8")
    pathlib.Path("model.onnx").write_bytes(network())
    pathlib.Path("samples.npy").write_bytes(npy([50, 4], numbers(200)))
    pathlib.Path("x.npy").write_bytes(npy([2, 4], numbers(8)))
    succeeds("params --for-logistic 2 --degree 3 --scale 30 --save params.umbra")
    succeeds("params --preset boot-64k-40 --save boot.umbra")
    succeeds("keygen --params params.umbra --for-logistic 2 --out keys --secret secret/key.umbra",
             "--passphrase-file secret/passphrase")
    succeeds("encrypt --keys keys --records records.csv --out records.umbra")
    succeeds("encrypt --keys keys --model model.csv --range 4 --degree 3 --out model.umbra")
    succeeds("plan train.csv --scale deviation --iterations 2 --degree 3 --rate 1 --clip 4 --params boot.umbra",
             "--scaling scaling.csv --out plan.umbra")
    shutil.copy("plan.umbra", "data")
    succeeds("plan model.onnx --samples samples.npy --degree 3 --server server.umbra --client client.umbra")
    succeeds("keygen --plan client.umbra --out network --secret secret/network.umbra --no-passphrase")
    succeeds("plan model.onnx --samples samples.npy --degree 3 --encrypted-weights --server owners.umbra",
             "--client weighted.umbra")
    succeeds("keygen --plan weighted.umbra --out weighted --secret secret/weighted.umbra --no-passphrase")
    succeeds("encrypt --keys weighted --weights --plan owners.umbra --out weights.umbra")
    succeeds("encrypt x.npy --plan client.umbra --keys network --out batch.umbra")
    succeeds("infer --plan server.umbra --keys network --in batch.umbra --out answer.umbra --digests digests.jsonl")
    os.mkdir("run")
    pathlib.Path("run/log.jsonl").write_text('{"plan":{}}\n', encoding="utf-8")
    succeeds("keygen --signing --out signer --secret secret/signing.umbra --passphrase-file secret/passphrase")
    for signed in ("server.umbra", "data", "network"):
        succeeds(f"sign {signed} --secret secret/signing.umbra --passphrase-file secret/passphrase")


def plain(job, other=None, instead=None):
    """The arguments without marks; number `other` of them is something else."""
    return [instead if i == other else a.removeprefix(kind_of(a) + ":") for i, a in enumerate(job)]


def kind_of(argument):
    """The mark before it, or nothing."""
    mark, colon, _ = argument.partition(":")
    return mark if colon and mark in KINDS else ""


def marked(job):
    return [(i, *a.split(":", 1)) for i, a in enumerate(job) if kind_of(a)]


def listing():
    """But traces, which are also of what came to nothing."""
    return sorted(os.path.join(folder, name) for folder, folders, files in os.walk(".") for name in folders + files
                  if name != "t.json")


def every_option_is_tried():
    """By what the program itself says of its commands and their options."""
    for page in umbra(["help", "--options"]).stdout.splitlines():
        page = page.split("\t")[0]
        lines = umbra(["help", "--options", page]).stdout.splitlines()
        options = {option for option, argument, *_ in (line.split("\t") for line in lines)
                   if argument in ("FILE", "DIR", "PATH")}
        jobs = [job for job in JOBS if job[0] == page.split("-")[0]]
        tried = {job[i - 1] for job in jobs for i, _, _ in marked(job)}
        expect(f"{page}: {options - tried} are tried", options <= tried)


# ---- what should not be there ----

class Things:
    """A pipe, a folder, a device, a socket and links, whose names are as the program wants them."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        os.mkdir("bad")
        os.mkfifo("bad/pipe")
        os.mkdir("bad/folder")
        self.socket.bind("bad/socket")
        pathlib.Path("bad/file").write_text("not empty\n", encoding="utf-8")
        os.symlink("nowhere", "bad/dangling")
        os.symlink("circle", "bad/circle")
        os.symlink("pipe", "bad/to-pipe")
        os.symlink("file", "bad/to-file")
        os.symlink("folder", "bad/to-folder")
        os.mkdir("bad/pipes")
        for name in ("params.umbra", "public.umbra", "eval.umbra", "plan.umbra", "data.umbra", "log.jsonl"):
            os.mkfifo(f"bad/pipes/{name}")

    EVERY = ("bad/pipe", "bad/socket", "/dev/null", "/dev/zero", "bad/dangling", "bad/circle", "bad/to-pipe",
             "bad/no/file")
    OF = {"IN": (*EVERY, "bad/folder", "bad/none"),
          "OUT": (*EVERY, "bad/folder", "bad/to-file", "bad/to-folder"),
          "DIR": (*EVERY, "bad/file", "bad/folder", "bad/pipes"),
          "NEW": (*EVERY, "bad/file", "bad/to-file"),
          "STATE": (*EVERY, "bad/file", "bad/to-file", "bad/to-folder"),
          "SOCKET": (*(path for path in EVERY if path != "bad/socket"), "bad/folder", "bad/file", "bad/to-file")}

    def named(self, path, like):
        """A link would hide what it is, so the thing itself gets the ending that tables must have."""
        ending = os.path.splitext(like)[1]
        if path.startswith("/dev") or ending == ".umbra" or not ending:
            return path
        if not os.path.lexists(path):
            return path + ending
        if not os.path.lexists(path + ending):
            os.rename(path, path + ending)
            self.renamed = (path, path + ending)
        return path + ending

    renamed = None

    def rename_back(self):
        if self.renamed:
            os.rename(*reversed(self.renamed))
        self.renamed = None


def refuse_things():
    things, tried = Things(), 0
    for job in JOBS:
        for i, kind, path in marked(job):
            for bad in Things.OF[kind]:
                if path.endswith(".onnx") and bad.startswith("/dev"):
                    continue  # without that ending it is no model
                given = things.named(bad, path)
                before = listing()
                what = f"{' '.join(plain(job, i, given))}"
                try:
                    run = umbra(plain(job, i, given))
                    expect(f"{what}: a text, not {run.returncode}: {run.stderr}", run.returncode == 1 and
                           run.stderr.startswith(f"umbra {job[0]}: ") and given in run.stderr)
                except subprocess.TimeoutExpired:
                    expect(f"{what}: comes to an end", False)
                expect(f"{what}: leaves nothing, but {set(listing()) ^ set(before)}", listing() == before)
                things.rename_back()
                tried += 1
    print(tried, "commands were refused")
    shutil.rmtree("bad")


def follow_links():
    """Inputs may be links to what they should be."""
    os.symlink("records.umbra", "link.umbra")
    os.symlink("keys", "link")
    succeeds("inspect link.umbra --keys link")
    succeeds("decrypt --keys link --secret secret/key.umbra --passphrase-file secret/passphrase --in link.umbra",
             "--out linked.csv")
    for name in ("link.umbra", "link", "linked.csv"):
        os.remove(name)


# ---- signals ----

def pend(number):
    """The signal has come as soon as the program takes signals."""
    def do():
        signal.pthread_sigmask(signal.SIG_BLOCK, {number})
        os.kill(os.getpid(), number)
    return do


def writes(job):
    """Retirements and manifests go beside what they are of."""
    return job[0] in ("retire", "sign") or any(kind in ("OUT", "NEW") for _, kind, _ in marked(job))


def stop_by_signals():
    for job in filter(writes, JOBS):
        for number in (signal.SIGINT, signal.SIGTERM):
            before = listing()
            run = umbra(plain(job), preexec_fn=pend(number))
            what = f"{' '.join(plain(job))}: {number.name}"
            expect(f"{what}: ends by it, not {run.returncode}: {run.stderr}", run.returncode == -number)
            expect(f"{what}: leaves nothing, but {set(listing()) ^ set(before)}", listing() == before)


# ---- two at once ----

# Each reads standard input once its target is its own: what it reads, the target's lock, and what is there at the end.
WAITING = (
    ("encrypt --keys keys --records - --out two.umbra", "0.5,-1\n1,1\n", ".two.umbra.lock", ("two.umbra",)),
    ("keygen --params params.umbra --out two --secret secret/two.umbra --passphrase-file -", "battery staple\n",
     "secret/.two.umbra.lock", ("two", "secret/two.umbra")),
    ("decrypt --keys keys --secret secret/key.umbra --passphrase-file - --in records.umbra --out two.csv",
     "correct horse\n", ".two.csv.lock", ("two.csv",)),
    ("encrypt --keys keys - --plan plan.umbra --scaling scaling.csv --out two", None, "two/.umbra.lock", ()),
)


def start(arguments, lock):
    """A command that waits for its standard input, with its target locked."""
    process = subprocess.Popen([PROGRAM, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not os.path.exists(lock):
        time.sleep(0.01)
    expect(f"{' '.join(arguments)} waits", process.poll() is None)
    return process


def end(process, text):
    said = process.communicate(text, timeout=HANGS)
    return process.returncode, said[1]


def remove(paths):
    for path in paths:
        shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


def meet(arguments, text, lock, made):
    what = " ".join(arguments)
    before = listing()
    first = start(arguments, lock)
    second = umbra(arguments, stdin=None, input=text or "")
    expect(f"{what}: the second is refused: {second.stderr}", second.returncode == 1 and "is in use" in second.stderr)
    if text:
        code, said = end(first, text)
        expect(f"{what}: the first ends well: {said}", code == 0 and all(os.path.exists(path) for path in made))
        remove(made)
    else:
        first.terminate()
        expect(f"{what}: ends by SIGTERM", end(first, None)[0] == -signal.SIGTERM)
    expect(f"{what}: nothing else, but {set(listing()) ^ set(before)}", listing() == before)


def interrupt(arguments, lock):
    """While it waits for its standard input, which stays open."""
    for number in (signal.SIGINT, signal.SIGTERM):
        before = listing()
        process = start(arguments, lock)
        process.send_signal(number)
        what = f"{' '.join(arguments)}: {number.name}"
        try:
            process.wait(HANGS)
        except subprocess.TimeoutExpired:
            expect(f"{what}: is heard", False)
            process.kill()
        expect(f"{what}: ends by it, not {process.wait()}", process.returncode == -number)
        expect(f"{what}: leaves nothing, but {set(listing()) ^ set(before)}", listing() == before)
        process.communicate()


def kill(arguments, text, lock, made):
    """What is killed stands in nobody's way; its folder may be left."""
    process = start(arguments, lock)
    process.kill()
    process.communicate()
    run = umbra(arguments, stdin=None, input=text)
    expect(f"{' '.join(arguments)}: after a killed one: {run.stderr}", run.returncode == 0)
    expect(f"{' '.join(arguments)}: no lock is left", not os.path.exists(lock))
    remove(made)


def keygen(number):
    words = "keygen --params params.umbra --for-logistic 2 --no-passphrase --out pair --secret".split()
    return subprocess.Popen([PROGRAM, *words, f"secret/pair{number}.umbra"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def keys_belong_together():
    """Whenever the second key generation comes, and whichever of the two is killed."""
    for i in range(12):
        pair = [keygen(0)]
        time.sleep(0.01 * random.random() * i)
        pair.append(keygen(1))
        if i % 3:
            time.sleep(0.02 * random.random())
            pair[i % 3 - 1].kill()
        said = [process.communicate(timeout=HANGS)[1] for process in pair]
        codes = [process.returncode for process in pair]
        expect(f"one of two key generations at most: {codes}, {said}", codes.count(0) <= 1)
        expect(f"who is refused is told: {said}", all(code != 1 or text for code, text in zip(codes, said)))
        if 0 in codes:  # its keys are those that are there
            secret = f"--keys pair --secret secret/pair{codes.index(0)}.umbra"
            succeeds("encrypt", secret, "--records records.csv --out pair.umbra")
            succeeds("decrypt", secret, "--in pair.umbra --out pair.csv")
        remove(name for name in ("pair", "pair.umbra", "pair.csv") if os.path.exists(name))
        remove(path for path in pathlib.Path("secret").iterdir() if "pair" in path.name)


def main():
    folder = tempfile.mkdtemp(prefix="umbra-targets-")
    os.chdir(folder)
    try:
        make_files()
        every_option_is_tried()
        refuse_things()
        follow_links()
        stop_by_signals()
        for command, text, lock, made in WAITING:
            arguments = command.split()
            meet(arguments, text, lock, made)
            interrupt(arguments, lock)
            if text:
                kill(arguments, text, lock, made)
        keys_belong_together()
    finally:
        os.chdir("/")
        shutil.rmtree(folder)
    for fault in faults:
        print("not so:", fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
