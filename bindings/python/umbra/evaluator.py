# SPDX-License-Identifier: Apache-2.0
"""What computes. The operators of ciphertexts and matrices are calls of the evaluator to which these are bound."""
from __future__ import annotations

import threading
from typing import Optional, Tuple, TypeVar

from . import _call
from ._handle import Owned
from ._library import ffi, lib
from ._progress import Watch
from .context import Context

T = TypeVar("T", bound="Operand")


class _Engine:
    """An umbra_evaluator, which is one thread's, and what watches it."""

    __slots__ = ("pointer", "watch")

    def __init__(self, context, keys, refresher, progress, strict: bool):
        self.pointer = _call.made("umbra_evaluator", lib.umbra_evaluator_create, context, keys)
        self.watch = Watch(progress)
        lib.umbra_evaluator_watch(self.pointer, self.watch.pointer)
        lib.umbra_evaluator_set_strict(self.pointer, strict)
        _call.call(lib.umbra_evaluator_bootstrap_with, self.pointer, refresher)


class Evaluator:
    """Computes in a context with evaluation keys (None: only what needs no key). Any thread may use it.

    bind(x) makes x an operand: x * y, x << 3 and so on are then computed here, and results are bound, too. progress:
    told of each call how much of it is done. strict: refuse results whose bounds do not fit their level
    (umbra/range.h). refresher: refreshes operands that lack levels (a Refresher). """

    def __init__(self, context: Context, keys=None, *, refresher=None, progress=None, strict: bool = False):
        self.context, self.keys = context, keys
        handles = [ffi.NULL if thing is None else thing._c for thing in (keys, refresher)]
        self._made_of: Optional[Tuple] = (context._c, *handles, progress, strict)
        self._local = threading.local()

    @property
    def _engine(self) -> _Engine:
        local, made_of = self._local, self._made_of
        if made_of is None:
            raise ValueError("this Evaluator is closed")
        if not hasattr(local, "engine"):
            local.engine = _Engine(*made_of)
        return local.engine

    def bind(self, operand: T) -> T:
        """The same object as an operand of this evaluator."""
        operand._bind(self)
        return operand

    def close(self) -> None:
        """Gives back what this thread uses; others' goes with their threads."""
        self._local, self._made_of = threading.local(), None

    def __enter__(self) -> "Evaluator":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def __reduce__(self):
        raise TypeError("an Evaluator is not pickled: make one of a context and evaluation keys, which are")

    def _made(self, cls, function, *arguments):
        """A ciphertext or matrix that a call makes: bound to this evaluator."""
        engine = self._engine
        pointer = _call.made(cls._type, lambda out, *rest: function(engine.pointer, out, *rest), *arguments,
                             watch=engine.watch)
        return self.bind(cls(pointer, self.context))

    def _made_many(self, cls, count: int, function, *arguments) -> list:
        """The same of a call that makes so many."""
        engine = self._engine
        outs = ffi.new(f"{cls._type} *[]", count)
        try:
            _call.call(function, engine.pointer, outs, *arguments, watch=engine.watch)
        finally:
            handles = [_call.owned(cls._type, out) for out in outs]
        return [self.bind(cls(handle, self.context)) for handle in handles]


class Operand(Owned):
    """What is computed with: ciphertexts and matrices."""

    __slots__ = ("_evaluator",)
    _evaluator: Evaluator

    @property
    def evaluator(self) -> Optional[Evaluator]:
        """What computes its operators; None: nothing yet."""
        return getattr(self, "_evaluator", None)

    def _bind(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator


def evaluator_of(*operands: Operand) -> Evaluator:
    """The first one that an operand is bound to."""
    for operand in operands:
        if operand.evaluator is not None:
            return operand.evaluator
    raise TypeError("nothing computes here: bind an operand first, with umbra.Evaluator(context, keys).bind(x)")
