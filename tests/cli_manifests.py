#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: quick
"""Signed manifests: what umbra sign writes, byte by byte as docs/file-format.md has it, its signature by RFC 8032's own
formulas; manifests that a hostile signer makes; and commands that are told whom to trust."""
import hashlib
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "models"))
import ed25519
from chain import PROGRAM
from onnx_file import Model, Node, Tensor, npy

HEADER, HEAD, CHECKSUM, SIGNED = 112, 16, 32, 80
MANIFEST, MANIFEST_SECTION, LIST, SIGNATURE = 16, 35, 36, 37
faults = []


def expect(what, truth):
    if not truth:
        faults.append(what)


def umbra(command):
    return subprocess.run([PROGRAM, *command.split()], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL)


def succeeds(command):
    run = umbra(command)
    if run.returncode:
        raise AssertionError(f"umbra {command}: {run.stderr.strip()}")
    return run.stdout


def fails(command, words):
    run = umbra(command)
    expect(f"umbra {command}: 1 and \"{words}\", not {run.returncode}: {run.stderr}",
           run.returncode == 1 and words in run.stderr)


# ---- containers ----

def blake(*parts, key=b""):
    return hashlib.blake2b(b"".join(parts), digest_size=32, key=key).digest()


def sections(container):
    at, found = HEADER, []
    while at < len(container):
        kind, index, length = struct.unpack_from("<IIQ", container, at)
        expect("sections are numbered", index == len(found))
        found.append((kind, container[at + HEAD:at + HEAD + length]))
        at += HEAD + length + CHECKSUM
    return found


def container(owner, parts):
    """A manifest with right lengths and checksums."""
    size = HEADER + sum(HEAD + len(payload) + CHECKSUM for _, payload in parts)
    start = struct.pack("<8sIIIIQ32s16s", b"\xd5UMBRA\r\n", 1, MANIFEST, 0, len(parts), size, bytes(32), owner)
    checksum = blake(start)
    body = b""
    for index, (kind, payload) in enumerate(parts):
        section = struct.pack("<IIQ", kind, index, len(payload)) + payload
        body += section + blake(section, key=checksum)
    return start + checksum + body


def entry(name, contents, kind=0):
    return struct.pack("<QII32s", len(contents), kind, len(name), blake(contents)) + name


def signed(seed, entries, count=None, owner=bytes(16), version=1):
    """What the holder of that seed signs."""
    files = b"".join(entries)
    whole = struct.pack("<QQII32s", 1700000000, len(files), len(entries) if count is None else count, version,
                        ed25519.public_key(seed))
    parts = [(MANIFEST_SECTION, whole), (LIST, files), (SIGNATURE, bytes(64))]
    message = container(owner, parts)[:SIGNED] + whole + files
    return container(owner, parts[:2] + [(SIGNATURE, ed25519.sign(seed, message))])


# ---- what is written ----

def oracle_is_right():
    """RFC 8032, section 7.1, test 2."""
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = ed25519.sign(seed, b"\x72")
    expect("the oracle's key", ed25519.public_key(seed) == public)
    expect("the oracle's signature", signature.hex().startswith("92a009a9f0d4cab8720e820b5f642540"))
    expect("the oracle verifies", ed25519.verify(public, b"\x72", signature))
    expect("the oracle refuses", not ed25519.verify(public, b"\x73", signature))


def seed_of(path):
    """Of a signing key without a passphrase: the last section."""
    return sections(pathlib.Path(path).read_bytes())[-1][1]


