# SPDX-License-Identifier: Apache-2.0
"""Products of encrypted tensors, and the encrypted matrices that they are made by."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from . import _call
from ._library import ffi, lib
from ._packing import objects
from .ciphertext import Ciphertext, dot
from .errors import InvalidArgumentError
from .evaluator import evaluator_of
from .matrix import Matrix, ProductPlan, Weights

if TYPE_CHECKING:
    from .tensor import Tensor


def with_array(x: Tensor, axis: int, values: np.ndarray) -> Tensor:
    """The sum over an axis with the first one of the values, whose second one, if there is one, takes its place."""
    if not x.ndim or values.ndim not in (1, 2) or len(values) != x.shape[axis]:
        raise InvalidArgumentError(f"axis {axis} of the shape {x.shape} is not multiplied with an array of the shape "
                                   f"{values.shape}")
    before, after = x.shape[:axis], x.shape[axis + 1:]
    packing = x._packing_of((*before, *values.shape[1:], *after),
                            x.slot_axes - (axis < x.slot_axes and values.ndim == 1))
    weights = values.reshape(len(values), -1)
    if axis >= x.slot_axes:
        blocks = np.moveaxis(x._blocks, 1 + axis - x.slot_axes, -1)
        real = np.result_type(x.dtype, values) == np.float64
        array = _by_matrices(x, blocks, weights) if real and values.ndim == 2 else _by_multiples(blocks, weights)
        array = np.moveaxis(array, -1, 1 + axis - x.slot_axes)
        return x._made(packing, array.reshape(packing.ciphertexts), values.dtype)
    sources = np.moveaxis(x._packing.numbers(), axis, -1)[..., :, np.newaxis]
    targets = np.arange(math.prod(packing.shape)).reshape(*before, weights.shape[1], *after)
    targets = np.moveaxis(targets, axis, -1)[..., np.newaxis, :]
    return x._mapped(packing, *np.broadcast_arrays(sources, targets, weights))


def _by_multiples(blocks: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The product of an array of ciphertexts, (..., n), with one of numbers, (n, m): one rescale for each result."""
    def combined(ciphertexts: list, pairs: np.ndarray) -> Ciphertext:
        handles = [x._c for x in ciphertexts]  # kept until the call is done
        return evaluator_of(*ciphertexts)._made(Ciphertext, lib.umbra_dot_constants,
                                                ffi.new("umbra_ciphertext *[]", handles), _call.pointer_to(pairs),
                                                len(handles))

    columns = np.ascontiguousarray(weights.T, dtype=np.complex128)
    return objects([combined(list(blocks[i]), column) for i in np.ndindex(blocks.shape[:-1]) for column in columns],
                   (*blocks.shape[:-1], len(columns)))


def _by_matrices(x: Tensor, blocks: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The same of real numbers, which is faster for several results."""
    rows = blocks.reshape(len(blocks), -1, len(weights))  # of an encrypted matrix, at each index between
    encoded, results = None, []
    for i in range(rows.shape[1]):
        matrix = columns(x, list(rows[:, i].ravel()), x._packing.count, len(weights))
        encoded = encoded or Weights(weights.T, like=matrix)
        results += ciphertexts_of(matrix.linear(encoded))
    array = objects(results, (rows.shape[1], len(blocks), weights.shape[1])).swapaxes(0, 1)
    return array.reshape(*blocks.shape[:-1], weights.shape[1])


def with_tensor(x: Tensor, y: Tensor) -> Tensor:
    """As numpy.matmul."""
    if not x.ndim or not y.ndim or x.shape[-1] != y.shape[max(y.ndim - 2, 0)]:
        raise InvalidArgumentError(f"the shapes {x.shape} and {y.shape} have no product")
    if x.slot_axes == x.ndim <= 2 and y.slot_axes == y.ndim <= 2 and x.ndim + y.ndim > 2:
        return _planned(x.reshape(-1, x.shape[-1]), y.reshape(len(y), -1)).reshape(x.shape[:-1] + y.shape[1:])
    # (..., rows, inner, 1) and (..., 1, inner, columns)
    left, more = x.reshape(*x.shape, 1, slot_axes=x.slot_axes), 1 if 1 < min(x.ndim, y.ndim) else 0
    right = y.reshape(*y.shape, 1, slot_axes=y.slot_axes) if y.ndim == 1 else \
        y.reshape(*y.shape[:-2], *(1,) * more, *y.shape[-2:], slot_axes=y.slot_axes + more * (y.slot_axes > y.ndim - 2))
    packing, a, b = left._pair(right)
    if packing.slot_axes > len(packing.shape) - 2:
        total = (left * right).sum(axis=-2)
        return total.reshape(total.shape[:-1]) if y.ndim == 1 else total
    a, b = (np.moveaxis(side, -2, -1) for side in np.broadcast_arrays(a, b))
    sums = [dot(list(a[i]), list(b[i])) for i in np.ndindex(a.shape[:-1])]
    result = x._packing_of(packing.shape[:-2] + packing.shape[-1:] * (y.ndim > 1), packing.slot_axes)
    return x._made(result, objects(sums, result.ciphertexts), y.dtype)


def _planned(x: Tensor, y: Tensor) -> Tensor:
    """Of two matrices in slots: one level to their layouts, one for the product, one or two back."""
    plan = ProductPlan(x.context.params, *x.shape, y.shape[1], level=max(min(x.level, y.level) - 1, 0))
    left, right = plan.layouts()
    return type(x).from_matrix(x.to_matrix(**left) @ y.to_matrix(**right))


# ---- matrices ----

def columns(x: Tensor, ciphertexts: list, rows: int, count: int) -> Matrix:
    """A matrix of so many columns, with a ciphertext of the tensor's for each, and so on for further rows."""
    if x.dtype != np.float64:
        raise InvalidArgumentError("matrices are of real numbers, and this tensor is complex")
    slots, handles = ciphertexts[0].slots, [c._c for c in ciphertexts]  # kept until the call is done
    layout = _call.Struct("umbra_matrix_layout", {"order": "by_columns", "stride": slots, "slots": slots})
    matrix = Matrix(_call.made("umbra_matrix", lib.umbra_matrix_from_ciphertexts,
                               ffi.new("umbra_ciphertext *[]", handles), len(handles), rows, count, layout.pointer),
                    x.context)
    return matrix if x.evaluator is None else x.evaluator.bind(matrix)


def all_columns(x: Tensor) -> Matrix:
    """Rows of what is in slots, and a column for each ciphertext of a block: its elements have the same numbers."""
    return columns(x, x._flat, x._packing.count, math.prod(x._packing.rest))


def ciphertexts_of(matrix: Matrix) -> list:
    """Copies of them, bound to what computes with the matrix."""
    handle = matrix._c
    return [evaluator_of(matrix).bind(Ciphertext(
        _call.made("umbra_ciphertext", lambda out, i: lib.umbra_matrix_ciphertext(handle, out, i), i), matrix.context))
        for i in range(lib.umbra_matrix_ciphertexts(handle))]
