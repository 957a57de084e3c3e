# SPDX-License-Identifier: Apache-2.0
"""Encrypted matrices, plain ones that they are multiplied with, and the layouts in which that is cheapest."""
from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

import numpy as np

from . import _call
from ._handle import Handle, InContext, level_of
from ._library import ffi, lib
from .evaluator import Operand, evaluator_of
from .key_needs import KeyNeeds


class Matrix(Operand):
    """An encrypted matrix of real numbers, (rows, columns). Immutable.

    a + b, a - b, a * b are element by element, of one layout; a @ b is the product with a plain array or with another
    encrypted matrix (in layouts of a ProductPlan); a.T, slices, sums, chebyshev() and polynomial() as their names say. umbra/matrix.h has
    layouts and costs. `evaluator` computes all that.
    """

    __slots__ = ()
    __array_ufunc__ = None
    _type = "umbra_matrix"

    @property
    def shape(self) -> Tuple[int, int]:
        return lib.umbra_matrix_rows(self._c), lib.umbra_matrix_columns(self._c)

    @property
    def level(self) -> int:
        """Products, one after the other, that it still carries."""
        return lib.umbra_matrix_level(self._c)

    @property
    def layout(self) -> Dict[str, Any]:
        """How it lies in its ciphertexts; can be given to encrypt_matrix."""
        return _call.filled("umbra_matrix_layout", lib.umbra_matrix_layout_of, self._c)

    def range(self) -> Dict[str, Any]:
        """All that is known of the size of its values without the key (umbra/range.h)."""
        return _call.filled("umbra_range", lib.umbra_matrix_range, self._c)

    def __repr__(self) -> str:
        return "<umbra.Matrix {} x {}, level {}>".format(*self.shape, self.level)

    def _made(self, function, *arguments) -> "Matrix":
        return evaluator_of(self)._made(Matrix, function, self._c, *arguments)

    def _with(self, other, function):
        if not isinstance(other, Matrix):
            return NotImplemented
        return evaluator_of(self, other)._made(Matrix, function, self._c, other._c)

    def __add__(self, other):
        return self._with(other, lib.umbra_matrix_add)

    def __sub__(self, other):
        return self._with(other, lib.umbra_matrix_sub)

    def __mul__(self, other):
        return self._with(other, lib.umbra_matrix_mul)

    def __matmul__(self, other):
        """With an encrypted matrix; or with a plain one of (columns, n), which is encoded for this product alone."""
        if isinstance(other, Matrix):
            return evaluator_of(self, other)._made(Matrix, lib.umbra_matrix_multiply, self._c, other._c, ffi.NULL)
        return self.linear(Weights(np.asarray(other).T, like=self))

    def linear(self, weights: "Weights") -> "Matrix":
        """Every row x becomes W x + b."""
        return self._made(lib.umbra_matrix_apply, weights._c)

    def chebyshev(self, coefficients) -> "Matrix":
        """Every element x in [-1, 1] becomes sum coefficients[k] T_k(x)."""
        values = _call.vector(coefficients, "coefficients")
        return self._made(lib.umbra_matrix_chebyshev, _call.pointer_to(values), values.size - 1, 0.0)

    def polynomial(self, coefficients) -> "Matrix":
        """Every element x in [-1, 1] becomes sum coefficients[k] x^k."""
        return self.chebyshev(np.polynomial.Polynomial(coefficients).convert(kind=np.polynomial.Chebyshev).coef)

    def sum(self, axis: int) -> "Matrix":
        """axis 0: the sums of columns, a row; axis 1: those of rows, a column. See umbra/matrix_ops.h for layouts."""
        return self._made((lib.umbra_matrix_column_sums, lib.umbra_matrix_row_sums)[axis])

    @property
    def T(self) -> "Matrix":
        """Transposed: of the other order, at no cost."""
        result = Matrix(_call.made(self._type, lib.umbra_matrix_transpose, self._c), self.context)
        return result if self.evaluator is None else self.evaluator.bind(result)

    def __getitem__(self, key) -> "Matrix":
        """Slices of rows and columns, with steps, as of an array: takes a level, unless whole ciphertexts are taken."""
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        if not (isinstance(rows, slice) and isinstance(columns, slice)):
            raise TypeError("rows and columns of encrypted matrices are taken by slices: m[2:3, :] is one row")
        height, width = self.shape
        r, c = range(height)[rows], range(width)[columns]
        if not r or not c:
            raise IndexError(f"nothing is left of {height} x {width} elements")
        return self.view(len(r), len(c), r.start * width + c.start, r.step * width, c.step)

    def view(self, rows: int, columns: int, first: int = 0, row_step: int = 0, column_step: int = 1,
             **layout) -> "Matrix":
        """(r, c) is element number first + r * row_step + c * column_step, counted in row order; in another layout."""
        view = _call.Struct("umbra_matrix_view", dict(rows=rows, columns=columns, first=first, row_step=row_step,
                                                      column_step=column_step))
        struct = _call.options("umbra_matrix_layout", layout)
        return self._made(lib.umbra_matrix_rearrange, view.pointer, _call.pointer_of(struct))

    def _decrypt(self, key, progress) -> np.ndarray:
        values = np.empty(self.shape)
        _call.watched(lib.umbra_matrix_decrypt, self._c, _call.pointer_to(values), key._c, progress=progress)
        return values


