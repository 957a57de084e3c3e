# SPDX-License-Identifier: Apache-2.0
"""Umbra: computing on encrypted numbers, from Python.

Three levels: ciphertexts with operators and encrypted matrices (Owner, Evaluator); networks from ONNX files (compile);
and classifiers in the style of scikit-learn (EncryptedLogisticRegression, EncryptedMLPClassifier).

Objects are closed in any order, by hand, by `with`, or by the garbage collector. All but what counts needs may be used by
several threads; the interpreter's lock is released while the library works. Without that lock (free threading) the package
is unsupported until tested. After a fork the child may use what it inherited on a CPU; a GPU is opened after the fork.
"""
from ._library import version as __version__
from .ciphertext import Ciphertext, Plaintext, dot
from .context import Context, devices
from .errors import (BusyError, CancelledError, DeviceError, Error, ExistsError, FormatError, InsecureError, InternalError,
                     InvalidArgumentError, IoError, MismatchError, MissingKeyError, NoLevelError, OutOfMemoryError,
                     PassphraseError, RangeError, UnsupportedError)
from .evaluator import Evaluator
from .keys import EvalKeys, KeyNeeds, PublicKey, SecretKey
from .matrix import Matrix, ProductPlan, Weights
from .owner import DryRun, Owner, dry_run
from .params import Params, presets
from .network import (Client, Compiled, Model, NetworkPlan, NetworkWeights, Server, compile, encrypt_weights,
                      plan)
from .estimators import EncryptedLogisticRegression, EncryptedMLPClassifier
from .training import Training, TrainPlan, train
