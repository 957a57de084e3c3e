# SPDX-License-Identifier: Apache-2.0
"""Networks on encrypted records: a model becomes a client, who has the records and the secret key, and a server."""
from __future__ import annotations

import functools
import os
import threading
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from . import _call
from ._handle import Handle, InContext, Owned, Plain
from ._library import ffi, lib
from .context import Context
from .evaluator import Evaluator
from .key_needs import KeyNeeds
from .keys import EvalKeys, PublicKey, SecretKey
from .matrix import Matrix
from .params import Params


def _alone(method):
    """A model changes while it is built: one thread at a time."""
    @functools.wraps(method)
    def locked(self, *arguments, **options):
        with self._lock:
            return method(self, *arguments, **options)
    return locked


class Model(Handle):
    """A network in the clear, as a graph; see umbra/model.h. Model("model.onnx") imports one; Model((30,)) begins with
    an input of that shape, and dense() and the others add a layer behind the last one."""

    __slots__ = ("_last", "_shape", "_lock")
    _type = "umbra_model"

    def __init__(self, source: Union[str, os.PathLike, Sequence[int]]):
        self._last = 0
        self._lock = threading.Lock()
        self._shape: Tuple[int, ...] = ()
        if isinstance(source, (str, os.PathLike)):
            pointer = _call.made(self._type, lib.umbra_model_import, _call.path_of(source))
        else:
            self._shape = tuple(source)
            pointer = _call.made(self._type, lib.umbra_model_create, ffi.new("size_t[]", self._shape), len(self._shape))
        super().__init__(pointer)

    @property
    def _size(self) -> int:
        """Elements of the last layer."""
        if not self._shape:
            raise TypeError("a model that was imported is complete")
        return int(np.prod(self._shape))

    def _add(self, function, *arguments) -> "Model":
        node = ffi.new("uint32_t *")
        _call.call(function, self._c, node, self._last, *arguments)
        self._last = node[0]
        return self

    @_alone
    def dense(self, weights, bias=None) -> "Model":
        """W x + b. weights: (outputs, inputs); bias: (outputs,)."""
        w = _call.doubles(weights)
        b = np.zeros(len(w)) if bias is None else _call.vector(bias, "biases")
        inputs = self._size
        if w.ndim != 2 or w.shape[1] != inputs or b.shape != w.shape[:1]:
            raise ValueError(f"weights {w.shape} and bias {b.shape} of a layer with {inputs} inputs: they are "
                             f"(outputs, {inputs}) and (outputs,)")
        self._add(lib.umbra_model_dense, w.shape[0], _call.pointer_to(w), _call.pointer_to(b))
        self._shape = w.shape[:1]
        return self

    @_alone
    def scale_shift(self, scale, shift) -> "Model":
        """x * scale + shift, element by element, or for each channel."""
        a, b = _call.vector(scale, "scales"), _call.vector(shift, "shifts")
        if a.shape != b.shape:
            raise ValueError(f"{a.size} scales and {b.size} shifts; they are as many")
        return self._add(lib.umbra_model_scale_shift, _call.pointer_to(a), _call.pointer_to(b), a.size)

    @_alone
    def polynomial(self, coefficients) -> "Model":
        """sum coefficients[k] x^k of each element; [0, 0, 1] is the square."""
        c = _call.vector(coefficients, "coefficients")
        return self._add(lib.umbra_model_polynomial, _call.pointer_to(c), c.size)

    @_alone
    def activation(self, name: str) -> "Model":
        """ "relu", "sigmoid", "tanh", "gelu", "silu", ... of each element."""
        return self._add(lib.umbra_model_activation, _call.number_of("umbra_function", name))

    @_alone
    def output(self, name: str, closing: Iterable[str] = ()) -> "Model":
        """The last layer is an output, after which its owner applies the closing steps: "softmax", "logistic",
        "argmax"."""
        steps = [_call.number_of("umbra_closing", step) for step in closing]
        _call.call(lib.umbra_model_output, self._c, _call.bytes_of(name), self._last, ffi.new("umbra_closing[]", steps),
                   len(steps), ffi.NULL)
        return self

    @_alone
    def __call__(self, records, output: int = 0, *, progress=None) -> np.ndarray:
        """The network in the clear: (records, inputs' shape) -> (records, outputs), after the closing steps."""
        result = _call.NdArray()
        _call.watched(lib.umbra_model_run, self._c, result.pointer, _call.NdArray(records).pointer, output,
                      progress=progress)
        return result.array()

    @_alone
    def export(self, path) -> None:
        """Writes an ONNX file."""
        _call.call(lib.umbra_model_export, self._c, _call.path_of(path), ffi.NULL)


