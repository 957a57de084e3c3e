# SPDX-License-Identifier: Apache-2.0
"""Encrypted vectors and their arithmetic."""
from __future__ import annotations

import numbers
import operator
from typing import Any, Callable, Dict, Optional, Tuple

import numpy as np

from . import _call
from ._handle import Public, level_of
from ._library import ffi, lib
from .context import Context
from .evaluator import Operand, evaluator_of
from .refresh import Refresher


class Plaintext(Public):
    """A vector of real or complex numbers, encoded for one level; at most as many as slots. Operators of ciphertexts take
    it, at the lower of both levels: what is encoded once serves any number of them."""

    __slots__ = ()
    _type = "umbra_plaintext"

    def __init__(self, context: Context, values, *, level: Optional[int] = None, slots: int = 0):
        options = _call.Struct("umbra_encode_options", {"level": level_of(level), "slots": slots})
        complex = np.iscomplexobj(values)
        array = _call.vector(values, "values of a plaintext", np.complex128 if complex else np.float64)
        encode = lib.umbra_encode_complex if complex else lib.umbra_encode
        pointer = _call.made(self._type, encode, context._c, _call.pointer_to(array), array.size, options.pointer)
        super().__init__(pointer, context)


class Ciphertext(Operand):
    """An encrypted vector of complex numbers, one a slot. Immutable.

    With a and b ciphertexts, arrays (one value a slot), plaintexts or numbers: a + b, a - b, -a; a * b, which takes a level unless
    b is an int; a << k and a >> k rotate slots to the left and right; a ** k, polynomial(), chebyshev() and apply()
    compute functions slot by slot. `evaluator` computes all that. """

    __slots__ = ()
    __array_ufunc__ = None  # numpy leaves array * ciphertext to __rmul__
    _type = "umbra_ciphertext"

    # ---- what is known of it ----

    @property
    def level(self) -> int:
        """Products, one after the other, that it still carries."""
        return lib.umbra_ciphertext_level(self._c)

    @property
    def slots(self) -> int:
        return lib.umbra_ciphertext_slots(self._c)

    @property
    def magnitude(self) -> float:
        """No |slot| is larger, by what inputs and declarations say."""
        return lib.umbra_ciphertext_magnitude(self._c)

    @property
    def error_bound(self) -> float:
        """No slot's error is larger, except with probability below 2^-30."""
        return lib.umbra_ciphertext_error_bound(self._c)

    @property
    def headroom_bits(self) -> float:
        """log2 of what the level holds over `magnitude`; below 0 the values may have wrapped around."""
        return lib.umbra_ciphertext_headroom_bits(self._c)

    def range(self) -> Dict[str, Any]:
        """All that is known of the size of its values without the key (umbra/range.h)."""
        return _call.filled("umbra_range", lib.umbra_ciphertext_range, self._c)

    def declare(self, magnitude: float, **declaration) -> "Ciphertext":
        """Says that no |slot| is larger; also error_bound, real, used (umbra/range.h). Returns the ciphertext."""
        struct = _call.Struct("umbra_declaration", {"magnitude": magnitude, **declaration})
        _call.call(lib.umbra_ciphertext_declare, self._c, struct.pointer)
        return self

    def __len__(self) -> int:
        return self.slots

    def __repr__(self) -> str:
        return f"<umbra.Ciphertext of {self.slots} slots, level {self.level}>"

    # ---- arithmetic ----

    def _binary(self, other, of_two, of_plain, of_number):
        if isinstance(other, Ciphertext):
            return evaluator_of(self, other)._made(Ciphertext, of_two, self._c, other._c)
        if isinstance(other, Plaintext):
            return self._made(of_plain, other._c)
        if isinstance(other, numbers.Number) or np.ndim(other) == 0:
            return of_number(other)
        plain = Plaintext(self.context, other, level=self.level, slots=self.slots)
        return self._made(of_plain, plain._c)

    def _made(self, function, *arguments) -> "Ciphertext":
        return evaluator_of(self)._made(Ciphertext, function, self._c, *arguments)

    def _plus(self, number) -> "Ciphertext":
        return self._made(lib.umbra_add_constant, float(np.real(number)), float(np.imag(number)))

    def _minus(self, number) -> "Ciphertext":
        return self._made(lib.umbra_add_constant, -float(np.real(number)), -float(np.imag(number)))

    def _times(self, number) -> "Ciphertext":
        if isinstance(number, numbers.Integral):
            return self._made(lib.umbra_mul_integer, int(number))
        return self._made(lib.umbra_mul_constant, float(np.real(number)), float(np.imag(number)))

    def __add__(self, other):
        return self._binary(other, lib.umbra_add, lib.umbra_add_plain, self._plus)

    __radd__ = __add__

    def __sub__(self, other):
        return self._binary(other, lib.umbra_sub, lib.umbra_sub_plain, self._minus)

    def __rsub__(self, other):
        return -self + other

    def __mul__(self, other):
        return self._binary(other, lib.umbra_mul, lib.umbra_mul_plain, self._times)

    __rmul__ = __mul__

    def __truediv__(self, other):
        return self._times(1 / other) if isinstance(other, numbers.Number) else NotImplemented

    def __neg__(self):
        return self._made(lib.umbra_negate)

    def square(self) -> "Ciphertext":
        """self * self, a little faster."""
        return self._made(lib.umbra_square)

    def __pow__(self, exponent: int):
        """By squaring: takes the bits of the exponent, less one, in levels, or one more."""
        if not isinstance(exponent, numbers.Integral) or exponent < 1:
            raise ValueError(f"an exponent is a whole number from 1 on, not {exponent!r}")
        if exponent == 1:
            return self
        half = (self ** (exponent // 2)).square()
        return half * self if exponent % 2 else half

    def rotate(self, steps: int) -> "Ciphertext":
        """Slot j of the result is slot j + steps: positive steps move to the left, around the end. Needs a key."""
        return self._made(lib.umbra_rotate, steps)

    def __lshift__(self, steps: int):
        return self.rotate(steps)

    def __rshift__(self, steps: int):
        return self.rotate(-operator.index(steps))

    def conjugate(self) -> "Ciphertext":
        """The complex conjugate of every slot. Needs a key."""
        return self._made(lib.umbra_conjugate)

    def at_level(self, level: int) -> "Ciphertext":
        """The same values at a lower level, where computing costs less."""
        return self._made(lib.umbra_level_drop, level)

    def relinearize(self) -> "Ciphertext":
        """Of a product at a keyless level: two parts instead of three."""
        return self._made(lib.umbra_relinearize)

    def refresh(self, refresher: Refresher) -> "Ciphertext":
        """The same values at a higher level, by a Refresher; all have to be within its plan's bound."""
        return self._made(lib.umbra_bootstrap, refresher._c)

    # ---- functions, slot by slot ----

    def chebyshev(self, coefficients, interval: Tuple[float, float] = (-1.0, 1.0)) -> "Ciphertext":
        """sum coefficients[k] T_k(t), t in [-1, 1] being x brought there from the interval, in which x has to be."""
        values = _call.vector(coefficients, "coefficients")
        lo, hi = interval
        x = self if (lo, hi) == (-1, 1) else self._made(lib.umbra_chebyshev_input, lo, hi)
        return x._made(lib.umbra_chebyshev_eval, _call.pointer_to(values), values.size - 1)

    def polynomial(self, coefficients, interval: Tuple[float, float] = (-1.0, 1.0)) -> "Ciphertext":
        """sum coefficients[k] x^k; x has to be in the interval. Takes ceil(log2(degree + 1)) levels, and one for an
        interval that has not the length of 2."""
        kind = np.polynomial.Chebyshev
        return self.chebyshev(np.polynomial.Polynomial(coefficients).convert(kind=kind, domain=interval).coef, interval)

    def apply(self, function: Callable, degree: int, interval: Tuple[float, float] = (-1.0, 1.0)) -> "Ciphertext":
        """A function of arrays, such as numpy.tanh, by its interpolation of that degree on the interval."""
        return self.chebyshev(np.polynomial.Chebyshev.interpolate(function, degree, domain=interval).coef, interval)

    # ---- for the key's owner ----

    def _decrypt(self, key, count: Optional[int], complex: bool) -> np.ndarray:
        count = self.slots if count is None else count
        values = np.empty(count, dtype=np.complex128 if complex else np.float64)
        decode = lib.umbra_decrypt_decode_complex if complex else lib.umbra_decrypt_decode
        _call.call(decode, _call.pointer_to(values), count, self._c, key._c)
        return values


def dot(a, b) -> Ciphertext:
    """sum a[i] * b[i] of two lists of ciphertexts, slot by slot: one relinearisation and one rescale for all."""
    if len(a) != len(b) or not len(a):
        raise ValueError(f"two lists of the same length are needed, not of {len(a)} and {len(b)}")
    handles = [[x._c for x in side] for side in (a, b)]  # kept until the call is done
    lists = [ffi.new("umbra_ciphertext *[]", side) for side in handles]
    return evaluator_of(*a, *b)._made(Ciphertext, lib.umbra_dot, *lists, len(a))
