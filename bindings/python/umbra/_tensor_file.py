# SPDX-License-Identifier: Apache-2.0
"""Bytes of encrypted tensors: a zip file, not compressed, of a header and the ciphertexts' files."""
from __future__ import annotations

import contextlib
import io
import json
import os
import threading
import zipfile
from typing import Any, Dict, List, Tuple

from .errors import FormatError, IoError

_HEADER = "tensor.json"


def written(header: Dict[str, Any], files: List[bytes]) -> bytes:
    """The same bytes of the same tensor."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in ((_HEADER, json.dumps(header)), *((f"{i}.umbra", file) for i, file in enumerate(files))):
            archive.writestr(zipfile.ZipInfo(name), data)
    return stream.getvalue()


def read(data) -> Tuple[Dict[str, Any], List[bytes]]:
    """The header, whose entries are of the right types, and the files."""
    try:
        data = bytes(data)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if any(member.compress_type != zipfile.ZIP_STORED for member in members) or \
                    sum(member.file_size for member in members) > len(data):
                raise FormatError("no encrypted tensor: its files are compressed, or lie over each other")
            header = json.loads(archive.read(_HEADER))
            files = [archive.read(f"{i}.umbra") for i in range(len(members) - 1)]
        if any(type(n) is not int for n in (*header["shape"], header["slot_axes"])) or \
                header["dtype"] not in ("float64", "complex128"):
            raise FormatError(f"no encrypted tensor: {header} describes none")
    except (zipfile.BadZipFile, ValueError, LookupError, TypeError, RuntimeError, EOFError, OSError) as error:
        raise error if isinstance(error, FormatError) else FormatError(f"no encrypted tensor: {error}") from None
    return header, files


def save(path, data: bytes) -> None:
    path = os.fsdecode(path)
    beside = f"{path}.{os.getpid()}.{threading.get_ident()}.partial"
    try:
        try:
            with open(beside, "xb") as file:
                file.write(data)
            os.replace(beside, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(beside)
            raise
    except OSError as error:
        raise IoError(str(error)) from error


def load(path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise IoError(str(error)) from error
