# SPDX-License-Identifier: Apache-2.0
"""Encrypted vectors against the same arithmetic of NumPy."""
import operator
import pickle

import numpy as np
import pytest

import umbra
from conftest import SMALL

CLOSE = 1e-5
COUNT = 20


@pytest.mark.parametrize("compute", [
    lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y, lambda x, y: -x, lambda x, y: x * 3, lambda x, y: 3 * x,
    lambda x, y: x * 0.5, lambda x, y: x / 4, lambda x, y: x + 1.5, lambda x, y: 1.5 - x, lambda x, y: x - 2,
    lambda x, y: x ** 2, lambda x, y: x ** 5 + y, lambda x, y: (x * y + 1) * x * y])
def test_operators(owner, random, compute):
    x, y = random.uniform(-1, 1, (2, COUNT))
    result = compute(owner.encrypt(x), owner.encrypt(y))
    assert np.allclose(owner.decrypt(result, COUNT), compute(x, y), atol=CLOSE)


@pytest.mark.parametrize("compute", [operator.add, operator.sub, operator.mul])
def test_plain_vectors_on_either_side(owner, random, compute):
    x, y = random.uniform(-1, 1, (2, COUNT))
    encrypted = owner.encrypt(x)
    assert np.allclose(owner.decrypt(compute(encrypted, y), COUNT), compute(x, y), atol=CLOSE)
    assert np.allclose(owner.decrypt(compute(y, encrypted), COUNT), compute(y, x), atol=CLOSE)
    assert np.allclose(owner.decrypt(compute(encrypted, list(y)), COUNT), compute(x, y), atol=CLOSE)


def test_complex_numbers(owner, random):
    z, w = random.uniform(-1, 1, (2, COUNT)) + 1j * random.uniform(-1, 1, (2, COUNT))
    a, b = owner.encrypt(z), owner.encrypt(w)
    for result, expected in ((a * b, z * w), (a.conjugate(), z.conjugate()), (a * 1j + 2j, z * 1j + 2j), (a * w, z * w)):
        assert np.allclose(owner.decrypt(result, COUNT, complex=True), expected, atol=CLOSE)


def test_rotations(owner, random):
    x = random.uniform(-1, 1, owner.context.params.slots)
    encrypted = owner.encrypt(x)
    for result, steps in ((encrypted << 1, 1), (encrypted >> 1, -1), (encrypted.rotate(3), 3)):
        assert np.allclose(owner.decrypt(result), np.roll(x, -steps), atol=CLOSE)


def test_functions_of_slots(owner, random):
    x = random.uniform(-1, 1, COUNT)
    encrypted = owner.encrypt(x)
    assert np.allclose(owner.decrypt(encrypted.polynomial([1, 0, -2, 3]), COUNT), 1 - 2 * x ** 2 + 3 * x ** 3, atol=CLOSE)
    assert np.allclose(owner.decrypt(encrypted.polynomial([1, 2, 3], interval=(-3, 3)), COUNT), 1 + 2 * x + 3 * x ** 2,
                       atol=CLOSE)
    assert np.allclose(owner.decrypt(encrypted.chebyshev([0, 0, 1]), COUNT), 2 * x ** 2 - 1, atol=CLOSE)
    assert np.allclose(owner.decrypt(encrypted.apply(np.tanh, 15), COUNT), np.tanh(x), atol=1e-4)


def test_dot(owner, random):
    x, y = random.uniform(-1, 1, (2, 4, COUNT))
    result = umbra.dot([owner.encrypt(v) for v in x], [owner.encrypt(v) for v in y])
    assert result.level == owner.context.params.depth - 1
    assert np.allclose(owner.decrypt(result, COUNT), (x * y).sum(axis=0), atol=CLOSE)
    with pytest.raises(ValueError, match="of 1 and 0"):
        umbra.dot([owner.encrypt([1])], [])


def test_fewer_slots_and_lower_levels(owner):
    x = owner.public_key.encrypt([1, 2, 3], level=2, slots=4)
    assert (x.level, len(x)) == (2, 4)
    assert np.allclose(owner.decrypt(owner.evaluator.bind(x) << 1), [2, 3, 0, 1], atol=CLOSE)
    assert owner.encrypt([1.0]).at_level(1).level == 1


def test_what_is_known_without_the_key(owner):
    x = owner.encrypt([0.5, 0.25])
    assert x.declare(0.75).magnitude == 0.75
    assert x.range()["by"] == "application"
    report = owner.secret_key.noise(x, [0.5, 0.25])
    assert 0 < report["max_error"] <= x.error_bound and x.headroom_bits > 0


def test_symmetric_encryption_is_half_as_large(owner):
    assert len(owner.secret_key.encrypt([1.0]).to_bytes()) < 0.6 * len(owner.public_key.encrypt([1.0]).to_bytes())


# ---- errors ----

