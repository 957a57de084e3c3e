# SPDX-License-Identifier: Apache-2.0
"""The C library: from the package's own folder, else where UMBRA_LIBRARY says, else as the system finds it."""
from __future__ import annotations

import ctypes.util
import os
import pathlib

try:
    from ._api import ffi
except ImportError as error:
    raise ImportError("umbra/_api.py is missing: a checkout is put together by bindings/python/assemble, or installed "
                      "by pip install ./bindings/python") from error


def _path() -> str:
    own = sorted(pathlib.Path(__file__).resolve().parent.glob("libumbra.so*"))
    if own:
        return str(own[0])
    path = os.environ.get("UMBRA_LIBRARY") or ctypes.util.find_library("umbra")
    if not path:
        raise ImportError("libumbra is not found: it is neither beside the package nor installed in the system; "
                          "UMBRA_LIBRARY can have its path")
    return path


def _open():
    path = _path()
    try:
        return ffi.dlopen(path)
    except OSError as error:
        raise ImportError(f"{path} cannot be loaded: {error}") from error


lib = _open()

#: Version of the C library that is running.
version: str = ffi.string(lib.umbra_version()).decode()
TOP_LEVEL: int = lib.UMBRA_TOP_LEVEL
