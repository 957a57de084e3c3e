#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Predicts how long an NVIDIA H200 takes for the operations of umbra_bench, and for iterations of training.

    gpu_model.py [--build DIR] [--out FILE]    # writes bench/predictions/h200.json
    gpu_model.py [--build DIR] --kernels NAME  # shows how the launches of one operation add up
    gpu_model.py --tables                      # prints the tables of docs/performance.md
    gpu_model.py --counts [--build DIR]        # prints what can be counted: kernels, bytes, instructions

umbra_bench_trace runs the real host code on the emulator, which writes every launch down with its arguments and
computes nothing. From these follow what each launch executes (instructions of bench/predictions/sm_90.json) and which
limbs of which polynomials it reads and writes. Nothing here was measured on a GPU.

A launch takes the longest of
  pipes    the multipliers do 64 lanes a clock on each multiprocessor, or 64 / `wide` for products of 64 bits; so do the
           units for sums and logic; shared memory and loads move 32 words; 4 instructions are issued for 32 lanes.
           `efficiency` of that is reached, and a multiprocessor with more blocks than others is waited for
  memory   what the L2 cache does not hold, at `bandwidth`; everything, at `l2_bandwidth`
  floor    from the first instruction of a kernel to the last of one that has nothing to wait for
and `overlap` of the shorter of pipes and memory; then comes `gap`, until the next one begins. One after the other on a
queue, as many as a second of the host can enqueue.

What can be counted, whatever a GPU does, is told apart: kernels, instructions, and bytes between memory and cache by this
rule: what a launch reads and what it writes counts once each, but for what the launch before touched, if all that this
one touched fits CACHED_BYTES. What is streamed (keys, the sources of conversions: evict first) is read once, and no launch
finds it again: it does not count there. A dry device counts by the same (kernels/dry/traffic.h).

For times the L2 cache holds the last `l2` bytes of limbs, each as a whole, and writes changed ones back when they go; calls are
made twice, and the second counts.
"""
import argparse
import collections
import dataclasses
import datetime
import json
import math
import os
import pathlib
import re
import struct
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "bench/predictions"
WORD = 4
MULTIPROCESSORS, CLOCK = 132, 1.98e9  # of an H200; the clock is its boost
HOST = 3.5e-6  # seconds that the host takes for a launch
CACHED_BYTES = 30e6  # as UMBRA_CACHED_BYTES of kernels/kernels.h

OPERATIONS = "^(mul_relin_rescale|rotate|rotate_hoisted_8)(_graph)?/"
RUNS = [  # (parameters, filter)
    ("n16-d23-s55", OPERATIONS),
    ("n16-d24-s50", OPERATIONS),
    ("n16-d23-s55", "^(ntt_(forward|inverse)/.*primes:64|gemm/.*primes:one)/"),
    ("n12-d1-s30", "^product_plain_batch/.*batch:4096/"),
    ("boot-64k-40", "^(bootstrap(_graph|_raise|_coeffs_to_slots|_slots_to_coeffs)?|(helr|main_job)_iteration)/"),
]


@dataclasses.dataclass(frozen=True)
class Assumptions:
    """wide: clocks of a multiplier for a product of 64 bits, or its upper half; times in seconds."""

    wide: float
    efficiency: float
    bandwidth: float
    l2: float
    gap: float
    l2_bandwidth: float = 5.5e12
    floor: float = 2.2e-6
    overlap: float = 0.15


CENTRAL = Assumptions(wide=2, efficiency=0.7, bandwidth=4.1e12, l2=30e6, gap=1.2e-6)
FULL_RATE = dataclasses.replace(CENTRAL, wide=1)
OVERLAPPED = dataclasses.replace(CENTRAL, gap=0.3e-6)  # with UMBRA_CUDA_OVERLAP: a kernel is there when the last one ends
LEAST = Assumptions(wide=1, efficiency=0.8, bandwidth=4.3e12, l2=64e6, gap=0.9e-6)
MOST = Assumptions(wide=2, efficiency=0.5, bandwidth=3.6e12, l2=20e6, gap=2.5e-6)


# ---- what a trace says ----

MAX_RUNS, MAX_DIGITS = 4, 32  # kernels/kernels.h


@dataclasses.dataclass
class View:
    """A umbra_view: its limbs are of n words, and those of its polynomials `stride` bytes apart."""

    runs: list
    polys: int
    stride: int

    FORMAT = "=" + MAX_RUNS * "QHHI" + "IIQ"
    BYTES = struct.calcsize(FORMAT)

    @classmethod
    def of(cls, data, offset=0):
        values = struct.unpack_from(cls.FORMAT, data, offset)
        runs = [(values[4 * r], values[4 * r + 2]) for r in range(MAX_RUNS)]
        return cls([run for run in runs if run[1]], values[-3], WORD * values[-1])

    def limbs(self, bytes_of_limb):
        """Addresses of the first polynomial's."""
        return [data + i * bytes_of_limb for data, count in self.runs for i in range(count)]