def test_errors_have_status_and_text(owner):
    x = owner.encrypt([1.0])
    cases = ((umbra.MissingKeyError, lambda: x << 2, "rotation 2"), (umbra.NoLevelError, lambda: x.at_level(0) * x, "level"),
             (umbra.RangeError, lambda: owner.encrypt([np.inf]), "finite"),
             (umbra.InvalidArgumentError, lambda: umbra.Params("no such"), "n13-d2-s40"),
             (umbra.UnsupportedError, lambda: umbra.Params(depth=63, scale_bits=60), ""),
             (umbra.MismatchError, lambda: x + umbra.Owner(owner.context).encrypt([1.0]), "owner"))
    for error, attempt, text in cases:
        with pytest.raises(error, match=text) as caught:
            attempt()
        assert isinstance(caught.value, umbra.Error) and caught.value.status == error.status > 0
    assert issubclass(umbra.RangeError, ValueError) and issubclass(umbra.IoError, OSError)


def test_options_that_there_are_not(owner):
    with pytest.raises(TypeError, match="no option 'dept'; there are depth"):
        umbra.Params(dept=1)
    with pytest.raises(ValueError, match="'sideways' is none of by_rows, by_columns"):
        owner.encrypt(np.ones((2, 2)), order="sideways")


def test_shapes_of_vectors(owner):
    x = owner.encrypt(1.0)
    for attempt in (lambda: owner.public_key.encrypt_matrix(np.ones((2, 2, 2))), lambda: x + np.ones((2, 2)), lambda: x.chebyshev([[1, 2]]),
                    lambda: x.polynomial([]), lambda: owner.public_key.encrypt(np.ones((2, 2)) * 1j)):
        with pytest.raises(ValueError):
            attempt()


def test_operands_of_nothing(owner):
    with pytest.raises(TypeError, match="bind"):
        owner.public_key.encrypt([1.0]) * 2
    with pytest.raises(ValueError, match="exponent"):
        owner.encrypt([1.0]) ** 0


# ---- lives ----

def test_closed_objects_are_refused(owner):
    with owner.encrypt([1.0]) as x:
        assert not x.closed
    assert x.closed
    x.close()
    for attempt in (lambda: x.level, lambda: x * 2, lambda: owner.decrypt(x), lambda: x.to_bytes(), x.__enter__):
        with pytest.raises(ValueError, match="this Ciphertext is closed"):
            attempt()


def test_parts_outlive_what_they_were_made_from():
    owner = umbra.Owner(depth=1, **SMALL)
    x, secret, evaluator = owner.encrypt([0.5]), owner.secret_key, umbra.Evaluator(owner.context, owner.eval_keys)
    owner.context.close(), owner.public_key.close(), owner.eval_keys.close()
    del owner
    assert np.allclose(secret.decrypt(evaluator.bind(x) + 1, 1), 1.5, atol=CLOSE)


def test_memory_of_a_context_is_given_back():
    owner = umbra.Owner(depth=1, **SMALL)
    before = owner.context.memory
    x = owner.encrypt([1.0])
    assert owner.context.memory > before
    del x
    assert owner.context.memory == before


# ---- files, bytes, pickles ----

def test_public_objects_are_pickled(owner):
    x = owner.encrypt([0.5, -1])
    for thing in (owner.context.params, owner.public_key, owner.eval_keys, x, umbra.Plaintext(owner.context, [1.0])):
        copy = pickle.loads(pickle.dumps(thing))
        assert copy.to_bytes() == thing.to_bytes()
    copy = pickle.loads(pickle.dumps(x))
    assert copy.context == owner.context and np.allclose(owner.decrypt(copy, 2), [0.5, -1], atol=CLOSE)
    assert pickle.loads(pickle.dumps(owner.context)) == owner.context


def test_secrets_are_not_pickled(owner):
    for thing in (owner.secret_key, owner):
        with pytest.raises(TypeError, match="secret key.*not pickled|not pickled.*secret key"):
            pickle.dumps(thing)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(owner.evaluator)


def test_files(owner, tmp_path):
    x = owner.encrypt([0.5])
    x.save(tmp_path / "x.umbra")
    assert umbra.Ciphertext.load(owner.context, tmp_path / "x.umbra").owner == owner.secret_key.owner == x.owner
    (tmp_path / "secret").mkdir(mode=0o700)
    path = tmp_path / "secret/key.umbra"
    owner.secret_key.save(path, "a phrase")
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(umbra.PassphraseError):
        umbra.SecretKey.load(owner.context, path, "another")
    assert np.allclose(umbra.SecretKey.load(owner.context, path, "a phrase").decrypt(x, 1), 0.5, atol=CLOSE)
    with pytest.raises(umbra.ExistsError):
        owner.secret_key.save(path)
    with pytest.raises(umbra.FormatError):
        umbra.Ciphertext.from_bytes(owner.context, b"no container")
    with pytest.raises(umbra.IoError):
        umbra.Ciphertext.load(owner.context, tmp_path / "absent.umbra")


# ---- before there are keys ----

