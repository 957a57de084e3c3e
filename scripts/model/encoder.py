# SPDX-License-Identifier: Apache-2.0
"""The real numbers that encoding rounds to integers, and the slots that decoding finds.

Slot j of a polynomial is its value at zeta^(4k + 1), zeta = exp(i pi / n), k = (5^j - 1) / 4 mod n/2: the powers of 5
are the numbers 1 mod 4. Together with the conjugates these are all primitive 2n-th roots of one, so

    c_t = scale * 2/n * Re sum_j z_j * zeta^(-5^j t),  t < n.
"""

from fractions import Fraction
from math import isqrt

POINT = 192  # fractional bits of all numbers here


def unit_circle(n):
    """cos and sin of pi e / n in fixed point, e < 2n: halving the angle from pi / 2 on, then multiplying."""
    one = 1 << POINT
    cosine, sine, order = 0, one, 2
    while order < n:
        cosine = isqrt((one + cosine) * one // 2)
        sine = sine * one // (2 * cosine)
        order *= 2
    x, y, points = one, 0, []
    for _ in range(2 * n):
        points.append((x, y))
        x, y = (x * cosine - y * sine) >> POINT, (x * sine + y * cosine) >> POINT
    return points


def encode(values, n, slots, scale):
    """The n coefficients, as fractions, for values (pairs re, im of fractions with denominator 2^52), repeated."""
    points = unit_circle(n)
    vector = [values[j] if j < len(values) else (0, 0) for j in range(slots)]
    parts = [(int(re * 2**52), int(im * 2**52), pow(5, j, 2 * n)) for j, (re, im) in enumerate(vector)]
    repeat = n // 2 // slots
    coefficients = [Fraction(0)] * n
    for t in range(0, n, repeat):  # a repeated vector is a polynomial in X^repeat
        total = 0
        for re, im, power in parts:
            cosine, sine = points[power * t % (2 * n)]
            total += re * cosine + im * sine
        coefficients[t] = Fraction(total * 2 * repeat, n << (52 + POINT)) * scale
    return coefficients


def decode(coefficients, n, slots, scale):
    """The slots as pairs of fractions: z_j = sum c_t * zeta^(5^j t) / scale.

    t runs over the multiples of n/2 / slots: the mean over the repetitions of a shorter vector has no other terms.
    """
    points = unit_circle(n)
    repeat = n // 2 // slots
    values = []
    for j in range(slots):
        power = pow(5, j, 2 * n)
        terms = [(coefficients[t], points[power * t % (2 * n)]) for t in range(0, n, repeat)]
        values.append(tuple(Fraction(sum(c * p[part] for c, p in terms), 1 << POINT) / scale for part in (0, 1)))
    return values
