# SPDX-License-Identifier: Apache-2.0
"""Encrypted arrays of any shape."""
from __future__ import annotations

import math
import numbers
import operator
from typing import Callable, Iterator, Optional, Tuple, Union

import numpy as np

from . import _call, _tensor_file, _tensor_products
from ._handle import _unpickled, level_of
from ._library import lib
from ._packing import Packing, objects
from ._slot_map import SlotMap
from .ciphertext import Ciphertext, Plaintext
from .context import Context
from .errors import FormatError, InvalidArgumentError
from .evaluator import Evaluator, Operand
from .matrix import Matrix
from .refresh import Refresher

Axes = Union[int, Tuple[int, ...], None]


class Tensor:
    """An encrypted array of real or complex numbers, of any shape. Immutable.

    The first `slot_axes` axes lie in slots, in row order, over as many ciphertexts as that takes; the axes after them
    have a ciphertext for each element. All axes in slots (None) take the fewest ciphertexts. With one, that of records,
    whatever does not mix records needs no rotations. With none, each number fills a ciphertext, and goes with tensors
    of any packing. Slot axes of one element in all count as none.

    With a and b tensors, arrays or numbers: a + b, a - b, -a; a * b, which takes a level unless b is an int, or ints
    that do not vary along slots; a @ b; a ** k, polynomial(), chebyshev(), apply(); sums and means; indices, reshape(),
    transpose(), repacked(), by the rules of NumPy. Two tensors go together if they have the same slot axes and as many behind them, or if one has no
    slot axes and does not vary along the other's; arrays, if the result has the tensor's slot axes. Added to one that
    does not fill its slots, a tensor without slot axes takes a level.

    What moves elements is free where whole ciphertexts stay what they are. Where they do not, as where slot axes are
    summed in part or multiplied by matrices, it takes one level, and keys of rotations, which umbra.dry_run tells: a
    rotation for each distance that elements move.

    Tensor(ciphertexts, shape, slot_axes, dtype) is made of ciphertexts, in row order, that lie so and hold 0 in all
    other slots; those of fewer than all slots repeat after the least power of two of slots that holds the elements. """

    __slots__ = ("_packing", "_array", "_dtype", "__weakref__")
    __array_ufunc__ = None  # numpy leaves array * tensor to __rmul__

    def __init__(self, ciphertexts, shape: Tuple[int, ...], slot_axes: Optional[int] = None, dtype=np.float64):
        items = list(ciphertexts)
        if not items:
            raise InvalidArgumentError("a tensor is made of ciphertexts, and there are none")
        packing = Packing(tuple(shape), slot_axes, items[0].context.params.slots)
        if len(items) != math.prod(packing.ciphertexts):
            raise InvalidArgumentError(f"{packing.shape} with {packing.slot_axes} axes in slots takes "
                                       f"{math.prod(packing.ciphertexts)} ciphertexts, not {len(items)}")
        if any(x.slots < packing.period for x in items):
            raise InvalidArgumentError(f"ciphertexts of {packing.period} slots are needed")
        self._set(packing, objects(items, packing.ciphertexts), dtype)

    def _set(self, packing: Packing, array: np.ndarray, dtype) -> None:
        self._packing, self._array, self._dtype = packing, array, np.result_type(dtype, np.float64)

    @classmethod
    def _of(cls, packing: Packing, array: np.ndarray, *dtypes) -> "Tensor":
        """Of that packing, and of numbers as operands of those types make them."""
        self = cls.__new__(cls)
        self._set(packing, array, np.result_type(*dtypes))
        return self

    def _made(self, packing: Packing, array: np.ndarray, *dtypes) -> "Tensor":
        """A result: of its own type of numbers, or one that holds also those."""
        return Tensor._of(packing, array, self._dtype, *dtypes)

    # ---- what is known of it ----

    @property
    def ciphertexts(self) -> np.ndarray:
        """An array of them: (blocks, *axes that are not in slots)."""
        return self._blocks.copy()

    @property
    def _blocks(self) -> np.ndarray:
        if self._array is None:
            raise ValueError("this Tensor is closed")
        return self._array

    @property
    def _flat(self) -> list:
        return list(self._blocks.flat)

    @property
    def _first(self) -> Ciphertext:
        return self._blocks.flat[0]

    @property
    def shape(self) -> Tuple[int, ...]:
        return self._packing.shape

    @property
    def dtype(self) -> np.dtype:
        """float64 or complex128, by what it was made of."""
        return self._dtype

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many elements it has."""
        return math.prod(self.shape)

    @property
    def slot_axes(self) -> int:
        """How many of the first axes lie in slots."""
        return self._packing.slot_axes

    @property
    def context(self) -> Context:
        """That of its ciphertexts."""
        return self._first.context

    @property
    def owner(self) -> bytes:
        """16 bytes that say under whose key it is."""
        return self._first.owner

    @property
    def evaluator(self) -> Optional[Evaluator]:
        """What computes its operators; None: nothing yet."""
        return self._first.evaluator

    def _bind(self, evaluator: Evaluator) -> None:
        for x in self._flat:
            x._bind(evaluator)

    @property
    def level(self) -> int:
        """Products, one after the other, that all of its ciphertexts still carry."""
        return min(x.level for x in self._flat)

    @property
    def magnitude(self) -> float:
        """No |element| is larger, by what inputs and declarations say."""
        return max(x.magnitude for x in self._flat)

    @property
    def error_bound(self) -> float:
        """No element's error is larger, except with probability below 2^-30 for each ciphertext."""
        return max(x.error_bound for x in self._flat)

    @property
    def precision(self) -> float:
        """Bits after the binary point that are right: -log2 of error_bound."""
        return -math.log2(self.error_bound) if self.error_bound else math.inf

    @property
    def headroom_bits(self) -> float:
        """The least of its ciphertexts'."""
        return min(x.headroom_bits for x in self._flat)

    @property
    def nbytes(self) -> int:
        """Bytes of its residues in memory."""
        return sum(x.nbytes for x in self._flat)

    def declare(self, magnitude: float, **declaration) -> "Tensor":
        """Says that no |element| is larger, as Ciphertext.declare does. Returns the tensor."""
        for x in self._flat:
            x.declare(magnitude, **declaration)
        return self

    def __array__(self, *_, **__):
        raise TypeError("a tensor is encrypted: decrypt() makes an array of it")

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a tensor without axes has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator["Tensor"]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        if self.closed:
            return "<umbra.Tensor, closed>"
        return f"<umbra.Tensor {self.shape}, {self.slot_axes} axes in slots, level {self.level}>"

    # ---- element by element ----

    def _packing_of(self, shape: Tuple[int, ...], slot_axes: Optional[int]) -> Packing:
        return Packing(shape, slot_axes, self.context.params.slots)

    def _with(self, shape: Tuple[int, ...]) -> Packing:
        """How the result with something of that shape is packed: it has the same slots."""
        try:
            result = np.broadcast_shapes(self.shape, shape)
        except ValueError:
            raise InvalidArgumentError(f"the shapes {self.shape} and {shape} do not go together") from None
        packing = self._packing_of(result, len(result) - len(self._packing.rest) if self.slot_axes else 0)
        if packing.count != self._packing.count:
            raise InvalidArgumentError(f"the shapes {self.shape} and {shape} do not go together, as the first "
                                       f"{self.slot_axes} axes lie in slots, where nothing is repeated")
        return packing

    def _expanded(self, packing: Packing) -> np.ndarray:
        """Its ciphertexts, with as many axes as those of the packing, to be broadcast to them."""
        if self.slot_axes:
            if self._packing.count != packing.count or len(self._packing.rest) != len(packing.rest):
                raise InvalidArgumentError(f"tensors of the shapes {self.shape} and {packing.shape} have other axes in "
                                           "their slots: see repacked()")
            return self._blocks
        more = self.ndim - len(packing.rest)
        if more > 0 and math.prod(self.shape[:more]) > 1:
            raise InvalidArgumentError(f"a tensor of {self.shape} without slot axes differs along those of the other "
                                       f"tensor's, {packing.shape[:packing.slot_axes]}: see repacked()")
        rest = self.shape[more:] if more > 0 else (1,) * -more + self.shape
        return self._blocks.reshape(1, *rest)

    def _pair(self, other: "Tensor") -> Tuple[Packing, np.ndarray, np.ndarray]:
        packing = other._with(self.shape) if other.slot_axes and not self.slot_axes else self._with(other.shape)
        return packing, self._expanded(packing), other._expanded(packing)

    def _binary(self, other, operation: Callable, additive: bool):
        if isinstance(other, Tensor):
            packing, a, b = self._pair(other)
            if additive and not packing.full:
                a, b = (side if x.slot_axes else _masked(side, packing) for x, side in ((self, a), (other, b)))
            return self._made(packing, _each(operation, a, b), other.dtype)
        values = _plain(other)
        if values is None:
            return NotImplemented
        packing, dtype = self._with(values.shape), values.dtype
        values = values.reshape((1,) * (len(packing.shape) - values.ndim) + values.shape)
        slots, rest = values.shape[:packing.slot_axes], values.shape[packing.slot_axes:]
        if set(slots) <= {1} and (packing.full or not additive):  # sums with numbers would reach empty slots
            array = _each(operation, self._expanded(packing), values.reshape(1, *rest))
        else:
            shape = packing.shape[:packing.slot_axes] + rest
            operands = _operands(self._packing_of(shape, packing.slot_axes).split(np.broadcast_to(values, shape)))
            array = _each(lambda x, v: operation(x, v.fit(x)), self._expanded(packing), operands)
        return self._made(packing, array, dtype)

    def map(self, function: Callable[[Ciphertext], Ciphertext]) -> "Tensor":
        """A function of ciphertexts that computes slot by slot, and of 0 makes 0: x.map(plan.relu) of a SignPlan."""
        return self._made(self._packing, _each(function, self._blocks))

    def __add__(self, other):
        return self._binary(other, operator.add, True)

    __radd__ = __add__

    def __sub__(self, other):
        return self._binary(other, operator.sub, True)

    def __rsub__(self, other):
        return -self + other

    def __mul__(self, other):
        return self._binary(other, operator.mul, False)

    __rmul__ = __mul__

    def __truediv__(self, other):
        values = _plain(other)
        return NotImplemented if values is None else self * (1 / values)

    def __neg__(self):
        return self.map(operator.neg)

    def square(self) -> "Tensor":
        """self * self, a little faster."""
        return self.map(Ciphertext.square)

    def __pow__(self, exponent: int):
        """By squaring: takes the bits of the exponent, less one, in levels, or one more."""
        return self.map(lambda x: x ** exponent)

    def conjugate(self) -> "Tensor":
        """The complex conjugate of every element. Needs a key."""
        return self.map(Ciphertext.conjugate)

    def at_level(self, level: int) -> "Tensor":
        """The same values at a lower level, where computing costs less."""
        return self.map(lambda x: x.at_level(level))

    def refresh(self, refresher: Refresher) -> "Tensor":
        """The same values at a higher level, by a Refresher; all have to be within its plan's bound."""
        return self.map(lambda x: x.refresh(refresher))

    def chebyshev(self, coefficients, interval: Tuple[float, float] = (-1.0, 1.0)) -> "Tensor":
        """sum coefficients[k] T_k(t), t in [-1, 1] being x brought there from the interval, in which x has to be."""
        lo, hi = interval
        x, empty = self, 0.0 if lo <= 0 <= hi else (lo + hi) / 2
        if empty:
            x = self._with_padding(empty)  # 0 is beyond the interval
        y = x.map(lambda c: c.chebyshev(coefficients, interval))
        value = float(np.polynomial.Chebyshev(_call.vector(coefficients, "coefficients"), domain=interval)(empty))
        return y._with_padding(-value)

    def polynomial(self, coefficients, interval: Tuple[float, float] = (-1.0, 1.0)) -> "Tensor":
        """sum coefficients[k] x^k; x has to be in the interval. Takes ceil(log2(degree + 1)) levels, and one for an
        interval that has not the length of 2."""
        kind = np.polynomial.Chebyshev
        return self.chebyshev(np.polynomial.Polynomial(coefficients).convert(kind=kind, domain=interval).coef, interval)

    def apply(self, function: Callable, degree: int, interval: Tuple[float, float] = (-1.0, 1.0)) -> "Tensor":
        """A function of arrays, such as numpy.tanh, by its interpolation of that degree on the interval."""
        return self.chebyshev(np.polynomial.Chebyshev.interpolate(function, degree, domain=interval).coef, interval)

    def _with_padding(self, value: float) -> "Tensor":
        """With that added to the slots that hold no element."""
        if self._packing.full or not value:
            return self
        padding = _operands(self._packing.alone.split(np.zeros(self._packing.alone.shape), padding=value))
        return self._made(self._packing, _each(lambda x, v: x + v.fit(x) if v.any() else x, self._blocks, padding))

    # ---- sums ----

    def sum(self, axis: Axes = None, keepdims: bool = False) -> "Tensor":
        """Over all axes, one or several. Over axes that are not in slots by additions; over all slot axes by rotations
        by powers of two, without a level; over some of them it takes a level."""
        return self._summed(axis, keepdims, 1.0)

    def mean(self, axis: Axes = None, keepdims: bool = False) -> "Tensor":
        """The sum over the number of elements, for a level in all."""
        axes = self._axes(axis)
        return self._summed(axes, keepdims, 1 / math.prod(self.shape[a] for a in axes))

    def _axes(self, axis: Axes) -> Tuple[int, ...]:
        axes = range(self.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        found = []
        for a in axes:
            if not -self.ndim <= a < self.ndim:
                raise InvalidArgumentError(f"there is no axis {a} in the shape {self.shape}")
            found.append(a % self.ndim)
        if len(set(found)) < len(found):
            raise InvalidArgumentError(f"an axis is named twice in {axis}")
        return tuple(sorted(found))

    def _summed(self, axis: Axes, keepdims: bool, weight: float) -> "Tensor":
        axes = self._axes(axis)
        one = tuple(1 if a in axes else n for a, n in enumerate(self.shape))
        shape = one if keepdims else tuple(n for a, n in enumerate(self.shape) if a not in axes)
        slot_axes = sum(keepdims or a not in axes for a in range(self.slot_axes))
        packing = self._packing_of(shape, slot_axes)
        rest = tuple(1 + a - self.slot_axes for a in axes if a >= self.slot_axes)
        blocks = np.add.reduce(self._blocks, axis=rest, keepdims=True) if rest else self._blocks
        if packing.count == self._packing.count:
            return self._made(packing, blocks.reshape(packing.ciphertexts))._weighted(weight)
        if packing.count == 1:
            blocks = _each(lambda x: _total(x, self._packing.period), np.add.reduce(blocks, axis=0, keepdims=True))
            return self._made(packing, blocks.reshape(packing.ciphertexts))._weighted(weight)
        within = self.shape[:self.slot_axes] + one[self.slot_axes:]
        x = self._made(self._packing_of(within, self.slot_axes), blocks)
        sources = x._packing.numbers()
        targets = np.broadcast_to(np.arange(math.prod(one)).reshape(one), within)
        return x._mapped(packing, sources, targets, np.full(within, weight))

    def _weighted(self, weight: float) -> "Tensor":
        return self if weight == 1 else self * weight

    # ---- elements elsewhere ----

    def _mapped(self, packing: Packing, sources, targets, weights) -> "Tensor":
        moves = SlotMap(self._packing, packing, *(np.ravel(a) for a in (sources, targets, weights)))
        return self._made(packing, objects(moves.apply(self._flat), packing.ciphertexts), weights.dtype)

    def _taken(self, elements: np.ndarray, slot_axes: Optional[int]) -> "Tensor":
        """The elements with these numbers, in that shape."""
        packing = self._packing_of(elements.shape, slot_axes)
        moves = SlotMap(self._packing, packing, elements.ravel(), np.arange(elements.size), np.ones(elements.size))
        copied = moves.copied()
        flat = self._flat
        items = moves.apply(flat) if copied is None else [flat[i] for i in copied]
        return self._made(packing, objects(items, packing.ciphertexts))

    def __getitem__(self, key) -> "Tensor":
        """By whole numbers and slices. Free along axes that are not in slots; along slot axes for whole ciphertexts,
        else a level."""
        keys = key if isinstance(key, tuple) else (key,)
        if not all(k is Ellipsis or isinstance(k, (slice, numbers.Integral)) and k is not True and
                   k is not False for k in keys):
            raise TypeError("elements of encrypted tensors are taken by whole numbers and slices")
        named = sum(k is not Ellipsis for k in keys)
        if named > self.ndim or len(keys) - named > 1:
            raise IndexError(f"{len(keys)} indices are too many for the shape {self.shape}")
        at = next((i for i, k in enumerate(keys) if k is Ellipsis), len(keys))
        keys = keys[:at] + (slice(None),) * (self.ndim - named) + keys[at + 1:]
        elements = np.asarray(self._packing.numbers()[keys])
        if not elements.size:
            raise IndexError(f"nothing is left of the shape {self.shape}")
        return self._taken(elements, sum(isinstance(k, slice) for k in keys[:self.slot_axes]))

    def reshape(self, *shape, slot_axes: Optional[int] = None) -> "Tensor":
        """The elements in row order in another shape; -1: what is left. Free where some first axes have as many
        elements as the slot axes had, and become slot axes. Otherwise slot_axes says how many do, for a level."""
        wanted = tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], numbers.Integral) else shape
        try:
            elements = self._packing.numbers().reshape(wanted)
        except ValueError:
            raise InvalidArgumentError(f"the shape {self.shape} cannot become {wanted}") from None
        if slot_axes is None and self.slot_axes == self.ndim:
            slot_axes = elements.ndim
        elif slot_axes is None:
            slot_axes = next((k for k in range(elements.ndim + 1)
                              if math.prod(elements.shape[:k]) == self._packing.count), None)
        if slot_axes is None:
            raise InvalidArgumentError(f"{self.shape} with {self.slot_axes} axes in slots does not become {wanted} for "
                                       "nothing: say slot_axes")
        return self._taken(elements, slot_axes)

    def repacked(self, slot_axes: Optional[int] = None) -> "Tensor":
        """The same with so many axes in slots (None: all): a level. To none, a mask and rotations by powers of two for
        each element."""
        return self._taken(self._packing.numbers(), slot_axes)

    def transpose(self, *axes) -> "Tensor":
        """The axes in that order; none: in reverse. As many axes lie in slots as before: free where these stay in
        their places, else a level."""
        order = tuple(axes[0]) if len(axes) == 1 and not isinstance(axes[0], numbers.Integral) else axes
        order = tuple(a % self.ndim for a in order) if order else tuple(reversed(range(self.ndim)))
        if sorted(order) != list(range(self.ndim)):
            raise InvalidArgumentError(f"{order} is no order of the axes of {self.shape}")
        return self._taken(self._packing.numbers().transpose(order), self.slot_axes)

    @property
    def T(self) -> "Tensor":
        """transpose()."""
        return self.transpose()

    # ---- products ----

    def dot(self, other) -> "Tensor":
        """self @ other."""
        return self @ other

    def __matmul__(self, other):
        """As NumPy's, with an array of one or two axes, or a tensor.

        Arrays: over an axis that is not in slots by sums of multiples, without a key; over a slot axis by a linear map
        of slots, with a rotation for each distance. Tensors: over axes that are not in slots by one relinearisation for
        each ciphertext of the result; two of two axes that all lie in slots as matrices, by a ProductPlan, for three
        levels. Else a level. """
        if isinstance(other, Tensor):
            return _tensor_products.with_tensor(self, other)
        values = _plain(other)
        return NotImplemented if values is None else _tensor_products.with_array(self, self.ndim - 1, values)

    def __rmatmul__(self, other):
        values = _plain(other)
        axis = max(self.ndim - 2, 0)
        return NotImplemented if values is None else _tensor_products.with_array(self, axis, values.T)

    # ---- matrices ----

    def to_matrix(self, **layout) -> Matrix:
        """Of two axes of real numbers, in a layout as encrypt_matrix takes it. Free, if the first axis lies in slots
        and no other layout is asked for; else a level."""
        if self.ndim != 2:
            raise InvalidArgumentError(f"a matrix has rows and columns; this tensor has the shape {self.shape}")
        matrix = _tensor_products.all_columns(self)
        rows, columns = self.shape
        if not layout and self.slot_axes == 1:
            return matrix
        return matrix.view(rows, columns, row_step=columns, **layout)

    @classmethod
    def from_matrix(cls, matrix: Matrix) -> "Tensor":
        """Of a matrix (rows, columns), both in slots: a level. Its evaluator computes that."""
        rows, columns = matrix.shape
        packing = Packing((rows, columns), None, matrix.context.params.slots)
        column = matrix.view(rows * columns, 1, row_step=1, order="by_columns", stride=packing.period,
                             slots=packing.period)
        result = cls._of(packing, objects(_tensor_products.ciphertexts_of(column), packing.ciphertexts), np.float64)
        copied = column.level == matrix.level  # with whatever the matrix has as padding
        return result * np.ones(result.shape) if copied and not packing.full else result

    # ---- files, bytes, lives ----

    def to_bytes(self) -> bytes:
        """A zip file of a header and the ciphertexts' files."""
        header = {"shape": self.shape, "slot_axes": self.slot_axes, "dtype": self.dtype.name}
        return _tensor_file.written(header, [x.to_bytes() for x in self._flat])

    __bytes__ = to_bytes

    @classmethod
    def from_bytes(cls, context: Context, data) -> "Tensor":
        """The object that to_bytes() wrote; `data` is bytes, or anything with a buffer."""
        header, files = _tensor_file.read(data)
        ciphertexts = [Ciphertext.from_bytes(context, file) for file in files]
        try:
            return cls(ciphertexts, tuple(header["shape"]), header["slot_axes"], np.dtype(header["dtype"]))
        except InvalidArgumentError as error:
            raise FormatError(f"no encrypted tensor: {error}") from None

    def save(self, path) -> None:
        """Writes a file, whole or not at all."""
        _tensor_file.save(path, self.to_bytes())

    @classmethod
    def load(cls, context: Context, path) -> "Tensor":
        """Reads a file that save() wrote, of this context's parameters."""
        return cls.from_bytes(context, _tensor_file.load(path))

    def __reduce__(self):
        return _unpickled, (type(self), self.context, self.to_bytes())

    def close(self) -> None:
        """Lets go of its ciphertexts, which other tensors may have, too. Closing twice does nothing."""
        self._array = None

    @property
    def closed(self) -> bool:
        return self._array is None

    def __enter__(self) -> "Tensor":
        self._blocks
        return self

    def __exit__(self, *_) -> None:
        self.close()

    # ---- for the key's owner ----

    def _decrypt(self, key, complex: bool) -> np.ndarray:
        complex = complex or self.dtype != np.float64
        return self._packing.joined([x._decrypt(key, self._packing.period, complex) for x in self._flat])