@dataclasses.dataclass
class Launch:
    kernel: str
    grid: tuple
    threads: int  # of a block
    arguments: list

    def __post_init__(self):
        self.family = self.kernel.split("<")[0]
        self.parameter = int((re.search(r"<(\d+)>", self.kernel) or [0, 0])[1])
        self.n = struct.unpack_from("=II", self.arguments[0])[1]

    @property
    def limb(self):
        return WORD * self.n

    @property
    def blocks(self):
        return math.prod(self.grid)

    def number(self, i):
        return struct.unpack("=I", self.arguments[i])[0]

    def view(self, i, offset=0):
        return View.of(self.arguments[i], offset)


@dataclasses.dataclass
class Traced:
    """What some calls of one benchmark launched, as lines of a trace."""

    name: str
    calls: int
    lines: list = dataclasses.field(default_factory=list)

    def row(self):
        """What identifies it in the file of predictions."""
        name, *words = self.name.split("/")
        facts = dict(word.split(":") for word in words)
        return {"name": name, **{key: facts[key] for key in ("params", "primes") if key in facts}}

    def is_queue(self):
        """Whether the host enqueues each launch, and nothing is recorded."""
        return "_graph/" not in self.name and "primes:" not in self.name

    def shortened(self):
        """One call, if all are the same; those of kernels go through operands in turn."""
        each = len(self.lines) // self.calls
        kernels = [line.split("\t", 1)[0] for line in self.lines]
        same = "primes:" not in self.name and kernels == kernels[:each] * self.calls
        return Traced(self.name, 1, self.lines[:each]) if same else self


def numbers(text):
    return tuple(int(word) for word in text.split(","))


def launch_of(line):
    kernel, grid, block, _, arguments = line.rstrip("\n").split("\t")
    return Launch(kernel, numbers(grid), math.prod(numbers(block)),
                  [bytes.fromhex(word) for word in arguments.split(" ")])


def read_trace(path):
    traced = []
    with open(path, encoding="ascii") as file:
        for line in file:
            if line.startswith("# "):
                _, name, calls = line.split()
                traced.append(Traced(name, int(calls)))
            else:
                traced[-1].lines.append(line)
    return [t.shortened() for t in traced]


# ---- what a launch does ----

READ, WRITTEN, STREAMED = False, True, 2


@dataclasses.dataclass
class Work:
    """parts: [(threads, trips of the kernel's loops)]; touched: [(address, bytes, READ, WRITTEN or STREAMED)], in order."""

    parts: list
    touched: list


def all_threads(launch, **trips):
    return [(launch.blocks * launch.threads, trips)]


def residues(launch, reads, writes, polys, limbs=None):
    """Limbs of the views, polynomial after polynomial; a view with one polynomial has the same for all."""
    operands = [(view.limbs(launch.limb), view.stride if view.polys > 1 else 0, written)
                for views, written in ((reads, False), (writes, True)) for view in views]
    return [(first[i] + p * stride, launch.limb, written) for p in range(polys)
            for i in (limbs(p) if limbs else range(launch.grid[1])) for first, stride, written in operands]


def elementwise(launch, inputs, accumulate=False):
    dst = launch.view(1)
    reads = [launch.view(i) for i in inputs] + ([dst] if accumulate else [])
    reads = [view for view in reads if view.polys]
    return Work(all_threads(launch, polys=dst.polys / launch.grid[2]), residues(launch, reads, [dst], dst.polys))


