# SPDX-License-Identifier: Apache-2.0
"""How the C API is called: statuses, texts of any length, structs as keyword arguments and dictionaries, arrays."""
from __future__ import annotations

import os
from typing import Any, Dict, List, Optional

import numpy as np

from ._library import ffi, lib
from ._progress import Watch
from .errors import error_of


def call(function, *arguments, watch: Optional[Watch] = None) -> None:
    """Raises what the status says, or what stopped the call."""
    status = function(*arguments)
    exception = watch and watch.take()
    if exception:
        raise exception
    if status:
        raise error_of(status)


def watched(function, *arguments, progress=None) -> None:
    """A call whose last argument is its progress."""
    watch = Watch(progress)
    call(function, *arguments, watch.pointer, watch=watch)


def made(type_name: str, function, *arguments, watch: Optional[Watch] = None):
    """The handle that a call leaves in its first argument; it is destroyed with the last reference to it."""
    return _made(type_name, lambda out: call(function, out, *arguments, watch=watch))


def made_by(type_name: str, function, receiver, *arguments, watch: Optional[Watch] = None):
    """The same of its second argument, after a receiver."""
    return _made(type_name, lambda out: call(function, receiver, out, *arguments, watch=watch))


def _made(type_name, fill):
    out = ffi.new(type_name + " **")
    try:
        fill(out)
    finally:
        handle = owned(type_name, out[0])
    return handle


def owned(type_name: str, pointer):
    """A handle that is destroyed with the last reference to it; of NULL: NULL."""
    return ffi.gc(pointer, getattr(lib, type_name + "_destroy")) if pointer else pointer


def written(function, *arguments, after=()) -> bytes:
    """What a call writes into (buffer, size_t *size), whatever its length."""
    size = ffi.new("size_t *")
    call(function, *arguments, ffi.NULL, size, *after)
    buffer = bytearray(size[0])
    call(function, *arguments, ffi.from_buffer("char[]", buffer), size, *after)
    return bytes(memoryview(buffer)[:size[0]])


def text(function, *arguments) -> str:
    """The same of texts that end with a zero."""
    return written(function, *arguments).rstrip(b"\0").decode()


def bytes_of(value) -> bytes:
    """A text or path for C, whose texts end at the first zero."""
    data = os.fsencode(value) if isinstance(value, os.PathLike) else value.encode() if isinstance(value, str) else value
    if b"\0" in data:
        raise ValueError("a text for the library has no zeros in it")
    return data


def path_of(path) -> bytes:
    return bytes_of(os.fsencode(path))


def text_of(value: Optional[str]):
    """NULL: nothing is said."""
    return ffi.NULL if value is None else bytes_of(value)


# ---- structs ----

def _names(ctype) -> Dict[str, int]:
    """The enumerators of a type by what tells them apart: "by_rows" of UMBRA_MATRIX_BY_ROWS."""
    names = list(ctype.relements)
    low, high = min(names), max(names)
    same = next((i for i, (a, b) in enumerate(zip(low, high)) if a != b), len(low))
    prefix = low.rfind("_", 0, same) + 1
    return {name[prefix:].lower(): number for name, number in sorted(ctype.relements.items(), key=lambda item: item[1])}


def number_of(type_name: str, value) -> int:
    """An enumerator by its name in small letters, such as "tanh" of an umbra_function, or by its number."""
    return _number(ffi.typeof(type_name), value)


def _number(ctype, value) -> int:
    names = _names(ctype)
    if isinstance(value, str) and value not in names:
        raise ValueError(f"{value!r} is none of {', '.join(names)}")
    return names.get(value, value)


class Struct:
    """A C struct that begins with struct_size: defaults, then keyword arguments; `pointer` is what calls take.

    A member that points to another struct takes a dictionary, texts take str, enumerations the name of a value.
    """

    def __init__(self, type_name: str, members: Optional[Dict[str, Any]] = None):
        self.type_name = type_name
        self.pointer = ffi.new(type_name + " *")
        getattr(lib, type_name + "_init")(self.pointer, ffi.sizeof(type_name))
        self._types = {name: field.type for name, field in ffi.typeof(type_name).fields}
        self._kept: List[Any] = []
        for name, value in (members or {}).items():
            self[name] = value

    def __setitem__(self, name: str, value) -> None:
        ctype = self._types.get(name)
        if ctype is None or name == "struct_size":
            known = ", ".join(n for n in self._types if n != "struct_size")
            raise TypeError(f"{self.type_name} has no option {name!r}; there are {known}")
        setattr(self.pointer, name, self._converted(ctype, value))

    def _converted(self, ctype, value):
        if ctype.kind == "enum":
            return _number(ctype, value)
        if ctype.kind == "pointer" and value is None:
            return ffi.NULL
        if ctype.kind == "pointer" and isinstance(value, (str, bytes)):
            return self._keep(ffi.new("char[]", bytes_of(value)))
        if ctype.kind == "pointer" and isinstance(value, dict):
            return self._keep(Struct(ctype.item.cname.split()[-1], value)).pointer
        if ctype.kind == "pointer" and isinstance(value, Struct):
            return self._keep(value).pointer
        return self._keep(value) if ctype.kind == "pointer" else value

    def _keep(self, value):
        self._kept.append(value)
        return value

    def as_dict(self) -> Dict[str, Any]:
        return as_dict(self.pointer[0])


