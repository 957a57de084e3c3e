#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: slow
"""What ten plans of networks say beforehand, against what happens: keys and their bytes are exactly those; the server's
peak memory is within 15 %. Seconds are told beside those of the processor, of one thread and the middle one of several
rounds, by a table of this machine that is measured just before each; how near they are depends on what else runs, so
only a gross error is a failure."""
import os
import pathlib
import random
import statistics
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "models"))
from chain import Chain, succeeds
from onnx_file import Model, Node, Tensor

SAMPLES = 32
MOST_OFF, GROSS = 0.15, 10
FEWEST, MOST, ENOUGH = 6, 500, 2.0  # rounds; the seconds of all of them together
random.seed(5)


def numbers(count, size=1.0):
    return [size * random.uniform(-1, 1) for _ in range(count)]


def tensor(*shape):
    count, seen = 1, 1
    for i, side in enumerate(shape):
        count *= side
        seen *= side if i else 1
    return Tensor(list(shape), numbers(count, 2 / seen ** 0.5))


class Layers:
    """A chain of layers, the value before each being the one that was made last."""

    def __init__(self, *shape):
        self.shape, self.nodes, self.constants, self.last = shape, [], {}, "x"

    def add(self, kind, *constants, **attributes):
        names = [f"{kind.lower()}{len(self.nodes)}_{i}" for i in range(len(constants))]
        self.constants.update(zip(names, constants))
        made = f"v{len(self.nodes)}"
        self.nodes.append(Node(kind, ",".join([self.last, *names]), made, **attributes))
        self.last = made
        return self

    def dense(self, inputs, outputs):
        return self.add("Gemm", tensor(outputs, inputs), Tensor([outputs], numbers(outputs)), transB=1)

    def conv(self, inputs, outputs, kernel, **attributes):
        return self.add("Conv", tensor(outputs, inputs, kernel, kernel), kernel_shape=[kernel, kernel], **attributes)

    def square(self):
        made = f"v{len(self.nodes)}"
        self.nodes.append(Node("Mul", f"{self.last},{self.last}", made))
        self.last = made
        return self

    def relu(self):
        return self.add("Relu")

    def flatten(self):
        return self.add("Flatten")

    def encode(self):
        return Model(self.nodes, self.constants, ["n", *self.shape], self.last).encode()


def mlp():
    return Layers(784).dense(784, 128).relu().dense(128, 64).relu().dense(64, 10)


def square():
    return Layers(784).dense(784, 128).square().dense(128, 10)


def lola_small():
    return Layers(1, 28, 28).conv(1, 5, 5, strides=[2, 2], pads=[1, 1, 0, 0]).square().flatten().dense(845, 10)


def lola():
    return (Layers(1, 28, 28).conv(1, 5, 5, strides=[2, 2], pads=[1, 1, 0, 0]).square().flatten().dense(845, 100)
            .square().dense(100, 10))


def images():
    return (Layers(3, 16, 16).conv(3, 8, 3, pads=[1, 1, 1, 1]).relu().conv(8, 8, 3, pads=[1, 1, 1, 1]).relu()
            .add("GlobalAveragePool").flatten().dense(8, 10))


def logistic():
    return Layers(30).dense(30, 1).add("Sigmoid")


PLANS = [("mlp, 1", mlp, 1, ["--degree", "7"]), ("mlp, 100", mlp, 100, ["--degree", "7"]),
         ("square, 1", square, 1, []), ("square, 100", square, 100, []), ("square, 1000", square, 1000, []),
         ("lola-small, 1", lola_small, 1, []), ("lola, 1", lola, 1, []), ("lola-small, 500", lola_small, 500, []),
         ("images, 1", images, 1, ["--degree", "7"]), ("logistic, 569", logistic, 569, ["--degree", "7"])]


def measure(chain, stated):
    """The server's report, and the processor's seconds of a round, the first of which makes what others use."""
    rounds = min(max(FEWEST, int(ENOUGH / stated)), MOST)
    report = chain.infer("--repeat", 1 + rounds)
    return report, statistics.median(one["processor_seconds"] for one in report["rounds"][1:])


def faults_of(name, layers, records, options, folder):
    chain, network = Chain(folder), layers()
    elements = 1
    for side in network.shape:
        elements *= side
    (chain.owner / "model.onnx").write_bytes(network.encode())
    chain.write("samples.npy", [SAMPLES, *network.shape], numbers(SAMPLES * elements))
    chain.write("x.npy", [records, *network.shape], numbers(records * elements, 0.9))
    succeeds(chain.owner, "bench", "--calibrate")
    report = succeeds(chain.owner, "plan", "model.onnx", "--samples", "samples.npy", "--records", records, "--error",
                      100, "--server", "server.umbra", "--client", "client.umbra", *options)
    plan, stated = report["plan"], report["predictions"][0]
    chain.keygen()
    keys = succeeds(chain.owner, "inspect", "keys/eval.umbra", "--keys", "keys")
    chain.encrypt("--keys", "keys", "--clip")
    server, taken = measure(chain, stated["seconds"])
    peak, milliseconds = (report["process_bytes"], server["peak_bytes"]), (1e3 * stated["seconds"], 1e3 * taken)
    memory, time = peak[0] / peak[1], milliseconds[0] / milliseconds[1]
    print(f"{name:<16} {plan['keys']:>4.0f} keys {plan['key_bytes'] / 2**20:>8.2f} MiB; peak "
          f"{peak[0] / 2**20:>8.2f} of {peak[1] / 2**20:>8.2f} MiB: {memory:.3f}; "
          f"{milliseconds[0]:>9.3f} of {milliseconds[1]:>9.3f} ms: {time:.2f}", flush=True)
    if (len(keys["keys"]), keys["key_bytes"]) != (plan["keys"], plan["key_bytes"]):
        yield f"{name}: {len(keys['keys'])} keys of {keys['key_bytes']} bytes"
    if abs(memory - 1) > MOST_OFF:
        yield f"{name}: peak memory"
    if not stated["measured"] or not 1 / GROSS < time < GROSS:
        yield f"{name}: seconds"


def main():
    faults = []
    os.environ["UMBRA_THREADS"] = "1"
    for name, layers, records, options in PLANS:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["XDG_CACHE_HOME"] = folder
            faults += faults_of(name, layers, records, options, pathlib.Path(folder, "chain"))
    print("\n".join(faults) or f"{len(PLANS)} plans as wanted")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
