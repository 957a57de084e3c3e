# SPDX-License-Identifier: Apache-2.0
"""Parameter sets: the ring, levels and scales, and their security."""
from __future__ import annotations

import json
from typing import Any, Dict, List, Optional

from . import _call
from ._handle import Plain
from ._library import ffi, lib


def presets() -> List[str]:
    """Names of the presets."""
    names, i = lib.umbra_params_presets(), 0
    found = []
    while names[i]:
        found.append(ffi.string(names[i]).decode())
        i += 1
    return found


class Params(Plain):
    """An immutable parameter set, from a preset or a need; see umbra/params.h.

    Params("n13-d2-s40"), or Params(depth=4, scale_bits=40): the smallest ring that carries so many products one after
    the other. Other needs: min_slots, security (128, 192 or 256 bits), log_n, keyless_levels, bootstrap (a dictionary;
    {} for the defaults: it can refresh). insecure_for_tests=True allows small rings. """

    __slots__ = ()
    _type = "umbra_params"

    def __init__(self, preset: Optional[str] = None, *, insecure_for_tests: bool = False, **need):
        if preset is None:
            struct = _call.Struct("umbra_params_need", need)
            struct.pointer.flags |= lib.UMBRA_INSECURE_FOR_TESTS if insecure_for_tests else 0
            pointer = _call.made(self._type, lib.umbra_params_from_need, struct.pointer)
        elif need or insecure_for_tests:
            raise TypeError("a preset has no options")
        else:
            pointer = _call.made(self._type, lib.umbra_params_from_preset, _call.bytes_of(preset))
        super().__init__(pointer)

    @classmethod
    def _shared(cls, pointer) -> "Params":
        """Of a set that belongs to something else."""
        return cls._own(_call.owned(cls._type, lib.umbra_params_share(pointer)))

    @property
    def log_n(self) -> int:
        """The ring has 2^log_n coefficients."""
        return lib.umbra_params_log_n(self._c)

    @property
    def slots(self) -> int:
        """Complex numbers in a ciphertext: half as many as coefficients."""
        return lib.umbra_params_slots(self._c)

    @property
    def depth(self) -> int:
        """Level of fresh ciphertexts: products, one after the other, that they carry."""
        return lib.umbra_params_depth(self._c)

    @property
    def security(self) -> int:
        """Classical bits: 256, 192, 128, or 0 of sets for tests."""
        return lib.umbra_params_security(self._c)

    @property
    def digest(self) -> bytes:
        """32 bytes: equal for equal sets, however they were requested."""
        return self._bytes_of("digest", lib.UMBRA_DIGEST_BYTES)

    def describe(self) -> Dict[str, Any]:
        """All there is to say: primes, levels, scales, moduli, sizes in bytes."""
        return json.loads(_call.text(lib.umbra_params_describe_json, self._c))

    def __str__(self) -> str:
        return _call.text(lib.umbra_params_describe, self._c)

    def __repr__(self) -> str:
        return f"<umbra.Params 2^{self.log_n}, depth {self.depth}, {self.security} bits>"

    def __eq__(self, other) -> bool:
        return isinstance(other, Params) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)
