# SPDX-License-Identifier: Apache-2.0
"""Chebyshev interpolants of activation functions and how far off they are, in decimals of 50 digits.

Functions, cosines and sums are written here from their series; nothing is shared with the library.
"""

from decimal import Decimal, getcontext
from functools import lru_cache

getcontext().prec = 50
TINY = Decimal(10) ** -48


def arctan_inverse(k):
    """arctan(1/k)"""
    power, total, n = Decimal(1) / k, Decimal(0), 0
    while power > TINY:
        total += (-1) ** n * power / (2 * n + 1)
        power /= k * k
        n += 1
    return total


PI = 4 * (4 * arctan_inverse(5) - arctan_inverse(239))


def cosine(x):
    """0 <= x <= pi"""
    if x > PI / 2:
        return -cosine(PI - x)
    term, total, n = Decimal(1), Decimal(0), 0
    while abs(term) > TINY:
        total += term
        n += 2
        term *= -x * x / (n * (n - 1))
    return total


def erf(x):
    """2 / sqrt(pi) e^(-x^2) (x + 2 x^3 / 3 + 4 x^5 / 15 + ...): no term is negative for x > 0."""
    if x < 0:
        return -erf(-x)
    term, total, n = x, Decimal(0), 0
    while term > TINY * (1 + total):
        total += term
        n += 1
        term *= 2 * x * x / (2 * n + 1)
    return total * 2 / PI.sqrt() * (-x * x).exp()


def sigmoid(x):
    return 1 / (1 + (-x).exp())


FUNCTIONS = {
    "sigmoid": sigmoid,
    "tanh": lambda x: 2 * sigmoid(2 * x) - 1,
    "gelu": lambda x: x * (1 + erf(x / Decimal(2).sqrt())) / 2,
    "silu": lambda x: x * sigmoid(x),
    "softplus": lambda x: (1 + x.exp()).ln(),
    "exp": lambda x: x.exp(),
    "inverse": lambda x: 1 / x,
    "inverse_sqrt": lambda x: 1 / x.sqrt(),
    "log": lambda x: x.ln(),
}


@lru_cache(maxsize=None)
def cosines(n):
    """cos(pi j / 2n) for j < 4n"""
    half = [cosine(PI * j / (2 * n)) for j in range(2 * n + 1)]
    return half + half[2 * n - 1:0:-1]


def interpolate(f, lo, hi, degree):
    """Coefficients of the T_k(t), t = (2 x - lo - hi) / (hi - lo)."""
    n = degree + 1
    table = cosines(n)
    values = [f(lo + (hi - lo) * (table[2 * i + 1] + 1) / 2) for i in range(n)]
    return [(2 if k else 1) * sum(v * table[k * (2 * i + 1) % (4 * n)] for i, v in enumerate(values)) / n
            for k in range(n)]


def value(c, t):
    """Clenshaw's recurrence"""
    here = after = Decimal(0)
    for coefficient in reversed(c[1:]):
        here, after = coefficient + 2 * t * here - after, here
    return c[0] + t * here - after


@lru_cache(maxsize=None)
def grid(name, lo, hi, points=1200):
    """(t, f(x)), dense at the ends"""
    f = FUNCTIONS[name]
    places = [cosine(PI * i / points) for i in range(points + 1)]
    return [(t, f(min(hi, max(lo, lo + (hi - lo) * (t + 1) / 2)))) for t in places]


def largest_error(c, name, lo, hi):
    return max(abs(value(c, t) - exact) for t, exact in grid(name, lo, hi))
