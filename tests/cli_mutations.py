#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: full fuzz-regress
# labels: slow fuzz-regress UMBRA_FUZZ_COUNT=20000
"""The program on mutated files: every command of cli_targets.py, with one of its files changed. It ends by itself, with
the status of a success or a failure; a failure has a text and leaves nothing (but weights that are not what a plan
promises: that is the last thing to be found, and reported). Mutation i depends on the files and on i
alone: `cli_mutations.py COUNT FIRST` repeats those from FIRST on."""
import hashlib
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cli_targets import JOBS, listing, make_files, marked, plain, umbra

LEAVE_OUT = ("bootstrap", "bench")  # they work for long on parameters, which others read, too
MAGIC = b"\xd5UMBRA"
CHECKSUM_AT, HEADER, HEAD, CHECKSUM = 80, 112, 16, 32  # of containers: docs/file-format.md
IN_PIECES, PIECE = 3, 2 ** 22  # the version whose checksums are over pieces, and their bytes
WORDS = (0, 1, 2, 7, 2 ** 16, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1)
TEXTS = (b"", b"0", b"-1", b"1e999", b"nan", b'"', b"\n", b",", b"{", b"}", b"[", b"]", b"\0", b"\xff", b"null",
         b"9" * 400, b"\x1b[2J")


# ---- containers: words are changed, sections removed and repeated, sums made right ----

def cut(data):
    """Header and sections, without sums."""
    sections, at = [], HEADER
    while at + HEAD <= len(data):
        end = at + HEAD + int.from_bytes(data[at + 8:at + HEAD], "little")
        sections.append(bytearray(data[at:end]))
        at = end + CHECKSUM
    return bytearray(data[:CHECKSUM_AT]), sections


def checksum(version, key, section):
    """Of a section with its head."""
    if version == IN_PIECES:
        pieces = (section[at:at + PIECE] for at in range(HEAD, len(section), PIECE))
        section = section[:HEAD] + b"".join(hashlib.blake2b(p, digest_size=CHECKSUM).digest() for p in pieces)
    return hashlib.blake2b(section, digest_size=CHECKSUM, key=key).digest()


def join(header, sections):
    """The bytes with sums, lengths and numbers that fit; lengths of sections stay as they were made."""
    size = HEADER + sum(len(s) + CHECKSUM for s in sections)
    struct.pack_into("<IQ", header, 20, len(sections), size)
    key = hashlib.blake2b(header, digest_size=CHECKSUM).digest()
    version, = struct.unpack_from("<I", header, 8)
    data = bytes(header) + key
    for number, section in enumerate(sections):
        struct.pack_into("<I", section, 4, number)
        data += section + checksum(version, key, section)
    return data


def change_word(chance, part, first):
    """One of the first hundred bytes as often as any other."""
    if len(part) < first + 4:
        return
    last = len(part) - 4 if chance.random() < 0.5 else min(len(part) - 4, first + 96)
    at = chance.randrange(first, last + 1) & ~3
    old, = struct.unpack_from("<I", part, at)
    new = chance.choice((*WORDS, old + 1, old - 1, old ^ 1 << chance.randrange(32))) % 2 ** 32
    struct.pack_into("<I", part, at, new)


def mutate_container(chance, data):
    header, sections = cut(data)
    for _ in range(chance.randint(1, 3)):
        which = chance.randrange(len(sections)) if sections else None
        action = chance.randrange(8)
        if action == 0 or which is None:
            change_word(chance, header, 8)
        elif action == 1:
            del sections[which]
        elif action == 2:
            sections.insert(which, bytearray(chance.choice(sections)))
        else:
            change_word(chance, sections[which], HEAD if action > 3 else 0)
    return join(header, sections)


# ---- other files: bytes and words of text ----

def mutate_bytes(chance, data):
    data = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        at, length = chance.randrange(len(data) + 1), chance.choice((0, 1, 1, 2, 8))
        action = chance.randrange(4)
        if action == 0 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        elif action == 1:
            data[at:] = b""
        elif action == 2:
            data[at:at + length] = chance.choice(TEXTS)
        else:
            data[at:at + length] = data[chance.randrange(len(data) + 1):][:length]
    return bytes(data)


def mutate(chance, data):
    whole = len(data) >= HEADER and data.startswith(MAGIC) and chance.randrange(8)
    return mutate_container(chance, data) if whole else mutate_bytes(chance, data)


# ---- commands ----

def inputs(job):
    """The files that it reads: of folders, each."""
    for _, kind, path in marked(job):
        if kind == "IN":
            yield pathlib.Path(path)
        elif kind == "DIR":
            yield from (file for file in sorted(pathlib.Path(path).iterdir()) if file.is_file())


def fault(job, before):
    """What is wrong with how it ends, or None; what it made is removed."""
    try:
        run = umbra(plain(job))
    except subprocess.TimeoutExpired:
        return "does not end"
    except UnicodeDecodeError:
        return "says what is not text"
    made = set(listing()) - set(before)
    remove(made)
    if run.returncode not in (0, 1, 2):
        return f"ends with {run.returncode}: {run.stderr}"
    if run.returncode and not run.stderr.startswith(f"umbra {job[0]}: "):
        return f"fails without its text: {run.stderr}"
    if any(ord(sign) < 32 and sign not in "\n\t\r" for sign in run.stderr):
        return f"writes signs that control a terminal: {run.stderr!r}"
    if run.returncode and made and "the plan promises an error of" not in run.stderr:
        return f"fails and leaves {made}"
    return None


def remove(names):
    for name in names:
        if os.path.isdir(name):
            shutil.rmtree(name)
        elif os.path.lexists(name):
            os.remove(name)
    if os.path.exists("t.json"):
        os.remove("t.json")


def try_mutation(number, jobs, before):
    """A failure's description, or None."""
    chance = random.Random(number)
    job = chance.choice(jobs)
    file = chance.choice(list(inputs(job)))
    right = file.read_bytes()
    file.write_bytes(mutate(chance, right))
    wrong = fault(job, before)
    file.write_bytes(right)
    return wrong and f"mutation {number}, {file} in {' '.join(plain(job))}: {wrong}"


def main():
    count = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("UMBRA_FUZZ_COUNT", "300"))
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    folder = tempfile.mkdtemp(prefix="umbra-mutations-")
    os.chdir(folder)
    try:
        make_files()
        jobs = [job for job in JOBS if job[0] not in LEAVE_OUT and list(inputs(job))]
        before = listing()
        wrong = [what for number in range(first, first + count) if (what := try_mutation(number, jobs, before))]
    finally:
        os.chdir("/")
        shutil.rmtree(folder)
    for what in wrong:
        print(what)
    print(count, "mutations,", len(wrong), "of them wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
