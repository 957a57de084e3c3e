#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: full
"""What umbra serve answers to each request, right or wrong; limits; and jobs that outlive a server that is killed."""
import functools
import json
import os
import pathlib
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "serving"))
from served import INFER, PROGRAM, Network, Owner, Served, add_client  # noqa: E402

faults = []


def expect(what, truth):
    if not truth:
        faults.append(what)


class Asked:
    """A client of a server that runs."""

    def __init__(self, server, token):
        self.server, self.token = server, token

    def __call__(self, status, words, method, path, body=None, **headers):
        """What came; its status and, of refusals, words of the text are as expected."""
        got, told = self.server.ask(method, path, self.token, body, **headers)
        text = told.get("error", "") if isinstance(told, dict) else ""
        expect(f"{method} {path}: {status} {words}, not {got} {told if got != 200 else ''}", got == status and words in text)
        return told

    def job(self, status, words, name, **request):
        return self(status, words, "PUT", f"/v1/jobs/{name}", json.dumps(request))


def check_tokens(server, token):
    health = server.ask("GET", "/v1/health")
    expect("health without a token", health[0] == 200 and health[1]["status"] == "ok")
    for wrong in (None, "x", "alice", token[:-1], token + "0", token[:-1] + ("1" if token[-1] == "0" else "0"),
                  token.replace("alice", "nobody"), "../alice" + token[5:]):
        got = server.ask("GET", "/v1/jobs", wrong)
        expect(f"token {wrong}: {got}", got[0] == 401)
    for path in ("/", "/v1", "/v1/jobs/", "/v1/jobs/.x", "/v1/jobs/a/b", "/v1/objects/a/../b", "/v1/objects/a/" + 65 * "x",
                 "/v1/objects/%2e%2e/client.json", "/v2/jobs"):
        expect(f"{path} is nothing", server.ask("GET", path, token)[0] == 404)
    expect("no such method", server.ask("PATCH", "/v1/jobs", token)[0] == 405)
    expect("metrics are not for clients", server.ask("GET", "/metrics", token)[0] == 403)


def check_uploads(ask, owner):
    keys = owner.read("keys/eval.umbra")
    ask(201, "", "PUT", "/v1/objects/keys/eval.umbra", keys)
    ask(200, "", "PUT", "/v1/objects/keys/eval.umbra", keys)
    ask(409, "another file has this name", "PUT", "/v1/objects/keys/eval.umbra", owner.read("keys/params.umbra"))
    ask(422, "not an Umbra file", "PUT", "/v1/objects/a/b", b"GIF89a" + bytes(1000))
    ask(422, "112 bytes at least", "PUT", "/v1/objects/a/b", b"UMBRA")
    ask(422, "checksum", "PUT", "/v1/objects/a/b", keys[:-1] + bytes([keys[-1] ^ 1]))
    ask(422, "its header says", "PUT", "/v1/objects/a/b", keys + b"x")
    ask(422, "keep it with its owner", "PUT", "/v1/objects/a/b", owner.read("secret/key.umbra"))
    ask(411, "length", "PUT", "/v1/objects/a/b", iter([keys]))
    ask(413, "are too many", "PUT", "/v1/objects/a/b", b"", **{"Content-Length": "900000000000"})
    ask(201, "", "PUT", "/v1/objects/records/batch.umbra", owner.read("batch.umbra"))
    told = ask(200, "", "GET", "/v1/objects")["objects"]
    expect("what is there", {(each["name"], each["kind"]) for each in told} == {
        ("keys/eval.umbra", "evaluation keys"), ("records/batch.umbra", "encrypted matrix")})
    expect("the same bytes back", ask(200, "", "GET", "/v1/objects/keys/eval.umbra") == keys)


