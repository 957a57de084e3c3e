# SPDX-License-Identifier: Apache-2.0
"""The C library: from the package's own folder, with those that it needs if they are there, too; else where
UMBRA_LIBRARY says, else as the system finds it."""
from __future__ import annotations

import ctypes
import ctypes.util
import os
import pathlib

try:
    from ._api import ffi
except ImportError as error:
    raise ImportError("umbra/_api.py is missing: a checkout is put together by bindings/python/assemble, or installed "
                      "by pip install ./bindings/python") from error


OWN = pathlib.Path(__file__).resolve().parent


def path() -> str:
    """Of the library to load."""
    if (OWN / "libumbra.so").exists():
        return str(OWN / "libumbra.so")
    found = os.environ.get("UMBRA_LIBRARY") or ctypes.util.find_library("umbra")
    if not found:
        raise ImportError("libumbra is not found: it is neither beside the package nor installed in the system; "
                          "UMBRA_LIBRARY can have its path")
    return found


def _open():
    try:
        for file in OWN.glob("lib*.so.*"):  # the loader then takes these for the names that libumbra asks for
            ctypes.CDLL(str(file))
        return ffi.dlopen(path())
    except OSError as error:
        raise ImportError(f"{path()} cannot be loaded: {error}") from error


lib = _open()

#: Version of the C library that is running.
version: str = ffi.string(lib.umbra_version()).decode()
TOP_LEVEL: int = lib.UMBRA_TOP_LEVEL
