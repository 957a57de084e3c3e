# SPDX-License-Identifier: Apache-2.0
"""The secret order of a training's records."""

import hashlib
from itertools import count

from .expansion import chacha20


def words(key):
    """Of 64 bits: the first two of each ChaCha20 stream, whose nonces count up from 0."""
    for nonce in count():
        low, high = chacha20(key, [0], nonce)[0][:2]
        yield high << 32 | low


def below(bound, source):
    """Uniform: words under 2^64 mod bound are drawn again."""
    return next(word for word in source if word >= (1 << 64) % bound) % bound


def shuffled(salt, seed, rows):
    """The rows in their order: by Fisher and Yates, with a key that is BLAKE2b of the seed, keyed with the salt."""
    message = b"order of records\0" + seed.to_bytes(8, "little")
    source = words(hashlib.blake2b(message, digest_size=32, key=salt).digest())
    order = list(range(rows))
    for left in range(rows, 1, -1):
        taken = below(left, source)
        order[left - 1], order[taken] = order[taken], order[left - 1]
    return order
