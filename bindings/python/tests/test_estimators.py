# SPDX-License-Identifier: Apache-2.0
"""Classifiers: in the clear, on encrypted records, and trained under encryption with owner and server in two
processes."""
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

import umbra
from umbra.training import Records, Scaling, TrainPlan

SMALL = umbra.Params(depth=14, scale_bits=40, log_n=11, insecure_for_tests=True, bootstrap={})
ESTIMATORS = (umbra.EncryptedLogisticRegression, umbra.EncryptedMLPClassifier)


def gradient_norm(model, X, y):
    """Of the penalised mean loss at the weights, which are for scaled columns."""
    z = np.hstack([(X - X.mean(axis=0)) / X.std(axis=0), np.ones((len(X), 1))])
    sign = np.where(y == model.classes_[1], 1, -1)
    w = model.weights_[0][0]
    residual = -sign / (1 + np.exp(sign * (z @ w)))
    return np.abs(z.T @ residual / len(X) + model.l2 * np.append(w[:-1], 0)).max()


def test_logistic_model_is_the_best_one(breast_cancer):
    X, y, held = breast_cancer
    model = umbra.EncryptedLogisticRegression().fit(X[~held], y[~held])
    assert gradient_norm(model, X[~held], y[~held]) < 1e-6
    assert np.allclose(model.decision_function(X), X @ model.coef_[0] + model.intercept_[0])
    assert np.allclose(model.predict_proba(X)[:, 1], 1 / (1 + np.exp(-model.decision_function(X))))
    assert model.score(X[held], y[held]) > 0.93


def test_logistic_model_on_encrypted_records(breast_cancer):
    X, y, held = breast_cancer
    model = umbra.EncryptedLogisticRegression().fit(X[~held], y[~held])
    client, server = model.compile(X[~held])
    answers = client.decrypt(server.run(client.encrypt(X[held]), client.keys))
    assert np.allclose(answers[:, 0], model.predict_proba(X[held])[:, 1], atol=0.05)
    assert np.mean(model.predict(X[held], encrypted=True) == model.predict(X[held])) > 0.99


def test_network_on_encrypted_records(breast_cancer):
    X, y, held = breast_cancer
    model = umbra.EncryptedMLPClassifier(hidden=(4,), iterations=25).fit(X[~held], y[~held])
    assert model.score(X[held], y[held]) > 0.93
    model.compile(X[~held][::4])
    assert np.mean(model.predict(X[held][:20], encrypted=True) == model.predict(X[held][:20])) > 0.9


def test_classes_of_any_kind(random):
    X = random.normal(size=(90, 2))
    y = np.array(["low", "middle", "high"])[np.digitize(X[:, 0] + X[:, 1], [-0.5, 0.5])]
    model = umbra.EncryptedMLPClassifier(hidden=(), iterations=20, params=SMALL).fit(X, y)
    assert set(model.predict(X)) <= {"low", "middle", "high"} and model.score(X, y) > 0.7
    assert np.allclose(model.predict_proba(X).sum(axis=1), 1) and list(model.classes_) == ["high", "low", "middle"]
    with pytest.raises(ValueError, match=r"3 classes.*hidden=\(\)"):
        umbra.EncryptedLogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match="one class only"):
        umbra.EncryptedLogisticRegression().fit(X, np.zeros(90))


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_parameters_as_scikit_learn_has_them(kind):
    model = kind(iterations=7)
    copy = type(model)(**model.get_params(deep=False))  # what sklearn.base.clone does
    assert all(copy.get_params()[name] is value for name, value in model.get_params().items())
    assert model.set_params(clip=2.0) is model and model.clip == 2.0
    assert eval(repr(model), {kind.__name__: kind}).get_params() == model.get_params()
    with pytest.raises(ValueError, match="no parameter 'depth'; there are"):
        model.set_params(depth=1)
    with pytest.raises(ValueError, match="not fitted"):
        model.predict(np.ones((1, 2)))


def test_clone_of_scikit_learn():
    clone = pytest.importorskip("sklearn.base").clone
    assert clone(umbra.EncryptedMLPClassifier(hidden=(3,))).hidden == (3,)


def test_fitted_models_are_pickled(breast_cancer):
    X, y, _ = breast_cancer
    model = umbra.EncryptedLogisticRegression().fit(X, y)
    model.compile(X)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_nothing_of_an_earlier_model_is_left(breast_cancer):
    X, y, _ = breast_cancer
    model = umbra.EncryptedLogisticRegression(rate=0.2).fit(X, y)
    model.compile(X)
    model.plan(X[:, :3], np.where(y, "a", "b"))
    assert list(model.classes_) == [0, 1] and model.n_features_in_ == 30
    model.fit(X[:, :3], y)
    with pytest.raises(ValueError, match="call compile"):
        model.predict(X[:, :3], encrypted=True)