def check_requests(ask):
    whole = json.loads(INFER)
    for words, request in (("JSON object", "["), ("JSON object", "1"), ("infer, score or train", '{"command": "rm"}'),
                           ('"keys": "FOLDER"', {**whole, "keys": "../keys"}), ('"keys": "FOLDER"', {**whole, "keys": 1}),
                           ('"in" is missing', {k: v for k, v in whole.items() if k != "in"}),
                           ("takes no others", {**whole, "out": "x"}), ('one of "network" and "plan"', {**whole, "plan": "a/b"}),
                           ("a network's name", {**whole, "network": "../../x"})):
        ask(400, words, "PUT", "/v1/jobs/a", request if isinstance(request, str) else json.dumps(request))
    ask(413, "bytes at most", "PUT", "/v1/jobs/a", b" " * 70000)
    ask.job(403, "are for", "a", **{**whole, "digests": True})
    ask.job(404, "there is no none/eval.umbra", "a", **{**whole, "keys": "none"})
    ask.job(404, "there is no network other", "a", **{**whole, "network": "other"})
    ask.job(422, '"evaluation keys", and "encrypted matrix" is expected', "a", **{**whole, "in": "keys/eval.umbra"})
    expect("no job came of it", ask(200, "", "GET", "/v1/jobs") == {"jobs": []})


def check_jobs(ask, owner, other):
    ask(202, "", "PUT", "/v1/jobs/one", INFER)
    ask(200, "", "PUT", "/v1/jobs/one", json.dumps(dict(reversed(list(json.loads(INFER).items())))))
    ask(409, "another job", "PUT", "/v1/jobs/one", INFER.replace("records/batch.umbra", "records"))
    told = ask.server.wait(ask.token, "one")
    expect(f"it is done: {told}", told["state"] == "done" and [file["name"] for file in told["files"]] == ["answer.umbra"])
    expect("its answer", ask(200, "", "GET", "/v1/jobs/one/files/answer.umbra") == owner.answer)
    expect("its report", json.loads(ask(200, "", "GET", "/v1/jobs/one/report"))["command"] == "infer")
    expect("head", ask(200, "", "HEAD", "/v1/jobs/one/files/answer.umbra") == b"")
    ask(409, "is done", "POST", "/v1/jobs/one/resume")
    expect("another client sees none", other(200, "", "GET", "/v1/jobs") == {"jobs": []})
    other(404, "no such thing", "GET", "/v1/jobs/one/files/answer.umbra")
    ask(201, "", "PUT", "/v1/objects/foreign/batch.umbra", other.records)
    ask.job(202, "", "foreign", **{**json.loads(INFER), "in": "foreign/batch.umbra"})
    told = ask.server.wait(ask.token, "foreign")
    expect(f"the library's text: {told}", told["state"] == "failed" and "--in: " in told["message"])
    ask(202, "", "POST", "/v1/jobs/foreign/resume")
    expect("again", ask.server.wait(ask.token, "foreign")["state"] == "failed")
    ask(200, "", "DELETE", "/v1/jobs/foreign")
    ask(404, "", "GET", "/v1/jobs/foreign")


def check_links(ask, state):
    """A link in the state folder leads nowhere."""
    objects = state / "clients/alice/objects"
    (objects / "link").symlink_to(state / "clients/bob")
    (objects / "keys/link").symlink_to(state / "clients/bob/client.json")
    ask(404, "", "GET", "/v1/objects/link/client.json")
    ask(404, "", "GET", "/v1/objects/keys/link")
    ask(500, "", "PUT", "/v1/objects/link/new", ask.records)
    ask(200, "", "DELETE", "/v1/objects/link")
    ask(200, "", "DELETE", "/v1/objects/keys/link")
    expect("what they named is there", (state / "clients/bob/client.json").exists())


def held(ask, name):
    """The process of a new job, stopped while it computes: of another one if the first has ended before that."""
    while True:
        ask(202, "", "PUT", f"/v1/jobs/{name}", INFER)
        process = ask.server.pause(ask.token, name)
        if process:
            return process
        ask(200, "", "DELETE", f"/v1/jobs/{name}")


