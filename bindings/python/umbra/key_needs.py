# SPDX-License-Identifier: Apache-2.0
"""Which evaluation keys a computation needs."""
from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, Optional

from . import _call
from ._handle import Handle, level_of
from ._library import lib
from .params import Params


class KeyNeeds(Handle):
    """Which evaluation keys a computation needs; needs add up. Iterating gives a dictionary for each key."""

    __slots__ = ("params",)
    _type = "umbra_key_needs"

    def __init__(self, params: Params):
        super().__init__(_call.made(self._type, lib.umbra_key_needs_create, params._c))
        self.params = params

    def relinearization(self, level: Optional[int] = None) -> "KeyNeeds":
        """For products of ciphertexts, at that level or below (None: all)."""
        return self._add(lib.umbra_key_needs_relinearization, level_of(level))

    def rotation(self, steps: int, level: Optional[int] = None) -> "KeyNeeds":
        """For rotations by so many slots to the left."""
        return self._add(lib.umbra_key_needs_rotation, steps, level_of(level))

    def conjugation(self, level: Optional[int] = None) -> "KeyNeeds":
        return self._add(lib.umbra_key_needs_conjugation, level_of(level))

    def add(self, more: "KeyNeeds") -> "KeyNeeds":
        """All of others; of two for one purpose the one for higher levels stays."""
        return self._add(lib.umbra_key_needs_add, more._c)

    def _add(self, function, *arguments) -> "KeyNeeds":
        _call.call(function, self._c, *arguments)
        return self

    @property
    def nbytes(self) -> int:
        """Bytes of the keys in memory; a file has half of it."""
        return lib.umbra_key_needs_bytes(self._c)

    def __len__(self) -> int:
        return lib.umbra_key_needs_count(self._c)

    def __iter__(self) -> Iterator[Dict[str, Any]]:
        for i in range(len(self)):
            yield _call.filled("umbra_key_need", lib.umbra_key_needs_get, self._c, after=(i,))


def named_needs(params: Params, rotations: Iterable[int] = (), conjugation: bool = False,
                relinearization: bool = True) -> KeyNeeds:
    """Needs for all levels, named by hand."""
    needs = KeyNeeds(params)
    if relinearization and params.depth:
        needs.relinearization()
    if conjugation:
        needs.conjugation()
    for steps in rotations:
        needs.rotation(steps)
    return needs
