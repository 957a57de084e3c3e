#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: quick
"""A network from an ONNX file to an encrypted answer with the commands, in two folders, against the same network in the
clear; and what they refuse."""
import hashlib
import json
import math
import os
import pathlib
import random
import shutil
import stat
import sys
import tempfile
from xml.etree import ElementTree

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "models"))
from chain import Chain, distance, succeeds, umbra
from onnx_file import Model, Node, Tensor

INPUTS, HIDDEN, CLASSES, SAMPLES, RECORDS = 12, 8, 3, 200, 5
random.seed(3)
faults = []


def expect(what, truth):
    if not truth:
        faults.append(what)


def numbers(count, size=1.0):
    return [size * random.uniform(-1, 1) for _ in range(count)]


def network(*closing, classes=CLASSES, first=None):
    """Two layers with a ReLU between; closing steps begin with z. first: the weights of the first layer."""
    first = first or numbers(INPUTS * HIDDEN, 0.5)
    constants = {"w": Tensor([INPUTS, HIDDEN], first), "b": Tensor([HIDDEN], numbers(HIDDEN)),
                 "v": Tensor([HIDDEN, classes], numbers(HIDDEN * classes)), "c": Tensor([classes], numbers(classes))}
    nodes = [Node("Gemm", "x,w,b", "h"), Node("Relu", "h", "r"), Node("Gemm", "r,v,c", "z")]
    return Model([*nodes, *closing], constants, ["n", INPUTS], "y" if closing else "z").encode()


def open_chain(folder, model):
    chain = Chain(folder)
    (chain.owner / "model.onnx").write_bytes(model)
    chain.write("samples.npy", [SAMPLES, INPUTS], numbers(SAMPLES * INPUTS))
    chain.write("x.npy", [RECORDS, INPUTS], numbers(RECORDS * INPUTS))
    return chain


def check_plan(chain, plan):
    """Facts of the plan are those of the files."""
    kept = succeeds(chain.owner, "inspect", "client.umbra")["plan"]
    expect("the client's bundle has the plan's facts", all(kept[k] == plan[k] for k in kept if k != "explanation"))
    keys = succeeds(chain.owner, "inspect", "keys/eval.umbra", "--keys", "keys")
    expect("exactly the plan's keys", (len(keys["keys"]), keys["key_bytes"]) == (plan["keys"], plan["key_bytes"]))
    text = (chain.owner / "client.umbra").stat().st_size
    expect("the client's bundle has no weights", text + 8 * INPUTS * HIDDEN < (
        chain.owner / "server.umbra").stat().st_size)


def check_layers(chain):
    """The layers of a plan, and the drawing of them."""
    report = succeeds(chain.owner, "plan", "model.onnx", "--samples", "samples.npy", "--degree", 7, "--explain", "--svg",
                      "plan.svg", "--machine", "h200", "--price", 3.5)
    layers, total = report["layers"], report["predictions"][1]["seconds"]
    expect("three layers", [(layer["what"], layer["elements"]) for layer in layers] == [
        ("linear", HIDDEN), ("chebyshev", HIDDEN), ("linear", CLASSES)])
    expect("their levels", [(layer["level"], layer["result_level"]) for layer in layers] == [(5, 4), (4, 1), (1, 0)])
    expect("their seconds are those of the plan", abs(sum(layer["seconds"] for layer in layers) - total) < 1e-9 * total)
    expect("a bill for them", abs(report["bill"]["price_per_record"] - 3.5 * total / 3600) < 1e-9 * total)
    tags = list(ElementTree.parse(chain.owner / "plan.svg").iter())
    count = {name: sum(tag.tag.endswith("}" + name) for tag in tags) for name in ("circle", "rect", "title", "script")}
    expect("a mark, a bar and a text for each", count == {"circle": 3, "rect": 4, "title": 3, "script": 0})


