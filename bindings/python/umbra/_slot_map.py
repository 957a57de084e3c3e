# SPDX-License-Identifier: Apache-2.0
"""Linear maps from some ciphertexts' slots to others' (umbra/transform.h), given by their elements."""
from __future__ import annotations

from typing import Iterator, List, Optional, Tuple

import numpy as np

from . import _call
from ._library import ffi, lib
from ._packing import Packing
from .ciphertext import Ciphertext
from .errors import RangeError
from .evaluator import evaluator_of

_MOST_VALUES = 1 << 28  # that the diagonals of one output have: 2 GiB
_MOST_TOGETHER = 1 << 24  # and those of several


class SlotMap:
    """target += weight * source, for elements by their numbers in row order. No target's ciphertext is without one."""

    def __init__(self, of: Packing, to: Packing, sources: np.ndarray, targets: np.ndarray, weights: np.ndarray):
        self._of, self._to, self._weights = of, to, weights
        self._source, slots = of.places(sources)
        self._target, self._goal = to.places(targets)
        # What is to repeat sooner than the source is folded in the end, so it may stand anywhere modulo that period.
        self._steps = (slots - self._goal) % min(of.period, to.period)
        self._at = (slots - self._steps) % of.period if self._folds else self._goal

    @property
    def _folds(self) -> bool:
        return self._to.period < self._of.period

    def copied(self) -> Optional[np.ndarray]:
        """Which ciphertext each of the results is, if all are whole ciphertexts of the sources."""
        of, to = self._of, self._to
        count = int(np.prod(to.ciphertexts))
        if self._folds or self._steps.any() or (self._weights != 1).any() or of.period != to.period:
            return None
        source = np.full(count, -1)
        source[self._target] = self._source
        one = int(np.prod(of.rest))
        used = np.minimum(of.period, of.count - of.period * (source // one))
        whole = np.array_equal(source[self._target], self._source) and \
            np.array_equal(np.bincount(self._target, minlength=count), used)
        return source if whole else None

    def apply(self, ciphertexts: List[Ciphertext]) -> List[Ciphertext]:
        """A level and rotations; by folds, a key for each power of two from one period to the other, too."""
        sums: List[Optional[Ciphertext]] = [None] * int(np.prod(self._to.ciphertexts))
        transform = None
        for source, targets, steps, values in self._parts():
            x = ciphertexts[source]
            if transform is None or not transform.is_of(x, steps, values):
                transform = _Transform(x, steps, values)
            for target, result in zip(targets, transform.apply(x)):
                before = sums[target]
                sums[target] = result if before is None else before + result
        return [self._folded(x) for x in sums]

    def _folded(self, x):
        step = self._to.period
        while step < self._of.period:
            x, step = x + (x << step), 2 * step
        return x

    def _parts(self) -> Iterator[Tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
        """A source, targets, rotations, and values (targets, rotations, slots of a period)."""
        width = max(self._of.period, self._to.period)
        order = np.lexsort((self._target, self._source))
        sources = self._source[order]
        for part in np.split(order, np.flatnonzero(np.diff(sources)) + 1):
            steps, step = np.unique(self._steps[part], return_inverse=True)
            targets, target = np.unique(self._target[part], return_inverse=True)
            if len(steps) * width > _MOST_VALUES:
                raise RangeError(f"elements of one ciphertext move by {len(steps)} distances, and there is room for "
                                 f"{_MOST_VALUES // width} diagonals: with fewer axes in slots there are fewer")
            most = max(1, _MOST_TOGETHER // (len(steps) * width))
            for first in range(0, len(targets), most):
                few = targets[first:first + most]
                here = (target >= first) & (target < first + most)
                values = np.zeros((len(few), len(steps), width), dtype=self._weights.dtype)
                np.add.at(values, (target[here] - first, step[here], self._at[part][here]), self._weights[part][here])
                yield int(self._source[part[0]]), few, steps, values


class _Transform:
    """Diagonals, encoded for the level and the slots of a ciphertext."""

    def __init__(self, x: Ciphertext, steps: np.ndarray, values: np.ndarray):
        self._key, self._steps, self._values = (x.level, x.slots, x.context), steps, values
        width = max(x.slots, values.shape[2])
        tiled = values if width == values.shape[2] else np.tile(values, width // values.shape[2])
        watch = _call.Watch()
        desc = _call.Struct("umbra_transform_desc", {
            "values": _call.pointer_to(tiled), "pairs": np.iscomplexobj(values), "diagonals": len(steps),
            "rotations": ffi.new("int32_t[]", steps.tolist()), "outputs": len(values), "slots": width,
            "level": max(x.level, 1)})
        self._pointer = _call.made("umbra_transform", lib.umbra_transform_create, x.context._c, desc.pointer,
                                   watch.pointer, watch=watch)

    def is_of(self, x: Ciphertext, steps: np.ndarray, values: np.ndarray) -> bool:
        return self._key == (x.level, x.slots, x.context) and np.array_equal(self._steps, steps) and \
            np.array_equal(self._values, values)

    def apply(self, x: Ciphertext) -> List[Ciphertext]:
        return evaluator_of(x)._made_many(Ciphertext, len(self._values), lib.umbra_transform_apply, x._c, self._pointer)
