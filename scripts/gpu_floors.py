# SPDX-License-Identifier: Apache-2.0
"""What kernels and operations on ciphertexts must at least do, and how long that takes a GPU.

Bytes: what comes from memory and what goes there, once each: data, keys and results. Tables of constants, and what is
kept between the kernels of one operation, count nothing: they could stay on the chip.

Operations on 32-bit words: a product without reduction 2, as it is wide; a reduction 5 (a product, a wide one, a fold);
a sum or difference 2, with its fold. A butterfly has one of the first two and two of the third: 11. Automorphisms and
conversions of domains cost nothing; neither does what is not arithmetic on residues, so fft, ifft and from_i64 have a
floor of bytes only. Multipliers do products, and sums as products with 1; beside them others do what is no product. So
products count alone, and all operations by halves.
"""
import dataclasses
import math
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORD = 4  # bytes
LANES = 64  # products of 32-bit words that one multiprocessor does in one clock, and as many operations beside them


@dataclasses.dataclass(frozen=True)
class Operations:
    """On 32-bit words: products, which may add something too, and others."""

    products: float = 0
    others: float = 0

    def __add__(self, more):
        return Operations(self.products + more.products, self.others + more.others)

    def __mul__(self, times):
        return Operations(self.products * times, self.others * times)

    __rmul__ = __mul__


NONE, PRODUCT, REDUCTION, SUM = Operations(), Operations(2, 0), Operations(3, 2), Operations(0, 2)
BUTTERFLY = PRODUCT + REDUCTION + 2 * SUM
OVERFLOW = Operations(4, 0)  # a term of the quotient of an exact conversion: 32 by 64 bits
CLOSE = 2 * PRODUCT + REDUCTION  # x * a - z * b
CHACHA = Operations(0, 61)  # for each word: 10 double rounds of 8 quarter rounds of 12, 16 sums, for 16 words


@dataclasses.dataclass
class Work:
    """Bytes of memory, and operations on 32-bit words."""

    bytes: float = 0
    products: float = 0
    others: float = 0

    @property
    def operations(self):
        return self.products + self.others


@dataclasses.dataclass
class Device:
    """What floors are computed with; a None leaves them open."""

    bandwidth: float = None  # bytes in a second
    multiprocessors: int = None
    clock: float = None  # Hz

    def seconds(self, work):
        """The two floors."""
        memory = work.bytes / self.bandwidth if self.bandwidth else None
        rate = LANES * self.multiprocessors * self.clock if self.multiprocessors and self.clock else None
        return memory, max(work.products, work.operations / 2) / rate if rate else None


def coefficients(n, words, operations):
    """Work that is so much for each of n coefficients."""
    return Work(WORD * n * words, n * operations.products, n * operations.others)


def stages(n):
    """Operations of a transform, for each coefficient of a limb."""
    return BUTTERFLY * (math.log2(n) / 2)


# ---- kernels, from the counters of umbra_bench ----

def conversion_operations(counters):
    return counters["products"] * PRODUCT + counters["targets"] * REDUCTION + counters["sources"] * SUM


def exact_operations(counters):
    return conversion_operations(counters) + counters["sources"] * OVERFLOW + counters["targets"] * PRODUCT


def inner_products(c):
    each = 2 * c["limbs"] * (c["digits"] * PRODUCT + REDUCTION) + c["init_limbs"] * PRODUCT
    words = c["digits"] * c["limbs"] + c["init_limbs"] + c["rotations"] * 2 * (c["digits"] + 1) * c["limbs"]
    return words, c["rotations"] * each


def plain_products(c):
    words = c["polys"] // 2 * c["terms"] + 2 * c["terms"] + c["polys"]
    return words * c["limbs"], c["polys"] * c["limbs"] * (c["terms"] * PRODUCT + REDUCTION)


def gemm(c):
    return (c["rows"] + c["columns"]) * c["limbs"], c["rows"] * c["limbs"] * (c["columns"] * PRODUCT + REDUCTION)