def transform(launch, reads, writes):
    return Work(all_threads(launch), residues(launch, reads, writes, writes[0].polys))


def forward(launch):
    """Limbs that a polynomial leaves out have blocks that return at once."""
    view, limbs = launch.view(1), launch.number(2)
    skip = struct.unpack(f"={2 * MAX_DIGITS}H", launch.arguments[3])

    def of(poly):
        first, count = skip[poly % MAX_DIGITS], skip[MAX_DIGITS + poly % MAX_DIGITS]
        return [i for i in range(limbs) if not first <= i < first + count]

    touched = residues(launch, [view], [view], view.polys, of)
    threads = launch.grid[0] // view.polys * launch.threads * len(touched) // 2
    return Work([(threads, {})], touched)


def forward_close(launch):
    dst, x, z = launch.view(1), launch.view(2), launch.view(4)
    kept = [] if z.runs == dst.runs else [z]
    return transform(launch, [z] + ([x] if x.polys else []), [dst] + kept)


def tensor(launch):
    dst, a, b, accumulate = launch.view(1), launch.view(2), launch.view(3), launch.number(4)
    sums = residues(launch, [dst] if accumulate else [], [dst], 3)
    return Work(all_threads(launch), residues(launch, [a, b], [], 2) + sums)


def inner_products(launch):
    digits, limbs, size = launch.parameter, launch.grid[1], View.BYTES
    dst, init = launch.view(1), launch.view(3)
    started, accumulate = struct.unpack_from("=II", launch.arguments[3], len(launch.arguments[3]) - 8)
    count = struct.unpack_from("=I", launch.arguments[4], len(launch.arguments[4]) - 8)[0]
    pitch = size + 8  # of a rotation
    keys = [launch.view(4, r * pitch) for r in range(count)]
    sources = [launch.view(2, j * size).limbs(launch.limb) for j in range(digits)]
    begin, ends = init.limbs(launch.limb), dst.limbs(launch.limb)
    key_limbs = [key.limbs(launch.limb) for key in keys]
    touched = []
    for i in range(limbs):
        reads = [source[i] for source in sources]
        reads += [begin[i] + p * init.stride for p in range(init.polys) if i < started]
        touched += [(address, launch.limb, READ) for address in reads]
        touched += [(of[i] + p * key.stride, launch.limb, STREAMED)
                    for key, of in zip(keys, key_limbs) for p in range(2 * digits)]
        for written in [False, True] if accumulate else [True]:
            touched += [(ends[i] + p * dst.stride, launch.limb, written) for p in range(2 * count)]
    return Work(all_threads(launch, rotations=count / launch.grid[2]), touched)


def plain_products(launch):
    groups, (terms, gap, first) = launch.parameter, (launch.number(i) for i in (4, 5, 6))
    dst, plain, a = (launch.view(i) for i in (1, 2, 3))
    small = launch.limb >> gap
    of_plain, of_a, of_dst = plain.limbs(small), a.limbs(launch.limb), dst.limbs(launch.limb)
    touched = []
    for i in range(launch.grid[1]):
        touched += [(of_plain[i] + p * plain.stride, small, False)
                    for p in range(first * terms, (first + groups) * terms)]
        touched += [(of_a[i] + p * a.stride, launch.limb, False) for p in range(2 * terms)]
        touched += [(of_dst[i] + p * dst.stride, launch.limb, True) for p in range(2 * first, 2 * (first + groups))]
    return Work(all_threads(launch, terms=terms), touched)


COLUMNS_AT_A_TIME, COLUMNS_OF_A_SUM = 32, 8  # kernels/cuda/gemm.cu; the latter for primes of levels