def check_links(chain, digests, lines):
    """Each of the one before and of the layer; whoever computes the layers once more finds the first that is another."""
    link = bytes(32)
    for digest in digests:
        link = hashlib.blake2b(link + bytes.fromhex(digest["digest"]), digest_size=32).digest()
        expect(f"link of layer {digest['layer']}", digest["link"] == link.hex())
    audited = chain.infer("--audit", "digests.json", "--device", "ref")
    expect("an audit", audited["link"] == link.hex() and "came out the same" in audited["audit"])
    other = "0" if digests[1]["digest"][0] != "0" else "1"
    for words, told in (
            (f"line 2: layer {digests[1]['layer']}, {digests[1]['what']}, came out differently",
             [lines[0], lines[1].replace('"digest":"' + digests[1]["digest"][0], '"digest":"' + other), *lines[2:]]),
            ("its link does not follow", [lines[0].replace(digests[0]["link"], "0" * 64), *lines[1:]]),
            ("the digest of layer 1", [*lines[1:]]), ("layers are missing", lines[:-1]),
            ("more layers than were computed", [*lines, lines[-1]]), ("it is no JSON object", ["[]", *lines[1:]]),
            ("there is no digest with its link", [lines[0].replace('"link"', '"links"'), *lines[1:]])):
        (chain.server / "told.json").write_text("\n".join(told) + "\n")
        refused(chain.server, 1, words, "infer", "--plan", "server.umbra", "--keys", "keys", "--in", "batch.umbra", "--out",
                "again.umbra", "--audit", "told.json")
        expect("no answer", not (chain.server / "again.umbra").exists())


def check_digests(chain, report):
    """In the report and the file; the same when the same is computed again, by another backend."""
    digests = report["digests"]
    lines = (chain.server / "digests.json").read_text().splitlines()
    expect("a line for each", [json.loads(line) for line in lines] == digests)
    expect("digests of all layers", [(d["layer"], d["what"], d["level"]) for d in digests] == [
        (1, "linear", 4), (2, "activation", 1), (3, "linear", 0)])
    expect("of 32 bytes", all(len(bytes.fromhex(d["digest"])) == 32 for d in digests))
    again = chain.infer("--digests", "digests.json", "--device", "ref", "--threads", "1", "--repeat", "2")
    expect("the same again", again["digests"] == digests)
    expect("only if wanted", "digests" not in chain.infer())
    check_links(chain, digests, lines)


def labels_of(values):
    return [max(range(CLASSES), key=lambda k: values[i * CLASSES + k]) for i in range(RECORDS)]


def whole_chain(folder):
    """One plan of each kind, and each kind of answer."""
    chain = open_chain(folder, network(Node("Softmax", "z", "y", axis=1)))
    plan = chain.plan("model.onnx", "--degree", 7, "--records", RECORDS, "--explain", "--machine", "h200")
    expect("an explanation", "chebyshev" in plan["explanation"])
    check_layers(chain)
    made = chain.keygen()
    expect("as many keys as planned", made["evaluation_keys"] == plan["keys"])
    check_plan(chain, plan)
    encrypted = chain.encrypt("--keys", "keys")
    expect("all records", encrypted["records"] == RECORDS)
    expect("memory in every report", encrypted["peak_bytes"] > 2**20)
    report = chain.infer("--digests", "digests.json")
    expect("a time for each layer", [layer["layer"] for layer in report["layers"]] == [1, 2, 3] and
           all(layer["seconds"] > 0 for layer in report["layers"]))
    check_digests(chain, report)
    expect("levels go down", plan["levels"] == report["layers"][0]["level"] > report["layers"][2]["level"])
    for name in ("y.npy", "y.csv", "y.json"):
        chain.decrypt(name)
    chain.decrypt("z.npy", "--values")
    chain.clear("model.onnx", "clear.npy", "--calibrate", "samples.npy", "--degree", 7)
    chain.clear("model.onnx", "exact.npy")
    check_answers(chain, plan)
    check_published(chain)


def check_published(chain):
    """Answers that others may see: near the owner's, and counted once."""
    publish = ("--values", "--publish", "--releases", 50, "--statistical", 1, "--least-bits", 1)
    refused(chain.owner, 1, "with --new-journal one begins", "decrypt", "--plan", "client.umbra", "--secret",
            "secret/key.umbra", "--in", "answer.umbra", "--out", "p.npy", *publish)
    told = chain.decrypt("p.npy", *publish, "--new-journal")
    owned, shown = chain.read("z.npy")[1], chain.read("p.npy")[1]
    expect("published values have the noise that is stated", 0 < distance(owned, shown) < 8 * told["noise"])
    expect("and are multiples of their step", told["bits"] >= 1 and told["step"] <= told["noise"])
    again = chain.decrypt("q.npy", *publish)
    expect("the same again", chain.read("q.npy")[1] == shown and "shown_again" in again)
    lines = (chain.owner / "secret/key.umbra.releases").read_text().splitlines()
    expect("one line for it", len(lines) == 2 and lines[1].endswith(f" 50 {told['released_ciphertexts']}"))


