# SPDX-License-Identifier: Apache-2.0
"""Encrypted tensors against the same of NumPy, of random shapes and packings; keys are those of dry runs."""
import io
import itertools
import operator
import pickle
import zipfile

import numpy as np
import pytest

import umbra

CLOSE = 1e-5
RING = dict(log_n=11, scale_bits=40, insecure_for_tests=True)
PARAMS = umbra.Params(depth=4, **RING)
SLOTS = PARAMS.slots


@pytest.fixture(scope="module")
def owner():
    with umbra.Owner(umbra.Context(PARAMS, device="cpu")) as owner:
        yield owner


def compare(cases):
    """Programs, each with its operands: (array, slot axes). Returns the encrypted results."""
    cases = [(program, [(np.asarray(a), {"slot_axes": k}) for a, k in operands]) for program, *operands in cases]
    needs = umbra.KeyNeeds(PARAMS)
    for program, operands in cases:
        needs.add(umbra.dry_run(program, *operands, params=PARAMS).needs)
    results = []
    with umbra.Owner(umbra.Context(PARAMS, device="cpu"), needs=needs) as owner:
        for program, operands in cases:
            result = program(*(owner.encrypt(a, **options) for a, options in operands))
            expected = program(*(a for a, _ in operands))
            values = owner.decrypt(result)
            assert result.shape == values.shape == np.shape(expected)
            assert np.allclose(values, expected, atol=CLOSE), np.abs(values - expected).max()
            assert_empty_slots(owner, result)
            results.append(result)
    return results


def assert_empty_slots(owner, tensor):
    """Slots without an element hold 0, and all repeat, as sums and maps count on."""
    count = int(np.prod(tensor.shape[:tensor.slot_axes]))
    period = min(SLOTS, 1 << (count - 1).bit_length())
    for i, row in enumerate(tensor.ciphertexts.reshape(len(tensor.ciphertexts), -1)):
        for x in row:
            slots = owner.decrypt(x, complex=True).reshape(-1, period)
            assert np.allclose(slots, slots[0], atol=CLOSE)
            assert np.allclose(slots[:, count - i * period:] if count < (i + 1) * period else 0, 0, atol=CLOSE)


def some_shape(random, most_axes=4, most=5):
    return tuple(random.integers(1, most + 1, random.integers(1, most_axes + 1)))


def some_array(random, shape):
    return random.uniform(-1, 1, shape)


def some_axes(random, count):
    return tuple(int(a) for a in random.permutation(count)[:random.integers(1, count + 1)])


# ---- there and back ----

@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3, 2), (1, 4, 1), (SLOTS,), (3, SLOTS - 1), (2 * SLOTS, 2),
                                   (2, 1, 2, 1, 2)])
def test_there_and_back(owner, random, shape):
    for slot_axes in (*range(len(shape) + 1), None):
        if np.prod(shape[len(shape) if slot_axes is None else slot_axes:]) > 20:
            continue  # as many ciphertexts
        a, b = random.uniform(-1, 1, (2, *shape))
        for values, key in ((a, owner.public_key), (a + 1j * b, owner.secret_key)):
            x = key.encrypt_tensor(values, slot_axes=slot_axes)
            assert (x.shape, x.ndim, x.size, x.dtype) == (shape, len(shape), values.size, values.dtype)
            assert np.allclose(owner.decrypt(x), values, atol=CLOSE)
            assert owner.decrypt(x).dtype == values.dtype and x.owner == owner.secret_key.owner
            assert_empty_slots(owner, x)
            copy = pickle.loads(pickle.dumps(x))
            assert (copy.shape, copy.slot_axes, copy.dtype, bytes(copy)) == (shape, x.slot_axes, x.dtype, bytes(x))


def test_arrays_however_they_lie(owner, random):
    a = some_array(random, (4, 6, 2))
    for values in (a, np.asfortranarray(a), a[::2, ::-1], a.astype(np.float32), a.tolist(),
                   np.rint(9 * a).astype(np.int8)):
        assert np.allclose(owner.decrypt(owner.encrypt(values)), values, atol=CLOSE)


