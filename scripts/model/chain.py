# SPDX-License-Identifier: Apache-2.0
"""Primes, levels, digits and scales of one parameter set.

Positions count the terminal primes reversed, then the main primes, then the auxiliary ones. With T terminals, a level
of m main and t terminal primes is the window of positions [T - t, T + m).
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from math import prod


@dataclass(frozen=True)
class Chain:
    name: str
    log_n: int
    scale_bits: int
    terminals: tuple
    mains: tuple
    auxes: tuple
    levels: tuple  # (main, terminal) of each level, from level 0 up
    digit_sizes: tuple
    keyless: int = 0  # so many of the highest levels have no switching keys

    @property
    def n(self):
        return 1 << self.log_n

    @property
    def primes(self):
        """By position."""
        return (*reversed(self.terminals), *self.mains, *self.auxes)

    @property
    def special(self):
        """P, the product of the auxiliary primes."""
        return prod(self.auxes)

    @property
    def keyed(self):
        """The highest level that has switching keys."""
        return len(self.levels) - 1 - self.keyless

    def window(self, level):
        main, terminal = self.levels[level]
        return range(len(self.terminals) - terminal, len(self.terminals) + main)

    def aux(self, count=None):
        first = len(self.terminals) + len(self.mains)
        return range(first, first + (len(self.auxes) if count is None else count))

    def used(self, window):
        """How many auxiliary primes a switch over the window uses: they exceed each digit's part inside the window."""
        return max(fewest(self.auxes, self.modulus(part)) for _, _, part in self.digits(window))

    def spared(self, window):
        """P'', the product of the auxiliary primes that a switch over the window does not use."""
        return prod(self.auxes[self.used(window):])

    def key_aux(self, level):
        """How many a key for levels 0..level has."""
        return max(self.used(self.window(k)) for k in range(level + 1))

    def union(self, level):
        """The window that covers those of levels 0..level: where a key for them lives."""
        windows = [self.window(k) for k in range(level + 1)]
        return range(min(w.start for w in windows), max(w.stop for w in windows))

    def at(self, positions):
        return [self.primes[p] for p in positions]

    def modulus(self, positions):
        return prod(self.at(positions))

    def step(self, source, target):
        """Primes that a move from positions `source` to `target` removes and restores."""
        removed = [self.primes[p] for p in source if p not in target]
        restored = [self.primes[p] for p in target if p not in source]
        return removed, restored

    def digits(self, window):
        """(digit, its position range, the part of it inside the window) for the digits that meet the window."""
        ends = list(accumulate(self.digit_sizes))
        ranges = [range(end - size, end) for end, size in zip(ends, self.digit_sizes)]
        parts = [range(max(r.start, window.start), min(r.stop, window.stop)) for r in ranges]
        return [(j, whole, part) for j, (whole, part) in enumerate(zip(ranges, parts)) if len(part)]


def fewest(primes, bound):
    """How many of the primes, from the first on, have a product above the bound; all if none has."""
    products = accumulate(primes, lambda a, b: a * b)
    return next((k for k, product in enumerate(products, 1) if product > bound), len(primes))


def log2_scales(chain):
    """log2 of the scale of every level.

    s_0 = (Q_top / Q_0)^(1/depth), the mean step (2^scale_bits if there is none); s_l = sqrt(s_(l-1) * D / R),
    D and R being the products of the primes that the step from l to l - 1 removes and restores.
    """
    with localcontext() as context:
        context.prec = 80

        def log2(x):
            return Decimal(x).ln() / Decimal(2).ln()

        moduli = [log2(chain.modulus(chain.window(level))) for level in range(len(chain.levels))]
        depth = len(chain.levels) - 1
        logs = [(moduli[depth] - moduli[0]) / depth if depth else Decimal(chain.scale_bits)]
        for level in range(1, depth + 1):
            logs.append((logs[-1] + moduli[level] - moduli[level - 1]) / 2)
        return logs


@lru_cache(maxsize=None)
def scales(chain):
    """The scales themselves, to 70 digits."""
    with localcontext() as context:
        context.prec = 80
        return [Fraction((s * Decimal(2).ln()).exp()) for s in log2_scales(chain)]
