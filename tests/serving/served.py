# SPDX-License-Identifier: Apache-2.0
"""umbra serve for tests: a process, requests by the standard library, and owners with a small network."""
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "models"))
from chain import PROGRAM, Chain, succeeds  # noqa: E402
from onnx_file import Model, Node, Tensor  # noqa: E402

INPUTS, SKIPPED = 4, 77


class Served:
    """A server on a port of its own choice. state: its folder, which may be that of an earlier one."""

    def __init__(self, state, *options):
        self.state = pathlib.Path(state)
        command = [PROGRAM, "serve", "--state", state, "--port", "0", "--json", "--threads", "1", *map(str, options)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        if "listening" not in line:
            print("skipped:" if "without libmicrohttpd" in line else "the server does not start:", line)
            sys.exit(SKIPPED if "without libmicrohttpd" in line else 1)
        self.port = int(json.loads(line)["listening"].rsplit(":", 1)[1])

    def end(self, by=signal.SIGTERM):
        """Its exit code: minus the signal that it died of."""
        self.process.send_signal(by)
        self.process.stdout.close()
        return self.process.wait()

    def proc(self, name):
        return pathlib.Path("/proc", str(self.process.pid), name)

    def open_files(self):
        return len(list(self.proc("fd").iterdir()))

    def resident_pages(self):
        return int(self.proc("statm").read_text().split()[1])

    def ask(self, method, path, token=None, body=None, **headers):
        """The status, and what came: JSON as such, else bytes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        if token:
            headers["Authorization"] = "Bearer " + token
        try:
            connection.request(method, path, body, headers)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all was sent
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        is_json = answer.getheader("Content-Type") == "application/json" and method != "HEAD"
        return answer.status, json.loads(data) if is_json else data

    def say(self, data):
        """Sends bytes as they are; what comes until the server closes, or b"" if it breaks off."""
        with socket.create_connection(("127.0.0.1", self.port)) as plug:
            try:
                plug.sendall(data)
                plug.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: plug.recv(65536), b""))
            except OSError:
                return b""

    def children(self):
        """The processes of jobs that run."""
        return [int(child) for thread in self.proc("task").iterdir() for child in (thread / "children").read_text().split()]

    def pause(self, token, job):
        """The process of the only job, stopped by now; None if it has ended before."""
        while self.ask("GET", f"/v1/jobs/{job}", token)[1]["state"] in ("queued", "running"):
            for process in self.children():
                try:
                    os.kill(process, signal.SIGSTOP)
                    while (state := pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(") ", 1)[1][0]) not in "TZX":
                        pass
                except (ProcessLookupError, FileNotFoundError):
                    continue
                if state == "T":
                    return process
        return None

    def wait(self, token, job):
        """What is said of a job when it has ended."""
        while True:
            told = self.ask("GET", f"/v1/jobs/{job}", token)[1]
            if told["state"] not in ("queued", "running"):
                return told
            time.sleep(0.01)


def add_client(state, name, *options):
    """Its token."""
    done = subprocess.run([PROGRAM, "serve", "--state", state, "--add-client", name, *options], check=True,
                          capture_output=True, text=True)
    return done.stdout.strip()


def numbers(draw, count):
    return [draw.uniform(-1, 1) for _ in range(count)]


class Network(Chain):
    """A network with a square in it, planned; `offer` puts it into a server's folder."""

    def __init__(self, folder):
        super().__init__(folder)
        draw = random.Random(5)
        nodes = [Node("Gemm", "x,w,b", "h"), Node("Mul", "h,h", "s"), Node("Gemm", "s,v,c", "z")]
        constants = {"w": Tensor([INPUTS, 3], numbers(draw, 3 * INPUTS)), "b": Tensor([3], numbers(draw, 3)),
                     "v": Tensor([3, 2], numbers(draw, 6)), "c": Tensor([2], numbers(draw, 2))}
        (self.owner / "model.onnx").write_bytes(Model(nodes, constants, ["n", INPUTS], "z").encode())
        self.write("samples.npy", [30, INPUTS], numbers(draw, 30 * INPUTS))
        self.plan("model.onnx")

    def offer(self, state, name):
        folder = pathlib.Path(state, "networks", name)
        folder.mkdir(parents=True)
        for side in ("server.umbra", "client.umbra"):
            (folder / side).write_bytes((self.owner / side).read_bytes())


class Owner:
    """Keys and encrypted records of one client, and what the network makes of these, computed here."""

    def __init__(self, network, folder, seed):
        self.folder = pathlib.Path(folder)
        (self.folder / "secret").mkdir(parents=True)
        plan, server = network.owner / "client.umbra", network.owner / "server.umbra"
        self.keygen(plan)
        self.encrypt(plan, seed)
        succeeds(self.folder, "infer", "--plan", server, "--keys", "keys", "--in", "batch.umbra", "--out", "answer.umbra")
        self.answer = self.read("answer.umbra")

    def keygen(self, plan):
        succeeds(self.folder, "keygen", "--plan", plan, "--out", "keys", "--secret", "secret/key.umbra", "--no-passphrase")

    def encrypt(self, plan, seed):
        records = self.folder / "x.csv"
        records.write_text("\n".join(",".join(f"{x:.4f}" for x in numbers(random.Random(seed + 10 * row), INPUTS))
                                     for row in range(2)) + "\n")
        succeeds(self.folder, "encrypt", records, "--plan", plan, "--secret", "secret/key.umbra", "--out", "batch.umbra")

    def read(self, name):
        return (self.folder / name).read_bytes()

    def upload(self, server, token):
        """The statuses."""
        files = {"keys/eval.umbra": "keys/eval.umbra", "records/batch.umbra": "batch.umbra"}
        return [server.ask("PUT", f"/v1/objects/{name}", token, self.read(path))[0] for name, path in files.items()]


INFER = json.dumps({"command": "infer", "network": "toy", "keys": "keys", "in": "records/batch.umbra"})
