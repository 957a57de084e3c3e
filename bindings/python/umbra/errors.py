# SPDX-License-Identifier: Apache-2.0
"""Exceptions: one for each status of the C API (umbra/status.h), with the library's text."""
from __future__ import annotations

from ._library import ffi, lib


class Error(Exception):
    """A call of the library failed. `status` is the number in umbra/status.h; the text says what was wrong."""

    status: int = -1


class InvalidArgumentError(Error, ValueError):
    """An argument is out of its documented range."""


class OutOfMemoryError(Error, MemoryError):
    """The host, the device or the budget of the context is exhausted."""


class UnsupportedError(Error):
    """Not available in this build, on this device or for this ring."""


class MismatchError(Error, ValueError):
    """Objects of different parameters or of different owners."""


class MissingKeyError(Error, LookupError):
    """The evaluation keys lack the key that the operation needs."""


class NoLevelError(Error):
    """No level is left for the operation."""


class RangeError(Error, ValueError):
    """Values that are not finite, too many, or too large for the modulus."""


class InsecureError(Error, ValueError):
    """Parameters under the security bound."""


class IoError(Error, OSError):
    """The operating system refused a file operation."""


class FormatError(Error, ValueError):
    """A file or buffer is malformed."""


class ExistsError(Error, FileExistsError):
    """A file that must not be replaced exists already."""


class PassphraseError(Error):
    """A passphrase is needed, or it is wrong."""


class DeviceError(Error):
    """The device failed; objects in flight are invalid."""


class CancelledError(Error):
    """The work was asked to stop."""


class InternalError(Error):
    """A bug in the library: please report it."""


class BusyError(Error):
    """Something else works on a file or folder: another process, or this one."""


class ExpiredError(Error):
    """A key is past its time, or was retired."""


class UntrustedError(Error):
    """Files are not those that were signed, or not by this signer."""


def _status(name: str) -> int:
    """INVALID_ARGUMENT of InvalidArgumentError."""
    words = "".join("_" + c if c.isupper() else c for c in name[:-len("Error")])
    return getattr(lib, "UMBRA_ERROR" + words.upper())


_CLASSES = {}
for _class in Error.__subclasses__():
    _class.status = _status(_class.__name__)
    _CLASSES[_class.status] = _class


def error_of(status: int) -> Error:
    """The exception for a status, with the text of this thread's last failure."""
    text = ffi.string(lib.umbra_last_error()).decode() or ffi.string(lib.umbra_status_string(status)).decode()
    error = _CLASSES.get(status, Error)(text)
    error.status = status
    return error
