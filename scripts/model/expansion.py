# SPDX-License-Identifier: Apache-2.0
"""Uniform residues from a 32-byte seed, through ChaCha20 in its original layout (64-bit counter, 64-bit nonce)."""

from functools import lru_cache

WORD = (1 << 32) - 1


def quarter_round(s, a, b, c, d):
    """The four steps of D. J. Bernstein's quarter round (also RFC 8439, 2.1) on words a, b, c, d of the state s."""
    for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & WORD
        mixed = s[z] ^ s[x]
        s[z] = (mixed << turn | mixed >> (32 - turn)) & WORD


@lru_cache(maxsize=1 << 16)
def chacha20(key, counter, nonce):
    """The 16 words of one block."""
    words = [int.from_bytes(key[i:i + 4], "little") for i in range(0, 32, 4)]
    start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *words,
             counter & WORD, counter >> 32, nonce & WORD, nonce >> 32]
    s = list(start)
    for _ in range(10):
        for column in range(4):
            quarter_round(s, column, column + 4, column + 8, column + 12)
        for diagonal in range(4):
            quarter_round(s, diagonal, 4 + (diagonal + 1) % 4, 8 + (diagonal + 2) % 4, 12 + (diagonal + 3) % 4)
    return [(a + b) & WORD for a, b in zip(s, start)]


def expand(seed, nonce, position, q, n):
    """n words modulo q, the prime at `position`: for index i the first accepted of the words

    w_a = word i mod 16 of block position * 2^32 + a * n/16 + i // 16,  a = 0, 1, ...,

    accepted if below floor(2^32 / q) * q, and reduced modulo q. They are words of the evaluation domain.
    """
    limit = (1 << 32) // q * q
    words = []
    for i in range(n):
        block = (position << 32) + i // 16
        while (word := chacha20(seed, block, nonce)[i % 16]) >= limit:
            block += n // 16
        words.append(word % q)
    return words
