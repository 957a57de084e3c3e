# SPDX-License-Identifier: Apache-2.0
"""Signs, comparisons and maxima of encrypted numbers, by composites of polynomials."""
from __future__ import annotations

from typing import Any, Dict, Optional, Sequence

from . import _call
from ._handle import Handle
from ._library import ffi, lib
from .ciphertext import Ciphertext
from .evaluator import evaluator_of


class SignPlan(Handle):
    """A sign that is within `error` outside of a band around 0, for real x in [-range, range]. degrees: of its
    polynomials, odd; None: chosen by the error. A plan belongs to no context. See umbra/comparison.h."""

    __slots__ = ()
    _type = "umbra_sign_plan"

    def __init__(self, degrees: Optional[Sequence[int]] = None, **options):
        struct = _call.Struct("umbra_sign_options", options)
        if degrees is not None:
            struct["degrees"], struct["count"] = ffi.new("uint32_t[]", list(degrees)), len(degrees)
        super().__init__(_call.made(self._type, lib.umbra_sign_plan_create, struct.pointer))

    def report(self) -> Dict[str, Any]:
        """Degrees, levels (`depth`; relu and maximum take one more), band and errors."""
        return _call.filled("umbra_sign_report", lib.umbra_sign_plan_report, self._c)

    def __call__(self, x: float) -> float:
        """The composite in the clear; not a number beyond the range."""
        return lib.umbra_sign_plan_value(self._c, x)

    def _of(self, function, *operands: Ciphertext) -> Ciphertext:
        return evaluator_of(*operands)._made(Ciphertext, function, *(x._c for x in operands), self._c)

    def sign(self, x: Ciphertext) -> Ciphertext:
        """-1 or 1."""
        return self._of(lib.umbra_sign, x)

    def relu(self, x: Ciphertext) -> Ciphertext:
        """The larger of x and 0."""
        return self._of(lib.umbra_relu, x)

    def maximum(self, a: Ciphertext, b: Ciphertext) -> Ciphertext:
        """The larger of a and b; the range is that of a - b."""
        return self._of(lib.umbra_max, a, b)

    def greater(self, a: Ciphertext, b: Ciphertext) -> Ciphertext:
        """1 where a > b, 0 where a < b; the range is that of a - b."""
        return self._of(lib.umbra_compare, a, b)
