# SPDX-License-Identifier: Apache-2.0
"""The numbers of bootstrapping, in 100 decimal digits: the sine's polynomials and the factors of the transform.

Nothing is computed here as the library does it: probabilities come from the closed formula in rational numbers, the fit
from its normal equations, and a factor's entries from products of whole matrices.
"""

from decimal import Decimal, getcontext
from fractions import Fraction
from math import comb, factorial, sqrt

from .encoder import POINT, unit_circle

getcontext().prec = 100
TWO_PI = 8 * sum(  # 4 (4 arctan 1/5 - arctan 1/239) is pi
    sign * (4 * Decimal(1) / (5**k) - Decimal(1) / (239**k)) / k
    for k, sign in zip(range(1, 161, 2), (1, -1) * 40))


def circle(turns):
    """cos and sin of 2 pi turns."""
    angle = TWO_PI * (turns - round(turns))
    cosine, sine, term, k = Decimal(0), Decimal(0), Decimal(1), 0
    while abs(term) > Decimal(10) ** -110 or k < 2:
        if k % 2:
            sine += term if k % 4 == 1 else -term
        else:
            cosine += term if k % 4 == 0 else -term
        k += 1
        term = term * angle / k
    return cosine, sine


def tail(n, x):
    """Probability that a sum of n uniform numbers in [-1/2, 1/2] is at least x, a fraction."""
    terms = (Fraction((-1) ** i * comb(n, i)) * max(Fraction(n, 2) - x - i, 0) ** n for i in range(n + 1))
    return sum(terms) / factorial(n)


def overflow(hamming, i):
    p = tail(hamming, Fraction(2 * i - 1, 2)) - tail(hamming, Fraction(2 * i + 1, 2))
    return Decimal(p.numerator) / p.denominator


def root(x, k):
    return (x.ln() / k).exp() if k > 1 else x


def solve(matrix, right):
    """Gauss and Jordan, with the largest pivot of a column."""
    n = len(right)
    rows = [list(row) + [b] for row, b in zip(matrix, right)]
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(rows[i][k]))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [x / rows[k][k] for x in rows[k]]
        for i in range(n):
            if i != k:
                rows[i] = [x - rows[i][k] * y for x, y in zip(rows[i], rows[k])]
    return [row[n] for row in rows]


def chebyshev(t, degree):
    """T_0(t) .. T_degree(t)"""
    values = [Decimal(1), t]
    while len(values) <= degree:
        values.append(2 * t * values[-1] - values[-2])
    return values[: degree + 1]


def sine(shape):
    """What host/circuits/bootstrap/sine.h says, for (overflow, degree, double angles, arcsine degree, ratio bits, hamming)."""
    largest, degree, angles, arcsine_degree, ratio_bits, hamming = shape
    bound, reach = Decimal(5) / 4 / 2**ratio_bits, largest + Decimal(1) / 2
    amplitude = [root(1 / TWO_PI, 2 ** (angles - i)) for i in range(angles + 1)]
    rows = []
    for i in range(-largest, largest + 1):
        probability = max(overflow(hamming, abs(i)), Decimal(2) ** -40)
        for e in (-bound, Decimal(0), bound):
            x = i + e - Decimal(1) / 4
            target, weight = amplitude[0] * circle(x / 2**angles)[0], probability.sqrt()
            for k in range(angles):
                weight *= 4 * amplitude[k] * circle(x / 2 ** (angles - k))[0]
            rows.append((chebyshev(x / reach, degree)[::2], target, weight**2))
    terms = range(degree // 2 + 1)
    normal = [[sum(w * t[i] * t[k] for t, _, w in rows) for k in terms] for i in terms]
    cosine = solve(normal, [sum(w * t[i] * target for t, target, w in rows) for i in terms])
    unknowns = (arcsine_degree + 1) // 2
    # The nodes are doubles: any others nearby would do, but these are the library's.
    spread = [float(circle(Decimal(2 * i + 1) / (4 * unknowns))[0]) for i in range(unknowns)]
    nodes = [Decimal(float(bound) * sqrt((v + spread[0]) / (1 + spread[0]))) for v in spread[:-1]]
    rows = [chebyshev(circle(e)[1] / TWO_PI, arcsine_degree)[1::2] for e in nodes]
    slopes = [Decimal(-1) ** i * (2 * i + 1) for i in range(unknowns)]  # of T_1, T_3, .. at 0: the last equation
    arcsine = solve(rows + [slopes], nodes + [Decimal(1)])
    return {"bound": [bound], "range": [reach], "offset": [1 / (4 * reach)], "cosine": cosine,
            "subtrahend": amplitude[1:], "arcsine": arcsine}


def stage(log_m, log_length, inverse):
    """One butterfly stage as {(output, input): exponent of zeta}, without the inverse's factor 1/2."""
    m, half, entries = 1 << log_m, 1 << (log_length - 1), {}
    for p in range(m):
        if p & half:
            continue
        r = pow(5, p % half, 4 * m) * (m >> log_length)
        pairs = {(p, p): 0, (p + half, p): 0, (p, p + half): r, (p + half, p + half): r + 2 * m}
        for (out, into), exponent in pairs.items():
            entries[(into, out) if inverse else (out, into)] = (-exponent if inverse else exponent) % (4 * m)
    return entries


def diagonals(log_m, stages, inverse, constant):
    """The entries of every factor, each correctly rounded: by rotation, then slot of one period, then part."""
    m, low, result = 1 << log_m, log_m if inverse else 0, []
    size = root(Decimal(constant) / m if inverse else Decimal(constant), len(stages))
    rounded = [tuple(float(size * x / 2**POINT) for x in point) for point in unit_circle(2 * m)]
    for count in stages:
        low -= count if inverse else 0
        period, longest = 1 << (low + count), low + count == log_m
        entries = {(p, p): 0 for p in range(m)}
        for log_length in range(low + count, low, -1) if inverse else range(low + 1, low + count + 1):
            entries = compose(stage(log_m, log_length, inverse), entries, 4 * m)
        reach = 1 << count
        rotations = [k << low for k in (range(reach) if longest else range(1 - reach, reach))]
        flat = []
        for rotation in rotations:
            for p in range(period):
                place = p, (p + rotation) % m
                inside = longest or 0 <= p + rotation < period
                flat += rounded[entries[place]] if inside and place in entries else (0.0, 0.0)
        result.append([x + 0.0 for x in flat])  # no negative zeros
        low += 0 if inverse else count
    return result


def compose(last, first, order):
    """The product of two matrices of roots of unity whose entries never meet."""
    by_input = {}
    for (out, into), exponent in last.items():
        by_input.setdefault(into, []).append((out, exponent))
    return {(out, start): (before + exponent) % order for (middle, start), before in first.items()
            for out, exponent in by_input[middle]}
