#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the instructions of the CUDA kernels in sm_90's machine code, for scripts/gpu_model.py.

    gpu_sass.py --nvdisasm PATH [--nvcc PATH] [--out FILE]

nvcc compiles kernels/cuda, nvdisasm (of the toolkit, or of the package nvidia-cuda-nvdisasm) shows what it made, and
FILE (bench/predictions/sm_90.json) gets a row for each kernel whose loops are known here. It is what a thread executes:

* Where the code branches, the way with more instructions counts; a return that not all threads take does not.
* A loop is counted by itself, for each of its trips, of which the last leaves it at the first exit. How many trips
  there are is the launch's affair: LOOPS names them.
* A loop that the compiler has unrolled is known by its marker, an instruction that stands once in each trip of the
  source: so many markers are so many trips. Other code with markers beside the loop does the trips that are left over,
  and counts nothing: those are counted as parts of the loop.

Exit status 77: there is no nvcc.
"""
import argparse
import collections
import concurrent.futures
import dataclasses
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "bench/predictions/sm_90.json"
ARCHITECTURE = "sm_90"
SKIPPED = 77

# Loops of kernels in the order of their code, each with its marker; a single one stands for all of them. Nested loops
# follow the one that they are in. (plain_products<1>, which is rare, is unrolled and counts double.)
LOOPS = {
    "automorphism": [("polys", None)],
    "binary": [("polys", None)],
    "clear": [("polys", None)],
    "convert": [("sources", None), ("targets", None), ("coefficients", None), ("terms", r"LDS"), ("tiles", None),
                ("runs", None), ("rows", r"LDS\.128")],
    "divide_close": [("polys", None)],
    "fft<false>": [("points", None), ("points", None), ("stages", None), ("butterflies", None), ("points", None)],
    "fft<true>": [("points", None), ("stages", None), ("butterflies", None), ("points", None), ("points", None)],
    "forward_columns": [], "forward_rows": [], "forward_rows_close": [],
    "from_i64": [("polys", None), ("bits", None)],
    "gemm": [("blocks", None), ("factors", None), ("runs", None), ("columns", r"LDG\.E\.64")],
    "inner_products": [("rotations", None)],
    "inverse_columns": [], "inverse_rows": [],
    "plain_products": [("terms", None)],
    "sum": [("products", None), ("multiples", None)],
    "tensor": [],
    "unary": [("polys", None)],
    "with_constant": [("polys", None)],
}

# What executes an instruction, by the beginning of its name; the first that fits counts.
PIPES = [
    ("wide", r"IMAD\.(WIDE|HI)"),
    ("multiply", r"(IMAD|HFMA2|FFMA|FMUL|FADD)\b"),
    ("alu", r"(IADD3|VIADD|VIADDMNMX|VIMNMX|LOP3|SEL|ISETP|LEA|SHF|MOV|PRMT|PLOP3|CS2R|SGXT|BMSK|IABS|P2R|R2P)\b"),
    ("memory", r"(LDG|STG|LD|ST|LDS|STS)\b"),
    ("double", r"D(ADD|MUL|FMA|SETP)\b"),
    ("special", r"(BREV|FLO|POPC|S2R|I2F|F2I|MUFU)\b"),
    ("other", r"(U[A-Z]|R2UR|S2UR|LDC|BRA|EXIT|BAR|BSSY|BSYNC|WARPSYNC|ACQBULK|PREEXIT)"),
]
FIELDS = [name for name, _ in PIPES] + ["words"]
WORDS = re.compile(r"\.(64|128)\b")  # of a memory access; 32 bits otherwise


# ---- code as blocks ----

@dataclasses.dataclass
class Block:
    instructions: list = dataclasses.field(default_factory=list)
    next: list = dataclasses.field(default_factory=list)  # numbers of blocks
    returns: bool = False


def opcode(text):
    return re.sub(r"^@!?U?P\w+\s+", "", text).split()[0]


def sections(listing):
    """(mangled name, lines) of each kernel in what nvdisasm prints."""
    for part in re.split(r"(?=\.section\s+\.text\.)", listing)[1:]:
        yield re.match(r"\.section\s+\.text\.([^,\s]+)", part)[1], part.splitlines()


def read_code(lines):
    """([instruction], {label: where it points})"""
    code, labels = [], {}
    for line in lines:
        label = re.match(r"(\.L_\w+):", line)
        instruction = re.match(r"\s+/\*[0-9a-f]+\*/\s+(.*?)\s*;", line)
        if label:
            labels[label[1]] = len(code)
        elif instruction:
            code.append(instruction[1])
    return code, labels


def blocks_of(lines):
    code, labels = read_code(lines)
    jumps = {i: labels[re.search(r"\.L_\w+", text)[0]] for i, text in enumerate(code) if opcode(text).startswith("BRA")}
    ends = {i for i, text in enumerate(code) if opcode(text) in ("EXIT", "RET") or i in jumps}
    if any(opcode(text).split(".")[0] in ("CALL", "BRX", "JMP") for text in code):
        raise ValueError("calls, or jumps to what is computed: not understood here")
    starts = sorted({0} | set(jumps.values()) | {i + 1 for i in ends if i + 1 < len(code)})
    number = {start: k for k, start in enumerate(starts)}
    blocks = []
    for start, end in zip(starts, starts[1:] + [len(code)]):
        last = code[end - 1]
        block = Block([text for text in code[start:end] if opcode(text) != "NOP"])
        block.returns = opcode(last) == "EXIT" and not last.startswith("@")
        if end - 1 in jumps:
            block.next.append(number[jumps[end - 1]])
        if end < len(code) and not block.returns and (end - 1 not in jumps or last.startswith("@") or ".U " in last):
            block.next.append(number[end])
        blocks.append(block)
    return blocks


# ---- loops ----

@dataclasses.dataclass
class Loop:
    head: int
    body: set
    name: str = None
    marker: str = None
    children: list = dataclasses.field(default_factory=list)


def reachable(blocks):
    found, waiting = {0}, [0]
    while waiting:
        fresh = set(blocks[waiting.pop()].next) - found
        found |= fresh
        waiting += fresh
    return found


def body_of(blocks, head, latch):
    """All blocks from which the latch is reached without the head."""
    body, waiting = {head}, [latch]
    while waiting:
        here = waiting.pop()
        if here not in body:
            body.add(here)
            waiting += [b for b, block in enumerate(blocks) if here in block.next]
    return body


def loops_of(blocks):
    """In the order of their heads, each after the one that it is in."""
    live, bodies = reachable(blocks), {}
    for b in sorted(live):
        for head in (n for n in blocks[b].next if n <= b):
            bodies.setdefault(head, set()).update(body_of(blocks, head, b))
    return [Loop(head, bodies[head] & live) for head in sorted(bodies)]


def name_loops(kernel, loops):
    family = kernel if kernel in LOOPS else kernel.split("<")[0]
    names = LOOPS[family] * len(loops) if len(LOOPS[family]) == 1 else LOOPS[family]
    if len(names) != len(loops):
        raise ValueError(f"{kernel} has {len(loops)} loops, and gpu_sass.py knows {len(names)}: look at its code")
    for loop, (loop.name, loop.marker) in zip(loops, names):
        parents = [other for other in loops if other is not loop and loop.head in other.body]
        if parents:
            min(parents, key=lambda other: len(other.body)).children.append(loop)


# ---- the dearest way through ----

def count(instructions):
    counts = collections.Counter()
    for text in instructions:
        op = opcode(text)
        pipe = next((name for name, pattern in PIPES if re.match(pattern, op)), None)
        if not pipe:
            raise ValueError(f"{op}: of no pipe that gpu_sass.py knows")
        counts[pipe] += 1
        if pipe == "memory":
            counts["words"] += int((WORDS.search(op) or ["", "32"])[1]) // 32
    return counts


def issued(counts):
    return sum(number for name, number in counts.items() if name != "words")


class Region:
    """A loop's body, or a whole kernel, in which each inner loop is one place."""

    USUAL = 4  # trips of an inner loop, to choose a way by

    def __init__(self, blocks, members, head, children):
        self.blocks, self.head = blocks, head
        self.child = {b: child for child in children for b in child.body}
        self.inner = {id(child): Region(blocks, child.body, child.head, child.children) for child in children}
        self.members = members
        self.markers = [child.marker for child in children if child.marker]
        self.ways = self.find_ways()

    def place(self, block):
        return self.child.get(block, block)

    def exits(self, place):
        """Blocks of the region that follow a place, but for its head."""
        sources = place.body if isinstance(place, Loop) else {place}
        targets = {n for b in sources for n in self.blocks[b].next} - sources
        return [self.place(n) for n in targets if n in self.members and n != self.head]

    def counts(self, place):
        """Of a block; nothing of one that does the trips left over from an unrolled loop."""
        instructions = self.blocks[place].instructions
        left_over = any(re.match(marker + r"\b", opcode(text)) for marker in self.markers for text in instructions)
        return collections.Counter() if left_over else count(instructions)

    def weight(self, place):
        if isinstance(place, Loop):
            return self.USUAL * issued(self.inner[id(place)].trip()[0])
        return issued(self.counts(place))

    def order(self):
        """Places, each before those that follow it."""
        done, result = set(), []

        def visit(place):
            if id(place) in done:
                return
            done.add(id(place))
            for after in self.exits(place):
                visit(after)
            result.insert(0, place)

        visit(self.place(self.head))
        return result

    def find_ways(self):
        """{block or id of loop: (weight, places)} of the dearest way to the end of each place."""
        key = lambda place: id(place) if isinstance(place, Loop) else place
        order = self.order()
        ways = {key(order[0]): (self.weight(order[0]), [order[0]])}
        for place in order:
            weight, way = ways[key(place)]
            for after in self.exits(place):
                total = weight + self.weight(after)
                if total > ways.get(key(after), (-1,))[0]:
                    ways[key(after)] = (total, way + [after])
        return ways

    def dearest(self, ends):
        """(counts, inner loops) of the dearest way to the end of one of these blocks."""
        keys = {id(self.child[b]) if b in self.child else b for b in ends}
        way = max((self.ways[k] for k in keys if k in self.ways), key=lambda w: w[0])[1]
        counts = sum((self.counts(place) for place in way if not isinstance(place, Loop)), collections.Counter())
        return counts, [place for place in way if isinstance(place, Loop)]

    def trip(self):
        return self.dearest({b for b in self.members if self.head in self.blocks[b].next})

    def last_trip(self):
        return self.dearest({min(b for b in self.members if set(self.blocks[b].next) - self.members)})

    def whole(self):
        return self.dearest({b for b in self.members if self.blocks[b].returns})