def encrypt_tensor(key, values, slot_axes: Optional[int], level: Optional[int]) -> Tensor:
    """By a key of either kind."""
    array = _numbers(values)
    packing = Packing(array.shape, slot_axes, key.context.params.slots)
    slots = 0 if packing.period == key.context.params.slots else packing.period
    return Tensor._of(packing, _each(lambda v: key.encrypt(v, level=level, slots=slots), packing.split(array)),
                      array.dtype)


def dry_tensor(context: Context, values, bound: float, slot_axes: Optional[int] = None,
               level: Optional[int] = None) -> Tensor:
    """Without values, on a dry device."""
    array = _numbers(values)
    packing = Packing(array.shape, slot_axes, context.params.slots)
    return Tensor._of(packing, objects([Ciphertext(
        _call.made("umbra_ciphertext", lib.umbra_dry_ciphertext, context._c, level_of(level), packing.period, bound),
        context) for _ in range(math.prod(packing.ciphertexts))], packing.ciphertexts), array.dtype)


def _numbers(values) -> np.ndarray:
    array = np.asarray(_call._checked(values, np.complex128))
    return array.astype(np.complex128 if np.iscomplexobj(array) else np.float64)


def _plain(values) -> Optional[np.ndarray]:
    """Numbers in the clear; None: it is something else."""
    if isinstance(values, Operand):
        return None
    array = np.asarray(_call._checked(values, np.complex128))
    return array if array.dtype.kind in "biufc" else None