def encrypt_matrix(function, key, values, layout: Dict[str, Any], progress) -> Matrix:
    """By the function for that kind of key."""
    array, struct = _call.strided(values), _call.options("umbra_matrix_layout", layout)
    watch = _call.Watch(progress)
    return Matrix(_call.made("umbra_matrix", function, key._c, array.pointer, _call.pointer_of(struct), watch.pointer,
                             watch=watch), key.context)


class Weights(InContext):
    """A linear layer W x + b, encoded once for matrices like the one that is given: `like` has their layout, level and
    context. W: (outputs, inputs); b: (outputs,) or None."""

    __slots__ = ()
    _type = "umbra_weights"

    def __init__(self, W, b=None, *, like: Matrix, progress=None):
        values = _call.strided(W)
        desc = {"values": values, "layout": like.layout, "level": like.level}
        if b is not None:
            desc["bias"] = _call.strided(np.asarray(b).reshape(-1, 1))
        struct, watch = _call.Struct("umbra_weights_desc", desc), _call.Watch(progress)
        super().__init__(_call.made(self._type, lib.umbra_weights_create, like.context._c, struct.pointer,
                                    watch.pointer, watch=watch), like.context)


class ProductPlan(Handle):
    """The layouts in which (rows, inner) and (inner, columns) are best multiplied; plain: the right factor is no
    secret.

    target: "cpu" or "gpu"; memory: bytes at most.
    """

    __slots__ = ("params", "plain")
    _type = "umbra_product_plan"

    def __init__(self, params, rows: int, inner: int, columns: int, *, plain: bool = False, level: Optional[int] = None,
                 **options):
        desc = _call.Struct("umbra_product_desc", dict(rows=rows, inner=inner, columns=columns, plain=plain,
                                                       level=level_of(level), **options))
        super().__init__(_call.made(self._type, lib.umbra_product_plan_create, params._c, desc.pointer))
        self.params, self.plain = params, plain

    def layouts(self) -> Tuple[Dict[str, Any], Dict[str, Any]]:
        """Of the left factor and the right one, as encrypt_matrix takes them; {} of a plain factor."""
        a, b = _call.Struct("umbra_matrix_layout"), _call.Struct("umbra_matrix_layout")
        _call.call(lib.umbra_product_plan_layouts, self._c, a.pointer, ffi.NULL if self.plain else b.pointer, 0)
        return a.as_dict(), {} if self.plain else b.as_dict()

    @property
    def needs(self) -> KeyNeeds:
        """The keys of the product."""
        needs = KeyNeeds(self.params)
        _call.call(lib.umbra_product_plan_add_needs, self._c, needs._c)
        return needs

    def cost(self) -> Dict[str, Any]:
        """Seconds, bytes, keys and kernels of the product, as umbra/cost.h has them."""
        return _call.filled("umbra_cost", lib.umbra_product_plan_cost, self._c, after=(0,))

    def explain(self) -> str:
        """All ways that were compared, the cheapest first."""
        return _call.text(lib.umbra_product_plan_explain, self._c)
