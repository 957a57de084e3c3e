#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: full
"""Python's multiprocessing by fork, on the shared library by ctypes: after a product in the parent, child and parent make
one each, 20 times, with one thread and with two. Both get the bits of the first.
"""
import ctypes
import hashlib
import multiprocessing
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIBRARY = pathlib.Path(os.environ.get("UMBRA_BUILD_DIR", ROOT / "build/ci")) / "libumbra.so"
RUNS = 20
INSECURE_FOR_TESTS = 1

library = ctypes.CDLL(str(LIBRARY))
library.umbra_last_error.restype = ctypes.c_char_p


class Need(ctypes.Structure):
    """The beginning of umbra_params_need."""

    _fields_ = [("struct_size", ctypes.c_size_t)] + [
        (name, ctypes.c_uint32) for name in ("depth", "scale_bits", "min_slots", "security", "log_n", "flags")]


class ContextDesc(ctypes.Structure):
    """The beginning of umbra_context_desc."""

    _fields_ = [("struct_size", ctypes.c_size_t), ("params", ctypes.c_void_p), ("preset", ctypes.c_char_p),
                ("device", ctypes.c_char_p), ("secrets_on_device", ctypes.c_int), ("bulk_decode", ctypes.c_int),
                ("threads", ctypes.c_uint32)]


def call(name, *arguments):
    """Ends the program with the library's text if the status is not OK."""
    if getattr(library, "umbra_" + name)(*arguments):
        sys.exit(f"{name}: {library.umbra_last_error().decode()}")


def made(name, *arguments):
    """The handle that a call makes."""
    handle = ctypes.c_void_p()
    call(name, ctypes.byref(handle), *arguments)
    return handle


def initialised(struct, name):
    """A struct with its defaults."""
    getattr(library, f"umbra_{name}_init")(ctypes.byref(struct), ctypes.c_size_t(ctypes.sizeof(struct)))
    return struct


class Task:
    """A context with keys and a ciphertext."""

    def __init__(self, threads):
        need, desc = initialised(Need(), "params_need"), initialised(ContextDesc(), "context_desc")
        need.depth, need.log_n, need.flags = 1, 12, INSECURE_FOR_TESTS
        desc.params, desc.threads = made("params_from_need", ctypes.byref(need)), threads
        self.context = made("context_create", ctypes.byref(desc))
        secret = made("secret_key_generate", self.context)
        public = made("public_key_generate", secret)
        needs = made("key_needs_create", ctypes.c_void_p(desc.params))
        call("key_needs_relinearization", needs, ctypes.c_uint32(need.depth))
        self.keys = made("eval_keys_generate", secret, needs, None)
        self.x = made("encode_encrypt", public, (ctypes.c_double * 1)(0.5), ctypes.c_size_t(1))

    def product(self):
        """The digest of x * x."""
        size, y = ctypes.c_size_t(), ctypes.c_void_p()
        evaluator = made("evaluator_create", self.context, self.keys)
        call("square", evaluator, ctypes.byref(y), self.x)
        call("ciphertext_write", y, None, ctypes.byref(size), None)
        written = ctypes.create_string_buffer(size.value)
        call("ciphertext_write", y, written, ctypes.byref(size), None)
        library.umbra_ciphertext_destroy(y)
        library.umbra_evaluator_destroy(evaluator)
        return hashlib.sha256(written.raw).hexdigest()


def in_child(task, answer):
    """What a child does."""
    answer.send(task.product())


def run(task, expected):
    """Whether child and parent, at the same time, are right."""
    fork = multiprocessing.get_context("fork")
    question, answer = fork.Pipe(duplex=False)
    child = fork.Process(target=in_child, args=(task, answer))
    child.start()
    answer.close()
    right = task.product() == expected
    try:
        right = question.recv() == expected and right
    except EOFError:
        right = False
    child.join()
    return right and child.exitcode == 0


def main():
    """1 if any run is wrong."""
    wrong = 0
    for threads in (1, 2):
        task = Task(threads)
        expected = task.product()
        wrong += sum(not run(task, expected) for _ in range(RUNS))
    print(f"{2 * RUNS - wrong} of {2 * RUNS} forks were right")
    return wrong != 0


sys.exit(main())
