# SPDX-License-Identifier: Apache-2.0
"""Operations on whole ciphertexts (c0, c1), polynomials modulo the product of the primes of their level.

c0 + c1 * s is the message at the level's scale, with some noise; with three parts, c0 + c1 * s + c2 * s^2. Every
operation ends in one division.
"""

from fractions import Fraction
from math import floor, prod

from .chain import scales
from .division import divide
from .ring import add, automorphism, dots, multiply, scale
from .switching import extended, switch


def move(parts, chain, source, target):
    """Every part divided so that it goes from the primes at positions `source` to those at `target`."""
    removed, restored = chain.step(source, target)
    return [divide(f, chain.modulus(source), removed, restored) for f in parts]


def decrypt(ciphertext, chain, level, secret):
    """c0 + c1 * s, or c0 + (c1 + c2 * s) * s."""
    modulus = chain.modulus(chain.window(level))
    *others, message = ciphertext
    for part in reversed(others):
        message = add(part, multiply(message, secret, modulus), modulus)
    return message


def tensor(pairs, chain, level):
    """t = sum (a0 b0, a0 b1 + a1 b0, a1 b1)."""
    modulus = chain.modulus(chain.window(level))
    return dots([[(a[i], b[k - i]) for a, b in pairs for i in range(2) if 0 <= k - i < 2] for k in range(3)], modulus)


def product_of_parts(pairs, chain, level):
    """The sum of products of ciphertexts at a level without keys: three parts, y_p = round(t_p * prod R / prod D)."""
    return move(tensor(pairs, chain, level), chain, chain.window(level), chain.window(level - 1))


def relinearize(parts, chain, level, key):
    """Two parts of three: y_p = round((P' t_p + u_p) / P') with u the switch of t_2 from s^2 to s."""
    window = chain.window(level)
    u = switch(parts[2], chain, window, key, init=parts[:2])
    return move(u, chain, extended(chain, window), window)


def product(pairs, chain, level, key):
    """The sum of products of ciphertexts, relinearised and rescaled by one division, at level - 1.

    With t their tensor product, and u the switch of t_2 from s^2 to s,
    y_p = round((P' t_p + u_p) * prod R / (P' * prod D)).
    """
    window = chain.window(level)
    t = tensor(pairs, chain, level)
    u = switch(t[2], chain, window, key, init=t[:2])
    return move(u, chain, extended(chain, window), chain.window(level - 1))


def plain_product(pairs, chain, level):
    """The sum of products of ciphertexts with plaintexts, rescaled: y_p = round(sum c_p m * prod R / prod D)."""
    window = chain.window(level)
    modulus = chain.modulus(window)
    sums = dots([[(c[p], m) for c, m in pairs] for p in range(len(pairs[0][0]))], modulus)
    return move(sums, chain, window, chain.window(level - 1))


def apply_galois(ciphertext, chain, level, galois, key):
    """The image under X -> X^galois, under the same secret s.

    First c1 is switched from s to sigma^-1(s), (round((P' c0 + u0) / P'), round(u1 / P')); then X -> X^galois is applied,
    which turns sigma^-1(s) into s. So the digits are those of c1 itself, whatever the rotation.
    """
    window = chain.window(level)
    u = switch(ciphertext[1], chain, window, key, init=ciphertext[:1])
    return [automorphism(f, galois) for f in move(u, chain, extended(chain, window), window)]


def rotation_galois(steps, n):
    """Slot j of the image is slot j + steps."""
    return pow(5, steps, 2 * n)


def conjugation_galois(n):
    return 2 * n - 1


def round_64(x):
    """x rounded to 64 significant bits, which is how far the library knows its scales, and that to an integer."""
    unit = Fraction(2) ** (floor(x).bit_length() - 64)
    return floor(round(x / unit) * unit + Fraction(1, 2))


def alignment(chain, level, target):
    """What a move from a level to a lower one needs: (positions to keep, factor).

    The kept positions are the smallest run of the level's window that has all it shares with the target's window (where
    the target's reaches beyond an end, the run begins or ends there) and leaves a factor of at least 2^25 that has at
    most 8 bits less than the nominal scale; all of the window if no run does.
    factor = round_64(s_k prod D / (s_l prod R)).
    """
    window, wanted = chain.window(level), chain.window(target)
    least = 1 << max(25, chain.scale_bits - 8)
    first, stop = max(window.start, wanted.start), min(window.stop, wanted.stop)
    parts = [range(start, start + count) for count in range(1, len(window)) for start in window
             if start + count <= window.stop]
    for part in (*(p for p in parts if p.start <= first and p.stop >= stop), window):
        removed, restored = chain.step(part, wanted)
        factor = scales(chain)[target] * prod(removed) / (scales(chain)[level] * prod(restored))
        if factor >= least or part == window:
            return part, round_64(factor)


def lower(parts, chain, level, target):
    """To a lower level: other limbs forgotten, then round(c_p * factor * prod R / prod D)."""
    if level == target:
        return parts
    kept, factor = alignment(chain, level, target)
    modulus = chain.modulus(kept)
    return move([scale(f, factor, modulus) for f in parts], chain, kept, chain.window(target))


def constant(chain, level, re, im):
    """The polynomial re' + im' X^(n/2) of a constant, re' and im' rounded at the level's scale."""
    exact = [scales(chain)[level] * x for x in (re, im)]
    assert all(abs(x % 1 - Fraction(1, 2)) > Fraction(1, 2**8) for x in exact)  # the library computes in doubles
    polynomial = [0] * chain.n
    polynomial[0], polynomial[chain.n // 2] = map(round, exact)
    return polynomial


def multiply_by_i(ciphertext, chain, level):
    """X^(n/2) takes the value i at every slot's point."""
    modulus, half = chain.modulus(chain.window(level)), chain.n // 2
    return [[-c % modulus for c in f[half:]] + f[:half] for f in ciphertext]