def check_killed(state, ask, owner):
    """Jobs of a server that is killed go on, and are what they would have been; half an upload is gone."""
    names = [f"k{i}" for i in range(5)]
    process = held(ask, names[0])
    for name in names[1:]:
        ask(202, "", "PUT", f"/v1/jobs/{name}", INFER)
    ask(429, "no more may be", "PUT", "/v1/jobs/more", INFER)
    ask(409, "uses keys", "DELETE", "/v1/objects/keys")
    os.kill(process, signal.SIGCONT)
    (state / "clients/alice/incoming/half").write_bytes(b"half an upload")
    ask.server.end(signal.SIGKILL)
    ask.server = Served(state, "--jobs", "2", "--client-jobs", "5")
    expect("swept", not list((state / "clients/alice/incoming").iterdir()))
    for name in names:
        ask.server.wait(ask.token, name)
        expect(f"{name} has the same bits", ask(200, "", "GET", f"/v1/jobs/{name}/files/answer.umbra") == owner.answer)


def check_ended(state, ask, owner):
    """SIGTERM: what has not been done is done by the next one; and what takes too long is a failure."""
    ask(202, "", "PUT", "/v1/jobs/later", INFER)
    expect("by its signal", ask.server.end() == -signal.SIGTERM)
    ask.server = Served(state)
    told = ask.server.wait(ask.token, "later")
    expect(f"later: {told}", told["state"] == "done")
    expect("later has the same bits", ask(200, "", "GET", "/v1/jobs/later/files/answer.umbra") == owner.answer)
    ask.server.end()
    ask.server = Served(state, "--job-seconds", "0.001")
    ask(202, "", "PUT", "/v1/jobs/long", INFER)
    told = ask.server.wait(ask.token, "long")
    expect(f"too long: {told}", told["state"] == "failed" and "took longer" in told["message"])
    ask.server.end()


def check_slow(state, token):
    """Who sends a byte now and then is cut off, however few bytes at a time; too many connections wait or are refused."""
    server = Served(state, "--idle", "1", "--connections", "4", "--keep-days", "1e-6")
    plugs = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(6)]
    while plugs:
        plugs = [plug for plug in plugs if went(plug)]
        answered = select.select(plugs, [], [], 0.2)[0]
        plugs = [plug for plug in plugs if plug not in answered or not is_cut(plug)]
    expect("and then others are served", server.ask("GET", "/v1/health")[0] == 200)
    while server.ask("GET", "/v1/objects", token)[1]["objects"]:  # nobody uses them
        pass
    server.end()


def went(plug):
    """One more byte, of a head without an end."""
    try:
        return plug.send(b"P") == 1
    except OSError:
        return False


def is_cut(plug):
    try:
        return plug.recv(1) == b""
    except OSError:
        return True


def check_metrics(server, operator):
    status, text = server.ask("GET", "/metrics", operator)
    lines = text.decode().splitlines()
    sample = re.compile(r'[a-z_]+(\{[a-z]+="[a-z0-9]+"\})? [0-9.]+$')
    expect("metrics in Prometheus' format", status == 200 and all(
        line.startswith(("# HELP ", "# TYPE ")) or sample.match(line) for line in lines))
    expect("jobs are counted", 'umbra_jobs_total{state="done"} 1' in lines)


def check_folder(folder):
    """Only its owner may enter; of two servers on one the second is refused; names are names."""
    def fails(words, *options):
        done = subprocess.run([PROGRAM, "serve", "--state", *options], capture_output=True, text=True, check=False)
        expect(f"serve {options}: {words}: {done.stderr}", done.returncode != 0 and words in done.stderr)

    wide = os.path.join(folder, "wide")
    os.mkdir(wide)
    os.chmod(wide, 0o755)
    fails("chmod 700", wide)
    for name in ("../x", "a.b", "", "x" * 65):
        fails("a name has", os.path.join(folder, "state"), "--add-client", name)
    fails("there is a client alice", os.path.join(folder, "state"), "--add-client", "alice")
    fails("there is no client", os.path.join(folder, "state"), "--remove-client", "nobody")
    fails("works", os.path.join(folder, "state"))