def per_limb(words, operations, plaintext=0):
    """A kernel that does the same for each limb of each polynomial; `plaintext` operands have one polynomial."""
    return lambda c: (c["limbs"] * (words * c["polys"] + plaintext), c["limbs"] * c["polys"] * operations)


# Words and operations for each coefficient.
KERNELS = {
    "residues_copy": per_limb(2, NONE),
    "residues_zero": per_limb(1, NONE),
    "residues_add": per_limb(3, SUM),
    "residues_sub": per_limb(3, SUM),
    "residues_negate": per_limb(2, SUM),
    "residues_mul": per_limb(2, PRODUCT + REDUCTION, 1),
    "residues_mul_add": per_limb(3, PRODUCT + REDUCTION + SUM, 1),
    "residues_mul_const": per_limb(2, PRODUCT + REDUCTION),
    "residues_add_const": per_limb(2, SUM),
    "automorphism": per_limb(2, NONE),
    "divide_close": per_limb(3, CLOSE),
    "tensor": lambda c: (7 * c["limbs"], c["limbs"] * (4 * PRODUCT + 3 * REDUCTION)),
    "tensor_add": lambda c: (10 * c["limbs"], c["limbs"] * (4 * PRODUCT + 3 * REDUCTION + 3 * SUM)),
    "ntt_forward": lambda c: per_limb(2, stages(c["n"]))(c),
    "ntt_inverse": lambda c: per_limb(2, stages(c["n"]))(c),
    "ntt_close": lambda c: per_limb(3, stages(c["n"]) + CLOSE)(c),
    "convert": lambda c: (c["sources"] + c["targets"], conversion_operations(c)),
    "convert_exact": lambda c: (c["polys"] * (c["sources"] + c["targets"]), c["polys"] * exact_operations(c)),
    "extend_digits": lambda c: (c["sources"] + c["targets"],
                                conversion_operations(c) + c["targets"] * stages(c["n"])),
    "inner_product": inner_products,
    "inner_products": inner_products,
    "plain_products": plain_products,
    "gemm": gemm,
    "gemm_odd": gemm,
    "expand": per_limb(1, CHACHA),
    "from_i64": lambda c: (c["limbs"] * c["polys"] + 2 * c["polys"], NONE),
    "fft": lambda c: (4, NONE),
    "ifft": lambda c: (4, NONE),
}


# ---- operations on ciphertexts at the highest level of a parameter set ----

@dataclasses.dataclass
class Shape:
    """Of a key switch at the highest level. Counters of umbra_bench have the same names."""

    n: int
    limbs: int      # of the level
    below: int      # limbs of the level below,
    dropped: int    # and those of this level that it lacks
    aux: int        # auxiliary primes
    dnum: int       # digits
    extension: int  # sum over digits of its own limbs times the others

    @property
    def all(self):
        return self.limbs + self.aux

    @property
    def extended(self):
        """Limbs of digits that are not their own."""
        return self.dnum * self.all - self.limbs

    @property
    def key(self):
        return 2 * self.dnum * self.all


def decomposition(s):
    """Operations for each coefficient: the polynomial to coefficients, its digits to all limbs."""
    conversion = s.extension * PRODUCT + s.extended * REDUCTION + s.limbs * SUM
    return (s.limbs + s.extended) * stages(s.n) + conversion


def division(s, dropped, kept):
    """Operations of dividing two polynomials by `dropped` primes, with `kept` left."""
    conversion = exact_operations({"sources": dropped, "targets": kept, "products": dropped * kept})
    return 2 * ((dropped + kept) * stages(s.n) + conversion + kept * CLOSE)


def products_with_key(s, init):
    """Operations; init: polynomials that are added after a product with P."""
    return 2 * s.all * (s.dnum * PRODUCT + REDUCTION) + init * s.limbs * PRODUCT


def key_switch(s):
    operations = decomposition(s) + products_with_key(s, 0) + division(s, s.aux, s.limbs)
    return coefficients(s.n, s.limbs + s.key + 2 * s.limbs, operations)


