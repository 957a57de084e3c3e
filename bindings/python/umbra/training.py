# SPDX-License-Identifier: Apache-2.0
"""Records of their owner, in the clear, and trainings by a server that sees neither records nor weights."""
from __future__ import annotations

import contextlib
import csv
import os
import pathlib
import tempfile
from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from . import _call
from ._handle import Handle, Plain
from ._library import ffi, lib
from .context import Context
from .key_needs import KeyNeeds
from .keys import EvalKeys, SecretKey
from .matrix import Matrix
from .params import Params

LABEL = "umbra label"  # the column that a frame gets for its labels


# ---- the owner's records ----

def is_frame(X) -> bool:
    """A pandas frame, or what writes itself as one."""
    return hasattr(X, "to_csv") and hasattr(X, "columns")


@contextlib.contextmanager
def _table(frame) -> Iterator[bytes]:
    """The frame as a file that the library reads; in memory where there is a file system for that."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        path = os.path.join(folder, "records.csv")
        frame.to_csv(path, index=False, quoting=csv.QUOTE_NONNUMERIC)  # a "#" begins no comment
        yield _call.path_of(path)


def _check_rows(rows: int, frame) -> None:
    """Results are beside the records that they are of."""
    if rows != len(frame):
        raise ValueError(f"{len(frame) - rows} of {len(frame)} records of the frame hold no value: drop them first")


class Schema(Handle):
    """What the columns of a frame are: numbers, yes and no, or categories, of which each becomes a column."""

    __slots__ = ()
    _type = "umbra_schema"

    @classmethod
    def parse(cls, text: str) -> "Schema":
        return cls(_call.made(cls._type, lib.umbra_schema_parse, _call.bytes_of(text)))

    def features(self, frame) -> np.ndarray:
        """A frame's numbers, (records, features), without its label."""
        table = ffi.gc(ffi.new("umbra_table *"), lib.umbra_table_clear)
        with _table(frame) as path:
            _call.call(lib.umbra_schema_read_features, self._c, table, path, ffi.NULL)
        _check_rows(table.rows, frame)
        shape = table.rows, table.columns
        return np.frombuffer(ffi.buffer(table.values, 8 * shape[0] * shape[1])).reshape(shape).copy()

    @property
    def names(self) -> List[str]:
        """Those of the features, such as "age" or "city=Oslo"."""
        return [_call.text(lambda text, size, i=i: lib.umbra_schema_feature_name(self._c, text, size, i))
                for i in range(lib.umbra_schema_features(self._c))]


class Records(Handle):
    """Labelled records in the clear. X: (records, features) or a frame; labels: class numbers from 0 on."""

    __slots__ = ()
    _type = "umbra_records"

    def __init__(self, X, labels: np.ndarray, classes: int):
        super().__init__(self._of_frame(X, labels, classes) if is_frame(X) else self._of_array(X, labels, classes))

    @classmethod
    def _of_array(cls, X, labels, classes):
        features, codes = _call.doubles(X), _call.doubles(labels)
        if features.ndim != 2 or codes.shape != features.shape[:1]:
            raise ValueError(f"features are (records, features) and labels (records,), not {features.shape} and "
                             f"{codes.shape}")
        return _call.made(cls._type, lib.umbra_records_create_classes, _call.pointer_to(features),
                          _call.pointer_to(codes), *features.shape, classes)

    @classmethod
    def _of_frame(cls, frame, labels, classes):
        options = _call.Struct("umbra_records_options", {
            "label": LABEL, "labels": "two" if classes == 2 else "classes"})
        with _table(frame.assign(**{LABEL: labels})) as path:
            records = _call.made(cls._type, lib.umbra_records_read, path, options.pointer)
        _check_rows(lib.umbra_records_rows(records), frame)
        return records

    @property
    def shape(self) -> Tuple[int, int]:
        return lib.umbra_records_rows(self._c), lib.umbra_records_columns(self._c)

    @property
    def schema(self) -> Optional[str]:
        """As JSON; None: they come from memory."""
        handle = self._c  # which the schema is a part of
        schema = lib.umbra_records_schema(handle)
        return _call.text(lib.umbra_schema_describe, schema) if schema else None

    @property
    def features(self) -> np.ndarray:
        rows, columns = self.shape
        row, handle = lib.umbra_records_row, self._c  # which has the values until they are copied
        return np.stack([np.frombuffer(ffi.buffer(row(handle, r), 8 * columns)) for r in range(rows)])


class Scaling(Handle):
    """What brings the columns of records to one size: by "deviation", "range", "quartiles", ...; clipped, unless 0."""

    __slots__ = ()
    _type = "umbra_scaling"

    def __init__(self, records: Records, kind: str = "deviation", clip: float = 0.0):
        super().__init__(_call.made(self._type, lib.umbra_scaling_fit, records._c,
                                    _call.number_of("umbra_scaling_kind", kind), 0.0, clip))

    def apply(self, records: Records) -> Records:
        return Records._own(_call.made_by("umbra_records", lib.umbra_scaling_apply, self._c, records._c))

    def affine(self) -> Tuple[np.ndarray, np.ndarray]:
        """scale and shift of each column: scaled = x * scale + shift, but for the clipping."""
        columns = [_call.filled("umbra_column_scaling", lib.umbra_scaling_column, self._c, after=(i,))
                   for i in range(lib.umbra_scaling_columns(self._c))]
        divisor = np.array([column["divisor"] for column in columns])
        scale = np.divide(1, divisor, out=np.zeros_like(divisor), where=divisor != 0)
        return scale, -np.array([column["offset"] for column in columns]) * scale