def check_answers(chain, plan):
    shape, values = chain.read("y.npy")
    _, wanted = chain.read("clear.npy")
    expect("probabilities are those of the polynomial network", shape == [RECORDS, CLASSES] and
           0 < distance(values, wanted) <= 2 * plan["error"])
    expect("and near the exact ones", distance(values, chain.read("exact.npy")[1]) < 0.1)
    listed = json.loads((chain.owner / "y.json").read_text())
    table = [[float(v) for v in row.split(",")] for row in (chain.owner / "y.csv").read_text().split()]
    flat = [values[i * CLASSES:(i + 1) * CLASSES] for i in range(RECORDS)]
    expect("JSON and CSV have the same", distance(sum(listed, []), values) < 1e-14 and table == flat)
    logits = chain.read("z.npy")[1]
    expect("logits come before the softmax", labels_of(logits) == labels_of(values) and
           abs(sum(logits[:CLASSES]) - 1) > 1e-3)
    sums = [sum(math.exp(v) for v in logits[i * CLASSES:(i + 1) * CLASSES]) for i in range(RECORDS)]
    ratios = [math.exp(logits[i * CLASSES]) / sums[i] for i in range(RECORDS)]
    expect("which follows from them", distance(ratios, values[::CLASSES]) < 1e-12)
    for name in ("y.npy", "y.json"):
        expect(f"{name} is the owner's", stat.S_IMODE((chain.owner / name).stat().st_mode) == 0o600)


def labels_with_the_secret_key(folder):
    """A label for each record; encrypted with the secret key, without public keys."""
    chain = open_chain(folder, network(Node("ArgMax", "z", "y", axis=1, keepdims=0)))
    chain.plan("model.onnx", "--degree", 2, "--records", 2000, "--symmetric")
    chain.keygen()
    expect("no public key", not (chain.owner / "keys/public.umbra").exists())
    refused(chain.owner, 1, "--secret FILE is missing", "encrypt", "x.npy", "--plan", "client.umbra", "--keys", "keys",
            "--out", "batch.umbra")
    chain.encrypt("--secret", "secret/key.umbra")
    report = chain.infer("--repeat", "3")
    expect("three rounds, and the layers of one", (len(report["rounds"]), len(report["layers"])) == (3, 3))
    expect("seconds of each", all(one["seconds"] > 0 < one["processor_seconds"] for one in report["rounds"]))
    chain.decrypt("y.npy")
    chain.decrypt("y.json")
    chain.decrypt("z.npy", "--values")
    shape, labels = chain.read("y.npy")
    expect("labels follow from the logits", shape == [RECORDS] and labels == labels_of(chain.read("z.npy")[1]))
    expect("labels as JSON", json.loads((chain.owner / "y.json").read_text()) == labels)


def encrypted_weights(folder):
    """A server with the client's bundle and weights that it cannot read."""
    chain = open_chain(folder, network())
    plan = chain.plan("model.onnx", "--degree", 3, "--records", RECORDS, "--encrypted-weights")
    expect("the plan says so", plan["encrypted_weights"] and "encrypted weights" in succeeds(
        chain.owner, "inspect", "client.umbra")["plan"]["explanation"])
    expect("relinearisation is among the keys", chain.keygen()["evaluation_keys"] == plan["keys"] > 0)
    chain.encrypt("--keys", "keys")
    made = succeeds(chain.owner, "encrypt", "--weights", "--plan", "server.umbra", "--keys", "keys", "--out", "w.umbra")
    expect("as many bytes as planned", made["weight_bytes"] == plan["weight_bytes"])
    small = succeeds(chain.owner, "encrypt", "--weights", "--plan", "server.umbra", "--secret", "secret/key.umbra",
                     "--out", "v.umbra")
    size = {name: (chain.owner / name).stat().st_size for name in ("v.umbra", "w.umbra")}
    expect("half as large by the secret key", small["weight_bytes"] == made["weight_bytes"] and
           size["v.umbra"] < 0.6 * size["w.umbra"])
    for name in ("client.umbra", "batch.umbra", "w.umbra", "v.umbra", "keys/eval.umbra"):
        shutil.copy(chain.owner / name, chain.server / name)
    infer = ["infer", "--plan", "client.umbra", "--keys", "keys", "--in", "batch.umbra", "--out"]
    chain.clear("model.onnx", "clear.npy", "--calibrate", "samples.npy", "--degree", 3)
    wanted = chain.read("clear.npy")[1]
    for name in ("w.umbra", "v.umbra"):
        succeeds(chain.server, *infer, "answer.umbra", "--weights", name)
        shutil.copy(chain.server / "answer.umbra", chain.owner)
        chain.decrypt("y.npy")
        expect(f"answers by {name}", 0 < distance(chain.read("y.npy")[1], wanted) <= 2 * plan["error"])
    encrypted_weights_refused(chain, infer)