class NetworkPlan(Plain):
    """How a network is computed on encrypted records: parameters, layouts, scales, keys; see umbra/inference.h.

    samples: records like those to come, (samples, inputs' shape). Options: records (that are computed together),
    output, margin, error, target, memory (bytes), symmetric, without_refreshes, scale_bits, approximation (a
    dictionary), params, weights ("plain" or "encrypted"). """

    __slots__ = ()
    _type = "umbra_inference_plan"

    def __init__(self, model: Model, samples, *, params: Optional[Params] = None, progress=None, **options):
        struct, watch = _call.Struct("umbra_inference_options", options), _call.Watch(progress)
        if params is not None:
            struct["params"] = params._c
        super().__init__(_call.made(self._type, lib.umbra_inference_plan_create, model._c,
                                    _call.NdArray(samples).pointer, struct.pointer, watch.pointer, watch=watch))

    @property
    def params(self) -> Params:
        handle = self._c  # which the parameters are a part of
        return Params._shared(lib.umbra_inference_plan_params(handle))

    @property
    def digest(self) -> bytes:
        return self._bytes_of("digest", lib.UMBRA_DIGEST_BYTES)

    @property
    def needs(self) -> KeyNeeds:
        needs = KeyNeeds(self.params)
        _call.call(lib.umbra_inference_plan_add_needs, self._c, needs._c)
        return needs

    def client(self) -> "NetworkPlan":
        """The part without weights: for keys, encryption and decryption."""
        return NetworkPlan._own(_call.made_by(self._type, lib.umbra_inference_plan_client, self._c))

    def report(self) -> Dict[str, Any]:
        """What was chosen, and what it takes: levels, ciphertexts, keys, bytes, errors."""
        return _call.filled("umbra_inference_report", lib.umbra_inference_plan_report, self._c)

    def cost(self, machine: Optional[str] = None) -> Dict[str, Any]:
        """Of a run on a machine ("cpu", "h200", ...; None: this one): seconds, bytes, kernels. Needs the weights."""
        return _call.filled("umbra_cost", lib.umbra_inference_plan_cost, self._c, after=(_text(machine),))

    def layers(self, machine: Optional[str] = None) -> List[Dict[str, Any]]:
        """Each layer with its levels and seconds. Needs the weights."""
        count = ffi.new("size_t *")
        _call.call(lib.umbra_inference_plan_layers, self._c, ffi.NULL, count, _text(machine))
        layers = ffi.new("umbra_inference_layer[]", count[0])
        for layer in layers:
            lib.umbra_inference_layer_init(ffi.addressof(layer), ffi.sizeof("umbra_inference_layer"))
        _call.call(lib.umbra_inference_plan_layers, self._c, layers, count, _text(machine))
        return [_call.as_dict(layer) for layer in layers]

    def explain(self) -> str:
        """The layers, and all ways that were tried, the cheapest first."""
        return _call.text(lib.umbra_inference_plan_explain, self._c)

    def simulate(self, records, *, progress=None) -> np.ndarray:
        """What decryption is expected to give, with noise: (records, outputs) before the closing steps. Needs the
        weights."""
        result = _call.NdArray()
        _call.watched(lib.umbra_inference_simulate, result.pointer, self._c, _call.NdArray(records).pointer, ffi.NULL,
                      progress=progress)
        return result.array()


def _text(value: Optional[str]):
    return _call.text_of(value)


class NetworkWeights(Owned):
    """A network's weights, encrypted for the owner of the records."""

    __slots__ = ()
    _type = "umbra_inference_weights"


class _Network(InContext):
    """Encoded weights, in a context of the plan."""

    __slots__ = ()
    _type = "umbra_inference"


class Server:
    """Computes a network on encrypted records; has no secret. Any number of clients, and of threads.

    plan: with weights; or without them, and `weights`, encrypted.
    """

    def __init__(self, plan: NetworkPlan, weights: Optional[NetworkWeights] = None, *, device: str = "auto",
                 threads: int = 0, memory_limit: int = 0, progress=None):
        self.plan = plan
        self.context = weights.context if weights else Context.of(plan.params, device, threads, memory_limit)
        watch = _call.Watch(progress)
        if weights is None:
            pointer = _call.made("umbra_inference", lib.umbra_inference_create, self.context._c, plan._c, watch.pointer,
                                 watch=watch)
        else:
            pointer = _call.made("umbra_inference", lib.umbra_inference_create_encrypted, self.context._c, plan._c,
                                 weights._c, watch.pointer, watch=watch)
        self._network = _Network(pointer, self.context)

    @classmethod
    def load(cls, path, **options) -> "Server":
        """By a plan that save() wrote."""
        return cls(NetworkPlan.load(path), **options)

    def save(self, path) -> None:
        """Writes the plan, with the network's weights, unless these are encrypted."""
        self.plan.save(path)

    def keys(self, data) -> EvalKeys:
        """A client's evaluation keys, from bytes."""
        return EvalKeys.from_bytes(self.context, data)

    def batch(self, data) -> Matrix:
        """Encrypted records, from bytes."""
        return Matrix.from_bytes(self.context, data)

    def run(self, batch: Matrix, keys: EvalKeys, *, progress=None) -> Matrix:
        """What the network makes of encrypted records, with their owner's evaluation keys."""
        return Evaluator(self.context, keys, progress=progress)._made(Matrix, lib.umbra_inference_run, batch._c,
                                                                       self._network._c)