def multiply(s):
    tensor = s.limbs * (4 * PRODUCT + 3 * REDUCTION)
    operations = tensor + decomposition(s) + products_with_key(s, 2) + division(s, s.aux + s.dropped, s.below)
    return coefficients(s.n, 4 * s.limbs + s.key + 2 * s.below, operations)


def rotate(s, count=1):
    each = products_with_key(s, 1) + division(s, s.aux, s.limbs)
    return coefficients(s.n, 2 * s.limbs + count * (s.key + 2 * s.limbs), decomposition(s) + count * each)


OPERATIONS = {
    "add": lambda s: coefficients(s.n, 6 * s.limbs, 2 * s.limbs * SUM),
    "mul_relin_rescale": multiply,
    "rotate": rotate,
    "conjugate": rotate,
    "rotate_hoisted_8": lambda s: rotate(s, 8),
}


def shape_of_counters(counters):
    return Shape(**{field.name: int(counters[field.name]) for field in dataclasses.fields(Shape)})


def floor(name, counters):
    """Work of what umbra_bench calls so; None if none is stated."""
    name = name.removesuffix("_graph")
    if name in KERNELS:
        return coefficients(counters["n"], *KERNELS[name](counters))
    return OPERATIONS[name](shape_of_counters(counters)) if name in OPERATIONS else None


# ---- presets ----

def list_of(literal, field):
    values = re.search(field + r" =\s*\(const uint32_t\[\]\)\{([\d,\s]+)\}", literal)[1]
    return [int(number) for number in values.split(",")]


def number_of(literal, field):
    return int(re.search(field + r" = (\d+)", literal)[1])


def shape_of_literal(literal):
    """From the text of an umbra_params_literal: see chain.h for the order of primes."""
    terminals, mains, aux = (number_of(literal, field) for field in ("terminals", "mains", "auxes"))
    levels = list(zip(list_of(literal, "main_count"), list_of(literal, "terminal_count")))
    levels = levels[:number_of(literal, r"\.levels")]  # those after them exist only inside a refresh
    top, below = (set(range(terminals - t, terminals + m)) for m, t in (levels[-1], levels[-2]))
    own, begin = [], 0
    for size in list_of(literal, "digit_size"):
        own.append(len(top & set(range(begin, begin + size))))
        begin += size
    assert begin == terminals + mains
    own = [size for size in own if size]
    extension = sum(size * (len(top) + aux - size) for size in own)
    return Shape(1 << number_of(literal, "log_n"), len(top), len(below), len(top - below), aux, len(own), extension)


def shape_of_preset(name):
    """KeyError: no such preset."""
    text = (ROOT / "host/params/presets_table.c").read_text(encoding="utf-8")
    names = re.findall(r'"(.+)"', re.search(r"umbra_preset_name\[\] = \{(.*?)\}", text, re.DOTALL)[1])
    literals = text.split("UMBRA_PARAMS_LITERAL_INIT")[1:]
    return shape_of_literal(dict(zip(names, literals, strict=True))[name])


def rows_of_shape(s):
    """The table of docs/performance.md: (what, work)."""
    extension = {"sources": s.limbs, "targets": s.extended, "products": s.extension}
    remainder = {"polys": 2, "sources": s.aux, "targets": s.limbs, "products": s.aux * s.limbs}
    return [
        ("transform of 64 limbs", floor("ntt_forward", {"n": s.n, "limbs": 64, "polys": 1})),
        (f"transform of {s.limbs} limbs", floor("ntt_forward", {"n": s.n, "limbs": s.limbs, "polys": 1})),
        ("base conversion: all digits extended", floor("convert", {"n": s.n, **extension})),
        ("base conversion: remainder of a key switch", floor("convert_exact", {"n": s.n, **remainder})),
        ("key switch", key_switch(s)),
        ("multiply, relinearise, rescale", multiply(s)),
        ("rotate", rotate(s)),
        ("rotate eight times, hoisted", rotate(s, 8)),
    ]