def batches(folder):
    """A folder of them, one after the other."""
    chain = open_chain(folder, network())
    chain.plan("model.onnx", "--degree", 3, "--records", RECORDS)
    chain.keygen()
    chain.encrypt("--keys", "keys")
    expect("one file", "batches" not in chain.infer())
    (chain.server / "in").mkdir()
    shutil.copy(chain.server / "keys/eval.umbra", chain.server / "in")
    infer = ["infer", "--plan", "server.umbra", "--keys", "keys", "--in"]
    refused(chain.server, 1, "in holds no encrypted records", *infer, "in", "--out", "out")
    refused(chain.server, 1, "--in: nowhere: No such file", *infer, "nowhere", "--out", "in")
    refused(chain.server, 1, "--out: in is a folder, and --in is one batch", *infer, "batch.umbra", "--out", "in")
    rows = {"a.umbra": RECORDS, "b.umbra": 2}
    for name, count in rows.items():
        chain.write("x.npy", [count, INPUTS], numbers(count * INPUTS))
        chain.encrypt("--keys", "keys")
        chain.clear("model.onnx", f"{name}.npy", "--calibrate", "samples.npy", "--degree", 3)
        shutil.copy(chain.owner / "batch.umbra", chain.server / "in" / name)
    report = succeeds(chain.server, *infer, "in", "--out", "out")
    expect("all records, in two batches", (report["batches"], report["records"]) == (2, RECORDS + 2))
    expect("layers of the last", len(report["layers"]) == 3)
    for name, count in rows.items():
        shutil.copy(chain.server / "out" / name, chain.owner / "answer.umbra")
        chain.decrypt("y.npy")
        shape, values = chain.read("y.npy")
        expect(f"answers of {name}", shape == [count, CLASSES] and
               distance(values, chain.read(f"{name}.npy")[1]) < 2**-5)
    shutil.copy(chain.server / "out/a.umbra", chain.server / "in/c.umbra")
    refused(chain.server, 1, "in/c.umbra: the matrix has results", *infer, "in", "--out", "out")
    refused(chain.server, 1, "is an input of this command", *infer, "in", "--out", "in")
    refused(chain.server, 1, "are for one batch", *infer, "in", "--out", "out", "--repeat", 2)
    refused(chain.server, 1, "are for one batch", *infer, "in", "--out", "out", "--digests", "d")
    shutil.copy(chain.owner / "secret/key.umbra", chain.server / "in")
    refused(chain.server, 1, "holds a secret key", *infer, "in", "--out", "out")


def encrypted_weights_refused(chain, infer):
    owner, server = chain.owner, chain.server
    refused(server, 1, "--weights FILE is missing", *infer, "o.umbra")
    refused(server, 1, "--weights: this is a file of kind", *infer, "o.umbra", "--weights", "batch.umbra")
    refused(server, 1, "is an input of this command", *infer, "w.umbra", "--weights", "w.umbra")
    encrypt = ["encrypt", "--weights", "--out", "o.umbra"]
    refused(owner, 1, "has no weights", *encrypt, "--plan", "client.umbra", "--keys", "keys")
    refused(owner, 2, "--plan FILE is missing", *encrypt, "--keys", "keys")
    refused(owner, 2, "what to encrypt with", *encrypt, "--plan", "server.umbra")
    refused(owner, 2, "does not go with --weights", *encrypt, "--plan", "server.umbra", "--keys", "keys", "--clip")
    refused(owner, 2, "exactly one of", *encrypt, "x.npy", "--plan", "server.umbra", "--keys", "keys")
    succeeds(owner, "keygen", "--plan", "client.umbra", "--out", "strange", "--secret", "secret/strange.umbra",
             "--no-passphrase")
    succeeds(owner, "encrypt", "--weights", "--plan", "server.umbra", "--keys", "strange", "--out", "s.umbra")
    shutil.copy(owner / "s.umbra", server)
    refused(server, 1, "--weights: s.umbra was encrypted for another owner", *infer, "o.umbra", "--weights", "s.umbra")
    chain.plan("model.onnx", "--degree", 3, "--records", RECORDS)
    shutil.copy(owner / "server.umbra", server)
    refused(owner, 1, "plain weights", *encrypt, "--plan", "server.umbra", "--keys", "keys")
    refused(server, 1, "has weights of its own", "infer", "--plan", "server.umbra", "--keys", "keys", "--in",
            "batch.umbra", "--out", "o.umbra", "--weights", "w.umbra")
    shutil.copy(owner / "secret/key.umbra", server / "forgotten.umbra")
    refused(server, 1, "holds a secret key", *infer, "o.umbra", "--weights", "w.umbra")
    expect("no output is left", not (owner / "o.umbra").exists() and not (server / "o.umbra").exists())