def test_what_is_known_without_the_key(owner):
    x = owner.encrypt(np.full((3, 2), 0.5), slot_axes=1, level=2)
    assert (x.level, len(x), x.ciphertexts.shape, x.slot_axes) == (2, 3, (1, 2), 1)
    assert x.precision > 20 and x.error_bound < 1e-6 and x.headroom_bits > 0 and x.nbytes > 1000
    assert x.declare(0.75).magnitude == 0.75 and repr(x) == "<umbra.Tensor (3, 2), 1 axes in slots, level 2>"
    assert x.at_level(1).level == 1 and x.evaluator is owner.evaluator
    with pytest.raises(TypeError, match="without axes"):
        len(owner.encrypt(1.0, slot_axes=0))


# ---- element by element ----

OPERATIONS = (operator.add, operator.sub, operator.mul)


def test_with_arrays_and_numbers(random):
    """By NumPy's rules of broadcasting, on either side, as long as slots stay what they are."""
    cases = []
    for _ in range(40):
        shape = some_shape(random)
        slot_axes = int(random.integers(0, len(shape) + 1))
        other = [1 if random.random() < 0.4 else n for n in shape][random.integers(0, len(shape)):]
        values = some_array(random, other) if random.random() < 0.8 else random.choice([0.5, 3])
        operation = OPERATIONS[random.integers(3)]
        if random.random() < 0.5:
            cases.append((lambda x, o=operation, v=values: o(x, v), (some_array(random, shape), slot_axes)))
        else:
            cases.append((lambda x, o=operation, v=values: o(v, x), (some_array(random, shape), slot_axes)))
    compare(cases)


def test_arrays_add_axes_that_are_not_in_slots(random):
    x, y = some_array(random, (3, 1)), some_array(random, (3, 4))
    more = some_array(random, (2, 3, 4))
    for result in compare([(lambda x: x * y, (x, 1)), (lambda x: y - x, (x, 1)), (lambda x: x + more, (x, 0)),
                           (lambda x: x * more[:1], (y, 1))]):
        assert result.slot_axes in (0, 1, 2)


def test_between_tensors(random):
    """The same slot axes, and any others; or one without slot axes that is the same along the other's."""
    a, b, row, column = (some_array(random, shape) for shape in ((3, 4, 5), (3, 1, 5), (4, 1), (3, 1)))
    single, one = some_array(random, (1, 4, 5)), some_array(random, ())
    operands = [((a, 1), (b, 1)), ((a, 3), (a[::-1], 3)), ((a, 1), (row, 0)), ((row, 0), (a, 1)), ((a, 0), (b, 0)),
                ((a, 2), (one, 0)), ((a, 1), (single, 1)), ((single, 0), (a, 1)), ((a, 3), (one, 0)),
                ((column, 1), (b[:, 0], 1)), ((one, 0), (a[0], 2))]
    compare([(operation, x, y) for operation, (x, y) in zip(itertools.cycle(OPERATIONS), operands)])


def test_results_go_on(random):
    """Sums of many slots meet tensors of few, whose slots then repeat more often."""
    a, many = some_array(random, (3, 5)), some_array(random, (600,))
    compare([(lambda x, y: (x + y.mean()).T, (a, 2), (many, 1)),
             (lambda x, y: (x * y.mean() + a).sum(axis=0), (a, 2), (many, 1)),
             (lambda x, y: (x - y.sum()).sum(), (a, 1), (many, 1)),
             (lambda x: x - x.mean(axis=0, keepdims=True), (a, 1)),
             (lambda x: x / 4 - (x * x)[1], (a, 1)), (lambda x, y: ((x + y.mean()) + a)[1:, ::2], (a, 2), (many, 1)),
             (lambda x, y: x @ a.T + y.mean(), (a, 2), (many, 1))])


def test_functions(owner, random):
    a = some_array(random, (3, 5))
    for slot_axes in range(3):
        x = owner.encrypt(a, slot_axes=slot_axes)
        b = owner.encrypt(a / 2 + 1, slot_axes=slot_axes)
        for result, expected, close in (
                (x ** 3, a ** 3, CLOSE), (x.square(), a * a, CLOSE), (-x, -a, CLOSE), (x / 4, a / 4, CLOSE),
                (x / np.array([[2.0], [4.0], [5.0]]), a / [[2], [4], [5]], CLOSE),
                (x.polynomial([1, 0, -2, 3]), 1 - 2 * a ** 2 + 3 * a ** 3, CLOSE),
                (x.chebyshev([0.5, 0, 1]), 2 * a ** 2 - 0.5, CLOSE), (x.apply(np.cos, 7), np.cos(a), 1e-4),
                (b.apply(np.log, 7, interval=(0.5, 1.5)), np.log(a / 2 + 1), 1e-3),
                (x.map(lambda c: c * c * c), a ** 3, CLOSE)):
            assert np.allclose(owner.decrypt(result), expected, atol=close)
            assert_empty_slots(owner, result)


