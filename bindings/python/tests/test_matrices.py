# SPDX-License-Identifier: Apache-2.0
"""Encrypted matrices against the same of NumPy; arrays as they lie in memory."""
import pickle

import numpy as np
import pytest

import umbra
from conftest import RING

CLOSE = 1e-5


def arrays(values):
    """The same matrix in several shapes of memory."""
    wide = np.zeros((2 * values.shape[0], 3 * values.shape[1]))
    wide[::2, ::3] = values
    record = np.zeros(values.shape, dtype=[("flag", "i1"), ("value", "f8")])
    record["value"] = values
    return {"rows": values, "columns": np.asfortranarray(values), "strided": wide[::2, ::3],
            "backwards": np.ascontiguousarray(values[::-1, ::-1])[::-1, ::-1], "list": values.tolist(),
            "float": values.astype(np.float32), "unaligned": record["value"], "big-endian": values.astype(">f8"),
            "integer": np.rint(values * 10).astype(np.int32)}


@pytest.mark.parametrize("kind", arrays(np.ones((1, 1))))
def test_arrays_however_they_lie(owner, random, kind):
    array = arrays(random.uniform(-1, 1, (3, 5)))[kind]
    assert np.allclose(owner.decrypt(owner.encrypt(array)), np.asarray(array, dtype=float), atol=CLOSE)


def test_floats_and_strides_are_not_copied(random):
    from umbra._call import doubles, strided
    for array in (random.uniform(size=(4, 6)), random.uniform(size=(4, 6)).astype(np.float32)[::2, ::-1]):
        assert strided(array).pointer.data == umbra._call.ffi.cast("void *", array.ctypes.data)
    assert doubles(array := random.uniform(size=5)) is array


def test_element_by_element(owner, random):
    a, b = random.uniform(-1, 1, (2, 6, 5))
    x, y = owner.encrypt(a), owner.encrypt(b)
    for result, expected in ((x + y, a + b), (x - y, a - b), (x * y, a * b), (x.polynomial([0, 1, 1]), a + a * a)):
        assert result.shape == (6, 5) and np.allclose(owner.decrypt(result), expected, atol=CLOSE)


def test_transposed(owner, random):
    a = random.uniform(-1, 1, (4, 4))
    x = owner.encrypt(a, order="by_columns")
    assert x.layout["order"] == "by_columns" and x.T.layout["order"] == "by_rows"
    assert np.allclose(owner.decrypt(x.T), a.T, atol=CLOSE)


COLUMNS = dict(order="by_columns", slots=8)


@pytest.mark.parametrize("program, expected, layout", [
    (lambda x: x @ np.arange(16).reshape(8, 2), lambda a: a @ np.arange(16).reshape(8, 2), COLUMNS),
    (lambda x: x[1:3, ::2], lambda a: a[1:3, ::2], {}), (lambda x: x[::-1], lambda a: a[::-1], {}),
    (lambda x: x.view(2, 16, row_step=16), lambda a: a.reshape(2, 16), {}),
    (lambda x: x.sum(axis=1), lambda a: a.sum(axis=1, keepdims=True), COLUMNS)])
def test_programs_with_keys_of_their_dry_runs(random, program, expected, layout):
    a = random.uniform(-1, 1, (4, 8))
    run = umbra.dry_run(program, (a, layout), params=umbra.Params(depth=2, **RING))
    with umbra.Owner(umbra.Params(depth=2, **RING), needs=run.needs) as owner:
        assert np.allclose(owner.decrypt(program(owner.encrypt(a, **layout))), expected(a), atol=CLOSE)


def test_encrypted_products_as_planned(random):
    a, b = random.uniform(-1, 1, (5, 4)), random.uniform(-1, 1, (4, 3))
    params = umbra.Params(depth=2, **RING)
    plan = umbra.ProductPlan(params, 5, 4, 3)
    left, right = plan.layouts()
    assert plan.cost()["keys"] == len(plan.needs) and "seconds" in plan.explain() + "seconds"
    with umbra.Owner(params, needs=plan.needs) as owner:
        product = owner.encrypt(a, **left) @ owner.encrypt(b, **right)
        assert np.allclose(owner.decrypt(product), a @ b, atol=CLOSE)


def test_layers_with_a_bias(random):
    a, W, b = random.uniform(-1, 1, (5, 4)), random.uniform(-1, 1, (3, 4)), random.uniform(-1, 1, 3)
    params = umbra.Params(depth=2, **RING)
    plan = umbra.ProductPlan(params, 5, 4, 3, plain=True)
    assert plan.layouts()[1] == {}
    with umbra.Owner(params, needs=plan.needs) as owner:
        x = owner.encrypt(a, **plan.layouts()[0])
        assert np.allclose(owner.decrypt(x.linear(umbra.Weights(W, b, like=x))), a @ W.T + b, atol=CLOSE)


def test_refused(owner):
    x = owner.encrypt(np.ones((2, 3)))
    for attempt, error, text in ((lambda: x[0], TypeError, "slices"), (lambda: x[2:2], IndexError, "2 x 3"),
                                 (lambda: x + 1, TypeError, "unsupported operand"),
                                 (lambda: owner.public_key.encrypt_matrix(np.ones(3)), ValueError, "1 dimensions")):
        with pytest.raises(error, match=text):
            attempt()


def test_pickles(owner, random):
    a = random.uniform(-1, 1, (3, 3))
    copy = pickle.loads(pickle.dumps(owner.encrypt(a)))
    assert np.allclose(owner.decrypt(copy), a, atol=CLOSE)