def gemm(launch):
    """Each limb of the columns comes once: blocks that share it run together."""
    dst, a = launch.view(1), launch.view(2)
    matrix, rows, columns = struct.unpack("=Q", launch.arguments[3])[0], launch.number(4), launch.number(5)
    blocks = math.ceil(columns / COLUMNS_AT_A_TIME)
    runs = sum(math.ceil(min(columns - COLUMNS_AT_A_TIME * b, COLUMNS_AT_A_TIME) / COLUMNS_OF_A_SUM)
               for b in range(blocks))
    trips = {"blocks": blocks, "factors": columns / blocks * launch.parameter / launch.threads, "runs": runs / blocks,
             "columns": columns / runs}
    of_dst, of_a, size = dst.limbs(launch.limb), a.limbs(launch.limb), WORD * rows * columns
    touched = []
    for i in range(launch.grid[1]):
        touched.append((matrix + i * size, size, False))
        touched += [(of_a[i] + p * a.stride, launch.limb, False) for p in range(a.polys)]
        touched += [(of_dst[i] + p * dst.stride, launch.limb, True) for p in range(dst.polys)]
    return Work(all_threads(launch, **trips), touched)


Job = collections.namedtuple("Job", "sources rows run poly source first targets skip_first skip_count")
JOB = "=QQHHHHHHHHHH4x"  # constants, then the job's own; kernels/cuda/convert.cu
TILE = 4


def job_of(launch, poly):
    job = poly * struct.calcsize(JOB) if launch.parameter > 1 else 0
    _, _, sources, rows, _, run, *own = struct.unpack_from(JOB, launch.arguments[3], job)
    return Job(sources, rows, run, *own)


def conversion_trips(job, lanes, threads, parts):
    """For one thread in the mean: groups of `lanes` threads share sources and targets out, targets with other blocks."""
    groups, coefficients = threads // lanes, TILE * lanes
    tiles = math.ceil((job.first % TILE + job.targets) / TILE)
    runs = math.ceil(job.rows / job.run)
    exact = job.rows > job.sources
    return {"sources": job.sources / (4 * groups), "targets": job.targets / threads,
            "coefficients": coefficients / threads if exact else 0, "terms": job.sources, "tiles": tiles / groups / parts,
            "runs": runs, "rows": job.rows / runs}


