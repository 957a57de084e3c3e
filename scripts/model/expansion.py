# SPDX-License-Identifier: Apache-2.0
"""Uniform residues from a 32-byte seed, through ChaCha20 in its original layout (64-bit counter, 64-bit nonce)."""

from functools import lru_cache

WORD = (1 << 32) - 1


def quarter_round(a, b, c, d):
    """D. J. Bernstein's quarter round (also RFC 8439, 2.1)."""
    a = (a + b) & WORD
    d ^= a
    d = (d << 16 | d >> 16) & WORD
    c = (c + d) & WORD
    b ^= c
    b = (b << 12 | b >> 20) & WORD
    a = (a + b) & WORD
    d ^= a
    d = (d << 8 | d >> 24) & WORD
    c = (c + d) & WORD
    b ^= c
    return a, (b << 7 | b >> 25) & WORD, c, d


@lru_cache(maxsize=1 << 16)
def chacha20(key, counter, nonce):
    """The 16 words of one block."""
    words = [int.from_bytes(key[i:i + 4], "little") for i in range(0, 32, 4)]
    start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *words,
             counter & WORD, counter >> 32, nonce & WORD, nonce >> 32]
    a, b, c, d = (start[i:i + 4] for i in range(0, 16, 4))  # the rows of a square
    for _ in range(10):
        a, b, c, d = map(list, zip(*map(quarter_round, a, b, c, d)))
        diagonals = map(quarter_round, a, b[1:] + b[:1], c[2:] + c[:2], d[3:] + d[:3])
        a, b, c, d = map(list, zip(*diagonals))
        b, c, d = b[3:] + b[:3], c[2:] + c[:2], d[1:] + d[:1]
    return [(x + y) & WORD for x, y in zip(a + b + c + d, start)]


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