def unrolled(loop, blocks):
    if not loop.marker:
        return 1
    found = sum(bool(re.match(loop.marker + r"\b", opcode(text))) for b in loop.body for text in blocks[b].instructions)
    if not found:
        raise ValueError(f"the loop {loop.name} lacks its marker {loop.marker}")
    return found


def add_loops(rows, region, loops, within):
    for loop in loops:
        inner = region.inner[id(loop)]
        trip, inside = inner.trip()
        rows.append({"name": loop.name, "within": within, "unrolled": unrolled(loop, region.blocks),
                     "trip": plain(trip), "last": plain(inner.last_trip()[0])})
        add_loops(rows, inner, inside, len(rows) - 1)


def plain(counts):
    return {name: counts[name] for name in FIELDS if counts[name]}


def analyse(kernel, lines):
    blocks = blocks_of(lines)
    loops = loops_of(blocks)
    name_loops(kernel, loops)
    outer = [loop for loop in loops if not any(loop is child for other in loops for child in other.children)]
    region = Region(blocks, reachable(blocks), 0, outer)
    counts, inside = region.whole()
    rows = []
    add_loops(rows, region, inside, None)
    return {"once": plain(counts), "loops": rows}


# ---- compiling ----

def load_budget():
    """scripts/kernel_budget, which knows how kernels are compiled and what they are called."""
    path = str(ROOT / "scripts/kernel_budget")
    loader = importlib.machinery.SourceFileLoader("kernel_budget", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("kernel_budget", loader))
    loader.exec_module(module)
    return module


