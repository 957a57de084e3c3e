#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: full
# labels: slow UMBRA_MINUTES=10
"""Many clients of umbra serve at once, honest ones and others: every answer is right, nothing of one is another's, and
what the server takes stays the same."""
import os
import pathlib
import random
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "serving"))
from served import INFER, Network, Owner, Served, add_client  # noqa: E402

MINUTES = float(os.environ.get("UMBRA_MINUTES", 0))
CLIENTS, ROUNDS = (20, None) if MINUTES else (4, 3)
MOST_GROWTH = 1.01  # of memory, after the first fifth
faults = []

REQUESTS = [
    b"GET /v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
    b"PUT /v1/jobs/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\nContent-Length: 24\r\n\r\n"
    b'{"command":"infer","a":1}',
    b"PUT /v1/objects/a/b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\nContent-Length: 200\r\n\r\n" + bytes(200),
    b"PUT /v1/objects/a/b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n0\r\n\r\n",
    b"GET /v1/objects/../../x/client.json HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
    b"POST /v1/jobs/a%2fb/cancel HTTP/1.0\r\nAuthorization: bearer TOKEN\r\n\r\n",
]
PIECES = [b"\r\n", b"\0", b"%00", b"../", b"Content-Length: 99999999999999999999\r\n", b"Content-Length: -1\r\n", b" ",
          b"Transfer-Encoding: chunked\r\n", b"A" * 40000, b"\xff\xfe", b"Expect: 100-continue\r\n", b"FFFFFFFFFFFFFFFF\r\n"]


def expect(what, truth):
    if not truth:
        faults.append(what)


def mutated(draw, token):
    """A request in which bytes are others, lack, or have come from elsewhere."""
    data = bytearray(draw.choice(REQUESTS).replace(b"TOKEN", draw.choice([token.encode(), b"x.00", b""])))
    for _ in range(draw.randrange(4)):
        at = draw.randrange(len(data))
        kind = draw.randrange(4)
        if kind == 0:
            data[at] = draw.randrange(256)
        elif kind == 1:
            data[at:at] = draw.choice(PIECES)
        elif kind == 2:
            del data[at:at + draw.randrange(1, 30)]
        else:
            del data[at + 1:]
    return bytes(data)