def convert(launch):
    dst, src = launch.view(1), launch.view(2)
    lanes = 1 << launch.number(4)
    to, of = dst.limbs(launch.limb), src.limbs(launch.limb)
    parts, touched = [], []
    for p in range(dst.polys):
        job = job_of(launch, p)
        limbs = [t if t < job.skip_first else t + job.skip_count for t in range(job.targets)]
        source = (job.poly if launch.parameter > 1 else p) * src.stride
        parts.append((launch.blocks // dst.polys * launch.threads, conversion_trips(job, lanes, launch.threads, launch.grid[1])))
        touched += [(of[job.source + i] + source, launch.limb, STREAMED) for i in range(job.sources)]
        touched += [(to[t] + p * dst.stride, launch.limb, True) for t in limbs]
    return Work(parts, touched)


def from_i64(launch):
    dst, values = launch.view(1), struct.unpack("=Q", launch.arguments[2])[0]
    read = [(values + 2 * p * launch.limb, 2 * launch.limb, False) for p in range(dst.polys)]
    bits = launch.number(3).bit_length() / 4  # the loop does four
    return Work(all_threads(launch, polys=1, bits=bits), read + residues(launch, [], [dst], dst.polys))


def fft(launch):
    log_m, log_rows, log_columns = struct.unpack_from("=III", launch.arguments[3])
    points = 1 << (log_rows + log_columns)
    size = (launch.blocks * points >> log_m) * 8 << log_m
    parts = [struct.unpack("=Q", launch.arguments[i])[0] for i in (1, 2)]
    touched = [(address, size, written) for address in parts for written in (False, True)]
    return Work(all_threads(launch, points=points / launch.threads, stages=log_rows,
                            butterflies=points / 2 / launch.threads), touched)


PRODUCTS, MULTIPLES = 2, 4  # kernels/cuda/sum.cu


def sums(launch):
    dst, size = launch.view(1), View.BYTES
    products, multiples, _, accumulate = struct.unpack("=4I", launch.arguments[2][-16:])
    polys = 3 if products else 2
    pairs = [launch.view(2, size * (PRODUCTS * side + k)) for side in range(2) for k in range(products)]
    terms = [launch.view(2, size * (2 * PRODUCTS + k)) for k in range(multiples)]
    touched = residues(launch, pairs + terms, [], 2) + residues(launch, [dst] if accumulate else [], [dst], polys)
    return Work(all_threads(launch, products=products, multiples=multiples), touched)


WORKS = {
    "automorphism": lambda l: elementwise(l, [2]),
    "binary": lambda l: elementwise(l, [2, 3], l.number(4)),
    "clear": lambda l: elementwise(l, []),
    "convert": convert,
    "divide_close": lambda l: elementwise(l, [2, 4]),
    "fft": fft,
    "forward_columns": forward,
    "forward_rows": forward,
    "forward_rows_close": forward_close,
    "from_i64": from_i64,
    "gemm": gemm,
    "inner_products": inner_products,
    "inverse_columns": lambda l: transform(l, [l.view(1)], [l.view(1)]),
    "inverse_rows": lambda l: transform(l, [l.view(2)], [l.view(1)]),
    "plain_products": plain_products,
    "sum": sums,
    "tensor": tensor,
    "unary": lambda l: elementwise(l, [2]),
    "with_constant": lambda l: elementwise(l, [2]),
    "with_constant<op_add_multiple>": lambda l: elementwise(l, [2], accumulate=True),
}


# ---- what that takes ----

def add(total, counts, times):
    for name, count in counts.items():
        total[name] += count * times


def executed(code, trips):
    """Instructions of one thread, by pipe."""
    total, entered = collections.Counter(), []
    add(total, code["once"], 1)
    for loop in code["loops"]:
        times = 1 if loop["within"] is None else entered[loop["within"]]
        count = trips[loop["name"]]
        entered.append(times * count)
        count /= loop["unrolled"]
        add(total, loop["last"], times * min(count, 1))
        add(total, loop["trip"], times * max(count - 1, 0))
    return total


def executed_by_all(kernels, launch, work):
    total = collections.Counter()
    for threads, trips in work.parts:
        add(total, executed(kernels[launch.kernel], trips), threads)
    return total


def pipe_clocks(total, wide):
    """Of one multiprocessor that does everything."""
    issued = sum(count for name, count in total.items() if name != "words")
    return max((total["wide"] * wide + total["multiply"]) / 64, total["alu"] / 64, total["words"] / 32,
               total["double"] / 64, total["special"] / 16, issued / 128)


def imbalance(blocks):
    """How much longer the multiprocessor with most blocks takes than all in the mean."""
    return math.ceil(blocks / MULTIPROCESSORS) * MULTIPROCESSORS / blocks


class Cache:
    """The last bytes that were touched, in pieces of what was touched at once."""

    def __init__(self, capacity):
        self.capacity, self.used, self.pieces = capacity, 0, collections.OrderedDict()

    def touch(self, address, size, how):
        """Bytes that go between cache and memory. What is streamed does not come to stay."""
        if how == STREAMED:
            return 0 if address in self.pieces else size
        written, held = how == WRITTEN, self.pieces.pop(address, None)
        moved = 0 if held or written else size
        self.used += size - (held[0] if held else 0)
        self.pieces[address] = (size, written or bool(held and held[1]))
        while self.used > self.capacity and len(self.pieces) > 1:
            _, (gone, changed) = self.pieces.popitem(last=False)
            self.used -= gone
            moved += gone if changed else 0
        return moved


@dataclasses.dataclass
class Step:
    """A launch, with what it does and executes."""

    kernel: str
    blocks: int
    touched: list
    executed: collections.Counter

    @classmethod
    def of(cls, kernels, launch):
        work = (WORKS.get(launch.kernel) or WORKS[launch.family])(launch)
        return cls(launch.kernel, launch.blocks, work.touched, executed_by_all(kernels, launch, work))


Cost = collections.namedtuple("Cost", "seconds pipe memory_bytes")


def cost(step, moved, assume):
    """moved: bytes that go between cache and memory."""
    pure = pipe_clocks(step.executed, assume.wide) / MULTIPROCESSORS / CLOCK
    pipe = pure * imbalance(step.blocks) / assume.efficiency
    memory = max(moved / assume.bandwidth, sum(size for _, size, _ in step.touched) / assume.l2_bandwidth)
    seconds = max(pipe, memory, assume.floor) + assume.overlap * min(pipe, memory) + assume.gap
    return Cost(seconds, pure, moved)


def moved_bytes(steps, capacity):
    """Of each launch, in the second of two times that everything is done."""
    cache = Cache(capacity)
    for _ in range(2):
        moved = [sum(cache.touch(*touch) for touch in step.touched) for step in steps]
    return moved


# ---- what is counted ----

def counted_bytes(steps):
    """Of each launch, by the rule above."""
    before = {}
    for step in steps:
        read, written, streamed = ({address: size for address, size, how in step.touched if how == which}
                                   for which in (READ, WRITTEN, STREAMED))
        yield sum(size for part in (read, written, streamed) for address, size in part.items() if address not in before)
        touched = read | written
        before = touched if sum(touched.values()) <= CACHED_BYTES else {}


def counted_instructions(steps):
    """Of 32 threads at a time."""
    return sum(count for step in steps for name, count in step.executed.items() if name != "words") / 32


# ---- predictions ----

SCENARIOS = {"microseconds": CENTRAL, "full_rate": FULL_RATE, "overlapped": OVERLAPPED, "least": LEAST, "most": MOST}


class Prediction:
    """Of one call of what was traced."""

    def __init__(self, kernels, traced):
        self.traced = traced
        self.steps = [Step.of(kernels, launch_of(line)) for line in traced.lines]
        self.moved = {}  # by the capacity of the cache

    def costs(self, assume):
        """Of each launch."""
        if assume.l2 not in self.moved:
            self.moved[assume.l2] = moved_bytes(self.steps, assume.l2)
        return [cost(step, moved, assume) for step, moved in zip(self.steps, self.moved[assume.l2])]

    def microseconds(self, assume):
        """Launches that the host enqueues may have to wait for it."""
        host = HOST * len(self.steps) if self.traced.is_queue() else 0
        return round(max(sum(c.seconds for c in self.costs(assume)), host) / self.traced.calls * 1e6, 1)

    def row(self, scenarios):
        calls, launches = self.traced.calls, len(self.steps) / self.traced.calls
        central = self.costs(CENTRAL)
        return {**self.traced.row(), "launches": int(launches) if launches.is_integer() else launches,
                **{name: self.microseconds(assume) for name, assume in scenarios.items()},
                "pipe_microseconds": round(sum(c.pipe for c in central) / calls * 1e6, 1),
                "memory_bytes": round(sum(c.memory_bytes for c in central) / calls),
                "counted_bytes": round(sum(counted_bytes(self.steps)) / calls),
                "instructions": round(counted_instructions(self.steps) / calls)}

    def show(self):
        sums = collections.defaultdict(lambda: [0, 0, 0, 0])
        for step, c in zip(self.steps, self.costs(CENTRAL)):
            for i, value in enumerate((1, c.seconds * 1e6, c.pipe * 1e6, c.memory_bytes / 1e6)):
                sums[step.kernel][i] += value / self.traced.calls
        print(f"{self.traced.name}\n{'launches':>10}{'us':>10}{'pipe, us':>10}{'memory, MB':>12}  kernel")
        for kernel, (count, seconds, pipe, moved) in sorted(sums.items(), key=lambda item: -item[1][1]):
            print(f"{count:>10.1f}{seconds:>10.1f}{pipe:>10.1f}{moved:>12.1f}  {kernel}")


def trace(build, params, names):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "trace"
        command = [build / "bench/umbra_bench_trace", f"--trace={path}", "--backend=emu", f"--params={params}",
                   "--threads=1", "--warm=0", "--secrets-on-device", f"--benchmark_filter={names}"]
        subprocess.run(command, check=True, env={**os.environ, "OMP_WAIT_POLICY": "passive"})
        return read_trace(path)


def all_traces(build):
    for params, names in RUNS:
        yield from trace(build, params, names)


def read_kernels():
    return json.loads((FOLDER / "sm_90.json").read_text(encoding="utf-8"))["kernels"]


def commit():
    found = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True,
                           check=False)
    return found.stdout.strip() or "unknown"


def read_stated():
    return json.loads((FOLDER / "h200.json").read_text(encoding="utf-8"))["rows"]


def text_of(rows):
    assumptions = {"multiprocessors": MULTIPROCESSORS, "clock": CLOCK, "host_launch": HOST}
    assumptions |= {name: dataclasses.asdict(assume) for name, assume in SCENARIOS.items()}
    head = {"device": "NVIDIA H200", "date": datetime.date.today().isoformat(), "commit": commit(),
            "measured": "nothing: these are predictions of scripts/gpu_model.py", "assumptions": assumptions}
    fields = "".join(f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items())
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    return f'{{\n{fields} "rows": [\n{lines}\n ]\n}}\n'


def key_of(row):
    return row["name"], row["params"], row.get("primes")


def differences(rows, stated):
    """Launches and bytes must be the same, and times within a hundredth; one line for each that is not."""
    known = {key_of(row): row for row in stated}
    for row in rows:
        old = known.get(key_of(row))
        if not old:
            yield f"{key_of(row)}: not stated"
        elif old["launches"] != row["launches"]:
            yield f"{key_of(row)}: {row['launches']} launches, stated {old['launches']}"
        elif old["counted_bytes"] != row["counted_bytes"]:
            yield f"{key_of(row)}: {row['counted_bytes']} bytes, stated {old['counted_bytes']}"
        elif abs(old["microseconds"] / row["microseconds"] - 1) > 0.01:
            yield f"{key_of(row)}: {row['microseconds']} us, stated {old['microseconds']}"


# ---- tables ----

SHOWN = ["forward_columns<8>", "forward_rows", "forward_rows_close", "inverse_rows", "inverse_columns<8>",
         "convert<32>", "inner_products<4>", "plain_products<8>", "gemm<16>", "tensor", "sum", "divide_close",
         "binary<op_add>"]


def print_row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |")


def print_kernel(what, counts):
    get = lambda name: counts.get(name, 0)
    issued = sum(count for name, count in counts.items() if name != "words")
    print_row(what, *(get(name) for name in ("wide", "multiply", "alu", "memory")), issued,
              2 * get("wide") + get("multiply"), get("wide") + get("multiply"))


def print_kernels(kernels):
    """Loops over polynomials have one trip in all launches, and are part of the kernel here."""
    for name in SHOWN:
        code = kernels[name]
        polys = [loop["trip"] for loop in code["loops"] if loop["name"] == "polys"]
        print_kernel(f"`{name}`", sum(map(collections.Counter, polys), collections.Counter(code["once"])))
        for loop in code["loops"]:
            if loop["name"] != "polys":
                times = f"{loop['unrolled']} of " if loop["unrolled"] > 1 else "each of "
                print_kernel(f"- {times}`{loop['name']}`", loop["trip"])


def print_operations(rows):
    time = lambda us: f"{us:.0f} µs" if us < 2000 else f"{us / 1000:.1f} ms"
    for row in rows:
        primes = f", `primes:{row['primes']}`" if "primes" in row else ""
        print_row(f"`{row['name']}`{primes}", f"`{row['params']}`", f"{row['launches']:g}",
                  time(row["pipe_microseconds"]), f"{row['memory_bytes'] / 1e9:.3g}", time(row["microseconds"]),
                  time(row["full_rate"]), f"{time(row['least'])} to {time(row['most'])}")


def print_counts(rows):
    print_row("operation", "parameters", "kernels", "GB", "10^6 instructions")
    for row in rows:
        print_row(f"`{row['name']}`", f"`{row['params']}`", f"{row['launches']:g}", f"{row['counted_bytes'] / 1e9:.3f}",
                  f"{row['instructions'] / 1e6:.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/ci")
    parser.add_argument("--out", type=pathlib.Path, default=FOLDER / "h200.json")
    parser.add_argument("--kernels", metavar="NAME")
    parser.add_argument("--tables", action="store_true")
    parser.add_argument("--counts", action="store_true")
    arguments = parser.parse_args()
    kernels = read_kernels()
    if arguments.tables:
        print_kernels(kernels)
        print_operations(read_stated())
    elif arguments.kernels:
        for traced in all_traces(arguments.build):
            if traced.row()["name"] == arguments.kernels:
                Prediction(kernels, traced).show()
    else:
        rows = [Prediction(kernels, traced).row(SCENARIOS) for traced in all_traces(arguments.build)]
        if arguments.counts:
            print_counts(rows)
            return
        arguments.out.write_text(text_of(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