def manifests_are_as_documented(seed):
    succeeds("sign keys --secret secret/signing.umbra")
    made = pathlib.Path("keys/manifest.umbra").read_bytes()
    parts = dict(sections(made))
    expect("its sections", [kind for kind, _ in sections(made)] == [MANIFEST_SECTION, LIST, SIGNATURE])
    names = sorted(os.listdir("keys"))
    names.remove("manifest.umbra")
    kinds = {"eval.umbra": 4, "params.umbra": 1, "public.umbra": 3}
    files = b"".join(entry(name.encode(), pathlib.Path("keys", name).read_bytes(), kinds[name]) for name in names)
    expect("the list", parts[LIST] == files)
    _, length, count, version, key = struct.unpack("<QQII32s", parts[MANIFEST_SECTION])
    expect("the whole", (length, count, version, key) == (len(files), 3, 1, ed25519.public_key(seed)))
    expect("the owner", made[64:80] == pathlib.Path("keys/public.umbra").read_bytes()[64:80])
    message = made[:SIGNED] + parts[MANIFEST_SECTION] + files
    expect("the signature", ed25519.verify(key, message, parts[SIGNATURE]))
    expect("all bytes", made == container(made[64:80], list(parts.items())))
    facts = json.loads(succeeds("inspect keys/manifest.umbra --json"))
    expect("inspection", [file["name"] for file in facts["files"]] == names and facts["signer"] == key.hex())
    told = json.loads(succeeds("verify keys --signer signer/signer.umbra --json"))
    expect("verification", told["files"] == 3 and told["signer"] == key.hex() and told["owner"] == made[64:80].hex())


# ---- what a hostile signer signs ----

def hostile_manifests_are_refused(seed):
    os.mkdir("bundle")
    a, b = pathlib.Path("bundle/a"), pathlib.Path("bundle/b")
    a.write_bytes(b"first\n")
    b.write_bytes(b"second\n")
    right = [entry(b"a", a.read_bytes()), entry(b"b", b.read_bytes())]
    manifest = pathlib.Path("bundle/manifest.umbra")
    verify = "verify bundle --signer signer/signer.umbra"
    manifest.write_bytes(signed(seed, right))
    succeeds(verify)  # so that what follows is refused for its own faults
    pathlib.Path("outside").write_bytes(b"out\n")
    escapes = (b"../outside", b"/etc/passwd", b"./a", b"..", b".", b"", b"a/b", b"a\0b", b"a\nb", b"a" * 256, b"\x7f")
    for name in escapes:
        manifest.write_bytes(signed(seed, sorted([entry(name, b"out\n"), *right], key=lambda e: e[48:])))
        fails(verify, "malformed data")
        fails("inspect bundle/manifest.umbra", "malformed data")
    for what, entries, count in (("order", right[::-1], None), ("twice", [right[0], right[0], right[1]], None),
                                 ("too few", right, 3), ("too many", right, 1), ("none", [], None),
                                 ("cut", [right[0], right[1][:-1]], None), ("cut before a name", [right[0][:48]], None),
                                 ("endless", [right[0][:12] + b"\xff\xff\xff\xff" + right[0][16:]], None),
                                 ("lengths", [entry(b"0", b"")[:0] + struct.pack("<Q", 2**64 - 1) + right[0][8:],
                                              struct.pack("<Q", 2) + right[1][8:]], None)):
        manifest.write_bytes(signed(seed, entries, count))
        fails(verify, "malformed data")
        expect(f"{what}: nothing is shown", umbra("inspect bundle/manifest.umbra").stdout == "")
    manifest.write_bytes(signed(seed, right, version=2))
    fails(verify, "a manifest of version 2")
    manifest.write_bytes(signed(seed, [entry(b"a", b"first\n", 3), right[1]]))
    fails(verify, "another kind")
    manifest.write_bytes(signed(seed, [*right, entry(b"manifest.umbra", b"")]))
    fails(verify, "'manifest.umbra'")
    manifest.write_bytes(signed(bytes(32), right))
    fails(verify, "somebody else")
    changed = bytearray(signed(seed, right))
    parts = sections(bytes(changed))
    parts[0] = (parts[0][0], struct.pack("<Q", 1800000000) + parts[0][1][8:])  # a later date
    manifest.write_bytes(container(bytes(16), parts))
    fails(verify, "the signature is wrong")
    manifest.write_bytes(container(b"\1" * 16, sections(bytes(changed))))  # another owner
    fails(verify, "the signature is wrong")


# ---- keys that sign ----

