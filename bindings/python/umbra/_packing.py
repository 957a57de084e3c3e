# SPDX-License-Identifier: Apache-2.0
"""Where the elements of an encrypted tensor lie."""
from __future__ import annotations

import math
import operator
from typing import List, Optional, Tuple

import numpy as np

from .errors import InvalidArgumentError


class Packing:
    """The first `slot_axes` axes lie in the slots of ciphertexts, in row order; what follows has a ciphertext for each
    element.

    A ciphertext has a `period` of slots, the least power of two that holds the slot axes, or all slots (`most`); then
    they take several `blocks`. Slots repeat after a period, and those of it that hold no element hold 0. Ciphertexts
    are counted as the elements of an array of (blocks, *rest). Slot axes of one element in all count as none: it fills
    all slots. """

    __slots__ = ("shape", "slot_axes", "rest", "count", "period", "blocks")

    def __init__(self, shape: Tuple[int, ...], slot_axes: Optional[int], most: int):
        slot_axes = len(shape) if slot_axes is None else slot_axes
        if not 0 <= slot_axes <= len(shape):
            raise InvalidArgumentError(f"a tensor of {len(shape)} axes has 0 to {len(shape)} of them in slots, "
                                       f"not {slot_axes}")
        if any(n < 1 for n in shape):
            raise InvalidArgumentError(f"there is nothing in a tensor of the shape {shape}")
        self.shape = tuple(operator.index(n) for n in shape)
        self.count = math.prod(self.shape[:slot_axes])
        self.slot_axes = operator.index(slot_axes) if self.count > 1 else 0
        self.rest = self.shape[self.slot_axes:]
        self.period = min(most, 1 << (self.count - 1).bit_length())
        self.blocks = -(-self.count // self.period)

    @property
    def ciphertexts(self) -> Tuple[int, ...]:
        """The shape of their array."""
        return (self.blocks, *self.rest)

    @property
    def full(self) -> bool:
        """All slots hold an element."""
        return self.count == self.blocks * self.period

    @property
    def alone(self) -> "Packing":
        """The slot axes, with one ciphertext for each block."""
        return Packing(self.shape[:self.slot_axes] + (1,) * len(self.rest), self.slot_axes, self.period)

    def numbers(self) -> np.ndarray:
        """Of the elements, counted in row order."""
        return np.arange(math.prod(self.shape)).reshape(self.shape)

    def places(self, numbers: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Of elements with these numbers: which ciphertext, and which slot of its period."""
        one = math.prod(self.rest)
        index, rest = np.divmod(numbers, one)
        block, slot = np.divmod(index, self.period)
        return block * one + rest, slot

    def split(self, values: np.ndarray, padding=0) -> np.ndarray:
        """A vector of a period for each ciphertext, as an array of objects."""
        flat = values.reshape(self.count, -1)
        padded = np.full((self.blocks * self.period, flat.shape[1]), padding, dtype=values.dtype)
        padded[:self.count] = flat
        return objects([padded[b * self.period:(b + 1) * self.period, j].copy()
                        for b in range(self.blocks) for j in range(flat.shape[1])], self.ciphertexts)

    def joined(self, vectors: List[np.ndarray]) -> np.ndarray:
        """The tensor of which these are the periods, one of each ciphertext."""
        padded = np.stack(vectors).reshape(self.blocks, -1, self.period).swapaxes(1, 2)
        return padded.reshape(self.blocks * self.period, -1)[:self.count].reshape(self.shape)


def objects(items: list, shape: Tuple[int, ...]) -> np.ndarray:
    """An array of them, whatever they look like to NumPy."""
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item
    return array.reshape(shape)