def serves(*options, **how):
    """A server that need not start: its process, and what it says first."""
    process = subprocess.Popen([PROGRAM, "serve", *map(str, options)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, **how)
    return process, process.stdout.readline()


def is_refused(words, *options, **how):
    process, told = serves(*options, **how)
    if "listening" in told:
        process.kill()
    process.stdout.close()
    expect(f"serve {options}: {words}: {told}", process.wait() == 1 and words in told)


def check_socket(folder):
    """A socket takes the place of one at which nobody listens any more, and of nothing else."""
    first, second, place = folder / "first", folder / "second", folder / "socket"
    add_client(first, "one"), add_client(second, "one")
    place.write_text("precious")
    is_refused("is no socket", "--state", first, "--socket", place)
    expect("what is there stays", place.read_text() == "precious")
    place.unlink()
    process, told = serves("--state", first, "--socket", place)
    expect(f"it listens: {told}", "listening at unix:" in told)
    is_refused("--socket", "--state", second, "--socket", place)
    process.kill()
    process.wait()
    process.stdout.close()
    expect("a killed server leaves its socket", place.is_socket())
    process, told = serves("--state", second, "--socket", place)
    expect(f"the next one takes its place: {told}", "listening at unix:" in told)
    process.terminate()
    process.wait()
    process.stdout.close()
    expect("and an ended one leaves none", not place.exists())


def check_descriptors(folder):
    """More connections than files that may be open are refused before anybody connects."""
    few = functools.partial(resource.setrlimit, resource.RLIMIT_NOFILE, (100, 100))
    is_refused("need more open files", "--state", folder / "first", "--port", "0", "--connections", "50", preexec_fn=few)


def check_remains(state):
    """What an accident leaves: a client that was removed by half, and jobs whose requests are none or are damaged."""
    token = add_client(state, "half")
    jobs = state / "clients/half/jobs"
    for name, request in (("damaged", b"{"), ("foreign", b'{"command": "rm"}'), ("none", None)):
        (jobs / name).mkdir()
        if request:
            (jobs / name / "request.json").write_bytes(request)
    server = Served(state)
    expect("a job without a request is none", server.ask("GET", "/v1/jobs/none", token)[0] == 404)
    for name in ("damaged", "foreign"):
        told = server.ask("GET", f"/v1/jobs/{name}", token)
        expect(f"{name} is not lost in silence: {told}", told[0] == 200 and told[1]["state"] == "failed")
        expect(f"{name} is not resumed", server.ask("POST", f"/v1/jobs/{name}/resume", token)[0] == 409)
        expect(f"{name} can be removed", server.ask("DELETE", f"/v1/jobs/{name}", token)[0] == 200)
    server.end()
    (state / "clients/half/client.json").unlink()
    again = [PROGRAM, "serve", "--state", state, "--add-client", "half"]
    done = subprocess.run(again, capture_output=True, text=True, check=False)
    expect(f"half a client is told: {done.stderr}", done.returncode == 1 and "what is left of one" in done.stderr)
    server = Served(state)
    expect("its token opens nothing", server.ask("GET", "/v1/jobs", token)[0] == 401)
    server.end()
    subprocess.run([PROGRAM, "serve", "--state", state, "--remove-client", "half"], check=True)
    expect("then it is gone", not jobs.exists() and add_client(state, "half") != token)


def main():
    with tempfile.TemporaryDirectory() as folder:
        state = pathlib.Path(folder, "state")
        network = Network(os.path.join(folder, "network"))
        network.offer(state, "toy")
        os.chmod(state, 0o700)
        alice, bob = add_client(state, "alice", "--quota", "40M"), add_client(state, "bob")
        operator = add_client(state, "op", "--operator")
        owner, stranger = (Owner(network, os.path.join(folder, name), seed) for seed, name in enumerate(("alice", "bob")))
        server = Served(state, "--client-jobs", "5")
        ask, other = Asked(server, alice), Asked(server, bob)
        ask.records, other.records = owner.read("batch.umbra"), stranger.read("batch.umbra")
        check_tokens(server, alice)
        check_uploads(ask, owner)
        check_requests(ask)
        check_jobs(ask, owner, other)
        check_links(ask, state)
        check_metrics(server, operator)
        check_folder(folder)
        check_killed(state, ask, owner)
        check_ended(state, ask, owner)
        check_slow(state, alice)
        check_remains(state)
        check_socket(pathlib.Path(folder))
        check_descriptors(pathlib.Path(folder))
    print("\n".join(faults) or "OK")
    sys.exit(bool(faults))


main()