def _each(function: Callable, *arrays: np.ndarray) -> np.ndarray:
    """An array of what it makes of their elements, which are broadcast."""
    return np.frompyfunc(function, len(arrays), 1)(*arrays)


class _Operand:
    """The values of a period, encoded once for all ciphertexts of a level that they meet."""

    def __init__(self, values: np.ndarray):
        self._values, self._plain, self._of = values, None, None

    def any(self) -> bool:
        return bool(self._values.any())

    def all(self) -> bool:
        return bool(self._values.all())

    def fit(self, x: Ciphertext) -> Plaintext:
        """Repeated as the slots of the ciphertext are, or for all places where that repeats."""
        slots = max(x.slots, len(self._values))
        of = (x.context, x.level, slots)
        if self._of != of:
            values = np.tile(self._values, slots // len(self._values))
            self._plain, self._of = Plaintext(x.context, values, level=x.level, slots=slots), of
        return self._plain


def _operands(vectors: np.ndarray) -> np.ndarray:
    return _each(_Operand, vectors)


def _masked(blocks: np.ndarray, packing: Packing) -> np.ndarray:
    """Of what fills all slots: 0 in those that are empty in that packing."""
    ones = _operands(packing.alone.split(np.ones(packing.alone.shape)))
    return _each(lambda x, v: x if v.all() else x * v.fit(x), blocks, ones)


def _total(x: Ciphertext, period: int) -> Ciphertext:
    """The sum of a period's slots, in all of them."""
    step = 1
    while step < period:
        x, step = x + (x << step), 2 * step
    return x