def test_whole_numbers_take_no_level(owner):
    x = owner.encrypt(np.ones((2, 3)), slot_axes=1)
    assert [(x * 3).level, (x * np.array([1, 2, 3])).level, (x * 0.5).level, (x + 0.5).level] == [4, 4, 3, 4]
    assert np.allclose(owner.decrypt(x * np.array([1, 2, 3])), [[1, 2, 3]] * 2, atol=CLOSE)


def test_complex_numbers(random):
    z, w = random.uniform(-1, 1, (2, 3, 4)) + 1j * random.uniform(-1, 1, (2, 3, 4))
    real, W = some_array(random, (3, 4)), some_array(random, (4, 2)) * (1 + 2j)
    results = compare([(lambda x: x * 1j + w, (real, 2)), (lambda x: (x * 1j).conjugate(), (real, 1)),
                       (lambda x: x @ W, (real, 1)), (lambda x: x @ W, (real, 2)),
                       (lambda x, y: x + (y * 1j), (real, 1), (real, 1)),
                       (lambda x: (x * z).T.sum(axis=0), (real, 2)), (lambda x: x @ W.real, (z, 1))])
    assert all(x.dtype == np.complex128 for x in results)
    with pytest.raises(umbra.InvalidArgumentError, match="complex"):
        results[0].to_matrix()


# ---- sums ----

def test_sums_and_means(random):
    cases = [(lambda x: x.sum(), (some_array(random, (2, 3)), k)) for k in (None, 0, 1)]
    for _ in range(24):
        a = some_array(random, some_shape(random))
        axis = random.choice([None, "some"]) and some_axes(random, a.ndim)
        name, keep = str(random.choice(["sum", "mean"])), bool(random.integers(2))
        cases.append((lambda x, n=name, a=axis, k=keep: getattr(x, n)(axis=a, keepdims=k),
                      (a, int(random.integers(0, a.ndim + 1)))))
    compare(cases)


def test_what_sums_cost():
    a = np.ones((4, 8))
    for program, slot_axes, level, keys in ((lambda x: x.sum(), 2, 4, 5), (lambda x: x.sum(axis=0), 1, 4, 2),
                                            (lambda x: x.sum(axis=1), 1, 4, 0), (lambda x: x.mean(axis=1), 1, 3, 0),
                                            (lambda x: x.sum(axis=1, keepdims=True), 0, 4, 0)):
        run = umbra.dry_run(program, (a, {"slot_axes": slot_axes}), params=PARAMS)
        assert (run.result.level, len(run.needs)) == (level, keys)
    run = umbra.dry_run(lambda x: x.mean(axis=0), (a, {"slot_axes": None}), params=PARAMS)
    assert run.result.level == 3 and len(run.needs) > 0


# ---- elements elsewhere ----

def some_key(random, shape):
    key = []
    for n in shape:
        low, high = sorted(random.integers(0, n + 1, 2))
        step = int(random.choice([1, 2, -1]))
        key.append(random.choice([0, 1]) and int(random.integers(-n, n)) or
                   (slice(None) if low == high else slice(None, None, step) if step < 0 else slice(low, high, step)))
    return tuple(key[:random.integers(1, len(key) + 1)])


def test_indices(random):
    cases = [(lambda x: x[1], (some_array(random, (3, 4)), k)) for k in range(3)]
    cases += [(lambda x: x[..., 0], (some_array(random, (3, 4)), k)) for k in range(3)]
    for _ in range(24):
        a = some_array(random, some_shape(random, 3))
        cases.append((lambda x, k=some_key(random, a.shape): x[k], (a, int(random.integers(0, a.ndim + 1)))))
    compare(cases)


