# SPDX-License-Identifier: Apache-2.0
"""The known answers: which inputs, which outputs.

Inputs come from splitmix64 seeds, so a file holds little more than BLAKE2b-256 hashes of whole outputs (words as
little-endian 32-bit numbers; polynomial, then limb, then index) and, for whoever looks for a fault, the first word of
every limb. A record is a list of (field, value); a value is text, a number or a list of numbers.
"""

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from hashlib import blake2b
from math import prod
from struct import pack

from . import bootstrap, encoder, fits, operations, order
from .chain import Chain, log2_scales, scales
from .division import convert, divide, remainders
from .expansion import chacha20, expand
from .ring import (add, automorphism, centred, dot, evaluate, evaluate_at, from_evaluation, from_residues, interpolate,
                   multiply, primes_below, scale, splitmix, to_evaluation)
from .switching import extended, gadget_digits, make_key, switch

# ---- inputs, made alike in tests/known_answers.c ----


def inputs(spec, primes, n, polys=1):
    """Residues [poly][limb][index]. spec is a word and a seed:

    random  one stream, reduced modulo q
    max     q - 1 everywhere
    edges   one choice an index, the same for all limbs: 0, 1, -1, or one of the two nearest to half the modulus
    """
    kind, seed = spec.split()
    stream = splitmix(int(seed))
    if kind == "random":
        return [[[next(stream) % q for _ in range(n)] for q in primes] for _ in range(polys)]
    if kind == "max":
        return [[[q - 1] * n for q in primes] for _ in range(polys)]
    choices = [[next(stream) % 5 for _ in range(n)] for _ in range(polys)]
    return [[[(0, 1, q - 1, q // 2, q // 2 + 1)[c] for c in row] for q in primes] for row in choices]


def small(seed, n, span):
    """n integers in [-span, span]."""
    stream = splitmix(seed)
    return [next(stream) % (2 * span + 1) - span for _ in range(n)]


def seed_bytes(seed):
    """The 32 bytes of the first four numbers of a stream."""
    stream = splitmix(seed)
    return b"".join(next(stream).to_bytes(8, "little") for _ in range(4))


def reals(seed, count):
    """count numbers in [-1, 1), multiples of 2^-52."""
    stream = splitmix(seed)
    return [Fraction((next(stream) >> 11) - 2**52, 2**52) for _ in range(count)]


# ---- outputs ----


def answer(polys):
    """Hash and first words of polynomials given limb by limb."""
    words = [w for limbs in polys for limb in limbs for w in limb]
    digest = blake2b(pack(f"<{len(words)}I", *words), digest_size=32).hexdigest()
    return [("hash", digest), ("first", [limb[0] for limbs in polys for limb in limbs])]


def evaluated(polys, primes):
    return answer([to_evaluation(f, primes) for f in polys])


# ---- primes and chains ----


def kernel_primes(n):
    """Primes of all sizes that kernels must take, the largest and the smallest ones among them."""
    return [*primes_below(2**31, 2, n), *primes_below(1480000000, 1, n), *primes_below(2**30, 2, n),
            *primes_below(2**29, 1, n), *primes_below(2**25, 1, n), *primes_below(2**20, 1, n),
            *primes_below(5 * 2**16, 1, n)]


def make_chain(name, scale_bits, terminal_bits, levels, auxes, digit_sizes, log_n=11, keyless=0):
    n = 1 << log_n
    terminals = max(t for _, t in levels)
    return Chain(name, log_n, scale_bits,
                 terminals=tuple(primes_below(2**terminal_bits, terminals, n)),
                 mains=tuple(primes_below(2**30, max(m for m, _ in levels), n)),
                 auxes=tuple(primes_below(2**31, auxes, n)),
                 levels=tuple(levels), digit_sizes=tuple(digit_sizes), keyless=keyless)


CHAINS = {chain.name: chain for chain in (
    make_chain("plain", 40, 20, [(1, 1), (3, 0), (3, 2), (5, 1), (7, 0)], 3, [3, 3, 3]),
    make_chain("recombining", 40, 25, [(0, 2), (3, 0), (1, 4), (4, 2), (7, 0), (5, 4)], 2, [2, 2, 2, 2, 2, 1]),
    make_chain("mains", 30, 20, [(2, 0), (3, 0), (4, 0)], 1, [1, 1, 1, 1]),
    make_chain("wide", 40, 20, [(1, 1), (3, 0), (3, 2), (5, 1), (7, 0)], 5, [5, 4]),
    make_chain("encoding", 40, 25, [(0, 2), (3, 0)], 2, [2, 2, 1], log_n=12),
    make_chain("keyless", 21, 21, [(0, 2), (0, 3), (0, 4), (0, 5)], 1, [1, 1, 1, 1, 1], keyless=2),
)}


def chains():
    """Literals, and log2 of the scales times 2^96."""
    for chain in CHAINS.values():
        yield [("case", f"chain {chain.name}"), ("log_n", chain.log_n), ("scale_bits", chain.scale_bits),
               ("terminals", chain.terminals), ("mains", chain.mains), ("auxes", chain.auxes),
               ("main_counts", [m for m, _ in chain.levels]), ("terminal_counts", [t for _, t in chain.levels]),
               ("digit_sizes", chain.digit_sizes), *([("keyless", chain.keyless)] if chain.keyless else []),
               ("log2_scales", [int(Fraction(s) * 2**96) for s in log2_scales(chain)])]


# ---- kernels ----


def kernels():
    for log_n in (10, 11):
        n = 1 << log_n
        primes = kernel_primes(n)
        ring = [("log_n", log_n), ("primes", primes)]
        constants = [3 + 7 * i for i in range(len(primes))]
        for spec in ("random 1", "max 0", "edges 2"):
            limbs = inputs(spec, primes, n)[0]
            images = [evaluate(f, q) for f, q in zip(limbs, primes)]
            for i in (0, 1, 2, n // 2, n - 1):
                assert all(image[i] == evaluate_at(f, q, i) for image, f, q in zip(images, limbs, primes))
            assert all(interpolate(image, q) == f for image, f, q in zip(images, limbs, primes))
            yield [("case", "ntt_forward"), *ring, ("input", spec), *answer([images])]
            back = [scale(interpolate(f, q), c, q) for f, q, c in zip(limbs, primes, constants)]
            yield [("case", "ntt_inverse"), *ring, ("input", spec), ("constants", constants), *answer([back])]
            other = inputs("random 3", primes, n)[0]
            products = [evaluate(multiply(f, g, q), q) for f, g, q in zip(limbs, other, primes)]
            yield [("case", "multiply"), *ring, ("input", spec), ("other", "random 3"), *answer([products])]
    for galois in (5, 3, 2 * n - 1, pow(5, 77, 2 * n)):
        images = [evaluate([c % q for c in automorphism(f, galois)], q) for f, q in zip(limbs, primes)]
        yield [("case", "automorphism"), *ring, ("input", spec), ("galois", galois), *answer([images])]
    values = small(4, n, 2**62 - 1)
    for shift in (0, 1, 31, 64, 1000, 65535):
        yield [("case", "from_i64"), *ring, ("seed", 4), ("shift", shift),
               *answer([[[(v << shift) % q for v in values] for q in primes]])]
    assert chacha20(bytes(range(32)), [0x0900000000000001], 0x4A000000)[0][0] == 0xE4E7F110  # RFC 8439, 2.3.2
    for log_n, first in ((10, 0), (10, 2**32 + 5), (11, 7)):
        n = 1 << log_n
        primes = kernel_primes(n)
        words = [[expand(seed_bytes(5), first + k, p, q, n) for p, q in enumerate(primes)] for k in range(2)]
        yield [("case", "expand"), ("log_n", log_n), ("primes", primes), ("seed", 5), ("first_nonce", first),
               ("polys", 2), *answer(words)]


def conversions():
    """Factors are those of a true conversion, prod D / d_i and prod D; or `factor` on all places, to meet overflows."""
    n = 1 << 10
    large, middle, little = primes_below(2**31, 48, n), primes_below(2**30, 16, n), primes_below(2**20, 4, n)
    targets = [large[-1], middle[0], middle[1], little[0], little[1], primes_below(5 * 2**16, 1, n)[0]]
    some = [*large[:3], *middle[5:8], *little[2:]]
    for sources, spec, special in (
            (some[:1], "random 1", None), (some[:2], "random 2", None), (some, "random 3", None),
            (some, "max 0", None), (some, "edges 4", None), (large[:47], "random 5", None),
            (large[:47], "edges 6", -1), (large[:47], "max 0", -1), (little[2:], "edges 7", None)):
        limbs = inputs(spec, sources, n)[0]
        product = prod(sources)
        cofactors = [product // d for d in sources]
        for exact in (0, 1):
            out = []
            for m in targets:
                factors = [special % m] * len(sources) if special else [f % m for f in cofactors]
                last = special % m if special else product % m
                out.append([x % m for x in convert(limbs, sources, factors, last, exact)])
            if exact and not special:  # the values are the centred x with residues y_i * prod D / d_i
                x = from_residues([scale(y, f, d) for y, f, d in zip(limbs, cofactors, sources)], sources)
                assert out == [[c % m for c in remainders(x, sources)] for m in targets]
                if spec.startswith("random"):
                    assert out == [[centred(c, product) % m for c in x] for m in targets]
            yield [("case", "convert"), ("log_n", 10), ("primes", [*sources, *targets]), ("sources", len(sources)),
                   ("input", spec), ("exact", exact), *([("factor", special % 2**32)] if special else []),
                   *answer([out])]


# ---- the ring ----


def division_case(chain, source, target, aux, spec, polys=1, added=None, domain="evaluation"):
    """source and target are windows; `aux` auxiliary primes are removed as well; `added` seeds small integers."""
    positions = [*source, *chain.aux(aux)]
    primes, modulus = chain.at(positions), chain.modulus(positions)
    fields = [("case", "divide"), ("chain", chain.name), ("from", [source.start, len(source)]),
              ("to", [target.start, len(target)]), ("aux", aux), ("polys", polys), ("domain", domain), ("input", spec)]
    read = from_evaluation if domain == "evaluation" else from_residues
    parts = [read(limbs, primes) for limbs in inputs(spec, primes, chain.n, polys)]
    if added:
        fields.append(("small", added))
        extra = small(added, polys * chain.n, 2**61)
        parts = [[c + e for c, e in zip(f, extra[p * chain.n:])] for p, f in enumerate(parts)]
    removed, restored = chain.step(positions, target)
    results = [divide(f, modulus, removed, restored) for f in parts]
    return fields + evaluated(results, chain.at(target))


def divisions():
    for chain in CHAINS.values():
        windows = [chain.window(level) for level in range(len(chain.levels))]
        all_aux = len(chain.auxes)
        for level, window in enumerate(windows):
            seed = 10 * level
            yield division_case(chain, window, window, all_aux, f"random {seed + 1}", polys=2)
            if level:
                yield division_case(chain, window, windows[level - 1], 0, f"random {seed + 2}", polys=2)
                yield division_case(chain, window, windows[level - 1], all_aux, f"random {seed + 3}", polys=2)
    chain = CHAINS["recombining"]
    for k, (source, target, aux) in enumerate((
            ((4, 11), (4, 9), 0),   # D at the back
            ((0, 9), (3, 9), 0),    # D at the front
            ((0, 11), (3, 8), 0),   # D at both ends
            ((0, 11), (3, 8), 2),   # and the auxiliary primes
            ((2, 8), (0, 6), 0),    # R at the front
            ((0, 5), (2, 8), 0),    # R at the back
            ((3, 6), (0, 9), 2),    # R at both ends
            ((4, 7), (2, 4), 2),    # nothing in common
            ((2, 4), (6, 9), 1),    # nothing in common, with a gap
            ((4, 11), (4, 11), 1))):
        yield division_case(chain, range(*source), range(*target), aux, f"random {100 + k}", polys=1 + k % 3)
    for k, (source, target, aux) in enumerate((((4, 11), (4, 10), 0), ((3, 9), (4, 9), 0), ((4, 11), (4, 11), 1))):
        source, target = range(*source), range(*target)
        yield division_case(chain, source, target, aux, f"edges {120 + k}", domain="coefficient")
        yield division_case(chain, source, target, aux, f"random {123 + k}", polys=2, added=126 + k)
    yield division_case(chain, range(0, 11), range(3, 8), 2, "edges 130", domain="coefficient")
    yield division_case(chain, range(2, 4), range(4, 7), 2, "edges 131", domain="coefficient")


@lru_cache(maxsize=None)
def random_key(chain, level, aux):
    """Random words too: (b, a) of every digit that meets the key's window, with so many auxiliary primes."""
    window = chain.union(level)
    primes, digits = chain.at([*window, *chain.aux(aux)]), [j for j, _, _ in chain.digits(window)]
    words = inputs(f"random {1000 + level}", primes, chain.n, 2 * len(digits))
    halves = [from_evaluation(limbs, primes) for limbs in words]
    return {j: halves[2 * i:2 * i + 2] for i, j in enumerate(digits)}


def switching_case(chain, window, key_level, key_aux, spec, init):
    """The library keeps P'' times the digits, and so the sums."""
    n, key_window, positions = chain.n, chain.union(key_level), extended(chain, window)
    key, spared = random_key(chain, key_level, key_aux), chain.spared(window)
    x = from_evaluation(inputs(spec, chain.at(window), n)[0], chain.at(window))
    extra = [from_evaluation(limbs, chain.at(window)) for limbs in inputs("random 2000", chain.at(window), n, init)]
    outside = [[evaluate([c * spared % q for c in d], q) for p, q in ((p, chain.primes[p]) for p in positions) if p not in whole]
               for (_, whole, _), (_, d) in zip(chain.digits(window), gadget_digits(x, chain, window))]
    digits = dict(answer(outside))["hash"]
    sums = [scale(f, spared, chain.modulus(positions)) for f in switch(x, chain, window, key, extra)]
    return [("case", "switch"), ("chain", chain.name), ("window", [window.start, len(window)]),
            ("aux", chain.used(window)), ("key_window", [key_window.start, len(key_window)]), ("key_aux", key_aux),
            ("input", spec), ("key", f"random {1000 + key_level}"), ("init", init), ("digits_hash", digits),
            *evaluated(sums, chain.at(positions))]


def switches():
    for chain in (CHAINS["plain"], CHAINS["recombining"], CHAINS["mains"], CHAINS["wide"]):
        top = len(chain.levels) - 1
        for level in range(top + 1):
            for key_level in sorted({level, top}):
                init = (level + key_level) % 3
                for key_aux in sorted({chain.key_aux(key_level), len(chain.auxes)}):  # keys once had all
                    yield switching_case(chain, chain.window(level), key_level, key_aux, f"random {level + 1}", init)
        yield switching_case(chain, chain.window(top), top, len(chain.auxes), "max 0", 2)


# ---- ciphertexts ----


class Keys:
    """A secret and switching keys with errors, from seeds; the test makes them again with the library's kernels."""

    def __init__(self, chain):
        self.chain, self.made = chain, {}
        self.secret = small(50, chain.n, 1)

    def get(self, kind, galois, level):
        """Fields that describe the key, and the key."""
        chain, seed = self.chain, 60 + galois
        if (galois, level) not in self.made:
            if kind == "relinearize":
                source, target = multiply(self.secret, self.secret, 2**31), self.secret
                source = [centred(c, 2**31) for c in source]
            else:
                source, target = self.secret, automorphism(self.secret, pow(galois, -1, 2 * chain.n))
            errors = [small(seed + 100000 + j, chain.n, 20) for j in range(len(chain.digit_sizes))]
            self.made[galois, level] = make_key(chain, level, source, target, seed_bytes(seed), errors)
        fields = [("key", kind), ("key_level", level), ("secret", 50), ("key_seed", seed), ("errors", seed + 100000)]
        return fields, self.made[galois, level]


@lru_cache(maxsize=None)
def ciphertexts(chain, level, seed, count=1, polys=2):
    """`count` ciphertexts (or, with one polynomial, plaintexts) of random residues."""
    primes = chain.at(chain.window(level))
    return [[from_evaluation(limbs, primes) for limbs in inputs(f"random {seed + i}", primes, chain.n, polys)]
            for i in range(count)]


def operation(name, chain, level, out_level, result, *fields):
    return [("case", name), ("chain", chain.name), ("level", level), ("out_level", out_level), *fields,
            *evaluated(result, chain.at(chain.window(out_level)))]


def check_product(chain, level, pairs, result, secret):
    """The product decrypts to the product of what its operands decrypt to, up to noise: the formulas are right."""
    total = dot([[operations.decrypt(c, chain, level, secret) for c in pair] for pair in pairs],
                chain.modulus(chain.window(level)))
    expected = operations.move([total], chain, chain.window(level), chain.window(level - 1))[0]
    check_noise(chain, level - 1, expected, operations.decrypt(result, chain, level - 1, secret))


def check_noise(chain, level, expected, found, bound=2**14):
    modulus = chain.modulus(chain.window(level))
    assert max(abs(centred(a - b, modulus)) for a, b in zip(expected, found)) < bound


def product_cases(chain, keys):
    top = len(chain.levels) - 1
    for level in range(top, 0, -1):
        a, b = ciphertexts(chain, level, 100 * level, 2)
        for key_level in sorted({level, top}):
            fields, key = keys.get("relinearize", 0, key_level)
            result = operations.product([(a, b)], chain, level, key)
            check_product(chain, level, [(a, b)], result, keys.secret)
            yield operation("mul", chain, level, level - 1, result, ("input", 100 * level), *fields)
        m = ciphertexts(chain, level, 100 * level + 50, 1, 1)[0][0]
        yield operation("mul_plain", chain, level, level - 1, operations.plain_product([(a, m)], chain, level),
                        ("input", 100 * level))
    fields, key = keys.get("relinearize", 0, top)
    c = ciphertexts(chain, top, 700, 6)
    plain = [f[0] for f in ciphertexts(chain, top, 750, 3, 1)]
    yield operation("square", chain, top, top - 1, operations.product([(c[0], c[0])], chain, top, key),
                    ("input", 700), *fields)
    yield operation("dot", chain, top, top - 1, operations.product(list(zip(c[0::2], c[1::2])), chain, top, key),
                    ("input", 700), ("count", 3), *fields)
    yield operation("dot_plain", chain, top, top - 1, operations.plain_product(list(zip(c, plain)), chain, top),
                    ("input", 700), ("count", 3))
    re, im = Fraction(-5, 8), Fraction(3, 16)
    for name, z in (("mul_constant", (re, 0)), ("mul_constant", (re, im))):
        m = operations.constant(chain, top, *z)
        yield operation(name, chain, top, top - 1, operations.plain_product([(c[0], m)], chain, top),
                        ("input", 700), ("re", float(z[0])), ("im", float(z[1])))


def galois_cases(chain, keys):
    n, top = chain.n, len(chain.levels) - 1
    conjugation = (operations.conjugation_galois(n), top)
    rotations = [(operations.rotation_galois(steps, n), level, steps)
                 for steps, level in ((1, top), (7, top), (n // 2 - 1, top), (1, 1), (1, 0))]
    for galois, level, *steps in (*rotations, conjugation):
        name = "rotate" if steps else "conjugate"
        fields, key = keys.get(name, galois, top)
        a = ciphertexts(chain, level, 800)[0]
        result = operations.apply_galois(a, chain, level, galois, key)
        check_noise(chain, level, automorphism(operations.decrypt(a, chain, level, keys.secret), galois),
                    operations.decrypt(result, chain, level, keys.secret))
        yield operation(name, chain, level, level, result, ("input", 800), ("steps", sum(steps)),
                        ("galois", galois), *fields)


def alignment_cases(chain, keys):
    """Operands on different levels: `input` on `level`, and `input` + 1 (or the plaintext) on `other_level`."""
    top = len(chain.levels) - 1
    a = ciphertexts(chain, top, 1000)[0]
    for level in range(top):
        modulus = chain.modulus(chain.window(level))
        lowered = operations.lower(a, chain, top, level)
        yield operation("level_drop", chain, top, level, lowered, ("input", 1000))
        b = ciphertexts(chain, level, 1001)[0]
        difference = [add(f, scale(g, -1, modulus), modulus) for f, g in zip(lowered, b)]
        yield operation("sub", chain, top, level, difference, ("input", 1000), ("other_level", level))
        if level:
            fields, key = keys.get("relinearize", 0, top)
            yield operation("mul", chain, top, level - 1, operations.product([(lowered, b)], chain, level, key),
                            ("input", 1000), ("other_level", level), *fields)
    plain = ciphertexts(chain, top, 1050, 1, 1)[0]
    low = ciphertexts(chain, 0, 1000)[0]
    sums = [add(low[0], operations.lower(plain, chain, top, 0)[0], chain.modulus(chain.window(0))), low[1]]
    yield operation("add_plain", chain, 0, 0, sums, ("input", 1000), ("other_level", top))


def linear_cases(chain, keys):
    top = len(chain.levels) - 1
    modulus, a = chain.modulus(chain.window(top)), ciphertexts(chain, top, 700)[0]
    yield operation("mul_i", chain, top, top, operations.multiply_by_i(a, chain, top), ("input", 700))
    factor = 12345 - 2**40
    yield operation("mul_integer", chain, top, top, [scale(f, factor, modulus) for f in a],
                    ("input", 700), ("factor", factor))
    for re, im in ((Fraction(-5, 8), 0), (Fraction(-5, 8), Fraction(3, 16))):
        shifted = [add(a[0], operations.constant(chain, top, re, im), modulus), a[1]]
        yield operation("add_constant", chain, top, top, shifted, ("input", 700), ("re", float(re)), ("im", float(im)))
    for level in (top, 0):
        a = ciphertexts(chain, level, 900)[0]
        yield operation("decrypt", chain, level, level, [operations.decrypt(a, chain, level, keys.secret)],
                        ("input", 900), ("secret", 50))


def keyless_cases(chain, keys):
    """Products at the levels without keys, what is done to their three parts, and relinearisation below."""
    top, bound = len(chain.levels) - 1, 2**16  # three parts are rounded times s^2
    for level in (top, top - 1):
        a, b = ciphertexts(chain, level, 100, 2)
        result = operations.product_of_parts([(a, b)], chain, level)
        total = dot([[operations.decrypt(c, chain, level, keys.secret) for c in (a, b)]],
                    chain.modulus(chain.window(level)))
        expected = operations.move([total], chain, chain.window(level), chain.window(level - 1))[0]
        check_noise(chain, level - 1, expected, operations.decrypt(result, chain, level - 1, keys.secret), bound)
        yield operation("mul", chain, level, level - 1, result, ("input", 100))
    three = ciphertexts(chain, top, 200, 1, 3)[0]
    m = ciphertexts(chain, top, 250, 1, 1)[0][0]
    parts = ("input", 200), ("parts", 3)
    yield operation("mul_plain", chain, top, top - 1, operations.plain_product([(three, m)], chain, top), *parts)
    for level in range(top):
        yield operation("level_drop", chain, top, level, operations.lower(three, chain, top, level), *parts)
    two = ciphertexts(chain, chain.keyed, 201, 1)[0]
    three = ciphertexts(chain, chain.keyed, 200, 1, 3)[0]
    modulus = chain.modulus(chain.window(chain.keyed))
    difference = [add(f, scale(g, -1, modulus), modulus) for f, g in zip(three, two)] + three[2:]
    yield operation("sub", chain, chain.keyed, chain.keyed, difference, *parts, ("other_parts", 2))
    for level in range(chain.keyed + 1):
        three = ciphertexts(chain, level, 200, 1, 3)[0]
        fields, key = keys.get("relinearize", 0, chain.keyed)
        result = operations.relinearize(three, chain, level, key)
        message = operations.decrypt(three, chain, level, keys.secret)
        check_noise(chain, level, message, operations.decrypt(result, chain, level, keys.secret))
        yield operation("relinearize", chain, level, level, result, *parts, *fields)
        yield operation("decrypt", chain, level, level, [message], *parts, ("secret", 50))


def ciphertext_operations():
    for chain in (CHAINS["plain"], CHAINS["recombining"], CHAINS["mains"]):
        keys = Keys(chain)
        for cases in (product_cases, galois_cases, alignment_cases, linear_cases):
            yield from cases(chain, keys)
    for cases in (product_cases, galois_cases):
        yield from cases(CHAINS["wide"], Keys(CHAINS["wide"]))
    yield from keyless_cases(CHAINS["keyless"], Keys(CHAINS["keyless"]))


# ---- encoding ----


def encodings():
    """At the scale of the level: exact coefficients times 2^20, exact slots (re, im, ...) times 2^40, rounded down."""
    for name, level, slots, count, complex_values in (
            ("recombining", 0, 1024, 1024, 1), ("recombining", 5, 1024, 700, 0), ("recombining", 3, 64, 64, 1),
            ("recombining", 2, 1, 1, 1), ("encoding", 1, 2048, 2048, 1), ("encoding", 1, 512, 512, 0)):
        chain = CHAINS[name]
        numbers = reals(slots, 2 * count)
        values = list(zip(numbers[0::2], numbers[1::2])) if complex_values else [(x, 0) for x in numbers[:count]]
        coefficients = encoder.encode(values, chain.n, slots, scales(chain)[level])
        yield [("case", "encode"), ("chain", name), ("level", level), ("slots", slots), ("seed", slots),
               ("count", count), ("complex", complex_values),
               ("coefficients", [int(c * 2**20 // 1) for c in coefficients])]
    for name, level, slots in (("recombining", 3, 1024), ("recombining", 0, 64), ("encoding", 1, 512)):
        chain = CHAINS[name]
        values = encoder.decode(small(slots, chain.n, 2**40), chain.n, slots, scales(chain)[level])
        yield [("case", "decode"), ("chain", name), ("level", level), ("slots", slots), ("seed", slots),
               ("values", [int(part * 2**40 // 1) for value in values for part in value])]


# ---- bootstrapping ----


def bootstrap_numbers():
    """Doubles in hexadecimal; of a transform's factors the hash of all entries, as diagonals."""
    for shape in ((16, 30, 3, 1, 8, 32), (16, 30, 3, 3, 8, 32), (16, 30, 3, 5, 4, 32), (16, 28, 3, 7, 3, 32),
                  (12, 22, 3, 1, 8, 16), (28, 44, 3, 1, 5, 64)):
        numbers = bootstrap.sine(shape)
        yield [("case", "sine"), ("shape", shape),
               *((name, [float(x).hex() for x in values]) for name, values in numbers.items())]
    for log_m, stages, constant in ((1, (1,), 1.0), (6, (6,), 0.75), (8, (3, 1, 4), 2.0**-20), (10, (3, 4, 3), 3.0)):
        for inverse in (0, 1):
            hashes = [blake2b(pack(f"<{len(f)}d", *f), digest_size=32).hexdigest()
                      for f in bootstrap.diagonals(log_m, stages, inverse, constant)]
            yield [("case", "transform"), ("log_slots", log_m), ("stages", stages), ("inverse", inverse),
                   ("constant", constant.hex()), ("hashes", hashes)]


# Functions of the literature's tables, with intervals and the degrees of a depth or just below.
FITS = [
    ("sigmoid", ["4", "8", "16", "32"], [7, 15, 27, 31, 59, 63, 119, 127, 247]),
    ("tanh", ["4", "8"], [7, 15, 27, 31, 59, 63, 119, 127]),
    ("gelu", ["4", "8", "16"], [7, 15, 27, 31, 59, 63, 119, 127]),
    ("silu", ["8", "16"], [7, 15, 27, 31, 59, 63, 119, 127]),
    ("softplus", ["8"], [7, 15, 27, 31, 59, 63]),
    ("exp", ["-8 0", "-16 0"], [7, 15, 31]),
    ("inverse", ["0.5 2", "0.1 2"], [7, 15, 31, 63]),
    ("inverse_sqrt", ["0.5 2", "0.01 1"], [7, 15, 31, 63, 127, 255]),
    ("log", ["0.5 2", "0.1 4"], [7, 15, 31, 63]),
]


def polynomial_fits():
    """The error of each interpolant, and the coefficients of those of low degree."""
    for name, intervals, degrees in FITS:
        for interval in intervals:
            lo, hi = map(Decimal, interval.split() if " " in interval else ("-" + interval, interval))
            for degree in degrees:
                c = fits.interpolate(fits.FUNCTIONS[name], lo, hi, degree)
                record = [("function", name), ("lo", lo), ("hi", hi), ("degree", degree),
                          ("error", f"{fits.largest_error(c, name, lo, hi):.4e}")]
                if degree < 16:
                    record.append(("coefficients", [f"{x:.17e}" for x in c]))
                yield record


def orders():
    """Salts are bytes that count up from a first one."""
    for first, seed, rows in [(0, 0, 10), (0, 1, 10), (9, 2**64 - 1, 10), (9, 7, 1), (200, 7, 200)]:
        salt = bytes((first + i) % 256 for i in range(32))
        yield [("first", first), ("seed", seed), ("rows", rows), ("order", order.shuffled(salt, seed, rows))]


FILES = {
    "chains.txt": (chains, "parameter sets, and log2 of their scales in units of 2^-96"),
    "kernels.txt": (kernels, "transforms, products, automorphisms, sources of residues"),
    "conversions.txt": (conversions, "base conversion"),
    "divisions.txt": (divisions, "division with restoring"),
    "switches.txt": (switches, "gadget decomposition and its inner product with a key"),
    "bootstrap.txt": (bootstrap_numbers, "polynomials of the sine, factors of the transform"),
    "operations.txt": (ciphertext_operations, "whole ciphertexts"),
    "fits.txt": (polynomial_fits, "interpolants of activation functions, their errors and coefficients"),
    "orders.txt": (orders, "secret orders of records"),
    "encodings.txt": (encodings, "exact coefficients in units of 2^-20 and slots in units of 2^-40, rounded down"),
}