class Client(threading.Thread):
    """One of them, with keys of its own; between its jobs it does what it should not."""

    def __init__(self, server, owner, token, number):
        super().__init__()
        self.server, self.owner, self.token, self.number = server, owner, token, number
        self.draw, self.others = random.Random(number), []
        self.until, self.answers = None, 0

    def ask(self, method, path, body=None):
        return self.server.ask(method, path, self.token, body)

    def compute(self, job):
        expect("a job is taken", self.ask("PUT", f"/v1/jobs/{job}", INFER)[0] == 202)
        expect("the same job again", self.ask("PUT", f"/v1/jobs/{job}", INFER)[0] == 200)
        told = self.server.wait(self.token, job)
        status, answer = self.ask("GET", f"/v1/jobs/{job}/files/answer.umbra")
        expect(f"job {job} of client {self.number}: {told}", (told["state"], status) == ("done", 200))
        expect(f"the answer to client {self.number}", answer == self.owner.answer)
        self.answers += 1

    def stop_one(self, job):
        """A job that is cancelled, sooner or later than it ends."""
        self.ask("PUT", f"/v1/jobs/{job}", INFER)
        self.ask("POST", f"/v1/jobs/{job}/cancel")
        expect("cancelled, or done before", self.server.wait(self.token, job)["state"] in ("cancelled", "done"))

    def break_off(self):
        """An upload that is announced and does not come."""
        data = self.owner.read("batch.umbra")
        sent = data[:self.draw.randrange(len(data) // 4)]
        head = f"PUT /v1/objects/broken/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\n" \
               f"Content-Length: {len(data)}\r\n\r\n"
        self.server.say(head.encode() + sent)

    def pry(self):
        """What others have is not there, in the same words as what nobody has."""
        nothing = self.ask("GET", "/v1/jobs/nobody")
        for other in self.others:
            for path in (f"/v1/jobs/j{other}", f"/v1/jobs/j{other}/files/answer.umbra", f"/v1/objects/own{other}/k"):
                expect(f"{path} of another", self.ask("GET", path) == nothing)
            expect("cancelling another's", self.ask("POST", f"/v1/jobs/j{other}/cancel") == nothing)
            expect("removing another's", self.ask("DELETE", f"/v1/objects/own{other}") == nothing)
        expect("nothing was found", nothing[0] == 404)

    def round(self, number):
        job = f"j{self.number}"
        self.compute(job)
        self.server.say(mutated(self.draw, self.token))
        self.draw.choice([self.break_off, self.pry, lambda: self.stop_one(f"s{number}")])()
        for each in (job, f"s{number}"):
            expect("a job goes", self.ask("DELETE", f"/v1/jobs/{each}")[0] in (200, 404))

    def run(self):
        try:
            number = 0
            while number < ROUNDS if ROUNDS else time.monotonic() < self.until:
                self.round(number)
                number += 1
        except Exception as error:  # in a thread nobody else would hear of it
            expect(f"client {self.number}: {error!r}", False)


def run_all(clients):
    for client in clients:
        client.until = time.monotonic() + 60 * MINUTES
        client.start()
    pages = []
    while any(client.is_alive() for client in clients):
        pages.append(clients[0].server.resident_pages())
        time.sleep(0.05 if ROUNDS else 1)
    for client in clients:
        client.join()
    return pages


def check_memory(pages):
    """Medians of the second fifth and the last one."""
    fifth = len(pages) // 5
    before, after = (sorted(part)[fifth // 2] for part in (pages[fifth:2 * fifth], pages[-fifth:]))
    print(f"memory: {4 * before} KiB after a fifth, {4 * after} KiB at the end")
    expect(f"memory grew from {before} to {after} pages", after <= MOST_GROWTH * before)


def check_files(server, owners, tokens):
    """No secret is in the server's files, and nothing half done."""
    secrets = [token.split(".")[1].encode() for token in tokens] + [
        owner.read("secret/key.umbra")[at:at + 64] for owner in owners for at in (256, 2048)]
    for path in server.state.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            expect(f"{path} has a secret", not any(secret in data for secret in secrets))
    left = [path for path in server.state.glob("clients/*/incoming/*")]
    expect(f"uploads that broke off are gone: {left}", not left)


def main():
    with tempfile.TemporaryDirectory() as folder:
        state = os.path.join(folder, "state")
        network = Network(os.path.join(folder, "network"))
        network.offer(state, "toy")
        os.chmod(state, 0o700)
        tokens = [add_client(state, f"client{i}", "--quota", "32M") for i in range(CLIENTS)]
        owners = [Owner(network, os.path.join(folder, f"owner{i}"), i) for i in range(CLIENTS)]
        server = Served(state, "--jobs", "2", "--client-jobs", "4")
        clients = [Client(server, *each) for each in zip(owners, tokens, range(CLIENTS))]
        for client in clients:
            client.others = [(client.number + 1) % CLIENTS]
            expect("uploads", client.owner.upload(server, client.token) == [201, 201])
            expect("a file of its own", client.ask("PUT", f"/v1/objects/own{client.number}/k", client.owner.read(
                "keys/params.umbra"))[0] == 201)
        files = server.open_files()
        pages = run_all(clients)
        while server.open_files() > files:  # connections that their clients have left
            time.sleep(0.01)
        if not ROUNDS:
            check_memory(pages)
        check_files(server, owners, tokens)
        expect("it ends by the signal", server.end() == -15)
        print(f"{sum(client.answers for client in clients)} answers")
    print("\n".join(faults[:20]) or "OK")
    sys.exit(bool(faults))


main()
