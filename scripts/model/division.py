# SPDX-License-Identifier: Apache-2.0
"""Base conversion, and the one division that ends every operation."""

from math import prod
from operator import mul

from .ring import centre, round_quotient, scale

POINT = 56  # fractional bits of the overflow count


def overflows(columns, sources):
    """v = (sum c_i * floor(2^56 / d_i) + 2^55) >> 56: how many times prod d_i fits into sum c_i * prod d_i / d_i."""
    reciprocals = [(1 << POINT) // d for d in sources]
    return [(sum(map(mul, c, reciprocals)) + (1 << (POINT - 1))) >> POINT for c in columns]


def convert(limbs, sources, factors, product, exact):
    """sum c_i * factors[i] - v * product for every coefficient, c_i its centred residues, v = 0 unless exact."""
    columns = list(zip(*map(centre, limbs, sources)))
    sums = [sum(map(mul, c, factors)) for c in columns]
    return [x - v * product for x, v in zip(sums, overflows(columns, sources))] if exact else sums


def remainders(f, divisors):
    """Every x of f modulo prod divisors, centred, as the library finds it: c_i the centred residues of
    x * (prod D / d_i)^-1,

        z = sum c_i * prod D / d_i - v * prod D.

    The fraction that v is rounded from has an error below |D| * 2^-25, so z is the centred remainder unless that lies
    as close to +-prod D / 2; there it may have the other sign, and the division that uses it is off by as little from
    rounding to nearest.
    """
    product = prod(divisors)
    cofactors = [product // d for d in divisors]
    inverses = [pow(f, -1, d) for f, d in zip(cofactors, divisors)]
    margin = product * len(divisors) >> 25
    limbs = [scale(f, i, d) for i, d in zip(inverses, divisors)]
    found = convert(limbs, divisors, cofactors, product, exact=True)
    for z, nearest in zip(found, centre(f, product)):
        assert z == nearest or (abs(z - nearest) == product and product // 2 - abs(nearest) <= margin)
    return found


def divide(f, modulus, removed, restored):
    """round(x * prod R / prod D) for every coefficient x of f modulo `modulus`, which the primes D = removed divide.

    x is centred first; the result is one modulo (modulus / prod D) * prod R.
    """
    numerator, denominator = prod(restored), prod(removed)
    assert modulus % denominator == 0
    scaled = [x * numerator for x in centre(f, modulus)]
    quotients = []
    for y, z in zip(scaled, remainders(scaled, removed)):
        quotient, rest = divmod(y - z, denominator)
        assert rest == 0 and abs(quotient - round_quotient(y, denominator)) <= 1
        quotients.append(quotient % (modulus // denominator * numerator))
    return quotients
