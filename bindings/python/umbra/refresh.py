# SPDX-License-Identifier: Apache-2.0
"""Refreshes (bootstrapping): ciphertexts that have used up their levels get new ones."""
from __future__ import annotations

from typing import Any, Dict

from . import _call
from ._handle import Handle, InContext
from ._library import lib
from .context import Context
from .key_needs import KeyNeeds
from .params import Params


class RefreshPlan(Handle):
    """How ciphertexts are refreshed; of parameters that do, such as the presets boot-64k-40 or Params(bootstrap={}).

    Options: slots (0: all), bound (both parts of every slot lie in [-bound, bound]), order ("standard", "stc_first"),
    min_key, rounds, baby_steps, target ("cpu", "gpu"); see umbra/bootstrap.h. """

    __slots__ = ("params",)
    _type = "umbra_bootstrap_plan"

    def __init__(self, params: Params, **options):
        struct = _call.Struct("umbra_bootstrap_options", options)
        super().__init__(_call.made(self._type, lib.umbra_bootstrap_plan_create, params._c, struct.pointer))
        self.params = params

    @property
    def needs(self) -> KeyNeeds:
        """The keys of a refresh."""
        needs = KeyNeeds(self.params)
        _call.call(lib.umbra_bootstrap_plan_needs, self._c, needs._c)
        return needs

    def report(self) -> Dict[str, Any]:
        """Levels, keys, bytes, and errors in units of the bound."""
        return _call.filled("umbra_bootstrap_report", lib.umbra_bootstrap_plan_report, self._c)


class Refresher(InContext):
    """The matrices of a plan, encoded once for any number of evaluators: x.refresh(refresher), or Evaluator(context,
    keys, refresher=refresher), which refreshes whatever lacks levels."""

    __slots__ = ()
    _type = "umbra_bootstrapper"

    def __init__(self, context: Context, plan: RefreshPlan, *, progress=None):
        watch = _call.Watch(progress)
        super().__init__(_call.made(self._type, lib.umbra_bootstrapper_create, context._c, plan._c, watch.pointer,
                                    watch=watch), context)
