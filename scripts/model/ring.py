# SPDX-License-Identifier: Apache-2.0
"""Polynomials modulo X^n + 1, as lists of n integers, and the words in which the library keeps them.

Coefficient domain: plain residues in natural order. Evaluation domain: word i is f(psi^(2 brev(i) + 1)) * 2^32 mod q.
"""

from functools import lru_cache
from math import prod

MASK = (1 << 64) - 1


def splitmix(seed):
    """The endless stream of 64-bit numbers that all inputs come from (Steele, Lea, Flood, OOPSLA 2014)."""
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def centred(x, modulus):
    """The representative of x in [-modulus/2, modulus/2)."""
    return (x + modulus // 2) % modulus - modulus // 2


def round_quotient(a, b):
    """a / b to the nearest integer, for odd b > 0 (so there are no ties)."""
    return (2 * a + b) // (2 * b)


def brev(i, bits):
    """The low `bits` bits of i in reverse order."""
    return int(format(i, f"0{bits}b")[::-1], 2) if bits else 0


def is_prime(q):
    """Whether q < 2^32 is prime: Miller and Rabin with bases that leave no exception below 3.4e14."""
    if q < 2 or any(q % p == 0 for p in (2, 3, 5, 7, 11, 13, 17)):
        return q in (2, 3, 5, 7, 11, 13, 17)
    odd, twos = q - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(
        any(x in (1, q - 1) if k == 0 else x == q - 1 for k, x in enumerate(pow(a, odd << i, q) for i in range(twos)))
        for a in (2, 3, 5, 7, 11, 13, 17)
    )


def primes_below(limit, count, n, besides=()):
    """The `count` largest primes = 1 mod 2n below limit that are not in `besides`, from the largest on."""
    found = []
    q = (limit - 2) // (2 * n) * 2 * n + 1
    while len(found) < count:
        if is_prime(q) and q not in besides:
            found.append(q)
        q -= 2 * n
    return found


@lru_cache(maxsize=None)
def root(q, n):
    """psi = g^((q-1)/2n), g the smallest quadratic non-residue: a primitive 2n-th root of one."""
    g = next(g for g in range(2, q) if pow(g, (q - 1) // 2, q) == q - 1)
    return pow(g, (q - 1) // (2 * n), q)


@lru_cache(maxsize=None)
def powers(base, count, q):
    """base^0, base^1, ..., base^(count-1) mod q."""
    table = [1]
    for _ in range(count - 1):
        table.append(table[-1] * base % q)
    return table


def fourier(x, omega, q):
    """sum_j x_j omega^(jk) for every k, omega a primitive root of order len(x); by halving."""
    if len(x) == 1:
        return x
    even, odd = fourier(x[0::2], omega * omega % q, q), fourier(x[1::2], omega * omega % q, q)
    odd = [o * w % q for o, w in zip(odd, powers(omega, len(odd), q))]
    return [(e + o) % q for e, o in zip(even, odd)] + [(e - o) % q for e, o in zip(even, odd)]


def evaluate(f, q):
    """The words of f in the evaluation domain modulo q."""
    n = len(f)
    psi = root(q, n)
    values = fourier([c * w % q for c, w in zip(f, powers(psi, n, q))], psi * psi % q, q)
    bits = n.bit_length() - 1
    return [(values[brev(i, bits)] << 32) % q for i in range(n)]


def evaluate_at(f, q, i):
    """Word i of evaluate(f, q), by its definition."""
    n = len(f)
    point, value = pow(root(q, n), 2 * brev(i, n.bit_length() - 1) + 1, q), 0
    for c in reversed(f):
        value = (value * point + c) % q
    return (value << 32) % q


def interpolate(words, q):
    """The coefficients of the polynomial with these words in the evaluation domain."""
    n = len(words)
    bits, psi, unscale = n.bit_length() - 1, root(q, n), pow(n << 32, -1, q)
    values = [words[brev(k, bits)] * unscale % q for k in range(n)]
    inverse = pow(psi, -1, q)
    return [c * w % q for c, w in zip(fourier(values, inverse * inverse % q, q), powers(inverse, n, q))]


def from_residues(limbs, primes):
    """The polynomial modulo prod primes with the residues limbs[i] modulo primes[i] (Chinese remainders)."""
    modulus = prod(primes)
    units = [modulus // q * pow(modulus // q, -1, q) for q in primes]
    return [sum(r * u for r, u in zip(residues, units)) % modulus for residues in zip(*limbs)]


def from_evaluation(limbs, primes):
    """The polynomial modulo prod primes with these words in the evaluation domain."""
    return from_residues([interpolate(words, q) for words, q in zip(limbs, primes)], primes)


def to_residues(f, primes):
    """Words of f in the coefficient domain, limb by limb."""
    return [[c % q for c in f] for q in primes]


def to_evaluation(f, primes):
    """Words of f in the evaluation domain, limb by limb."""
    return [evaluate([c % q for c in f], q) for q in primes]


def add(f, g, modulus):
    return [(a + b) % modulus for a, b in zip(f, g)]


def scale(f, factor, modulus):
    return [a * factor % modulus for a in f]


def multiply(f, g, modulus):
    """f * g modulo X^n + 1 and the modulus: one product of two integers that hold all coefficients (Kronecker).

    Coefficients are centred, so that small polynomials make small integers, and lie `width` bytes apart; adding half of
    2^(8 width) everywhere makes all places nonnegative.
    """
    n = len(f)
    f, g = ([centred(c, modulus) for c in h] for h in (f, g))
    bits = sum(max(map(abs, h)).bit_length() for h in (f, g)) + n.bit_length()
    width = bits // 8 + 1
    half = 1 << (8 * width - 1)
    halves = int.from_bytes(half.to_bytes(width, "little") * 2 * n, "little")

    def pack(h):
        return int.from_bytes(b"".join((c + half).to_bytes(width, "little") for c in h + [0] * n), "little") - halves

    product = (pack(f) * pack(g) + halves).to_bytes(2 * n * width, "little")
    c = [int.from_bytes(product[i * width:(i + 1) * width], "little") - half for i in range(2 * n)]
    return [(c[j] - c[j + n]) % modulus for j in range(n)]


def automorphism(f, galois):
    """f(X^galois): X^n = -1 gives the sign."""
    n = len(f)
    image = [0] * n
    for j, c in enumerate(f):
        quotient, k = divmod(j * galois, n)
        image[k] = -c if quotient % 2 else c
    return image
