# SPDX-License-Identifier: Apache-2.0
"""Networks as client and server, in one process and in two."""
import pickle
import subprocess
import sys

import numpy as np
import pytest

import umbra
from networks import square_network

CLOSE = 0.02  # of probabilities: the plan's error is one of what goes into the softmax


@pytest.fixture(scope="module")
def network():
    random = np.random.default_rng(3)
    model, plain = square_network(random)
    return model, plain, random.uniform(-1, 1, (100, 12))


@pytest.fixture(scope="module")
def path(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "model.onnx"
    path.write_bytes(network[0])
    return path


@pytest.fixture(scope="module")
def compiled(network, path):
    return umbra.compile(path, calibration=network[2])


def test_in_the_clear(network, path):
    _, plain, x = network
    assert np.allclose(umbra.Model(path)(x), plain(x), atol=1e-5)


def test_layers_one_by_one(random):
    W, V = random.normal(size=(6, 10)), random.normal(size=(3, 6))
    model = umbra.Model((10,)).scale_shift(np.full(10, 2.0), np.ones(10)).dense(W).activation("tanh").dense(V).output("y")
    x = random.uniform(-1, 1, (5, 10))
    assert np.allclose(model(x), np.tanh((2 * x + 1) @ W.T) @ V.T)


def test_encrypted(network, compiled):
    _, plain, x = network
    client, server = compiled
    answers = server.run(client.encrypt(x[:5]), client.keys)
    assert np.allclose(client.decrypt(answers), plain(x[:5]), atol=CLOSE)
    logits = client.decrypt(answers, closed=False)
    assert np.allclose(logits, server.plan.simulate(x[:5]), atol=2 * server.plan.report()["error"])


def test_plans_are_dictionaries(network, compiled):
    server, client = compiled.server, compiled.client
    report, layers = server.plan.report(), server.plan.layers("h200")
    assert report["weights"] == "plain" and report["keys"] == len(client.plan.needs) == len(client.keys)
    assert [layer["what"] for layer in layers] == ["linear", "square", "linear"]
    cost = server.plan.cost("h200")
    assert np.isclose(cost["seconds"], sum(layer["seconds"] + layer["refresh_seconds"] for layer in layers))
    assert "linear" in server.plan.explain()
    assert umbra.Model((3,)).dense(np.ones((1, 3))).output("y") is not None


def test_bytes_between_client_and_server(network, compiled):
    _, plain, x = network
    client, server = compiled
    keys, batch = server.keys(bytes(client.keys)), server.batch(bytes(client.encrypt(x[:2])))
    assert np.allclose(client.decrypt(bytes(server.run(batch, keys))), plain(x[:2]), atol=CLOSE)
    for plan in (client.plan, server.plan):
        assert pickle.loads(pickle.dumps(plan)).digest == plan.digest


SERVER = """
import sys, umbra
server = umbra.Server.load("server.umbra")
keys, batch = (server.keys(open("keys.umbra", "rb").read()), server.batch(open("batch.umbra", "rb").read()))
server.run(batch, keys).save("answers.umbra")
"""


def test_server_in_a_process_of_its_own(network, compiled, tmp_path):
    _, plain, x = network
    compiled.server.save(tmp_path / "server.umbra")
    client = compiled.client
    client.keys.save(tmp_path / "keys.umbra")
    client.encrypt(x[:2]).save(tmp_path / "batch.umbra")
    subprocess.run([sys.executable, "-c", SERVER], cwd=tmp_path, check=True)
    answers = umbra.Matrix.load(client.context, tmp_path / "answers.umbra")
    assert np.allclose(client.decrypt(answers), plain(x[:2]), atol=CLOSE)
    client.save(tmp_path / "client.umbra")
    assert umbra.Client.load(tmp_path / "client.umbra", client.secret_key).plan.digest == client.plan.digest


def test_encrypted_weights(network, path):
    _, plain, x = network
    client, server = umbra.compile(path, calibration=x, weights="encrypted", error=2 ** -7)
    assert server.plan.digest == client.plan.digest
    assert np.allclose(client.decrypt(server.run(client.encrypt(x[:2]), client.keys)), plain(x[:2]), atol=CLOSE)
    whole = umbra.plan(path, x, weights="encrypted")
    with pytest.raises(umbra.InvalidArgumentError):
        umbra.Server(whole)


def test_refused(network, compiled, path):
    client, server = compiled
    x = network[2]
    with pytest.raises(umbra.RangeError, match="record 1"):
        client.encrypt(100 * x[:2])
    assert client.encrypt(100 * x[:2], clip=True).shape[0] == 2
    with pytest.raises(umbra.MismatchError):
        client.encrypt(x[:2, :5])
    with pytest.raises(umbra.MismatchError, match="plan"):
        client.decrypt(client.encrypt(x[:2]))
    with pytest.raises(umbra.IoError):
        umbra.Model("absent.onnx")
    with pytest.raises(TypeError, match="complete"):
        umbra.Model(path).dense(np.ones((2, 3)))
    with pytest.raises(TypeError, match="secret key"):
        pickle.dumps(client)
    with pytest.raises(TypeError, match="no option 'slots'"):
        umbra.plan(path, x, slots=1)


@pytest.mark.parametrize("attempt", [
    lambda model: model.dense(np.ones(3)), lambda model: model.dense(np.ones((2, 4))), lambda model: model.dense(1.0),
    lambda model: model.dense(np.ones((2, 3)), [1]), lambda model: model.dense(np.ones((2, 3)), np.ones((2, 2))),
    lambda model: model.scale_shift([1, 2, 3], [1]), lambda model: model.polynomial(np.ones((2, 2))),
    lambda model: model.dense(np.ones((2, 3))).dense(np.ones((1, 3))), lambda model: model.activation("cosine"),
    lambda model: model.output("y", ["softmin"]), lambda model: model(np.ones((2, 4)))])
def test_shapes_that_do_not_fit(attempt):
    with pytest.raises(ValueError):
        attempt(umbra.Model((3,)))


def test_export(tmp_path, random):
    model = umbra.Model((4,)).dense(random.normal(size=(2, 4)), [1, 2]).activation("relu").output("y")
    model.export(tmp_path / "out.onnx")
    x = random.normal(size=(3, 4))
    assert np.allclose(umbra.Model(tmp_path / "out.onnx")(x), model(x))