# ---- what is refused ----

def refused(folder, code, words, *arguments):
    run = umbra(folder, *arguments)
    if run.returncode != code or words not in run.stderr:
        faults.append(f"umbra {' '.join(map(str, arguments))}: status {run.returncode}, {run.stderr.strip()}")


def wrong_usage(folder):
    plan = ["plan", "model.onnx"]
    for words, arguments in (
            ("--samples FILE is missing", plan),
            ("two files are needed", [*plan, "--samples", "s", "--server", "a", "--client", "a"]),
            ("--label", [*plan, "--samples", "s", "--label", "y"]),
            ("--records: 0 is out of range", [*plan, "--samples", "s", "--records", "0"]),
            ("exactly one MODEL.onnx", [*plan, "other.onnx", "--samples", "s"]),
            ("--samples", ["plan", "train.csv", "--samples", "s"]),
            ("--plan FILE, for encrypted records, or --clear", ["infer", "--in", "a", "--out", "b"]),
            ("do not go with --clear", ["infer", "m.onnx", "--clear", "--digests", "d", "--in", "a", "--out", "b"]),
            ("two files are needed", ["infer", "--plan", "p", "--keys", "k", "--in", "a", "--out", "b", "--digests",
                                      "b"]),
            ("--keys DIR is missing", ["infer", "--plan", "p", "--in", "a", "--out", "b"]),
            ("do not go with --clear", ["infer", "m.onnx", "--clear", "--repeat", "2", "--in", "a", "--out", "b"]),
            ("--trace are for encrypted records", ["infer", "m.onnx", "--clear", "--threads", "2", "--in", "a", "--out",
                                                   "b"]),
            ("belong to --clear", ["infer", "--plan", "p", "--keys", "k", "--in", "a", "--out", "b", "--degree", "3"]),
            ("is not expected", ["infer", "m.onnx", "--plan", "p", "--keys", "k", "--in", "a", "--out", "b"]),
            ("do not go with --clear", ["infer", "m.onnx", "--clear", "--plan", "p", "--in", "a", "--out", "b"]),
            ("need --calibrate", ["infer", "m.onnx", "--clear", "--in", "a", "--out", "b", "--degree", "3"]),
            ("exactly one of --keys DIR and", ["decrypt", "--secret", "s", "--in", "a", "--out", "b.npy"]),
            ("--values and --doubtful", ["decrypt", "--keys", "k", "--values", "--secret", "s", "--in", "a", "--out",
                                         "b"]),
            ("--doubtful with --plan", ["decrypt", "--keys", "k", "--doubtful", "--secret", "s", "--in", "a", "--out",
                                        "b"]),
            ("--clip needs ranges", ["encrypt", "--records", "r", "--keys", "k", "--out", "o", "--clip"]),
            ("--keys DIR is missing", ["encrypt", "--records", "r", "--out", "o"])):
        refused(folder, 2, words, *arguments)
    text = umbra(folder, "plan", "model.onnx", "--help").stdout
    expect("help of both plans", "--samples" in text and "--iterations" not in text and
           "MODEL.onnx" in umbra(folder, "plan", "--help").stdout)


def ranges(chain):
    """Values outside of the plan's ranges are refused, or clipped."""
    far = numbers(RECORDS * INPUTS)
    far[INPUTS + 2] = 40.0
    chain.write("far.npy", [RECORDS, INPUTS], far)
    encrypt = ["--plan", "client.umbra", "--keys", "keys", "--out", "far.umbra"]
    refused(chain.owner, 1, "element 3 of record 2 is 40", "encrypt", "far.npy", *encrypt)
    run = umbra(chain.owner, "encrypt", "far.npy", *encrypt, "--clip", "--json")
    expect("one value is clipped, and said so", run.returncode == 0 and "were clipped" in run.stderr and
           json.loads(run.stdout)["clipped"] == 1)
    chain.write("far.npy", [RECORDS, INPUTS], [math.nan] + far[1:])
    refused(chain.owner, 1, "is not finite", "encrypt", "far.npy", *encrypt, "--clip")
    chain.write("wide.npy", [RECORDS, INPUTS + 1], numbers(RECORDS * (INPUTS + 1)))
    refused(chain.owner, 1, "DATA", "encrypt", "wide.npy", *encrypt)
    refused(chain.owner, 1, "nowhere.npy", "encrypt", "nowhere.npy", *encrypt)
    refused(chain.owner, 2, "are for trainings", "encrypt", "x.npy", *encrypt, "--label", "a")
    refused(chain.owner, 2, "go with --secret", "encrypt", "x.npy", *encrypt, "--passphrase-file", "p")