def best_logistic(records: Records, l2: float, *, progress=None) -> np.ndarray:
    """The weights that minimise the mean logistic loss and the penalty, in the clear: (columns + 1,), the bias last."""
    weights = np.empty(records.shape[1] + 1)
    options, optimum = _call.Struct("umbra_optimum_options", {"l2": l2}), _call.Struct("umbra_optimum")
    _call.watched(lib.umbra_logistic_optimum, _call.pointer_to(weights), optimum.pointer, records._c, options.pointer,
                  progress=progress)
    return weights


def least_squares(function: str, degree: int, bound: float) -> np.ndarray:
    """Coefficients of x^k of the polynomial near a function ("tanh", "relu", ...) on [-bound, bound], by least
    squares."""
    coefficients = np.empty(lib.UMBRA_MAX_DEGREE + 1)
    desc = _call.Struct("umbra_fit_desc", dict(function=function, degree=degree, kind="least_squares", lo=-bound,
                                               hi=bound))
    _call.call(lib.umbra_chebyshev_fit, _call.pointer_to(coefficients), ffi.NULL, desc.pointer)
    fitted = np.polynomial.Chebyshev(coefficients[:degree + 1], domain=[-bound, bound])
    return fitted.convert(kind=np.polynomial.Polynomial).coef


# ---- plans ----

class TrainPlan(Plain):
    """A training (umbra/train.h), the same for owner and server. records: scaled; scaling: that they were scaled by, which
    shuffle=2, a secret order, takes its key from; options: of umbra_train_options, such as iterations, rate, batch, l2,
    sigmoid={"degree": 15, "range": 24}, kind="network", hidden=[16], outputs=3."""

    __slots__ = ()
    _type = "umbra_train_plan"

    def __init__(self, params: Params, records: Records, *, scaling: Optional[Scaling] = None, **options):
        rows, columns = records.shape
        options.update(rows=rows, columns=columns, scaling=scaling and scaling._c)
        struct = _call.Struct("umbra_train_options", options)
        super().__init__(_call.made(self._type, lib.umbra_train_plan_create, params._c, struct.pointer))

    @property
    def params(self) -> Params:
        handle = self._c  # which the parameters are a part of
        return Params._shared(lib.umbra_train_plan_params(handle))

    @property
    def digest(self) -> bytes:
        """32 bytes: of parameters and options."""
        return self._bytes_of("digest", lib.UMBRA_DIGEST_BYTES)

    @property
    def options(self) -> Dict[str, Any]:
        return _call.filled("umbra_train_options", lib.umbra_train_plan_options, self._c)

    def report(self) -> Dict[str, Any]:
        """Levels, refreshes, keys, bytes, and the errors to expect."""
        return _call.filled("umbra_train_report", lib.umbra_train_plan_report, self._c)

    def cost(self, part: str = "whole", machine: Optional[str] = None) -> Dict[str, Any]:
        """Of the "whole" training, an "iteration" or a "bootstrap" on a machine ("cpu", "h200", ...): seconds,
        bytes."""
        number = _call.number_of("umbra_train_part", part)
        name = _call.text_of(machine)
        return _call.filled("umbra_cost", lib.umbra_train_plan_cost, self._c, after=(number, name))

    @property
    def needs(self) -> KeyNeeds:
        needs = KeyNeeds(self.params)
        _call.call(lib.umbra_train_plan_needs, self._c, needs._c)
        return needs

    def twin(self, records: Records, *, progress=None) -> Tuple[np.ndarray, List[Dict[str, Any]]]:
        """The same training in the clear: weights, and what happened in each iteration, judged by these records."""
        weights = np.empty(lib.umbra_train_plan_weights(self._c))
        count = self.options["iterations"]
        trace = ffi.new("umbra_train_outcome[]", count)
        for outcome in trace:
            lib.umbra_train_outcome_init(ffi.addressof(outcome), ffi.sizeof("umbra_train_outcome"))
        judged = _call.Struct("umbra_twin_options", {"judged": records._c})
        _call.watched(lib.umbra_train_twin, _call.pointer_to(weights), trace, count, self._c, records._c,
                      judged.pointer, progress=progress)
        return weights, [_call.as_dict(outcome) for outcome in trace]

    def encrypt(self, folder, records: Records, key: SecretKey, *, progress=None) -> None:
        """Encrypts scaled records into a folder."""
        _call.watched(lib.umbra_train_encrypt_symmetric, _call.path_of(folder), self._c, key._c, records._c, ffi.NULL,
                      progress=progress)


