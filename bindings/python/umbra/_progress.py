# SPDX-License-Identifier: Apache-2.0
"""Progress of long calls, and what stops them: Python's signal handlers run in the callback, so KeyboardInterrupt does,
and so does any exception that a progress function raises."""
from __future__ import annotations

from typing import Any, Callable, Optional, Union

from ._library import ffi

#: Called with the fraction that is done, 0 to 1; or a bar like tqdm's with total=1: whatever has `update` and `n`.
Progress = Union[Callable[[float], Any], Any]


def reporter(progress: Optional[Progress]) -> Optional[Callable[[float], Any]]:
    """A function of the fraction; None if nobody wants to know."""
    update = getattr(progress, "update", None)
    return progress if update is None else lambda fraction: update(fraction - progress.n)  # type: ignore[union-attr]


class Watch:
    """An umbra_progress: `pointer`, and the exception that stopped the work."""

    __slots__ = ("report", "exception", "pointer", "_handle")

    def __init__(self, progress: Optional[Progress] = None):
        self.report = reporter(progress)
        self.exception: Optional[BaseException] = None
        self._handle = ffi.new_handle(self)
        self.pointer = ffi.new("umbra_progress *", (_report, self._handle))

    def take(self) -> Optional[BaseException]:
        """The exception, once."""
        exception, self.exception = self.exception, None
        return exception


def _stop(_type, exception, traceback):
    """Keeps what was raised in the callback, or by a signal as it began; its caller then gets 1: stop."""
    ffi.from_handle(traceback.tb_frame.f_locals["user"]).exception = exception


@ffi.callback("umbra_progress_fn", error=1, onerror=_stop)
def _report(user, fraction):
    report = ffi.from_handle(user).report
    if report is not None:
        report(fraction)
    return 0
