# SPDX-License-Identifier: Apache-2.0
"""Contexts: parameters, their tables, and the device that computes."""
from __future__ import annotations

import weakref
from typing import Any, Dict, List, Tuple, Union

from . import _call
from ._handle import Handle
from ._library import ffi, lib
from .params import Params

#: C contexts by parameters and device, as long as anything keeps them.
_opened: "weakref.WeakValueDictionary" = weakref.WeakValueDictionary()


def devices() -> List[Dict[str, Any]]:
    """The devices of this machine: name, description, whether each is usable, or why not; memory in bytes."""
    count = lib.umbra_device_count()
    return [_call.filled("umbra_device_info", lib.umbra_device_get, after=(i,)) for i in range(count)]


class Context(Handle):
    """Parameters on a device; immutable, and may be used by many threads.

    params: a Params, or the name of a preset; or keyword arguments as Params takes them. device: "auto" (a GPU if one
    works, else the fastest CPU backend), "cpu", "ref", "avx2", "avx512", "cuda", "cuda:N", "dry" or "sim". threads: 0:
    all processors that the process may use. memory_limit: bytes on the device; 0: any. """

    __slots__ = ("_description",)
    _type = "umbra_context"

    def __init__(self, params: Union[Params, str, None] = None, *, device: str = "auto", threads: int = 0,
                 memory_limit: int = 0, **need):
        params = params if isinstance(params, Params) else Params(params, **need)
        desc = _call.Struct("umbra_context_desc", {
            "params": params._c, "device": device, "threads": threads, "memory_limit": memory_limit})
        pointer = _call.made(self._type, lib.umbra_context_create, desc.pointer)
        self._set(pointer, params, (device, threads, memory_limit))

    def _set(self, pointer, params: Params, description: Tuple[str, int, int]) -> None:
        super().__init__(pointer)
        self._description = description
        _opened.setdefault((params.digest, *description), pointer)

    @classmethod
    def of(cls, params: Params, device: str = "auto", threads: int = 0, memory_limit: int = 0) -> "Context":
        """Another handle of a context that this process has opened so already, or a new one: tables are large."""
        pointer = _opened.get((params.digest, device, threads, memory_limit))
        if pointer is None:
            return cls(params, device=device, threads=threads, memory_limit=memory_limit)
        context = cls.__new__(cls)
        context._set(pointer, params, (device, threads, memory_limit))
        return context

    @property
    def params(self) -> Params:
        handle = self._c  # which the parameters are a part of
        return Params._shared(lib.umbra_context_params(handle))

    @property
    def backend(self) -> str:
        """What computes: "ref", "avx2", "avx512", "cuda", "dry" or "sim"."""
        return ffi.string(lib.umbra_context_backend(self._c)).decode()

    @property
    def fallback(self) -> str:
        """Why device "auto" became the CPU; "" if it did not."""
        return ffi.string(lib.umbra_context_fallback(self._c)).decode()

    @property
    def memory(self) -> int:
        """Bytes of residues that are held now."""
        return lib.umbra_context_memory(self._c)

    def __repr__(self) -> str:
        return f"<umbra.Context {self.params!r} on {self.backend}>"

    def __eq__(self, other) -> bool:
        return isinstance(other, Context) and self._c == other._c

    def __hash__(self) -> int:
        return hash(self._c)

    def __reduce__(self):
        return Context.of, (self.params, *self._description)

