# SPDX-License-Identifier: Apache-2.0
"""Hybrid key switching (Han, Ki, eprint 2019/688).

P = P' P'' is the product of the auxiliary primes: P' of the first ones, the fewest that exceed every digit of the window at
hand, P'' of the others. A key contains P s'. Modulo the window's primes and P' only, digits of x / P'' switch P' x.
"""

from math import prod

from .expansion import expand
from .ring import add, centre, dots, from_evaluation, multiply, scale


def gadget_digits(x, chain, window):
    """The digits of x / P'', x a polynomial modulo the window's primes: pairs (digit number, polynomial of integers).

    With q_i the digit's primes inside the window and Q~ their product, c_i the centred residue of y * (Q~ / q_i)^-1, the
    digit of y is the integer sum c_i * Q~ / q_i: congruent to y modulo Q~, and at most (number of q_i) / 2 * Q~ large.
    """
    digits, modulus = [], chain.modulus(window)
    x = scale(x, pow(chain.spared(window), -1, modulus), modulus)
    for j, _, part in chain.digits(window):
        primes = chain.at(part)
        product = prod(primes)
        terms = []
        for q in primes:
            cofactor = product // q
            residues = centre(scale(x, pow(cofactor, -1, q), q), q)
            terms.append([c * cofactor for c in residues])
        digits.append((j, list(map(sum, zip(*terms)))))
    return digits


def gadget(chain, window, j):
    """P g_j modulo the window's primes and P: P modulo the primes of digit j, 0 modulo all others."""
    whole = next(whole for k, whole, _ in chain.digits(window) if k == j)
    modulus = chain.modulus([*window, *chain.aux()])
    inside = chain.modulus(p for p in window if p in whole)
    outside = modulus // inside
    return chain.special * outside * pow(outside, -1, inside) % modulus


def make_key(chain, level, source, target, seed, errors):
    """The key from secret `source` to secret `target` that serves levels 0..level: {digit: (b_j, a_j)},

        b_j = -a_j * target + e_j + P g_j * source,

    a_j being polynomial j of the seed's expansion, counted from the first digit of the key's window. Modulo the primes of
    these levels and the auxiliary ones that they use.
    """
    window = chain.union(level)
    positions = [*window, *chain.aux(chain.key_aux(level))]
    modulus = chain.modulus(positions)
    key = {}
    for nonce, ((j, _, _), error) in enumerate(zip(chain.digits(window), errors)):
        words = [expand(seed, nonce, p, chain.primes[p], chain.n) for p in positions]
        a = from_evaluation(words, chain.at(positions))
        b = add(scale(multiply(a, target, modulus), -1, modulus), error, modulus)
        key[j] = (add(b, scale(source, gadget(chain, window, j), modulus), modulus), a)
    return key


def extended(chain, window):
    """Positions of the window's primes and the auxiliary ones in use."""
    return [*window, *chain.aux(chain.used(window))]


def switch(x, chain, window, key, init=None):
    """(P' init_0 + sum d_j b_j, P' init_1 + sum d_j a_j) modulo the window's primes and P'; d_j the digits of x / P''.

    Under the secrets that the key leads to and from, the sum is P' x times the latter, with an error of the digits' size.
    """
    positions = extended(chain, window)
    modulus, used = chain.modulus(positions), chain.special // chain.spared(window)
    digits = gadget_digits(x, chain, window)
    sums = dots([[(digit, key[j][p]) for j, digit in digits] for p in range(2)], modulus)
    for p, part in enumerate(init or []):
        sums[p] = add(sums[p], scale(part, used, modulus), modulus)
    return sums
