# SPDX-License-Identifier: Apache-2.0
"""Keys: secret, public, and those with which a server computes."""
from __future__ import annotations

from typing import Any, Dict, Iterable, Optional, Tuple

import numpy as np

from . import _call
from ._handle import InContext, Owned
from ._library import ffi, lib
from ._tensor_products import all_columns
from .ciphertext import Ciphertext, Plaintext
from .context import Context
from .key_needs import KeyNeeds, named_needs
from .matrix import Matrix, encrypt_matrix
from .tensor import Tensor, encrypt_tensor


def _passphrase(passphrase: Optional[str]):
    return _call.text_of(passphrase)


class SecretKey(InContext):
    """The owner's key, in locked memory. It is never pickled; save() writes it into a file of mode 0600."""

    __slots__ = ()
    _type = "umbra_secret_key"

    def __init__(self, context: Context, pointer=None):
        pointer = pointer or _call.made(self._type, lib.umbra_secret_key_generate, context._c)
        super().__init__(pointer, context)

    @classmethod
    def load(cls, context: Context, path, passphrase: Optional[str] = None) -> "SecretKey":
        return cls(context, _call.made(cls._type, lib.umbra_secret_key_load, context._c, _call.path_of(path),
                                       _passphrase(passphrase)))

    def save(self, path, passphrase: Optional[str] = None) -> None:
        """Writes it, sealed with the passphrase if there is one, never over a file, nor beside what is given away."""
        _call.call(lib.umbra_secret_key_save, self._c, _call.path_of(path), _passphrase(passphrase))

    @property
    def owner(self) -> bytes:
        """16 bytes that all have that are made with this key."""
        return self._bytes_of("owner", lib.UMBRA_OWNER_BYTES)

    @property
    def locked(self) -> bool:
        """False if the system refused to lock its memory, which may then reach the swap."""
        return bool(lib.umbra_secret_key_is_locked(self._c))

    def public_key(self) -> "PublicKey":
        return PublicKey(_call.made("umbra_public_key", lib.umbra_public_key_generate, self._c), self.context)

    def eval_keys(self, needs: Optional[KeyNeeds] = None, *, rotations: Iterable[int] = (), conjugation: bool = False,
                  relinearization: bool = True, progress=None) -> "EvalKeys":
        """What a server needs to compute: the keys of `needs`, or those named, for all levels."""
        if needs is None:
            needs = named_needs(self.context.params, rotations, conjugation, relinearization)
        watch = _call.Watch(progress)
        return EvalKeys(_call.made("umbra_eval_keys", lib.umbra_eval_keys_generate, self._c, needs._c, watch.pointer,
                                   watch=watch), self.context)

    def encrypt(self, values, *, level: Optional[int] = None, slots: int = 0) -> Ciphertext:
        """As PublicKey.encrypt, with less noise, and half as large in files."""
        plain = Plaintext(self.context, values, level=level, slots=slots)
        return Ciphertext(_call.made("umbra_ciphertext", lib.umbra_encrypt_symmetric, self._c, plain._c), self.context)

    def encrypt_matrix(self, values, *, progress=None, **layout) -> Matrix:
        """As PublicKey.encrypt_matrix, half as large in files."""
        return encrypt_matrix(lib.umbra_matrix_encrypt_symmetric, self, values, layout, progress)

    def encrypt_tensor(self, values, *, slot_axes: Optional[int] = None, level: Optional[int] = None) -> Tensor:
        """As PublicKey.encrypt_tensor, with less noise, and half as large in files."""
        return encrypt_tensor(self, values, slot_axes, level)

    def decrypt(self, encrypted, count: Optional[int] = None, *, complex: bool = False, progress=None) -> np.ndarray:
        """The values of a ciphertext (the first `count` slots; None: all), a matrix (rows, columns) or a tensor.

        They hold the error of the computation, which tells about the key: they are for the owner's eyes.
        """
        if isinstance(encrypted, Matrix):
            return encrypted._decrypt(self, progress)
        if isinstance(encrypted, Tensor):
            return encrypted._decrypt(self, complex)
        return encrypted._decrypt(self, count, complex)

    def publish(self, encrypted, *, releases: int, count: Optional[int] = None, progress=None,
                **options) -> Tuple[np.ndarray, Dict[str, Any]]:
        """Values that may be shown to others, and what was disclosed: noise hides the error that would tell about the
        key. Of tensors real ones.

        releases: ciphertexts that are shown so under this key, in all of its life. options: of umbra/disclosure.h.
        """
        if isinstance(encrypted, Tensor):
            values, disclosure = self.publish(all_columns(encrypted), releases=releases, progress=progress, **options)
            return values.reshape(encrypted.shape), disclosure
        struct = _call.Struct("umbra_disclosure_options", {"releases": releases, **options})
        disclosure = _call.Struct("umbra_disclosure")
        if isinstance(encrypted, Matrix):
            values = np.empty(encrypted.shape)
            _call.watched(lib.umbra_matrix_decrypt_public, encrypted._c, disclosure.pointer, _call.pointer_to(values),
                          self._c, struct.pointer, progress=progress)
        else:
            values = np.empty(encrypted.slots if count is None else count)
            _call.call(lib.umbra_decrypt_public, disclosure.pointer, _call.pointer_to(values), values.size,
                       encrypted._c, self._c, struct.pointer)
        return values, disclosure.as_dict()

    def noise(self, encrypted: Ciphertext, expected) -> Dict[str, Any]:
        """How far a ciphertext is from the values (complex or real) that an exact computation gives."""
        pairs = np.require(expected, np.complex128, ["C", "A"])
        return _call.filled("umbra_noise_report", lib.umbra_inspect_noise,
                            after=(encrypted._c, self._c, _call.pointer_to(pairs), pairs.size))

    def __reduce__(self):
        raise TypeError("a secret key is not pickled: it would leave its owner unsealed; "
                        "save(path, passphrase) writes it into a file of its own")

    def __repr__(self) -> str:
        return "<umbra.SecretKey>"


