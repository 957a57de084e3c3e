#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: full
"""Secret keys sealed by a token: through PKCS#11, with SoftHSM as the token. Skipped where that is not installed."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
PROGRAM = os.path.join(os.environ["UMBRA_BUILD_DIR"], "umbra")
MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so")
faults = []


def expect(what, truth):
    if not truth:
        faults.append(what)


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                          start_new_session=True)  # without a terminal to ask at


def umbra(command, store=None):
    return run(PROGRAM, *command.split(), *(["--store", store] if store else []))


def succeeds(command, store=None):
    done = umbra(command, store)
    if done.returncode:
        raise AssertionError(f"umbra {command}: {done.stderr.strip()}")
    return done.stdout


def fails(command, words, store=None, code=1):
    done = umbra(command, store)
    expect(f"umbra {command} --store {store}: {code} and \"{words}\", not {done.returncode}: {done.stderr}",
           done.returncode == code and words in done.stderr)


def make_token(label, *keys):
    """A token with AES keys of these labels. The keys are text: of others SoftHSM's utility spoils some."""
    made = [run("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", "1234", "--so-pin", "567890")]
    for i, key in enumerate(keys):
        pathlib.Path("aes").write_text(os.urandom(16).hex(), encoding="ascii")
        made.append(run("softhsm2-util", "--import", "aes", "--aes", "--token", label, "--pin", "1234", "--label", key,
                        "--id", f"{i + 1:02x}"))
    os.remove("aes")
    for done in made:
        if done.returncode:
            raise AssertionError(done.stdout + done.stderr)


def uri(module, token="umbra", key="wrapping%20key", pin="pin"):
    return f"pkcs11:token={token};object={key}?module-path={module}&pin-source=file:{pin}"


def seal_and_open(store):
    succeeds("keygen --preset n12-d1-s25 --out keys --secret secret/key.umbra", store)
    expect("mode 0600", os.stat("secret/key.umbra").st_mode & 0o777 == 0o600)
    expect("inspection", "sealed_by      a key store" in succeeds("inspect secret/key.umbra"))
    succeeds("encrypt --keys keys --records r.csv --out r.umbra")
    succeeds("decrypt --keys keys --secret secret/key.umbra --in r.umbra --out r.out.csv", store)
    values = [float(x) for x in pathlib.Path("r.out.csv").read_text(encoding="utf-8").split(",")]
    expect(f"the values, not {values}", abs(values[0] - 0.5) < 0.01 and abs(values[1] + 0.25) < 0.01)
    succeeds("encrypt --keys keys --secret secret/key.umbra --records r.csv --out r2.umbra", store)
    succeeds("keygen --signing --out signer --secret secret/signing.umbra", store)
    succeeds("sign r.umbra --secret secret/signing.umbra", store)
    succeeds("verify r.umbra --signer signer/signer.umbra")


def refuse(module, store):
    decrypt = "decrypt --keys keys --secret secret/key.umbra --in r.umbra --out x.csv"
    fails(decrypt, "sealed by a key store: --store URI opens it")
    fails(f"{decrypt} --passphrase-file pin", "sealed by a key store")
    fails(f"{decrypt} --passphrase-file pin", "exclude each other", store, 2)
    fails("keygen --preset n12-d1-s25 --out new --secret secret/new.umbra --no-passphrase", "exclude", store, 2)
    fails(decrypt, "did not seal that file", uri(module, key="other"))
    fails(decrypt, "did not seal that file", uri(module, token="second"))
    fails(decrypt, "the PIN is wrong", uri(module, pin="wrong"))
    fails(decrypt, "no AES key with the label none", uri(module, key="none"))
    fails(decrypt, "0 tokens have the label none", uri(module, token="none"))
    fails(decrypt, "more than one AES key", uri(module, token="second", key="twice"))
    fails(decrypt, "2 tokens are there", f"pkcs11:object=wrapping%20key?module-path={module}&pin-source=pin")
    fails(decrypt, "there is no terminal", f"pkcs11:token=umbra;object=other?module-path={module}")
    for bad in ("bad/pipe", "bad", "/dev/zero", "none.so", "r.csv"):
        fails(decrypt, bad, uri(bad))
        if bad != "r.csv":
            fails(decrypt, bad, uri(module, pin=bad))
    fails(decrypt, "is no PKCS#11 module", uri(find_library()))
    for text, words in (("softhsm", "is named as in"), ("pkcs11:object=a", "module-path are needed"),
                        (f"pkcs11:token=umbra?module-path={module}", "object and module-path are needed"),
                        (f"{store}&pin-value=1234", "can be seen by others"),
                        (f"{store}&slot-id=0", "\"slot-id\" is not known"),
                        (f"{store}&pin-source=pin", "comes twice"), ("pkcs11:object=%4", "has no value"),
                        ("pkcs11:object=%00", "has no value"), ("pkcs11:object=" + "a" * 300, "has no value"),
                        ("pkcs11:object", "has no value"), ("pkcs11:;", "is not known")):
        fails(decrypt, words, text)
    expect("nothing is written", not os.path.exists("x.csv"))
    sealed = "keygen --preset n12-d1-s25 --out plain --secret secret/plain.umbra --no-passphrase"
    succeeds(sealed)
    fails("decrypt --keys plain --secret secret/plain.umbra --in r.umbra --out x.csv", "another owner", store)
    fails("encrypt --keys plain --secret secret/plain.umbra --records r.csv --out x.umbra", "is not sealed", store)
    fails("keygen --preset n12-d1-s25 --out new --secret secret/new.umbra", "the PIN is wrong", uri(module, pin="wrong"))
    expect("no keys are left", not os.path.exists("new") and not os.path.exists("secret/new.umbra"))


def find_library():
    """A shared object that is no module."""
    return os.path.realpath(os.path.join(os.path.dirname(PROGRAM), "libumbra.so"))


def main():
    module = next((path for path in MODULES if os.path.exists(path)), None)
    if not module or not shutil.which("softhsm2-util"):
        print("skipped: SoftHSM is not installed")
        return SKIPPED
    folder = tempfile.mkdtemp(prefix="umbra-key-store-")
    os.chdir(folder)
    try:
        for name in ("tokens", "secret", "bad"):
            os.mkdir(name)
        os.mkfifo("bad/pipe")
        pathlib.Path("softhsm.conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n",
                                                encoding="utf-8")
        os.environ["SOFTHSM2_CONF"] = f"{folder}/softhsm.conf"
        for name, text in (("pin", "1234\n"), ("wrong", "4321\n"), ("r.csv", "0.5,-0.25\n")):
            pathlib.Path(name).write_text(text, encoding="utf-8")
        make_token("umbra", "wrapping key", "other")
        make_token("second", "wrapping key", "twice", "twice")
        seal_and_open(uri(module))
        refuse(module, uri(module))
    finally:
        os.chdir("/")
        shutil.rmtree(folder)
    for fault in faults:
        print("not so:", fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