def files_that_do_not_belong_together(chain):
    owner, server = chain.owner, chain.server
    infer = ["infer", "--keys", "keys", "--in", "batch.umbra", "--out", "other.umbra", "--plan"]
    decrypt = ["decrypt", "--secret", "secret/key.umbra", "--out", "o.npy"]
    refused(server, 1, "nowhere.umbra", *infer, "nowhere.umbra")
    shutil.copy(owner / "client.umbra", server)
    refused(server, 1, "has no weights", *infer, "client.umbra")
    refused(server, 1, "--plan", *infer, "batch.umbra")
    refused(owner, 1, "--plan", *decrypt, "--in", "answer.umbra", "--plan", "keys/params.umbra")
    refused(owner, 1, "--in", *decrypt, "--in", "client.umbra", "--plan", "client.umbra")
    refused(owner, 1, "the matrix has records, where results", *decrypt, "--in", "batch.umbra", "--plan",
            "client.umbra")
    for name in ("batch.umbra", "answer.umbra"):
        refused(owner, 1, "in the scales of its plan", *decrypt, "--in", name, "--keys", "keys")
    refused(owner, 1, "--plan: this is a file of kind", "encrypt", "x.npy", "--plan", "keys/params.umbra", "--keys",
            "keys", "--out", "o.umbra")
    for name in ("other.umbra", "o.npy", "o.umbra"):
        expect(f"no {name} is left", not (owner / name).exists() and not (server / name).exists())


def outputs_destroy_nothing(chain):
    owner, server = chain.owner, chain.server
    infer = ["infer", "--plan", "server.umbra", "--keys", "keys", "--in", "batch.umbra", "--out"]
    decrypt = ["decrypt", "--plan", "client.umbra", "--secret", "secret/key.umbra", "--in", "answer.umbra", "--out"]
    refused(server, 1, "is an input of this command", *infer, "batch.umbra")
    refused(server, 1, "is an input of this command", *infer, "server.umbra")
    refused(server, 1, "is an input of this command", *infer, "o.umbra", "--digests", "batch.umbra")
    refused(server, 1, "(evaluation keys) will not be replaced", *infer, "keys/eval.umbra")
    refused(server, 1, "cannot be written", *infer, "nowhere/answer.umbra")
    refused(owner, 1, "names of answers end in .csv, .npy or .json", *decrypt, "y.txt")
    shutil.copy(owner / "secret/key.umbra", owner / "secret/copy.json")
    refused(owner, 1, "(secret key) will not be replaced", *decrypt, "secret/copy.json")
    refused(owner, 1, "will not be replaced", "plan", "model.onnx", "--samples", "samples.npy", "--server",
            "keys/eval.umbra")
    for option in ("--client", "--svg"):
        refused(owner, 1, "is an input", "plan", "model.onnx", "--samples", "samples.npy", option, "model.onnx")


def secrets_stay_with_their_owner(chain):
    infer = ["infer", "--plan", "server.umbra", "--keys", "keys", "--in", "batch.umbra", "--out", "other.umbra"]
    for place, option in (("keys", "--keys"), (".", "--in")):
        copy = chain.server / place / "forgotten.umbra"
        shutil.copy(chain.owner / "secret/key.umbra", copy)
        refused(chain.server, 1, f"{option}: {place} holds a secret key, forgotten.umbra", *infer)
        copy.unlink()


def rotations_of(chain):
    keys = succeeds(chain.owner, "inspect", "keys/eval.umbra", "--keys", "keys")["keys"]
    return [str(key["steps"]) for key in keys if key["kind"] == "rotation"]