def signing_keys_expire_and_retire():
    expect("mode 0600", os.stat("secret/signing.umbra").st_mode & 0o777 == 0o600)
    fails("keygen --signing --out signer --secret secret/signing.umbra --no-passphrase", "exists already")
    fails("keygen --signing --out keys --secret keys/signing.umbra --no-passphrase", "folder of public things")
    expect("usage", umbra("keygen --signing --preset n13-d2-s40 --out x --secret y").returncode == 2)
    succeeds("keygen --signing --out sealed --secret secret/sealed.umbra --passphrase-file secret/passphrase --expires 9")
    succeeds("sign outside --secret secret/sealed.umbra --passphrase-file secret/passphrase")
    succeeds("verify outside --signer sealed/signer.umbra")
    fails("verify outside --signer signer/signer.umbra", "somebody else")
    fails("sign secret --secret secret/sealed.umbra --passphrase-file secret/passphrase", "not to be given away")
    fails("sign outside --secret secret/sealed.umbra --passphrase-file outside", "wrong passphrase")
    fails("sign outside --secret keys/public.umbra", "'public key', not 'signing key'")
    fails("verify outside --signer keys/public.umbra", "'public key', not 'signer'")
    succeeds("retire --secret secret/sealed.umbra --keys sealed")
    fails("sign outside --secret secret/sealed.umbra --passphrase-file secret/passphrase", "was retired")
    fails("verify outside --signer sealed/signer.umbra", "was retired")


# ---- commands that are told whom to trust ----

def network():
    constants = {"w": Tensor([2, 1], [0.5, -0.25]), "b": Tensor([1], [0.125])}
    return Model([Node("Gemm", "x,w,b", "y")], constants, ["n", 2], "y").encode()


def inference_verifies_its_plan():
    pathlib.Path("model.onnx").write_bytes(network())
    pathlib.Path("samples.npy").write_bytes(npy([20, 2], [(i % 7 - 3) / 4 for i in range(40)]))
    pathlib.Path("x.npy").write_bytes(npy([2, 2], [0.5, -0.5, 0.25, 0]))
    succeeds("plan model.onnx --samples samples.npy --server server.umbra --client client.umbra")
    succeeds("keygen --plan client.umbra --out net --secret secret/net.umbra --no-passphrase")
    succeeds("encrypt x.npy --plan client.umbra --keys net --out batch.umbra")
    infer = "infer --plan server.umbra --keys net --in batch.umbra --out answer.umbra --verify signer/signer.umbra"
    fails(infer, "--plan: 'server.umbra' is not signed")
    succeeds("sign server.umbra --secret secret/signing.umbra")
    expect("the step is told", "verify" in succeeds(infer))
    os.remove("answer.umbra")
    plan = pathlib.Path("server.umbra").read_bytes()
    pathlib.Path("server.umbra").write_bytes(plan[:-1] + bytes([plan[-1] ^ 1]))
    fails(infer, "was altered")
    pathlib.Path("server.umbra").write_bytes(plan)
    fails(infer.replace("signer/signer", "net/params"), "and no key")
    expect("nothing is computed", not os.path.exists("answer.umbra"))
    expect("usage", umbra("infer --clear model.onnx --in x.npy --out y.npy --verify signer/signer.umbra").returncode == 2)


def trainings_verify_both_folders():
    """Of folders as they are: what is refused is refused before anything is loaded."""
    shutil.copytree("keys", "data")
    train = "train --keys keys --data data --out run --verify signer/signer.umbra"
    fails(train, "plan.umbra")  # both are as they were signed, and there is no plan
    pathlib.Path("data/more").write_bytes(b"")
    fails(train, "--data: 'more' of 'data' is not in the manifest")
    os.remove("data/more")
    os.remove("keys/public.umbra")
    fails(train, "--keys: 'public.umbra' of 'keys' is in the manifest but not there")
    expect("no folder is made", not os.path.exists("run"))


def main():
    folder = tempfile.mkdtemp(prefix="umbra-manifests-")
    os.chdir(folder)
    try:
        os.mkdir("secret", 0o700)
        pathlib.Path("secret/passphrase").write_text("correct horse\n", encoding="utf-8")
        succeeds("keygen --preset n12-d1-s25 --out keys --secret secret/key.umbra --no-passphrase")
        succeeds("keygen --signing --out signer --secret secret/signing.umbra --no-passphrase")
        seed = seed_of("secret/signing.umbra")
        oracle_is_right()
        manifests_are_as_documented(seed)
        hostile_manifests_are_refused(seed)
        signing_keys_expire_and_retire()
        inference_verifies_its_plan()
        trainings_verify_both_folders()
    finally:
        os.chdir("/")
        shutil.rmtree(folder)
    for fault in faults:
        print("not so:", fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