def test_other_orders_and_packings(random):
    cases = []
    for _ in range(16):
        a = some_array(random, some_shape(random, 3, 4))
        order = tuple(int(k) for k in random.permutation(a.ndim))
        cases.append((lambda x, o=order: x.transpose(o), (a, int(random.integers(0, a.ndim + 1)))))
    a = some_array(random, (3, 4, 2))
    cases += [(lambda x: x.T, (a, 0)), (lambda x: x.transpose(0, 2, 1), (a, 1)),
              (lambda x: x.transpose(-1, 0, 1), (a, 3)),
              (lambda x: x.reshape(12, 2), (a, 2)), (lambda x: x.reshape((2, -1)), (a, 3)),
              (lambda x: x.reshape(3, 8), (a, 1))]
    compare(cases)
    packed = [(lambda x, t=to: x.repacked(t) if isinstance(x, umbra.Tensor) else x,
               (a, of)) for of in range(4) for to in range(4)]
    for result, (of, to) in zip(compare(packed), itertools.product(range(4), range(4))):
        assert (result.slot_axes, result.level) == (to, 4 if of == to else 3)
    [result] = compare([(lambda x: x.reshape(4, 6, slot_axes=1) if isinstance(x, umbra.Tensor) else x.reshape(4, 6),
                         (a, 2))])
    assert (result.slot_axes, result.level) == (1, 3)


def test_what_is_free_is_not_even_copied(owner, random):
    x = owner.encrypt(some_array(random, (4, 3, 2)), slot_axes=1)
    for result in (x.transpose(0, 2, 1), x.reshape(2, 2, 6), x[:, 1], x[:, ::-1, 0], x.repacked(1), x.reshape(4, 6)):
        assert {id(c) for c in result.ciphertexts.flat} <= {id(c) for c in x.ciphertexts.flat}
    y = owner.encrypt(some_array(random, (3, SLOTS)), slot_axes=None)
    assert [y[k].ciphertexts[0] is y.ciphertexts[k] for k in range(3)] == [True] * 3
    assert len(y[1:].ciphertexts) == 2 and y.reshape(-1).shape == (3 * SLOTS,)


def test_iterating(owner, random):
    a = some_array(random, (3, 2))
    rows = list(owner.encrypt(a, slot_axes=0))
    assert len(rows) == 3 and all(np.allclose(owner.decrypt(x), row, atol=CLOSE) for x, row in zip(rows, a))


# ---- several ciphertexts ----

def test_several_ciphertexts(random):
    a = some_array(random, (3, 700))  # 3 ciphertexts
    compare([(lambda x: x + a[:1] * 2, (a, 2)), (lambda x: x * a + 1, (a, 2)), (lambda x, y: x * y, (a, 2), (a, 2)),
             (lambda x: x.sum(axis=0), (a, 2)), (lambda x: x.mean(), (a, 2)), (lambda x: x[1], (a, 2)),
             (lambda x: x[:2], (a, 2)),
             (lambda x: x.reshape(700, 3) - 0.5, (a, 2)), (lambda x: x[1:, 5:8], (a, 2)),
             (lambda x: a[:2, :3] @ x, (a, 2)),
             (lambda x: x.mean(axis=0), (a.reshape(1050, 2), 1)), (lambda x: x @ a[:2, :3], (a.reshape(1050, 2), 1)),
             (lambda x: x.sum(axis=1), (a.reshape(1050, 2), 1))])


# ---- products ----

def test_products_with_arrays(random):
    cases = []
    for _ in range(20):
        a = some_array(random, some_shape(random, 3))
        n, m = a.shape[-1], int(random.integers(1, 6))
        slot_axes = int(random.integers(0, a.ndim + 1))
        W = some_array(random, (n, m) if random.random() < 0.7 else n)
        cases.append((lambda x, W=W: x @ W, (a, slot_axes)))
        rows = a.shape[max(a.ndim - 2, 0)]
        V = some_array(random, (m, rows) if random.random() < 0.7 else rows)
        cases.append((lambda x, V=V: V @ x, (a, slot_axes)))
    compare(cases)


