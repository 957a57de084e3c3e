# SPDX-License-Identifier: Apache-2.0
"""Polynomials modulo X^n + 1, as lists of n integers, and the words in which the library keeps them.

Coefficient domain: plain residues in natural order. Evaluation domain: word i is f(psi^(2 brev(i) + 1)) * 2^32 mod q.
"""

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from functools import lru_cache
from math import prod
from operator import mul

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


def centre(f, modulus):
    """All of f centred."""
    half = modulus // 2
    return [(c + half) % modulus - half for c in f]


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


@lru_cache(maxsize=None)
def twists(omega, n, q):
    """What the halvings of a transform of n numbers multiply by: at place p of halving k, omega^(p with k low bits 0)."""
    table = powers(omega, n // 2, q)
    return [[table[p >> k << k] for p in range(n // 2)] for k in range(n.bit_length() - 1)]


def evaluate(f, q, psi=None):
    """The words of f in the evaluation domain modulo q, a prime, or a product of primes that has psi for a root.

    Halving: at even frequencies the sum over x_j omega^(jk) is one over x_j + x_(j+n/2), at odd ones over
    (x_j - x_(j+n/2)) omega^j. Both go on side by side, place by place in turn, which leaves frequencies in the order
    of their reversed bits, that of the words. Sums may grow; products are reduced.
    """
    n = len(f)
    psi = psi or root(q, n)
    x = list(map(mul, f, powers(psi, n, q)))
    for twist in twists(psi * psi % q, n, q):
        a, b = x[:n // 2], x[n // 2:]
        x[0::2] = [u + v for u, v in zip(a, b)]
        x[1::2] = [(u - v) * w % q for u, v, w in zip(a, b, twist)]
    return [(c << 32) % q for c in x]


def evaluate_at(f, q, i):
    """Word i of evaluate(f, q), by its definition."""
    n = len(f)
    point, value = pow(root(q, n), 2 * brev(i, n.bit_length() - 1) + 1, q), 0
    for c in reversed(f):
        value = (value * point + c) % q
    return (value << 32) % q


def interpolate(words, q, psi=None):
    """The coefficients of the polynomial with these words in the evaluation domain: every halving undone, but for 2."""
    n, x = len(words), list(words)
    inverse = pow(psi or root(q, n), -1, q)
    for twist in reversed(twists(inverse * inverse % q, n, q)):
        s, d = x[0::2], [v * w % q for v, w in zip(x[1::2], twist)]
        x = [u + v for u, v in zip(s, d)] + [u - v for u, v in zip(s, d)]
    unscale = pow(n << 32, -1, q)
    return [c * unscale * w % q for c, w in zip(x, powers(inverse, n, q))]


def from_residues(limbs, primes):
    """The polynomial modulo prod primes with the residues limbs[i] modulo primes[i] (Chinese remainders)."""
    modulus = prod(primes)
    units = [modulus // q * pow(modulus // q, -1, q) for q in primes]
    return [sum(map(mul, residues, units)) % modulus for residues in zip(*limbs)]


@lru_cache(maxsize=None)
def common_root(n, primes):
    """The roots modulo each of the primes in one number, so that a transform modulo their product is one modulo each."""
    return from_residues([[root(q, n)] for q in primes], primes)[0]


def from_evaluation(limbs, primes):
    """The polynomial modulo prod primes with these words in the evaluation domain."""
    return interpolate(from_residues(limbs, primes), prod(primes), common_root(len(limbs[0]), tuple(primes)))


def to_residues(f, primes):
    """Words of f in the coefficient domain, limb by limb."""
    return [[c % q for c in f] for q in primes]


def to_evaluation(f, primes):
    """Words of f in the evaluation domain, limb by limb."""
    return to_residues(evaluate(f, prod(primes), common_root(len(f), tuple(primes))), primes)


def add(f, g, modulus):
    return [(a + b) % modulus for a, b in zip(f, g)]


def scale(f, factor, modulus):
    return [a * factor % modulus for a in f]


EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


def dots(sums, modulus):
    """Sums of products f * g modulo X^n + 1 and the modulus, each of two numbers that hold all coefficients (Kronecker).

    Coefficients are centred, so that small polynomials make small numbers, and lie `width` decimal digits apart; adding
    half of 10^width everywhere makes all places nonnegative. Decimal digits, because Python multiplies long decimal
    numbers by transforms, and long integers by halving. A polynomial that occurs in several places is written once.
    """
    distinct = {id(f): f for pairs in sums for pair in pairs for f in pair}
    polynomials = {key: centre(f, modulus) for key, f in distinct.items()}
    n, largest = len(sums[0][0][0]), {key: max(map(abs, f)) for key, f in polynomials.items()}
    bound = max(sum(largest[id(f)] * largest[id(g)] for f, g in pairs) for pairs in sums)
    width = len(str(2 * n * bound)) + 1
    half, halves = 10**width // 2, f"5{'0' * (width - 1)}"

    def number(f):
        """sum f_i * 10^(width i)"""
        places = "".join([f"{c + half:0{width}d}" for c in reversed(f)])
        return EXACT.subtract(Decimal(places), Decimal(halves * n))

    numbers = {key: number(f) for key, f in polynomials.items()}

    def result(pairs):
        total = Decimal(halves * 2 * n)
        for f, g in pairs:
            total = EXACT.fma(numbers[id(f)], numbers[id(g)], total)
        digits = str(total)
        c = [int(digits[-width * (i + 1):len(digits) - width * i]) - half for i in range(2 * n)]
        return [(low - high) % modulus for low, high in zip(c[:n], c[n:])]

    return [result(pairs) for pairs in sums]


def dot(pairs, modulus):
    """One such sum."""
    return dots([pairs], modulus)[0]


def multiply(f, g, modulus):
    """f * g modulo X^n + 1 and the modulus."""
    return dot([(f, g)], modulus)


def automorphism(f, galois):
    """f(X^galois): X^n = -1 gives the sign."""
    n = len(f)
    image = [0] * n
    for j, c in enumerate(f):
        quotient, k = divmod(j * galois, n)
        image[k] = -c if quotient % 2 else c
    return image