def kernels_of(budget, nvcc, nvdisasm, source):
    with tempfile.TemporaryDirectory() as folder:
        budget.compile_one(nvcc, source, ARCHITECTURE, folder)
        cubin = pathlib.Path(folder) / f"{source.stem}.{ARCHITECTURE}.cubin"
        listing = subprocess.run([nvdisasm, "-c", cubin], capture_output=True, text=True, check=True).stdout
    found = {}
    for mangled, lines in sections(listing):
        name = budget.readable(mangled)
        if name in LOOPS or name.split("<")[0] in LOOPS:
            found[name] = analyse(name, lines)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nvdisasm", default=shutil.which("nvdisasm"))
    parser.add_argument("--nvcc", default=shutil.which("nvcc") or shutil.which("/usr/local/cuda/bin/nvcc"))
    parser.add_argument("--out", type=pathlib.Path, default=TABLE)
    arguments = parser.parse_args()
    if not arguments.nvcc or not arguments.nvdisasm:
        print("skipped: nvcc or nvdisasm is not here")
        return SKIPPED
    budget = load_budget()
    sources = sorted((ROOT / "kernels/cuda").glob("*.cu"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(kernels_of, budget, arguments.nvcc, arguments.nvdisasm, source) for source in sources]
        kernels = {name: row for job in jobs for name, row in job.result().items()}
    lines = [f'  {json.dumps(name)}: {json.dumps(kernels[name])}' for name in sorted(kernels)]
    head = f'{{"architecture": "{ARCHITECTURE}", "nvcc": "{budget.release(arguments.nvcc)}", "kernels": {{\n'
    arguments.out.write_text(head + ",\n".join(lines) + "\n}}\n", encoding="utf-8")
    print(f"{len(kernels)} kernels: {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main())