def test_frames_with_categories():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"age": list(range(20, 80)), "city": ["Oslo", "Rome", "Bern"] * 20, "member": ["yes", "no"] * 30})
    y = np.where((frame["age"] > 50) | (frame["city"] == "Rome"), "buys", "not")
    model = umbra.EncryptedLogisticRegression().fit(frame, pandas.Series(y))
    assert list(model.feature_names_in_) == ["age", "city", "member"] and model.coef_.shape == (1, 5)
    assert model.score(frame, y) > 0.9
    client, server = model.compile(frame)
    shuffled = frame[["member", "age", "city"]].iloc[::-1]
    answers = server.run(client.encrypt(shuffled), client.keys)
    assert np.array_equal(client.predict(answers), model.predict(frame)[::-1])


# ---- training under encryption ----

def server(folder):
    subprocess.run([sys.executable, "-c", "import sys, umbra; umbra.train(sys.argv[1])", folder], check=True)


def holds(folder, secret: bytes, piece: int = 48) -> bool:
    """Whether a file has a piece of the key in it."""
    pieces = [secret[i:i + piece] for i in range(len(secret) // 2, len(secret) - piece, piece)]
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert len(files) >= 6
    return any(p in data for p in pieces for data in files)


@pytest.mark.parametrize("model", [
    umbra.EncryptedLogisticRegression(iterations=2, degree=3, range=12, params=SMALL),
    umbra.EncryptedMLPClassifier(hidden=(3,), iterations=2, params=SMALL)])
def test_trained_by_a_server_that_has_no_secret(breast_cancer, tmp_path, model):
    X, y = breast_cancer[0][:100, :6], breast_cancer[1][:100]
    training = model.prepare(X, y, tmp_path / "job")
    server(tmp_path / "job")
    model.collect(training)
    records = Records(X, (y == model.classes_[1]).astype(float), 2)
    expected, _ = training.plan.twin(Scaling(records, "deviation", model.clip).apply(records))
    assert np.allclose(np.concatenate([w.ravel() for w in model.weights_]), expected, atol=1e-5)
    assert model.score(X, y) > 0.7
    with pytest.raises(ValueError, match="not prepared by this classifier"):
        type(model)().collect(training)
    os.mkdir(tmp_path / "secret", 0o700)
    training.secret_key.save(tmp_path / "secret/key.umbra")
    secret = (tmp_path / "secret/key.umbra").read_bytes()
    assert holds(tmp_path, secret) and not holds(tmp_path / "job", secret)
    with pytest.raises(TypeError, match="secret key"):
        pickle.dumps(training)


def test_secret_order_has_its_key_in_the_scaling(breast_cancer):
    X, y = breast_cancer[0][:60, :3], breast_cancer[1][:60]
    records = Records(X, (y == y[0]).astype(float), 2)
    scaling, other = Scaling(records), Scaling(records)
    plans = [TrainPlan(SMALL, records, scaling=s, shuffle=2, batch=20, iterations=4) for s in (scaling, other)]
    assert plans[0].digest == plans[1].digest
    weights = [plan.twin(s.apply(records))[0] for plan, s in zip(plans, (scaling, other))]
    assert not np.array_equal(*weights)
    assert np.array_equal(weights[0], plans[0].twin(scaling.apply(records))[0])
    with pytest.raises(umbra.MismatchError, match="another scaling"):
        plans[0].twin(other.apply(records))
    with pytest.raises(umbra.InvalidArgumentError, match="a secret order"):
        TrainPlan(SMALL, records, shuffle=2)


def test_training_goes_on_where_it_was_interrupted(breast_cancer, tmp_path):
    X, y = breast_cancer[0][:60, :3], breast_cancer[1][:60]
    model = umbra.EncryptedLogisticRegression(iterations=30, rate=0.1, degree=3, range=12, params=SMALL)
    training = model.prepare(X, y, tmp_path / "job")

    def interrupt(fraction):  # asked ten times a second: many iterations are left after the first that is kept
        if (tmp_path / "job/run/checkpoint.umbra").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        umbra.train(tmp_path / "job", progress=interrupt)
    assert not (tmp_path / "job/run/model.umbra").exists()
    umbra.train(tmp_path / "job")
    assert np.all(np.isfinite(model.collect(training).coef_))


def test_costs_before_there_are_keys(breast_cancer):
    X, y, _ = breast_cancer
    plan = umbra.EncryptedLogisticRegression(rate=0.2).plan(X, y)
    assert plan.report()["bootstraps"] > 0 and plan.cost(machine="h200")["seconds"] > plan.cost("iteration", "h200")["seconds"]
    assert pickle.loads(pickle.dumps(plan)).options["iterations"] == 30
    with pytest.raises(ValueError, match="give a larger range"):
        umbra.EncryptedLogisticRegression(rate=100.0).plan(X, y)
