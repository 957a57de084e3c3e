# SPDX-License-Identifier: Apache-2.0
"""Uniform residues from a 32-byte seed, through ChaCha20 in its original layout (64-bit counter, 64-bit nonce).

Many blocks are computed at once: a long integer holds the same word of every block, 64 bits apart. 32 bits are then
free for what a sum or a shift carries out of a word, until it is masked away.
"""

WORD = (1 << 32) - 1
LANE = 8  # bytes


def spread(words):
    """One integer with these words, one for each block."""
    return int.from_bytes(b"".join([w.to_bytes(LANE, "little") for w in words]), "little")


def quarter_round(a, b, c, d, mask):
    """D. J. Bernstein's quarter round (also RFC 8439, 2.1)."""
    a = (a + b) & mask
    d ^= a
    d = (d << 16 | d >> 16) & mask
    c = (c + d) & mask
    b ^= c
    b = (b << 12 | b >> 20) & mask
    a = (a + b) & mask
    d ^= a
    d = (d << 8 | d >> 24) & mask
    c = (c + d) & mask
    b ^= c
    return a, (b << 7 | b >> 25) & mask, c, d


def chacha20(key, counters, nonce):
    """The 16 words of the blocks with these counters."""
    count = len(counters)
    same = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *(int.from_bytes(key[i:i + 4], "little")
                                                              for i in range(0, 32, 4))]
    counted = [[c & WORD for c in counters], [c >> 32 for c in counters]]
    start = [spread(words) for words in (*([w] * count for w in same), *counted,
                                         [nonce & WORD] * count, [nonce >> 32] * count)]
    mask = [spread([WORD] * count)] * 4
    a, b, c, d = (start[i:i + 4] for i in range(0, 16, 4))  # the rows of a square
    for _ in range(10):
        a, b, c, d = map(list, zip(*map(quarter_round, a, b, c, d, mask)))
        diagonals = map(quarter_round, a, b[1:] + b[:1], c[2:] + c[:2], d[3:] + d[:3], mask)
        a, b, c, d = map(list, zip(*diagonals))
        b, c, d = b[3:] + b[:3], c[2:] + c[:2], d[1:] + d[:1]
    sums = [((x + y) & mask[0]).to_bytes(LANE * count, "little") for x, y in zip(a + b + c + d, start)]
    return [[int.from_bytes(s[i:i + LANE], "little") for s in sums] for i in range(0, LANE * count, LANE)]


def expand(seed, nonce, position, q, n):
    """n words modulo q, the prime at `position`: for index i the first accepted of the words

    w_a = word i mod 16 of block position * 2^32 + a * n/16 + i // 16,  a = 0, 1, ...,

    accepted if below floor(2^32 / q) * q, and reduced modulo q. They are words of the evaluation domain.
    """
    limit = (1 << 32) // q * q
    first, words, waiting = position << 32, [0] * n, range(n)
    while waiting:
        blocks = sorted({i // 16 for i in waiting})
        made = dict(zip(blocks, chacha20(seed, [first + block for block in blocks], nonce)))
        for i in waiting:
            words[i] = made[i // 16][i % 16]
        waiting = [i for i in waiting if words[i] >= limit]
        first += n // 16
    return [word % q for word in words]