def options(type_name: str, members: Dict[str, Any]):
    """A Struct; or None, for the library's defaults, where nothing is given."""
    return Struct(type_name, members) if members else None


def pointer_of(struct: Optional[Struct]):
    return struct.pointer if struct else ffi.NULL


def _value(ctype, value):
    if ctype.kind == "enum":
        return {number: name for name, number in _names(ctype).items()}.get(value, value)
    if ctype.kind == "array" and ctype.item.cname == "char":
        return ffi.string(value).decode(errors="replace")
    if ctype.kind == "array" and ctype.item.cname == "uint8_t":
        return bytes(value).hex()
    if ctype.kind == "array":
        return list(value)
    if ctype.kind == "pointer":
        return ffi.string(ffi.cast("const char *", value)).decode() if value else ""
    return value


def as_dict(struct) -> Dict[str, Any]:
    """Numbers, texts and digests (in hex) of a struct; what points to something else is left out."""
    fields = ffi.typeof(struct).fields
    return {name: _value(field.type, getattr(struct, name)) for name, field in fields
            if name != "struct_size" and (field.type.kind != "pointer" or "char" in field.type.cname)}


def filled(type_name: str, function, *before, after=()) -> Dict[str, Any]:
    """A struct that a call fills, as a dictionary; `before` and `after` are the arguments around it."""
    struct = Struct(type_name)
    call(function, *before, struct.pointer, *after)
    return struct.as_dict()


# ---- arrays ----

def _checked(values, dtype=np.float64):
    """Numbers of which a copy would lose nothing."""
    if dtype == np.float64 and np.iscomplexobj(values):
        raise TypeError("real numbers are needed, and these are complex")
    if np.ma.is_masked(values):
        raise ValueError("masked values are missing: fill them first")
    return values


def doubles(values) -> np.ndarray:
    """The array itself if it is one of float64 without gaps, else a copy."""
    return np.require(np.atleast_1d(_checked(values)), np.float64, ["C", "A"])


def vector(values, what: str, dtype=np.float64) -> np.ndarray:
    """One dimension of numbers; a single one counts as a vector of one."""
    array = np.require(np.atleast_1d(_checked(values, dtype)), dtype, ["C", "A"])
    if array.ndim != 1:
        raise ValueError(f"{what} have one dimension, not the shape {array.shape}")
    return array


def pointer_to(array: np.ndarray):
    """Its memory, which the pointer keeps."""
    return ffi.from_buffer("double[]", array)


class NdArray:
    """An umbra_ndarray: over the memory of an array that goes in, or for a result."""

    def __init__(self, values=None):
        self.pointer = ffi.new("umbra_ndarray *")
        if values is None:
            self.pointer = ffi.gc(self.pointer, lib.umbra_ndarray_clear)
            return
        array = doubles(values)
        if not 0 < array.ndim <= lib.UMBRA_NDARRAY_RANK:
            raise ValueError(f"arrays have 1 to {lib.UMBRA_NDARRAY_RANK} dimensions, this one has {array.ndim}")
        self.pointer.rank = array.ndim
        self.pointer.shape[0:array.ndim] = list(array.shape)
        self.pointer.values = memory = pointer_to(array)
        self.pointer = ffi.gc(self.pointer, lambda _, kept=memory: None)

    def array(self) -> np.ndarray:
        """The result, in the library's memory, which lives as long as the array."""
        result = self.pointer
        shape = list(result.shape)[:result.rank]
        kept = ffi.gc(result.values, lambda _, owner=result: None)
        return np.frombuffer(ffi.buffer(kept, 8 * int(np.prod(shape))), dtype=np.float64).reshape(shape)


def strided(values):
    """An umbra_array over a matrix of float64 or float32 as it lies in memory, and what keeps it; other types are
    copied."""
    array = np.asarray(_checked(values))
    if array.ndim != 2:
        raise ValueError(f"a matrix has rows and columns; this array has {array.ndim} dimensions")
    steps = [stride / array.itemsize for stride in array.strides]
    if array.dtype not in (np.float64, np.float32) or not array.dtype.isnative or not array.flags.aligned or \
            0 in steps or any(step != int(step) for step in steps):
        array, steps = doubles(array), [array.shape[1], 1]
    struct = Struct("umbra_array", {
        "type": "float" if array.dtype == np.float32 else "double", "rows": array.shape[0], "columns": array.shape[1],
        "row_stride": int(steps[0]), "column_stride": int(steps[1])})
    struct["data"] = ffi.cast("const void *", array.ctypes.data)
    struct._keep(array)
    return struct
