#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: emu quick
"""The emulator runs the same source as the GPU: no file of kernels/cuda branches on which of the two it is.

  * no directive of the preprocessor names the emulator;
  * a block under #ifdef __CUDA_ARCH__ holds inline PTX or an intrinsic, and has an #else, the same in C;
  * inline PTX stands nowhere else;
  * kernels are launched by umbra_cuda_launch only, and have no shared memory but UMBRA_SHARED;
  * the first thing that a kernel does is umbra_cuda_begin: before it, the kernel ahead may still be at work.
cuda.cuh, which makes these, may declare the array of UMBRA_SHARED, and ask whether the GPU is an older one, or is not: the
emulator goes with the newest.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DIRECTIVE = re.compile(r"^\s*#\s*(\w+)(.*)")
PTX = re.compile(r"\basm\b|\b__asm__\b")
INTRINSIC = re.compile(r"\b__[a-z]\w+\(")
VERSION = re.compile(r"\s*(?:defined\(__CUDA_ARCH__\) && __CUDA_ARCH__ < \d+|"
                     r"!defined\(__CUDA_ARCH__\) \|\| __CUDA_ARCH__ >= \d+)\s*")
SHARED = re.compile(r"\s*extern __shared__ __align__\(16\) uint32_t umbra_shared\[\];\s*\\?\s*")
KERNEL = re.compile(r"\b__global__\b[^;{]*\{\s*(\w*)")


def without_comments(text):
    """The text with comments blanked, line by line the same."""
    blank = lambda match: re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"',
                  lambda match: match.group(0) if match.group(0)[0] == '"' else blank(match), text, flags=re.S)


def check(name, text):
    """Faults as (line, text)."""
    text = without_comments(text)
    faults = [(text.count("\n", 0, kernel.start(1)) + 1, "a kernel begins with umbra_cuda_begin")
              for kernel in KERNEL.finditer(text) if kernel[1] != "umbra_cuda_begin"]
    blocks = []  # of open conditionals: [line, is about __CUDA_ARCH__, has what only a GPU knows, has an #else]
    for number, line in enumerate(text.splitlines(), 1):
        directive = DIRECTIVE.match(line)
        if directive:
            word, rest = directive.groups()
            if word != "include" and re.search(r"EMU", rest):
                faults.append((number, "the preprocessor asks for the emulator"))
            if word in ("if", "ifdef", "ifndef"):
                device = "__CUDA_ARCH__" in rest and not (name == "cuda.cuh" and VERSION.fullmatch(rest))
                if device and (word == "ifndef" or re.search(r"[<>=!]", rest)):
                    faults.append((number, "__CUDA_ARCH__ may only be asked for with #ifdef or #if defined"))
                blocks.append([number, device, False, False])
            elif word in ("else", "elif") and blocks:
                blocks[-1][3] = True
            elif word == "endif" and blocks:
                first, device, special, other = blocks.pop()
                if device and not (special and other):
                    faults.append((first, "__CUDA_ARCH__ is for PTX or an intrinsic, with a C twin in #else"))
            continue
        if re.search(r"\bUMBRA_EMU_|\bumbra_emu_", line):
            faults.append((number, "a kernel knows of the emulator"))
        around = [block for block in blocks if block[1] and not block[3]]
        if around and (PTX.search(line) or INTRINSIC.search(line)):
            around[-1][2] = True
        elif PTX.search(line):
            faults.append((number, "inline PTX outside #ifdef __CUDA_ARCH__"))
        if "<<<" in line:
            faults.append((number, "kernels are launched by umbra_cuda_launch"))
        if re.search(r"\b__shared__\b", line) and not (name == "cuda.cuh" and SHARED.fullmatch(line)):
            faults.append((number, "shared memory is UMBRA_SHARED"))
    return faults


# text, number of faults
CASES = [
    ("/* UMBRA_EMU_X, __CUDA_ARCH__ */\nint a;\n", 0),
    ("#ifdef __CUDA_ARCH__\nasm(\"x\");\n#else\nint a;\n#endif\n", 0),
    ("#ifdef __CUDA_ARCH__\nreturn __viaddmin_u32(a, b, c);\n#else\nreturn min(a + b, c);\n#endif\n", 0),
    ("#if defined(__CUDA_ARCH__)\nasm(\"x\");\n#else\nint a;\n#endif\n", 0),
    ("#ifdef __CUDA_ARCH__\nasm(\"x\");\n#endif\n", 1),
    ("#ifdef __CUDA_ARCH__\nint b;\n#else\nint a;\n#endif\n", 1),
    ("#if __CUDA_ARCH__ >= 900\nasm(\"x\");\n#else\nint a;\n#endif\n", 1),
    ("asm(\"x\");\n", 1),
    ("#ifdef UMBRA_EMU\nint a;\n#endif\n", 1),
    ("  umbra_emu_barrier();\n", 1),
    ("k<<<1, 2>>>();\n", 1),
    ("__shared__ int x[3];\n", 1),
    ("__global__ void k(int a,\n int b) {\n  umbra_cuda_begin();\n  f();\n}\n", 0),
    ("__global__ void k(int a) {\n  /* umbra_cuda_begin(); */\n  f();\n  umbra_cuda_begin();\n}\n", 1),
    ("__global__ void k(int a) {}\n", 1),
    ("__global__ void k(int a);\n", 0),
]

# the same for cuda.cuh
OWN_CASES = [
    ("#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 900\nint b;\n#else\nint a;\n#endif\n", 0),
    ("#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900\nint a;\n#endif\n", 0),
    ("#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900\nint b;\n#else\nint a;\n#endif\n", 2),
    ("#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900\nasm(\"x\");\n#endif\n", 1),
    ("#ifdef __CUDA_ARCH__\nint b;\n#else\nint a;\n#endif\n", 1),
    ("  extern __shared__ __align__(16) uint32_t umbra_shared[]; \\\n", 0),
    ("__shared__ int x[3];\n", 1),
]


def main():
    cases = [("case.cu", *case) for case in CASES] + [("cuda.cuh", *case) for case in OWN_CASES]
    wrong = [text for name, text, count in cases if len(check(name, text)) != count]
    for text in wrong:
        print(f"self-test: judged wrongly:\n{text}")
    files = sorted(path for path in (ROOT / "kernels" / "cuda").glob("*") if path.suffix in (".cu", ".cuh", ".h"))
    faults = [(path, *fault) for path in files for fault in check(path.name, path.read_text())]
    for path, line, text in faults:
        print(f"{path.relative_to(ROOT)}:{line}: {text}")
    if not files:
        print("kernels/cuda holds nothing to check")
    if wrong or faults or not files:
        return 1
    print(f"OK: {len(files)} files are the same for GPU and emulator")
    return 0


sys.exit(main())
