# SPDX-License-Identifier: Apache-2.0
"""Umbra: computing on encrypted numbers, from Python.

Three levels: ciphertexts with operators, encrypted matrices and tensors (Owner, Evaluator); networks from ONNX files
(compile); and classifiers in the style of scikit-learn (EncryptedLogisticRegression, EncryptedMLPClassifier).

Objects are closed in any order, by hand, by `with`, or by the garbage collector. All but what counts needs may be used
by several threads; the interpreter's lock is released while the library works. Without that lock (free threading) the
package is unsupported until tested. After a fork the child may use what it inherited on a CPU; a GPU is opened after
the fork. """
from ._library import version as __version__
from .ciphertext import Ciphertext, Plaintext, dot
from .comparison import SignPlan
from .context import Context, devices
from .errors import (BusyError, CancelledError, DeviceError, Error, ExistsError, ExpiredError, FormatError,
                     InsecureError, InternalError, InvalidArgumentError, IoError, MismatchError, MissingKeyError,
                     NoLevelError, OutOfMemoryError, PassphraseError, RangeError, UnsupportedError, UntrustedError)
from .estimators import EncryptedLogisticRegression, EncryptedMLPClassifier
from .evaluator import Evaluator
from .key_needs import KeyNeeds
from .keys import EvalKeys, PublicKey, SecretKey
from .matrix import Matrix, ProductPlan, Weights
from .network import Client, Compiled, Model, NetworkPlan, NetworkWeights, Server, compile, encrypt_weights, plan
from .owner import DryRun, Owner, dry_run
from .params import Params, presets
from .refresh import Refresher, RefreshPlan
from .remote import Remote, RemoteError
from .tensor import Tensor
from .training import Training, TrainPlan, train

__all__ = [
    "BusyError", "CancelledError", "Ciphertext", "Client", "Compiled", "Context", "DeviceError", "DryRun",
    "EncryptedLogisticRegression", "EncryptedMLPClassifier", "Error", "EvalKeys", "Evaluator", "ExistsError",
    "ExpiredError", "FormatError", "InsecureError", "InternalError", "InvalidArgumentError", "IoError", "KeyNeeds",
    "Matrix", "MismatchError", "MissingKeyError", "Model", "NetworkPlan", "NetworkWeights", "NoLevelError",
    "OutOfMemoryError", "Owner", "Params", "PassphraseError", "Plaintext", "ProductPlan", "PublicKey", "RangeError",
    "RefreshPlan", "Refresher", "Remote", "RemoteError", "SecretKey", "Server", "SignPlan", "Tensor", "TrainPlan",
    "Training", "UnsupportedError", "UntrustedError", "Weights", "compile", "devices", "dot", "dry_run",
    "encrypt_weights", "plan", "presets", "train",
]