class PublicKey(Owned):
    """Encrypts; it may be given to anybody."""

    __slots__ = ()
    _type = "umbra_public_key"

    def encrypt(self, values, *, level: Optional[int] = None, slots: int = 0) -> Ciphertext:
        """A vector of real or complex numbers, one a slot; the others hold zeros.

        level: None: the highest. slots: a power of two at which rotations wrap; 0: all, params.slots.
        """
        if level is None and slots == 0 and not np.iscomplexobj(values):
            array = _call.vector(values, "values of a ciphertext")
            pointer = _call.made("umbra_ciphertext", lib.umbra_encode_encrypt, self._c, _call.pointer_to(array),
                                 array.size)
        else:
            plain = Plaintext(self.context, values, level=level, slots=slots)
            pointer = _call.made("umbra_ciphertext", lib.umbra_encrypt, self._c, plain._c)
        return Ciphertext(pointer, self.context)

    def encrypt_matrix(self, values, *, progress=None, **layout) -> Matrix:
        """A matrix of float64 or float32, (rows, columns), read where it lies in memory, whatever its strides.

        layout: order ("by_rows", "by_columns", "tiles", "diagonals", ...), ones, stride, slots, pairs, group; what is
        not given is chosen. See umbra/matrix.h. """
        return encrypt_matrix(lib.umbra_matrix_encrypt_array, self, values, layout, progress)

    def encrypt_tensor(self, values, *, slot_axes: Optional[int] = None, level: Optional[int] = None) -> Tensor:
        """An array of real or complex numbers, of any shape: see Tensor. slot_axes: how many of the first axes lie in
        slots; None: all. level: None: the highest."""
        return encrypt_tensor(self, values, slot_axes, level)


class EvalKeys(Owned):
    """What a server needs to compute; it opens nothing."""

    __slots__ = ()
    _type = "umbra_eval_keys"

    @property
    def needs(self) -> KeyNeeds:
        """What they serve."""
        needs = KeyNeeds(self.context.params)
        _call.call(lib.umbra_eval_keys_needs, self._c, needs._c)
        return needs

    def __len__(self) -> int:
        return lib.umbra_eval_keys_count(self._c)
