# SPDX-License-Identifier: Apache-2.0
"""Classifiers in the style of scikit-learn, which need not be there.

    model = umbra.EncryptedLogisticRegression().fit(X, y)
    client, server = model.compile(X)
    labels = client.predict(server.run(client.encrypt(new), client.keys))

Or trained by a server that sees neither records nor weights:

    training = model.prepare(X, y, "job")      # the owner: keys and encrypted records into a folder
    umbra.train("job")                         # the server, in another process
    model.collect(training)                    # the owner again
"""
from __future__ import annotations

import inspect
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

import numpy as np

from .network import Client, Model, NetworkPlan, Server, plan
from .params import Params
from .training import Records, Scaling, Schema, Training, TrainPlan, best_logistic, is_frame, least_squares

ROOM = 0.9  # of the range of a training's polynomial that scores may take


class ClassifierClient(Client):
    """A Client that takes what its classifier takes, frames too, and knows its classes."""

    def __init__(self, plan: NetworkPlan, classifier: "_Classifier"):
        super().__init__(plan)
        self._classifier = classifier

    def encrypt(self, X, *, clip: bool = True, progress=None):
        """(records, features) or a frame, in one batch."""
        return super().encrypt(self._classifier._features(X), clip=clip, progress=progress)

    def predict(self, answers) -> np.ndarray:
        """The classes of the records: (records,)."""
        return self._classifier._labels(self.decrypt(answers))


class CompiledClassifier(NamedTuple):
    """client, server = model.compile(X)"""

    client: ClassifierClient
    server: Server


class _Job(NamedTuple):
    """Records, and the attributes of a classifier that is fitted by them."""

    records: Records
    facts: Dict[str, Any]