def test_products_of_tensors(random):
    a, b, v, w = (some_array(random, shape) for shape in ((3, 4), (4, 2), (4,), (3,)))
    batch, other = some_array(random, (5, 3, 4)), some_array(random, (5, 4, 2))
    over_no_slots = [((a, 1), (b, 0)), ((a, 0), (b, 0)), ((a, 1), (v, 0)), ((batch, 1), (other, 1)), ((batch, 1), (b, 0)),
                     ((v, 0), (b, 0)), ((batch, 2), (b, 0)), ((v, 0), (other, 1)), ((batch, 0), (v, 0))]
    over_slots = [((v, 1), (v, 1)), ((v, 1), (b, 1))]
    by_plans = [((a, None), (b, None)), ((a, None), (v, None)), ((w, None), (a, None))]
    results = compare([(operator.matmul, *operands) for operands in over_no_slots + over_slots + by_plans])
    assert [x.level for x in results] == [3] * 11 + [1] * 3
    assert [x.slot_axes for x in results[-3:]] == [2, 1, 1]
    assert compare([(lambda x, y: x.dot(y), (v, 0), (v, 0))])[0].level == 3


def test_matrices(random):
    a, b = some_array(random, (3, 4)), some_array(random, (4, 2))
    left, right = umbra.ProductPlan(PARAMS, 3, 4, 2, level=3).layouts()
    for slot_axes in range(3):
        def program(x, y):
            return umbra.Tensor.from_matrix(x.to_matrix(**left) @ y.to_matrix(**right))

        operands = [(values, {"slot_axes": slot_axes}) for values in (a, b)]
        run = umbra.dry_run(program, *operands, params=PARAMS)
        with umbra.Owner(umbra.Context(PARAMS, device="cpu"), needs=run.needs) as owner:
            result = program(*(owner.encrypt(values, **options) for values, options in operands))
            assert np.allclose(owner.decrypt(result), a @ b, atol=CLOSE) and result.slot_axes == 2
            assert_empty_slots(owner, result)


def test_matrices_that_are_columns_already(owner, random):
    a = some_array(random, (5, 1))
    matrix = owner.encrypt(a, order="by_columns", stride=8, slots=8)
    result = umbra.Tensor.from_matrix(matrix.polynomial([0.5, 0, 1]))
    assert np.allclose(owner.decrypt(result), 0.5 + a * a, atol=CLOSE)
    assert_empty_slots(owner, result)
    x = owner.encrypt(some_array(random, (6, 3)), slot_axes=1)
    assert x.to_matrix().level == x.level and np.allclose(owner.decrypt(x.to_matrix()), owner.decrypt(x), atol=CLOSE)


# ---- errors ----

