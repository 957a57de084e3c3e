# SPDX-License-Identifier: Apache-2.0
"""An owner of data, with all keys; and what a program costs before there are any."""
from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Optional, Tuple, Union

import numpy as np

from . import _call
from ._handle import level_of
from ._library import lib
from .ciphertext import Ciphertext
from .context import Context
from .evaluator import Evaluator
from .key_needs import KeyNeeds
from .keys import SecretKey
from .matrix import Matrix
from .tensor import Tensor, dry_tensor


class Owner:
    """Context, keys and evaluator in one: what it encrypts can be computed with at once.

        owner = umbra.Owner(depth=3, rotations=[1])
        x = owner.encrypt([0.5, -1.0, 2.0])
        print(owner.decrypt((x * x + 1) << 1, 2))

    Keyword arguments: those of Context and Params. needs: the keys, as a DryRun or a plan tells them; else all levels
    have those for products and for `rotations`. A server gets `eval_keys` and what is encrypted, never this object. """

    def __init__(self, params=None, *, needs: Optional[KeyNeeds] = None, rotations: Iterable[int] = (),
                 conjugation: bool = False, progress=None, **options):
        self.context = params if isinstance(params, Context) else Context(params, **options)
        self.secret_key = SecretKey(self.context)
        self.public_key = self.secret_key.public_key()
        self.eval_keys = self.secret_key.eval_keys(needs, rotations=rotations, conjugation=conjugation,
                                                   progress=progress)
        self.evaluator = Evaluator(self.context, self.eval_keys)

    def encrypt(self, values, **options) -> Union[Ciphertext, Matrix, Tensor]:
        """A Ciphertext of numbers (n,), a Matrix of (rows, columns), or a Tensor of more axes, or of any number if
        slot_axes is given; see PublicKey."""
        key = self.public_key
        encrypt = key.encrypt_tensor if _is_tensor(values, options) else \
            key.encrypt_matrix if np.ndim(values) == 2 else key.encrypt
        return self.evaluator.bind(encrypt(values, **options))

    def decrypt(self, encrypted, count: Optional[int] = None, *, complex: bool = False) -> np.ndarray:
        """The first `count` slots, a matrix or a tensor; see SecretKey.decrypt."""
        return self.secret_key.decrypt(encrypted, count, complex=complex)

    def close(self) -> None:
        """Wipes the secret key, and gives everything else back."""
        self.evaluator.close()
        for thing in (self.secret_key, self.public_key, self.eval_keys, self.context):
            thing.close()

    def __enter__(self) -> "Owner":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def __reduce__(self):
        raise TypeError("an Owner is not pickled: it has the secret key; eval_keys and what is encrypted are")


class DryRun(Dict[str, Any]):
    """What a program costs (umbra/cost.h): seconds on `machine`, bytes, keys, kernels. `needs`: its keys; `result`:
    what the program returned, without values, but with levels and bounds."""

    needs: KeyNeeds
    result: Any


def dry_run(program: Callable, *inputs, params=None, machine: Optional[str] = None, **need) -> DryRun:
    """Runs a function of ciphertexts, matrices and tensors without values or keys, and keeps accounts.

    inputs: arrays like those to come, of which shape and largest value count: (n,) a ciphertext, (rows, columns) a
    matrix, more axes a tensor; or an array and the layout of its matrix, (array, {"order": "by_columns"}), as
    encrypt_matrix takes it, or the slot axes of its tensor, (array, {"slot_axes": 1}).
    params, need: as Params takes them. machine: whose seconds: "cpu", "h200", ...; see umbra/cost.h. """
    context = Context(params, device="dry", **need)
    evaluator = Evaluator(context)
    operands = [evaluator.bind(_dry(context, *_input(values))) for values in inputs]
    if machine is not None:
        _call.call(lib.umbra_context_cost_machine, context._c, _call.bytes_of(machine))
    _call.call(lib.umbra_context_cost_begin, context._c)
    result = program(*operands)
    run = DryRun(_call.filled("umbra_cost", lib.umbra_context_cost, context._c))
    run.result, run.needs = result, KeyNeeds(context.params)
    _call.call(lib.umbra_context_needs, context._c, run.needs._c)
    return run


def _is_tensor(values, options: Dict[str, Any]) -> bool:
    return "slot_axes" in options or np.ndim(values) > 2


def _input(values) -> Tuple[np.ndarray, Dict[str, Any]]:
    """An array, and the options that may come with it."""
    array, layout = values if isinstance(values, tuple) and isinstance(values[-1], dict) else (values, {})
    return np.asarray(array), layout


def _dry(context: Context, values: np.ndarray, options: Dict[str, Any]):
    """What encryption would have made of them: bounds are powers of two from 1 on."""
    bound = float(2 ** np.ceil(np.log2(max(np.abs(values).max(initial=0), 1))))
    if _is_tensor(values, options):
        return dry_tensor(context, values, bound, **options)
    if values.ndim == 2:
        struct = _call.options("umbra_matrix_layout", options)
        return Matrix(_call.made("umbra_matrix", lib.umbra_dry_matrix, context._c, *values.shape, level_of(None), bound,
                                 _call.pointer_of(struct)), context)
    return Ciphertext(_call.made("umbra_ciphertext", lib.umbra_dry_ciphertext, context._c, level_of(None), 0, bound),
                      context)