# ---- the job: a folder that the server gets, laid out as the program `umbra train` has it ----

class Training:
    """The owner's end of a training in a folder: keys/ and data/ go to the server, run/ comes back. The secret key
    stays here: training.secret_key.save(path, passphrase) keeps it for another session, outside of the folder."""

    def __init__(self, folder, plan: TrainPlan, secret_key: Optional[SecretKey] = None):
        self.folder, self.plan = pathlib.Path(folder), plan
        self.secret_key = secret_key or SecretKey(Context.of(plan.params, "cpu"))

    def prepare(self, records: Records, *, progress=None) -> "Training":
        """Writes keys and encrypted records: all that the server gets."""
        keys, data = self.folder / "keys", self.folder / "data"
        keys.mkdir(parents=True)
        self.plan.params.save(keys / "params.umbra")
        self.secret_key.eval_keys(self.plan.needs, progress=progress).save(keys / "eval.umbra")
        self.plan.encrypt(data, records, self.secret_key, progress=progress)
        self.plan.save(data / "plan.umbra")
        return self

    def weights(self) -> List[np.ndarray]:
        """Those of each layer, decrypted: (units, inputs), in the first one with the bias as the last input."""
        context, run = self.secret_key.context, self.folder / "run"
        if "network" in self.plan.options["kind"]:
            paths = sorted(run.glob("layer-*.umbra"))
            return [self.secret_key.decrypt(Matrix.load(context, path)) for path in paths]
        path = _call.path_of(run / "model.umbra")
        model = _call.made("umbra_logistic", lib.umbra_logistic_load, context._c, path, ffi.NULL)
        weights = np.empty(lib.umbra_logistic_features(model) + 1)
        bias = ffi.from_buffer("double[]", weights[-1:])
        _call.call(lib.umbra_logistic_decrypt, model, _call.pointer_to(weights), bias, self.secret_key._c)
        return [weights.reshape(1, -1)]

    def losses(self) -> np.ndarray:
        """Of a plan with count_loss: what each iteration has counted, decrypted; 0 for those that are not done."""
        loss = Matrix.load(self.secret_key.context, self.folder / "run/loss.umbra")
        return self.secret_key.decrypt(loss)[0]

    def __reduce__(self):
        raise TypeError("a Training is not pickled: it has the secret key; its folder and its plan say the rest")


def _check_noise(plan: TrainPlan) -> None:
    """Noise that a private plan asks of whoever trains is added by the program alone."""
    struct = _call.Struct("umbra_train_options")
    _call.call(lib.umbra_train_plan_options, plan._c, struct.pointer)
    asked = struct.pointer.privacy
    if asked and asked.noise_by == lib.UMBRA_NOISE_BY_BOTH:
        raise ValueError("this plan asks whoever trains for a share of the noise: train it with the program umbra train")


def train(folder, *, device: str = "auto", threads: int = 0, progress=None) -> None:
    """The server: trains on what an owner prepared in a folder, and leaves the encrypted model in its run/. After an
    interruption the same call goes on where it stopped."""
    folder = pathlib.Path(folder)
    plan, run = TrainPlan.load(folder / "data/plan.umbra"), folder / "run"
    _check_noise(plan)
    run.mkdir(exist_ok=True)
    context = Context(plan.params, device=device, threads=threads, memory_limit=plan.report()["memory_limit"])
    keys = EvalKeys.load(context, folder / "keys/eval.umbra")
    watch = _call.Watch(progress)
    with _trainer(plan, context, keys, folder / "data", run / "checkpoint.umbra") as trainer:  # its locks end with it
        lib.umbra_trainer_watch(trainer, watch.pointer)
        _call.call(lib.umbra_trainer_run, trainer, ffi.NULL, ffi.NULL, watch=watch)
        if plan.options["count_loss"]:
            _trained_matrix(trainer, context, lib.umbra_trainer_loss).save(run / "loss.umbra")
        _save_model(plan, trainer, context, run)


def _trainer(plan, context, keys, data, checkpoint):
    desc = _call.Struct("umbra_trainer_desc", {
        "plan": plan._c, "context": context._c, "keys": keys._c, "data": os.fsencode(data),
        "checkpoint": os.fsencode(checkpoint), "resume": checkpoint.exists()})
    watch = _call.Watch()
    return _call.made("umbra_trainer", lib.umbra_trainer_create, desc.pointer, watch.pointer, watch=watch)


def _save_model(plan, trainer, context, run) -> None:
    if "network" not in plan.options["kind"]:
        model = _call.made_by("umbra_logistic", lib.umbra_trainer_logistic, trainer)
        _call.call(lib.umbra_logistic_save, model, _call.path_of(run / "model.umbra"), ffi.NULL)
        return
    layers = 1 + sum(units > 0 for units in plan.options["hidden"])
    for k in range(layers):
        _trained_matrix(trainer, context, lib.umbra_trainer_layer, k).save(run / f"layer-{k + 1}.umbra")


def _trained_matrix(trainer, context, function, *arguments) -> Matrix:
    return Matrix(_call.made_by("umbra_matrix", function, trainer, *arguments), context)