def test_errors_have_status_and_text(owner, random):
    a = some_array(random, (2, 3))
    x, y, dense = owner.encrypt(a, slot_axes=1), owner.encrypt(a, slot_axes=2), {"slot_axes": None}
    elsewhere = umbra.Owner(umbra.Context(umbra.Params(depth=3, **RING), device="cpu"))
    cases = [
        (umbra.InvalidArgumentError, lambda: x + np.ones(4), r"\(2, 3\) and \(4,\) do not go together"),
        (umbra.InvalidArgumentError, lambda: x + np.ones((2, 2, 3)), "axes lie in slots, where nothing is repeated"),
        (umbra.InvalidArgumentError, lambda: x + y, "other axes in their slots: see repacked"),
        (umbra.InvalidArgumentError, lambda: x + owner.encrypt(a, slot_axes=0), "differs along those.*repacked"),
        (umbra.InvalidArgumentError, lambda: x @ np.ones(2), r"axis 1 of the shape \(2, 3\)"),
        (umbra.InvalidArgumentError, lambda: x @ x, r"\(2, 3\) and \(2, 3\) have no product"),
        (umbra.InvalidArgumentError, lambda: x.sum(axis=2), "no axis 2"),
        (umbra.InvalidArgumentError, lambda: x.sum(axis=(0, -2)), "named twice"),
        (umbra.InvalidArgumentError, lambda: x.reshape(4), r"cannot become \(4,\)"),
        (umbra.InvalidArgumentError, lambda: x.reshape(3, 2), "say slot_axes"),
        (umbra.InvalidArgumentError, lambda: x.transpose(0, 0), "no order of the axes"),
        (umbra.InvalidArgumentError, lambda: owner.encrypt(a, slot_axes=3), "0 to 2 of them in slots, not 3"),
        (umbra.InvalidArgumentError, lambda: owner.encrypt(np.ones((2, 0, 2))), "nothing in a tensor"),
        (umbra.InvalidArgumentError, lambda: x.sum(axis=1).to_matrix(), "rows and columns"),
        (umbra.InvalidArgumentError, lambda: umbra.Tensor(x.ciphertexts.flat, (2, 4), 1), "4 ciphertexts, not 3"),
        (umbra.InvalidArgumentError, lambda: umbra.Tensor(x.ciphertexts.flat, (5, 3), 1), "of 8 slots"),
        (umbra.InvalidArgumentError, lambda: umbra.Tensor([], (1,)), "there are none"),
        (umbra.MismatchError, lambda: x + elsewhere.encrypt(a, slot_axes=1), ""),
        (umbra.MismatchError, lambda: x * umbra.Owner(owner.context).encrypt(a, slot_axes=1), "owner"),
        (umbra.NoLevelError, lambda: x.at_level(0) * x, "level"),
        (umbra.NoLevelError, lambda: x.at_level(0) * 0.5, "level"),
        (umbra.NoLevelError, lambda: y.at_level(0).T, "level"),
        (umbra.NoLevelError, lambda: x.at_level(0) @ a.T, "level"),
        (umbra.NoLevelError, lambda: y.at_level(0) @ y.reshape(3, 2), "level"),
        (umbra.NoLevelError, lambda: umbra.dry_run(operator.matmul, (a, dense), (a.T, dense),
                                                   params=umbra.Params(depth=2)), "level"),
        (umbra.MissingKeyError, lambda: y.T, "rotation"), (umbra.MissingKeyError, lambda: x.sum(), "rotation"),
        (umbra.RangeError, lambda: owner.encrypt(np.full((2, 2), np.inf), slot_axes=1), "finite"),
        (umbra.RangeError, lambda: x / 0.0, "finite")]
    for error, attempt, text in cases:
        with pytest.raises(error, match=text) as caught, np.errstate(divide="ignore"):
            attempt()
        assert isinstance(caught.value, umbra.Error) and caught.value.status == error.status > 0


def test_more_distances_than_there_is_room_for(owner, monkeypatch):
    monkeypatch.setattr("umbra._slot_map._MOST_VALUES", 16)
    with pytest.raises(umbra.RangeError, match="distances, and there is room for 1 diagonals"):
        owner.encrypt(np.ones((3, 5)), slot_axes=2).T


def test_many_results_are_encoded_in_parts(random, monkeypatch):
    monkeypatch.setattr("umbra._slot_map._MOST_TOGETHER", 1)
    compare([(lambda x: x.transpose(1, 0, 2), (some_array(random, (3, 4, 2)), 1))])


def test_what_is_no_operand(owner, random):
    x = owner.encrypt(some_array(random, (2, 3)), slot_axes=1)
    for attempt in (lambda: x + "text", lambda: x * owner.encrypt([1.0]), lambda: owner.encrypt([1.0]) * x,
                    lambda: x @ [["a"]],
                    lambda: np.asarray(x), lambda: np.sin(x), lambda: x[[0, 1]], lambda: x[True], lambda: x / x,
                    lambda: x[None]):
        with pytest.raises(TypeError):
            attempt()
    for attempt in (lambda: x[2], lambda: x[0, 0, 0], lambda: x[2:], lambda: x[..., ...]):
        with pytest.raises(IndexError):
            attempt()
    with pytest.raises(TypeError, match="bind"):
        owner.public_key.encrypt_tensor([1.0, 2.0]) + 1
    with pytest.raises(ValueError, match="exponent"):
        x ** 0


# ---- files, lives, what others may see ----

def test_files(owner, random, tmp_path):
    a = some_array(random, (2, 3))
    x = owner.encrypt(a, slot_axes=1)
    x.save(tmp_path / "x.tensor")
    x.save(tmp_path / "x.tensor")
    assert [file.name for file in tmp_path.iterdir()] == ["x.tensor"]
    y = owner.evaluator.bind(umbra.Tensor.load(owner.context, tmp_path / "x.tensor"))
    assert np.allclose(owner.decrypt(y * y + x), a * a + a, atol=CLOSE) and bytes(y) == x.to_bytes()
    with pytest.raises(umbra.IoError):
        umbra.Tensor.load(owner.context, tmp_path / "absent")
    with pytest.raises(umbra.IoError):
        x.save(tmp_path / "absent" / "x.tensor")