class _Classifier:
    """get_params, set_params and clone as scikit-learn has them; one network in the clear, `model_`, for all the rest.

    Fitted: classes_, n_features_in_, feature_names_in_ (of frames), weights_: those of each layer for scaled columns,
    (units, inputs), in the first one with the bias last. """

    _estimator_type = "classifier"
    params: Union[str, Params]
    rate: Optional[float]
    range: float
    clip: float
    classes_: np.ndarray
    n_features_in_: int
    schema_: Optional[str]
    scale_: np.ndarray
    shift_: np.ndarray
    weights_: List[np.ndarray]
    compiled_: "CompiledClassifier"

    # ---- parameters ----

    @classmethod
    def _names(cls) -> List[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> Dict[str, Any]:
        """The arguments of the constructor."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **params):
        for name, value in params.items():
            if name not in self._names():
                known = ", ".join(self._names())
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}; there are {known}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({arguments})"

    # ---- records ----

    def _read(self, X, y) -> "_Job":
        """Records, and what they say of classes and columns."""
        classes, codes = np.unique(np.asarray(y), return_inverse=True)
        if len(classes) < 2:
            raise ValueError("y has one class only; two and more are needed")
        records = Records(X, codes, len(classes))
        facts = {"classes_": classes, "schema_": records.schema,
                 "n_features_in_": len(X.columns) if is_frame(X) else records.shape[1]}
        if is_frame(X):
            facts["feature_names_in_"] = np.array(list(X.columns), dtype=object)
        return _Job(records, facts)

    def _scaled(self, job: "_Job", clip: float) -> "_Job":
        scaling = Scaling(job.records, "deviation", clip)
        scale, shift = scaling.affine()
        return _Job(scaling.apply(job.records), {**job.facts, "scale_": scale, "shift_": shift})

    def _features(self, X) -> np.ndarray:
        self._check_fitted()
        if not is_frame(X):
            return np.asarray(X, dtype=np.float64)
        if self.schema_ is None:
            return np.asarray(X.to_numpy(), dtype=np.float64)
        return Schema.parse(self.schema_).features(X)

    def _labels(self, probabilities: np.ndarray) -> np.ndarray:
        """Of each record's outputs: the class with the largest; of one output, whether it is above a half."""
        if probabilities.shape[1] == 1:
            return self.classes_[(probabilities[:, 0] > 0.5).astype(int)]
        return self.classes_[np.argmax(probabilities, axis=1)]

    # ---- the model ----

    def _learn(self, facts: Dict[str, Any], weights: List[np.ndarray]):
        """Keeps numbers alone, so that classifiers are copied and pickled; forgets what was fitted before."""
        for name in [name for name in self.__dict__ if name.endswith("_")]:
            del self.__dict__[name]
        self.__dict__.update(facts, weights_=weights)
        return self

    def _activation(self) -> np.ndarray:
        """Coefficients of the polynomial between layers."""
        raise NotImplementedError

    def _check_fitted(self) -> None:
        if not hasattr(self, "weights_"):
            raise ValueError(f"this {type(self).__name__} is not fitted: call fit(), or prepare() and collect()")

    @property
    def model_(self) -> Model:
        """The network in the clear, with the scaling of its inputs."""
        self._check_fitted()
        model = Model((len(self.scale_),)).scale_shift(self.scale_, self.shift_)
        first, *others = self.weights_
        model.dense(first[:, :-1], first[:, -1])
        for layer in others:
            model.polynomial(self._activation()).dense(layer)
        return model.output("probability", ["logistic"])

    def predict_proba(self, X) -> np.ndarray:
        """In the clear: (records, classes). Of more than two classes each has a model of its own; sums are 1."""
        values = self.model_(self._features(X))
        if values.shape[1] == 1:
            return np.hstack([1 - values, values])
        return values / values.sum(axis=1, keepdims=True)

    def predict(self, X, *, encrypted: bool = False) -> np.ndarray:
        """The classes of the records: (records,). encrypted: by client and server of the last compile()."""
        if not encrypted:
            return self._labels(self.model_(self._features(X)))
        if not hasattr(self, "compiled_"):
            raise ValueError("there is no encrypted model yet: call compile() after each fit()")
        client, server = self.compiled_
        return client.predict(server.run(client.encrypt(X), client.keys))

    def score(self, X, y) -> float:
        """The accuracy in the clear."""
        return float(np.mean(self.predict(X) == np.asarray(y)))

    def compile(self, X, *, device: str = "auto", progress=None, **options) -> CompiledClassifier:
        """Client and server of the fitted model. X: records like those to come; options: of umbra.plan, such as
        `records`, how many are computed together (as many as in X, up to 4096)."""
        features = self._features(X)
        whole = plan(self.model_, features, progress=progress, **{"records": min(len(features), 4096), **options})
        self.compiled_ = CompiledClassifier(ClassifierClient(whole.client(), self),
                                            Server(whole, device=device, progress=progress))
        return self.compiled_

    def __getstate__(self):
        return {name: value for name, value in self.__dict__.items() if name != "compiled_"}

    # ---- training under encryption ----

    def _params(self) -> Params:
        return Params(self.params) if isinstance(self.params, str) else self.params

    def _options(self, classes: int) -> Dict[str, Any]:
        """Of the training."""
        raise NotImplementedError

    def plan(self, X, y) -> TrainPlan:
        """What a training under encryption takes: report(), cost()."""
        return self._settled(self._scaled(self._read(X, y), self.clip))[0]

    def _settled(self, job: "_Job") -> Tuple[TrainPlan, np.ndarray]:
        """A plan, and the weights of its twin in the clear, which shows that scores stay within the polynomial's range.
        Without a rate: of 1, 1/2, 1/4, ... the one before the loss rises again."""
        best, least, worst = None, np.inf, np.inf
        params, options = self._params(), self._options(len(job.facts["classes_"]))
        for rate in [self.rate] if self.rate is not None else 0.5 ** np.arange(12.0):
            whole = TrainPlan(params, job.records, rate=rate, **options)
            weights, trace = whole.twin(job.records)
            loss, worst = trace[-1]["loss"], self._use(trace)
            if not (np.all(np.isfinite(weights)) and worst <= ROOM):
                continue
            if best and not loss < least:
                break
            best, least = (whole, weights), loss
        if best is None:
            raise ValueError(f"values come to {worst:.3g} times the range of their polynomial with rate={rate:g}, and "
                             f"{ROOM:.0%} is the limit: give a larger range, a smaller rate or fewer iterations")
        return best

    def _use(self, trace: List[Dict[str, Any]]) -> float:
        """How much of the ranges of polynomials a training took."""
        return max(outcome["largest_score"] for outcome in trace) / self.range

    def prepare(self, X, y, folder, *, progress=None) -> Training:
        """The owner: writes keys and encrypted records into a new folder, all of which the server may have."""
        job = self._scaled(self._read(X, y), self.clip)
        training = Training(folder, self._settled(job)[0]).prepare(job.records, progress=progress)
        self._prepared = training.plan.digest, job.facts
        return training

    def collect(self, training: Training):
        """The owner: decrypts what umbra.train(folder) left, and is fitted by it."""
        digest, facts = getattr(self, "_prepared", (None, {}))
        if digest != training.plan.digest:
            raise ValueError("this training was not prepared by this classifier, whose columns may be others")
        return self._learn(facts, training.weights())


class EncryptedLogisticRegression(_Classifier):
    """A logistic model of two classes. fit() finds the best one in the clear; prepare(), umbra.train() and collect()
    train by Nesterov's accelerated gradient on encrypted records.

    l2: penalty of the mean loss. Of the training under encryption: iterations, rate (None: found), the polynomial's
    degree and range, clip (of scaled values), params. """

    def __init__(self, *, l2: float = 1e-2, iterations: int = 30, rate: Optional[float] = None, degree: int = 15,
                 range: float = 24.0, clip: float = 3.0, params: Union[str, Params] = "boot-64k-40"):
        self.l2, self.iterations, self.rate, self.degree = l2, iterations, rate, degree
        self.range, self.clip, self.params = range, clip, params

    def _read(self, X, y) -> _Job:
        job = super()._read(X, y)
        classes = len(job.facts["classes_"])
        if classes > 2:
            raise ValueError(f"y has {classes} classes; EncryptedMLPClassifier(hidden=()) has a linear model for each")
        return job

    def _options(self, classes: int) -> Dict[str, Any]:
        return {"iterations": self.iterations, "sigmoid": {"degree": self.degree, "range": self.range}}

    def fit(self, X, y, *, progress=None) -> "EncryptedLogisticRegression":
        """In the clear. X: (records, features) of numbers, or a frame; y: (records,) of two classes of any kind."""
        job = self._scaled(self._read(X, y), clip=0.0)
        return self._learn(job.facts, [best_logistic(job.records, self.l2, progress=progress).reshape(1, -1)])

    def decision_function(self, X) -> np.ndarray:
        """Log odds of the second class: (records,)."""
        w = self.weights_[0][0]
        return (self._features(X) * self.scale_ + self.shift_) @ w[:-1] + w[-1]

    @property
    def coef_(self) -> np.ndarray:
        """(1, features), of columns as they are."""
        return self.weights_[0][:, :-1] * self.scale_

    @property
    def intercept_(self) -> np.ndarray:
        """(1,), beside coef_."""
        return self.weights_[0][:, :-1] @ self.shift_ + self.weights_[0][:, -1]


class EncryptedMLPClassifier(_Classifier):
    """Dense layers, up to three hidden ones; () is a linear model for each class. fit() trains in the clear as
    prepare(), umbra.train() and collect() do it on encrypted records, step by step.

    hidden: units of hidden layers, whose activation is a polynomial of that degree near the function on hidden_range;
    batch: records of a batch (0: all); rate (None: found); degree and range: of the loss's polynomial; clip: of scaled
    values; seed: of first weights; params: a preset, or Params that refresh.
    """

    def __init__(self, *, hidden: Tuple[int, ...] = (8,), activation: str = "tanh", activation_degree: int = 3,
                 hidden_range: float = 16.0, iterations: int = 60, batch: int = 0, rate: Optional[float] = None,
                 momentum: float = 0.9, degree: int = 7, range: float = 16.0, l2: float = 0.0, clip: float = 3.0,
                 seed: int = 0, params: Union[str, Params] = "boot-64k-40"):
        self.hidden, self.activation, self.activation_degree = hidden, activation, activation_degree
        self.hidden_range, self.iterations, self.batch, self.rate = hidden_range, iterations, batch, rate
        self.momentum, self.degree, self.range, self.l2, self.clip = momentum, degree, range, l2, clip
        self.seed, self.params = seed, params

    def _options(self, classes: int) -> Dict[str, Any]:
        options = {"kind": "network", "outputs": classes if classes > 2 else 1, "batch": self.batch,
                   "iterations": self.iterations, "momentum": self.momentum, "optimizer": "nesterov", "l2": self.l2,
                   "seed": self.seed, "sigmoid": {"degree": self.degree, "range": self.range}}
        if self.hidden:
            options.update(hidden=list(self.hidden), hidden_function=self.activation,
                           hidden_degree=self.activation_degree, hidden_range=self.hidden_range)
        return options

    def _use(self, trace: List[Dict[str, Any]]) -> float:
        hidden = max(outcome["largest_hidden"] for outcome in trace) / self.hidden_range
        return max(super()._use(trace), hidden)

    def _activation(self) -> np.ndarray:
        """Coefficients of its polynomial, as the training has it."""
        return least_squares(self.activation, self.activation_degree, self.hidden_range)

    def fit(self, X, y) -> "EncryptedMLPClassifier":
        """In the clear. X: (records, features) of numbers, or a frame; y: (records,) of classes of any kind."""
        job = self._scaled(self._read(X, y), self.clip)
        plan, weights = self._settled(job)
        inputs, layers = job.records.shape[1] + 1, []
        for units in [*self.hidden, plan.options["outputs"]]:
            layer, weights = np.split(weights, [units * inputs])
            layers.append(layer.reshape(units, inputs))
            inputs = units
        return self._learn(job.facts, layers)