class Client:
    """Has the secret key; encrypts records, and decrypts answers. It is made of a plan without weights.

    secret_key: one of an earlier session; else one is made when it is first needed.
    """

    def __init__(self, plan: NetworkPlan, secret_key: Optional[SecretKey] = None, *, device: str = "cpu",
                 threads: int = 0):
        self.plan = plan
        self.context = secret_key.context if secret_key else Context.of(plan.params, device, threads)
        self.secret_key = secret_key or SecretKey(self.context)
        self._keys: Optional[EvalKeys] = None

    @classmethod
    def load(cls, path, secret_key: Optional[SecretKey] = None, **options) -> "Client":
        """By a plan that save() wrote. A secret key is saved by itself: client.secret_key.save(path, passphrase)."""
        return cls(NetworkPlan.load(path), secret_key, **options)

    def save(self, path) -> None:
        """Writes the plan, without weights, and no key."""
        self.plan.save(path)

    @property
    def keys(self) -> EvalKeys:
        """The evaluation keys, for the server."""
        if self._keys is None:
            self._keys = self.secret_key.eval_keys(self.plan.needs)
        return self._keys

    def encrypt(self, records, *, clip: bool = False, progress=None) -> Matrix:
        """A batch: (records, inputs' shape). clip: values beyond those of the samples become the nearest within,
        instead of being refused (RangeError)."""
        watch, clipped = _call.Watch(progress), ffi.new("size_t *") if clip else ffi.NULL
        pointer = _call.made("umbra_matrix", lib.umbra_inference_encrypt_symmetric, clipped, self.plan._c,
                             self.secret_key._c, _call.NdArray(records).pointer, watch.pointer, watch=watch)
        return Matrix(pointer, self.context)

    def decrypt(self, answers: Union[Matrix, bytes], *, closed: bool = True, progress=None) -> np.ndarray:
        """(records, outputs), after the closing steps, such as softmax; closed=False: before them."""
        batch = answers if isinstance(answers, Matrix) else Matrix.from_bytes(self.context, answers)
        result = _call.NdArray()
        function = lib.umbra_inference_decrypt if closed else lib.umbra_inference_decrypt_values
        _call.watched(function, result.pointer, self.plan._c, batch._c, self.secret_key._c, progress=progress)
        return result.array()

    def __reduce__(self):
        raise TypeError("a Client is not pickled: it has the secret key; its plan and keys are")


class Compiled(NamedTuple):
    """Two halves of a network: client, server = umbra.compile(...)"""

    client: Client
    server: Server


def plan(model: Union[Model, str, os.PathLike], calibration, *, progress=None, **options) -> NetworkPlan:
    """How a network is best computed, before there are keys: report(), cost() and layers() tell. See NetworkPlan."""
    return NetworkPlan(model if isinstance(model, Model) else Model(model), calibration, progress=progress, **options)


def compile(model: Union[Model, str, os.PathLike], calibration, *, device: str = "auto", progress=None,
            **options) -> Compiled:
    """A network as client and server, in one process or, by what they save and send, in two.

        client, server = umbra.compile("model.onnx", calibration=samples)
        answers = client.decrypt(server.run(client.encrypt(records), client.keys))

    calibration: records like those to come, (samples, inputs' shape). options: of NetworkPlan; with weights="encrypted"
    the server has the weights under the client's key only. """
    whole = plan(model, calibration, progress=progress, **options)
    client = Client(whole.client(), device="cpu")
    if whole.report()["weights"] == "plain":
        return Compiled(client, Server(whole, device=device, progress=progress))
    weights = encrypt_weights(whole, client.secret_key, progress=progress)
    return Compiled(client, Server(client.plan, weights, progress=progress))


def encrypt_weights(whole: NetworkPlan, key: Union[PublicKey, SecretKey], *, progress=None) -> NetworkWeights:
    """What the model's owner gives to the server instead of weights: encrypted by the key of the records' owner."""
    function = (lib.umbra_inference_weights_encrypt if isinstance(key, PublicKey)
                else lib.umbra_inference_weights_encrypt_symmetric)
    watch = _call.Watch(progress)
    return NetworkWeights(_call.made("umbra_inference_weights", function, whole._c, key._c, watch.pointer, watch=watch),
                          key.context)