def test_dry_runs_tell_keys_and_costs(owner):
    def program(x, y):
        return (x * y << 3) + x

    run = umbra.dry_run(program, np.ones(4), np.ones(4), depth=2, machine="h200")
    assert (run["keys"], run["products"], run["lowest_level"], run.result.level) == (2, 1, 1, 1)
    assert run["machine"] == "an NVIDIA H200" and run["seconds"] > 0
    assert sorted(key["kind"] for key in run.needs) == ["relinearize", "rotate"]
    with umbra.Owner(umbra.Params(depth=2), needs=run.needs) as exact:
        assert len(exact.eval_keys) == 2 and len(exact.eval_keys.needs) == 2
        result = program(exact.encrypt([1, 2, 3, 4]), exact.encrypt([1, 1, 1, 5]))
        assert np.allclose(exact.decrypt(result, 1), [21], atol=CLOSE)


def test_descriptions(owner):
    params = umbra.Params("n13-d2-s40")
    assert params.describe()["log_n"] == 13 == params.log_n
    assert "128" in str(params) and params == umbra.Params("n13-d2-s40") and len({params, umbra.Params("n13-d2-s40")}) == 1
    assert any(device["usable"] for device in umbra.devices())
    assert set(umbra.presets()) > {"n13-d2-s40", "boot-64k-40"}
    assert umbra.Context("n13-d2-s40", device="auto").backend


# ---- refreshes, comparisons, what others may see ----

def test_refreshes(random):
    params = umbra.Params(depth=4, scale_bits=40, log_n=11, insecure_for_tests=True, bootstrap={})
    plan = umbra.RefreshPlan(params, slots=16)
    needs = umbra.KeyNeeds(params).relinearization().add(plan.needs)
    with umbra.Owner(umbra.Context(params, device="cpu"), needs=needs) as owner:
        x = random.uniform(-1, 1, 16)
        low = owner.public_key.encrypt(x, slots=16, level=plan.report()["input_level"])
        refresher = umbra.Refresher(owner.context, plan)
        fresh = owner.evaluator.bind(low).refresh(refresher)
        assert fresh.level == plan.report()["output_level"] > low.level
        assert np.allclose(owner.decrypt(fresh), x, atol=0.02)
        y = umbra.Evaluator(owner.context, owner.eval_keys, refresher=refresher).bind(owner.public_key.encrypt(x, slots=16))
        for _ in range(owner.context.params.depth + 2):  # more products than levels
            y = (y * y).declare(1)
        assert np.allclose(owner.decrypt(y), x ** (2 ** (owner.context.params.depth + 2)), atol=0.05)


def test_comparisons(random):
    plan = umbra.SignPlan(degrees=[7, 15], range=2.0)
    report = plan.report()
    assert report["degrees"][:2] == [7, 15] and abs(plan(1.0) - 1) < report["error"]
    with umbra.Owner(depth=report["depth"] + 1, **SMALL) as owner:
        a, b = random.uniform(-1, 1, (2, COUNT))
        x, y = owner.encrypt(a), owner.encrypt(b)
        apart = np.abs(a - b) > report["band"]
        assert np.allclose(owner.decrypt(plan.greater(x, y), COUNT)[apart], (a > b)[apart], atol=report["error"])
        assert np.allclose(owner.decrypt(plan.maximum(x, y), COUNT), np.maximum(a, b), atol=2 * report["relu_error"])
        assert np.allclose(owner.decrypt(plan.relu(x), COUNT), np.maximum(a, 0), atol=2 * report["relu_error"])
        assert np.allclose(np.abs(owner.decrypt(plan.sign(x), COUNT)[np.abs(a) > report["band"]]), 1, atol=report["error"])


def test_values_that_others_may_see(owner, random):
    x, grid = random.uniform(-1, 1, 8), random.uniform(-1, 1, (2, 3))
    for values, encrypted in ((x, owner.encrypt(x)), (grid, owner.encrypt(grid))):
        shown, disclosure = owner.secret_key.publish(encrypted, releases=2, least_bits=1)
        assert disclosure["bits"] > 1 and len(disclosure["id"]) == 64
        assert np.allclose(shown.ravel()[:values.size], values.ravel(), atol=8 * disclosure["noise"])
    with pytest.raises(umbra.InvalidArgumentError):
        owner.secret_key.publish(encrypted, releases=0)


def test_unsigned_numbers_are_negated_as_numbers(owner):
    x = owner.encrypt([10.0, 20.0, 30.0])
    assert np.allclose(owner.decrypt(x - np.uint8(5), 3), [5, 15, 25], atol=1e-5)
    assert np.allclose(owner.decrypt(x >> np.uint8(1), 4), [0, 10, 20, 30], atol=1e-5)


def test_what_a_copy_would_lose_is_refused(owner):
    x = owner.encrypt([0.5])
    with pytest.raises(TypeError, match="complex"):
        x.chebyshev([1, 1j])
    with pytest.raises(ValueError, match="masked"):
        owner.encrypt(np.ma.array([1.0, 2.0], mask=[False, True]).reshape(1, 2))
    with pytest.raises(ValueError, match="zeros"):
        owner.secret_key.save("key.umbra", "abc\0def")