def keys_of_others(chain):
    """One key fewer is refused before anything is loaded; another owner's, because they are another's."""
    steps = rotations_of(chain)
    infer = ["infer", "--plan", "server.umbra", "--in", "batch.umbra", "--out", "other.umbra", "--keys"]
    for name, given, words in (("fewer", steps[1:], f"rotation by {steps[0]}"),
                               ("another", steps, "--in: a ciphertext belongs to another owner")):
        succeeds(chain.owner, "keygen", "--params", "keys/params.umbra", "--rotations=" + ",".join(given), "--out",
                 name, "--secret", f"secret/{name}.umbra", "--no-passphrase")
        (chain.server / name).mkdir()
        shutil.copy(chain.owner / name / "eval.umbra", chain.server / name)
        refused(chain.server, 1, words, *infer, name)
    refused(chain.owner, 1, "belongs to another owner", "decrypt", "--plan", "client.umbra", "--secret",
            "secret/another.umbra", "--in", "answer.umbra", "--out", "o.npy")
    refused(chain.owner, 1, "another owner than keys/", "encrypt", "x.npy", "--plan", "client.umbra", "--secret",
            "secret/another.umbra", "--keys", "keys", "--out", "other.umbra")
    refused(chain.server, 1, "eval.umbra", *infer, "nowhere")


def careless_use(folder):
    chain = open_chain(folder, network())
    wrong_usage(chain.owner)
    chain.plan("model.onnx", "--degree", 3)
    chain.keygen()
    chain.encrypt("--keys", "keys")
    chain.infer()
    for part in (ranges, files_that_do_not_belong_together, outputs_destroy_nothing, secrets_stay_with_their_owner,
                 keys_of_others):
        part(chain)


def samples_that_say_nothing(chain):
    """One of them, or the same one over and over, is planned by with a warning."""
    plan, one = ["plan", "model.onnx", "--samples", "few.npy", "--degree", 3, "--json"], numbers(INPUTS)
    clear = ["infer", "--clear", "model.onnx", "--in", "few.npy", "--out", "y.npy", "--calibrate", "few.npy",
             "--degree", 3, "--json"]
    for count, words in ((1, "has one sample only"), (4, "has 4 samples that are all the same")):
        chain.write("few.npy", [count, INPUTS], count * one)
        for option, command in (("--samples", plan), ("--calibrate", clear)):
            run = umbra(chain.owner, *command)
            expect(f"{option} {words}", run.returncode == 0 and f"warning: {option} {words}" in run.stderr and
                   f"{option} {words}" in json.loads(run.stdout)["warning"])
    chain.write("few.npy", [2, INPUTS], 2 * one[1:] + numbers(2))
    succeeds(chain.owner, *plan[:-1])


def bad_models(folder):
    chain = open_chain(folder, network())
    plan = ["plan", "model.onnx", "--samples", "samples.npy", "--server", "s.umbra"]
    refused(chain.owner, 1, "--output: the model has 1 outputs", *plan, "--output", "w")
    refused(chain.owner, 1, "--machine", *plan, "--machine", "abacus")
    refused(chain.owner, 1, "--target", *plan, "--target", "abacus")
    refused(chain.owner, 1, "bytes, and memory is 1024", *plan, "--memory", "1K")
    refused(chain.owner, 1, "bytes, and memory is 1024", *plan, "--memory", "1K", "--relu", "15,15,15,15")
    samples_that_say_nothing(chain)
    chain.write("samples.npy", [SAMPLES, INPUTS - 1], numbers(SAMPLES * (INPUTS - 1)))
    refused(chain.owner, 1, "--samples", *plan)
    (chain.owner / "samples.npy").unlink()
    refused(chain.owner, 1, "samples.npy", *plan)
    (chain.owner / "model.onnx").write_bytes(Model([Node("MaxPool", "x", "y", "pool_3", kernel_shape=[2])], {},
                                                   ["n", 1, 4]).encode())
    refused(chain.owner, 1, "pool_3", *plan)
    expect("no bundle is left", not (chain.owner / "s.umbra").exists())


def answer_far_out(folder, degree):
    """To records of which the elements of one add up to more than those of any sample. How to decrypt it."""
    chain = open_chain(folder, network(first=[0.5] * (INPUTS * HIDDEN)))
    chain.plan("model.onnx", "--degree", degree, "--records", RECORDS)
    values = numbers(RECORDS * INPUTS)
    values[INPUTS:2 * INPUTS] = [1.5] * INPUTS
    chain.write("x.npy", [RECORDS, INPUTS], values)
    chain.keygen()
    chain.encrypt("--keys", "keys")
    chain.infer()
    return chain, ["decrypt", "--plan", "client.umbra", "--secret", "secret/key.umbra", "--in", "answer.umbra", "--out",
                   "y.npy"]


