# SPDX-License-Identifier: Apache-2.0
"""What all objects have in common."""
from __future__ import annotations

from typing import ClassVar, Optional

from . import _call
from ._library import ffi, lib


class Handle:
    """An object of the C library, which may outlive, or be closed before, whatever it was made from or went into.

    Its memory goes with the last reference to it, with close(), or at the end of a `with` block.
    """

    __slots__ = ("_pointer", "__weakref__")
    _type: ClassVar[str]

    def __init__(self, pointer):
        self._pointer = pointer

    @property
    def _c(self):
        """The C pointer. A caller that has it keeps the object, whatever is closed meanwhile."""
        pointer = self._pointer
        if pointer is None:
            raise ValueError(f"this {type(self).__name__} is closed")
        return pointer

    @classmethod
    def _own(cls, pointer):
        """The object around a pointer, whatever the constructor makes objects of."""
        self = cls.__new__(cls)
        Handle.__init__(self, pointer)
        return self

    @classmethod
    def _function(cls, verb: str):
        return getattr(lib, f"{cls._type}_{verb}")

    def close(self) -> None:
        """Gives the object back now; it cannot be used any more. Closing twice does nothing."""
        self._pointer = None

    @property
    def closed(self) -> bool:
        return self._pointer is None

    def __enter__(self):
        self._c
        return self

    def __exit__(self, *_):
        self.close()

    def __reduce__(self):
        raise TypeError(f"{type(self).__name__} objects are not pickled")

    def _bytes_of(self, verb: str, count: int) -> bytes:
        """A digest or owner that an accessor writes."""
        buffer = ffi.new("uint8_t[]", count)
        self._function(verb)(self._c, buffer)
        return bytes(buffer)


class Plain(Handle):
    """Public objects of no context: parameters and plans. They are saved, sent and pickled."""

    __slots__ = ()

    @classmethod
    def load(cls, path):
        """Reads a file that save() wrote."""
        return cls._own(_call.made(cls._type, cls._function("load"), _call.path_of(path)))

    @classmethod
    def from_bytes(cls, data):
        """The object that to_bytes() wrote; `data` is bytes, or anything with a buffer."""
        buffer = ffi.from_buffer(data)
        return cls._own(_call.made(cls._type, cls._function("read"), buffer, len(buffer)))

    def save(self, path) -> None:
        """Writes a file, whole or not at all."""
        _call.call(self._function("save"), self._c, _call.path_of(path))

    def to_bytes(self) -> bytes:
        return _call.written(self._function("write"), self._c)

    __bytes__ = to_bytes

    def __reduce__(self):
        return type(self).from_bytes, (self.to_bytes(),)


class InContext(Handle):
    """An object made in a context, and kept by it: `context`."""

    __slots__ = ("context",)

    def __init__(self, pointer, context):
        super().__init__(pointer)
        self.context = context


class Public(InContext):
    """Public objects of a context: plaintexts, keys but the secret one, and what is encrypted. They are saved, sent and
    pickled; a pickle has the parameters with it, and finds or opens a context with these where it is read."""

    __slots__ = ()

    @classmethod
    def load(cls, context, path, *, progress=None):
        """Reads a file that save() wrote, of this context's parameters."""
        return cls._read(context, "load", progress, _call.path_of(path))

    @classmethod
    def from_bytes(cls, context, data, *, progress=None):
        """The object that to_bytes() wrote; `data` is bytes, or anything with a buffer."""
        buffer = ffi.from_buffer(data)
        return cls._read(context, "read", progress, buffer, len(buffer))

    @classmethod
    def _read(cls, context, verb: str, progress, *arguments):
        watch = _call.Watch(progress)
        pointer = _call.made(cls._type, cls._function(verb), context._c, *arguments, watch.pointer, watch=watch)
        self = cls._own(pointer)
        self.context = context
        return self

    def save(self, path, *, progress=None) -> None:
        """Writes a file, whole or not at all."""
        _call.watched(self._function("save"), self._c, _call.path_of(path), progress=progress)

    def to_bytes(self) -> bytes:
        return _call.written(self._function("write"), self._c, after=(ffi.NULL,))

    __bytes__ = to_bytes

    @property
    def nbytes(self) -> int:
        """Bytes of its residues in memory."""
        return int(self._function("bytes")(self._c))

    def __reduce__(self):
        return _unpickled, (type(self), self.context, self.to_bytes())


class Owned(Public):
    """Those that are of one owner's key."""

    __slots__ = ()

    @property
    def owner(self) -> bytes:
        """16 bytes that say under whose key it is."""
        return self._bytes_of("owner", lib.UMBRA_OWNER_BYTES)


def _unpickled(cls, context, data):
    return cls.from_bytes(context, data)


def level_of(level: Optional[int]) -> int:
    return lib.UMBRA_TOP_LEVEL if level is None else level