def test_bytes_that_are_no_tensor(owner):
    data = owner.encrypt(np.ones((2, 3)), slot_axes=1).to_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {member.filename: archive.read(member) for member in archive.infolist()}

    def changed(compression=zipfile.ZIP_STORED, **other):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", compression) as archive:
            for name, content in {**files, **other}.items():
                if content is not None:
                    archive.writestr(name, content)
        return stream.getvalue()

    header = files.pop("tensor.json").decode()
    files["tensor.json"] = header.encode()
    assert umbra.Tensor.from_bytes(owner.context, changed()).shape == (2, 3)
    for broken in (b"", b"no zip", data[:-30], changed(zipfile.ZIP_DEFLATED), changed(**{"0.umbra": None}),
                   changed(**{"0.umbra": b"none"}), changed(**{"3.umbra": files["0.umbra"]}),
                   *(changed(**{"tensor.json": text}) for text in (
                       "{", "[]", "{}", header.replace("2, 3", "2, 4"), header.replace("2, 3", "-2, -3"),
                       header.replace("2, 3", "2.0, 3"),
                       header.replace("float64", "object"), header.replace("1,", "7,"),
                       header.replace("2, 3", "9, 3")))):
        with pytest.raises(umbra.FormatError):
            umbra.Tensor.from_bytes(owner.context, broken)


def test_bytes_that_were_changed(owner, random):
    x = owner.secret_key.encrypt_tensor(np.ones((2, 2)), slot_axes=1, level=0)
    data, starts = x.to_bytes(), len(x.ciphertexts[0, 0].to_bytes())
    for at in (*random.integers(0, 200, 60), *random.integers(2 * starts, len(data), 140)):
        broken = bytearray(data)
        broken[at] ^= random.integers(1, 256)
        try:
            assert np.allclose(owner.decrypt(umbra.Tensor.from_bytes(owner.context, broken)), 1, atol=CLOSE)
        except umbra.FormatError:
            pass


def test_closed_tensors_are_refused(owner):
    with owner.encrypt(np.ones((2, 2, 2)), slot_axes=1) as x:
        part = x[:, 0]
    assert x.closed and repr(x) == "<umbra.Tensor, closed>" and np.allclose(owner.decrypt(part), 1, atol=CLOSE)
    for attempt in (lambda: x + 1, lambda: x.level, lambda: bytes(x), lambda: owner.decrypt(x), x.__enter__):
        with pytest.raises(ValueError, match="this Tensor is closed"):
            attempt()


def test_values_that_others_may_see(owner, random):
    a = some_array(random, (4, 2, 3))
    shown, disclosure = owner.secret_key.publish(owner.encrypt(a, slot_axes=1), releases=8, least_bits=1)
    assert disclosure["bits"] > 1 and np.allclose(shown, a, atol=8 * disclosure["noise"])


def test_encoded_once(owner, random):
    a, b = some_array(random, 8), some_array(random, 8)
    x, plain = owner.encrypt(a), umbra.Plaintext(owner.context, b)
    low = x.at_level(1) * plain
    assert low.level == 0 and np.allclose(owner.decrypt(low, 8), a * b, atol=CLOSE)
    for result, expected in ((x * plain, a * b), (plain * x, a * b), (x + plain, a + b), (plain - x, b - a),
                             (x - plain, a - b)):
        assert np.allclose(owner.decrypt(result, 8), expected, atol=CLOSE)


def test_refreshes(random):
    params = umbra.Params(depth=4, scale_bits=40, log_n=11, insecure_for_tests=True, bootstrap={})
    plan = umbra.RefreshPlan(params)
    with umbra.Owner(umbra.Context(params, device="cpu"), needs=plan.needs) as owner:
        a = some_array(random, (4, 2))
        low = owner.encrypt(a, slot_axes=1).at_level(plan.report()["input_level"])
        fresh = low.refresh(umbra.Refresher(owner.context, plan))
        assert fresh.level > low.level and np.allclose(owner.decrypt(fresh), a, atol=0.02)
