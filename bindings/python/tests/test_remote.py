# SPDX-License-Identifier: Apache-2.0
"""umbra.Remote with a server of `umbra serve`: what it says of failures. docs/server.md has the rest, as a test."""
import os
import socket
import subprocess
import threading

import numpy as np
import pytest

import umbra
from conftest import ROOT
from networks import square_network

PROGRAM = os.path.join(os.environ.get("UMBRA_BUILD_DIR", ROOT / "build/ci"), "umbra")


@pytest.fixture(scope="module")
def remote(tmp_path_factory):
    folder = tmp_path_factory.mktemp("remote")
    serve = [PROGRAM, "serve", "--state", folder / "state"]
    token = subprocess.run([*serve, "--add-client", "a"], check=True, capture_output=True, text=True).stdout.strip()
    with subprocess.Popen([*serve, "--socket", folder / "s", "--json"], stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()
            if "without libmicrohttpd" in line:
                pytest.skip("the program has no server")
            assert "listening" in line, line
            yield umbra.Remote(f"unix:{folder / 's'}", token)
        finally:
            process.terminate()


def refused(status, words, call, *arguments, **options):
    with pytest.raises(umbra.RemoteError, match=words) as caught:
        call(*arguments, **options)
    assert caught.value.http_status == status


def test_refusals(remote, owner, tmp_path):
    refused(404, "no such thing", remote.network, "none")
    refused(404, "no such thing", remote.job("none").wait)
    refused(422, "not an Umbra file", remote.upload, "a/b", bytes(1000))
    owner.secret_key.save(tmp_path / "key")
    refused(422, "keep it with its owner", remote.upload, "a", tmp_path)
    refused(422, "not an Umbra file", remote.upload, "a/b", bytes(8 << 20))  # the answer comes before all is sent
    refused(401, "token", umbra.Remote("unix:" + remote._place.path, "a.0").quota)
    with pytest.raises(ValueError):
        umbra.Remote("ftp://x", "token")


def test_jobs(remote, tmp_path):
    random = np.random.default_rng(3)
    model, plain = square_network(random)
    (tmp_path / "model.onnx").write_bytes(model)
    records = random.uniform(-1, 1, (4, 12))
    client, server = umbra.compile(tmp_path / "model.onnx", calibration=random.uniform(-1, 1, (50, 12)))
    server.save(tmp_path / "server.umbra")
    remote.upload("plans/server.umbra", tmp_path / "server.umbra")
    remote.upload("keys/eval.umbra", client.keys)
    remote.upload("keys/eval.umbra", client.keys)
    remote.upload("in/batch.umbra", client.encrypt(records))
    request = dict(command="infer", plan="plans/server.umbra", keys="keys", in_="in/batch.umbra", name="one")
    seen = []
    job = remote.submit(**request).wait(progress=seen.append)
    assert remote.submit(**request).info() == job.info() and all(0 <= fraction <= 1 for fraction in seen)
    assert np.allclose(client.decrypt(job.read("answer.umbra")), plain(records), atol=0.02)
    job.save("answer.umbra", tmp_path / "answer")
    assert (tmp_path / "answer").read_bytes() == job.read("answer.umbra")
    refused(404, "no such thing", job.save, "none", tmp_path / "answer")
    assert (tmp_path / "answer").read_bytes() == job.read("answer.umbra")
    other = umbra.compile(tmp_path / "model.onnx", calibration=records)[0]
    remote.upload("in/other.umbra", other.encrypt(records))
    failed = remote.submit("infer", plan="plans/server.umbra", keys="keys", in_="in/other.umbra")
    refused(0, "failed: --in", failed.wait)
    assert failed.report()["command"] == "infer" and {each.name for each in remote.jobs()} == {"one", failed.name}
    assert set(remote.objects()) == {"plans/server.umbra", "keys/eval.umbra", "in/batch.umbra", "in/other.umbra"}
    failed.remove()
    refused(404, "no such thing", remote.remove, "in?old")  # a name, not a folder and a query
    assert len(remote.objects()) == 4
    remote.remove("in")
    assert len(remote.objects()) == 2 and remote.quota()["left"] < remote.quota()["quota"]


def test_broken_off(tmp_path):
    """An answer shorter than it was announced to be leaves a file as it was, and nothing beside it."""
    (tmp_path / "answer").write_bytes(b"before")
    with socket.create_server(("127.0.0.1", 0)) as server:
        def answer():
            plug = server.accept()[0]
            with plug:
                plug.recv(65536)
                plug.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + bytes(999))

        thread = threading.Thread(target=answer)
        thread.start()
        job = umbra.Remote(f"http://127.0.0.1:{server.getsockname()[1]}", "token").job("one")
        with pytest.raises(ConnectionError, match="999 of 1000"):
            job.save("answer.umbra", tmp_path / "answer")
        thread.join()
    assert (tmp_path / "answer").read_bytes() == b"before" and os.listdir(tmp_path) == ["answer"]