def warned(chain, *decrypt):
    """All answers are written, with a warning, which is returned with the number of records that it is about."""
    run = umbra(chain.owner, *decrypt, "--json")
    expect("all is written", run.returncode == 0 and chain.read("y.npy")[0] == [RECORDS, CLASSES])
    return json.loads(run.stdout)["beyond"], run.stderr


def outputs_beyond(folder):
    """A polynomial of degree 2 grows slowly outside of its interval, one of degree 7 does not."""
    chain, decrypt = answer_far_out(folder / "slowly", 2)
    beyond, warning = warned(chain, *decrypt)
    expect("the record is named", beyond == 1 and "which the plan expects, the farthest of record 2" in warning)
    chain, decrypt = answer_far_out(folder / "fast", 7)
    refused(chain.owner, 1, "and by the plan outputs are within", *decrypt)
    refused(chain.owner, 1, "--doubtful writes all that there is", *decrypt, "--values")
    expect("nothing is written", not (chain.owner / "y.npy").exists())
    beyond, warning = warned(chain, *decrypt, "--doubtful")
    expect("what is far out is told", beyond > 0 and "which the plan expects" in warning)


# ---- plans that differ in weights only ----

def follow(chain):
    chain.plan("model.onnx", "--degree", 3, "--scale-bits", 30)
    chain.keygen()
    chain.encrypt("--keys", "keys")
    chain.infer()


def replanned(chain, name):
    """Another network of the same shape, planned by the same samples: its bundles, records and answer."""
    for folder in (chain.owner, chain.server):
        (folder / name).mkdir()
    (chain.owner / name / "model.onnx").write_bytes(network())
    succeeds(chain.owner, "plan", f"{name}/model.onnx", "--samples", "samples.npy", "--degree", 3, "--scale-bits", 30,
             "--server", f"{name}/server.umbra", "--client", f"{name}/client.umbra")
    succeeds(chain.owner, "encrypt", "x.npy", "--plan", f"{name}/client.umbra", "--keys", "keys", "--out",
             f"{name}/batch.umbra")
    for file in ("server.umbra", "batch.umbra"):
        shutil.copy(chain.owner / name / file, chain.server / name)
    succeeds(chain.server, "infer", "--plan", f"{name}/server.umbra", "--keys", "keys", "--in", f"{name}/batch.umbra",
             "--out", f"{name}/answer.umbra")
    shutil.copy(chain.server / name / "answer.umbra", chain.owner / name)


def plans_keep_apart(folder):
    chain = open_chain(folder, network())
    follow(chain)
    replanned(chain, "b")
    params = [succeeds(chain.owner, "inspect", f"{name}client.umbra")["params_digest"] for name in ("", "b/")]
    expect("the two plans have the same parameters", params[0] == params[1])
    infer = ["infer", "--keys", "keys", "--out", "o.umbra"]
    decrypt = ["decrypt", "--secret", "secret/key.umbra", "--out", "o.npy"]
    for mine, other in (("", "b/"), ("b/", "")):
        refused(chain.server, 1, "--in: the matrix has records of another plan", *infer, "--plan",
                f"{mine}server.umbra", "--in", f"{other}batch.umbra")
        refused(chain.owner, 1, "--in: the matrix has results of another plan", *decrypt, "--plan",
                f"{mine}client.umbra", "--in", f"{other}answer.umbra")
        refused(chain.server, 1, "--in: the matrix has results, where records", *infer, "--plan",
                f"{mine}server.umbra", "--in", f"{mine}answer.umbra")
        succeeds(chain.owner, *decrypt, "--plan", f"{mine}client.umbra", "--in", f"{mine}answer.umbra")
    digest = succeeds(chain.owner, "inspect", "client.umbra")["plan"]["digest"]
    for name, role in (("batch", "records"), ("answer", "results")):
        facts = succeeds(chain.owner, "inspect", f"{name}.umbra", "--keys", "keys")
        expect(f"{name} names its plan", (facts["role"], facts["plan_digest"]) == (role, digest))


def main():
    for part in (whole_chain, labels_with_the_secret_key, encrypted_weights, batches, careless_use, bad_models,
                 outputs_beyond, plans_keep_apart):
        with tempfile.TemporaryDirectory() as folder:
            try:
                part(pathlib.Path(folder))
            except (AssertionError, LookupError, OSError, ValueError) as failure:
                faults.append(f"{part.__name__}: {failure!r}")
    print("\n".join(faults) or "all as wanted")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
