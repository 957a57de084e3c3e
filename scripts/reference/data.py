# SPDX-License-Identifier: Apache-2.0
"""Records, labels and networks of the reference runs, from files as they are published."""
import array
import csv
import gzip
import math
import os
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/models"))
from onnx_file import Model, Node, Tensor, npy, read_npy

PIXELS = 784


def look_for(folder, name):
    """The file of that name in a folder or below it, or None."""
    for inside, _, files in os.walk(folder, followlinks=True):
        if name in files:
            return pathlib.Path(inside, name)
    return None


def find(folder, name):
    return look_for(folder, name) or sys.exit(f"there is no {name} in {folder} or below it")


def write_npy(path, shape, values):
    """float64."""
    with open(path, "wb") as file:
        file.write(npy(shape, []))
        array.array("d", values).tofile(file)


def read_rows(path, count):
    """Of as many records."""
    values = read_npy(path.read_bytes())[1]
    width = len(values) // count
    return [values[i * width:(i + 1) * width] for i in range(count)]


# ---- images ----

def read_idx(path, header):
    with gzip.open(path, "rb") as file:
        return file.read()[header:]


class Digits:
    """MNIST: the test images, and training images as samples; value(pixel) is what a network sees."""

    names = {part: f"{part}-images-idx3-ubyte.gz" for part in ("train", "t10k")}
    labels = "t10k-labels-idx1-ubyte.gz"
    header = 16
    shape = [1, 28, 28]

    def __init__(self, folder, value):
        self.folder, self.values = folder, [value(pixel) for pixel in range(256)]

    def write(self, path, part, count):
        pixels = read_idx(find(self.folder, self.names[part]), self.header)[:count * PIXELS]
        write_npy(path, [len(pixels) // PIXELS, *self.shape], map(self.values.__getitem__, pixels))

    def write_samples(self, path, count):
        self.write(path, "train", count)

    def write_records(self, path, count):
        """Returns their labels."""
        self.write(path, "t10k", count)
        return list(read_idx(find(self.folder, self.labels), 8)[:count])


class FlatDigits(Digits):
    shape = [PIXELS]


class Cifar:
    """The first test images of CIFAR-10: a byte for the label, then three planes each. The last hundred are samples."""

    name = "test_first1000.bin.gz"
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    plane, samples = 1024, 100

    def __init__(self, folder):
        data, size = read_idx(find(folder, self.name), 0), 1 + 3 * self.plane
        self.images = [data[i:i + size] for i in range(0, len(data), size)]

    def write(self, path, images):
        write_npy(path, [len(images), 3, 32, 32],
                  [(byte / 255 - self.mean[c]) / self.deviation[c] for image in images for c in range(3)
                   for byte in image[1 + c * self.plane:1 + (c + 1) * self.plane]])

    def write_samples(self, path, count):
        self.write(path, self.images[-min(count, self.samples):])

    def write_records(self, path, count):
        """Returns their labels."""
        self.write(path, self.images[:count])
        return [image[0] for image in self.images[:count]]


# ---- tables ----

class Tumours:
    """breast_cancer.csv: a line of counts and names, then 30 features and the label of each. All are samples."""

    def __init__(self, folder):
        with open(find(folder, "breast_cancer.csv"), newline="", encoding="utf-8") as file:
            self.rows = [[float(value) for value in row] for row in list(csv.reader(file))[1:]]

    def write(self, path, count):
        rows = self.rows[:count]
        write_npy(path, [len(rows), len(rows[0]) - 1], [value for row in rows for value in row[:-1]])
        return [int(row[-1]) for row in rows]

    def write_samples(self, path, count):
        self.write(path, count)

    def write_records(self, path, count):
        """Returns their labels."""
        return self.write(path, count)


# ---- networks ----

def copy_model(name):
    return lambda folder: find(folder, name).read_bytes()


def read_numbers(folder, name):
    return [float(number) for number in find(folder, name).read_text().split()]


def first_layers(folder, prefix):
    """5 maps of 5x5 windows, squared."""
    rows = read_numbers(folder, f"{prefix}_Weights_0.csv")
    kernels = [rows[26 * channel:26 * channel + 25] for channel in range(5)]
    constants = {"k": Tensor([5, 1, 5, 5], sum(kernels, []), "double"), "kb": Tensor([5], rows[25::26], "double")}
    nodes = [Node("Conv", "x,k,kb", "maps", strides=[2, 2], pads=[0, 0, 1, 1]),
             Node("Mul", "maps,maps", "squares"), Node("Flatten", "squares", "f")]
    return nodes, constants


def lola_small(folder):
    """The weights of Gilad-Bachrach, Brutzkus and Elisha as an ONNX file."""
    nodes, constants = first_layers(folder, "lola_small")
    constants |= {"w": Tensor([10, 845], read_numbers(folder, "lola_small_Weights_1.csv"), "double"),
                  "b": Tensor([10], read_numbers(folder, "lola_small_Biases_1.csv"), "double")}
    return Model([*nodes, Node("Gemm", "f,w,b", "y", transB=1)], constants, ["n", 1, 28, 28]).encode()


def lola(folder):
    nodes, constants = first_layers(folder, "lola")
    constants |= {"w": Tensor([845, 100], read_numbers(folder, "lola_Weights_1.csv"), "double"),
                  "b": Tensor([100], read_numbers(folder, "lola_Biases_2.csv"), "double"),
                  "v": Tensor([10, 100], read_numbers(folder, "lola_Weights_3.csv"), "double"),
                  "c": Tensor([10], read_numbers(folder, "lola_Biases_3.csv"), "double")}
    nodes += [Node("Gemm", "f,w,b", "h"), Node("Mul", "h,h", "t"), Node("Gemm", "t,v,c", "y", transB=1)]
    return Model(nodes, constants, ["n", 1, 28, 28]).encode()


# ---- what is drawn ----

class Drawn:
    """Records of a shape, uniform from 0 to 1, by a seeded generator. Nobody knows their labels."""

    samples = 20

    def __init__(self, shape):
        self.shape = shape

    def write(self, path, count):
        generator = random.Random(pathlib.Path(path).name)
        write_npy(path, [count, *self.shape], [generator.random() for _ in range(count * math.prod(self.shape))])

    def write_samples(self, path, count):
        self.write(path, min(count, self.samples))

    def write_records(self, path, count):
        self.write(path, count)


def draw_digits(folder, counts):
    """MNIST's files with so many images of each part: of a class the same fifth of the pixels, each in some grey."""
    generator = random.Random(3)
    lit = [int.from_bytes((255 * (generator.random() < 0.2) for _ in range(PIXELS)), "big") for _ in range(10)]
    for part, count in counts.items():
        labels = bytes(i % 10 for i in range(count))
        images = b"".join((lit[label] & generator.getrandbits(8 * PIXELS)).to_bytes(PIXELS, "big") for label in labels)
        for name, header, body in ((Digits.names[part], 16, images), (f"{part}-labels-idx1-ubyte.gz", 8, labels)):
            (folder / name).write_bytes(gzip.compress(bytes(header) + body, 1))


class Drawing:
    """A network whose weights are drawn: normal, with the deviation that keeps values as large as they are."""

    def __init__(self):
        self.generator, self.nodes, self.constants = random.Random(2), [], {}

    def constant(self, tensor):
        name = f"c{len(self.constants)}"
        self.constants[name] = tensor
        return name

    def drawn(self, dims, deviation):
        return self.constant(Tensor(dims, [self.generator.gauss(0, deviation) for _ in range(math.prod(dims))]))

    def whole(self, *numbers):
        return self.constant(Tensor([len(numbers)], numbers, "int64"))

    def add(self, kind, *inputs, **attributes):
        """The name of its result."""
        result = f"v{len(self.nodes)}"
        self.nodes.append(Node(kind, ",".join(inputs), result, **attributes))
        return result

    def dense(self, x, inputs, outputs):
        return self.add("Gemm", x, self.drawn([inputs, outputs], inputs**-0.5), self.drawn([outputs], 0.1))

    def convolution(self, x, inputs, outputs, stride=1, gain=2.0):
        weights = self.drawn([outputs, inputs, 3, 3], (gain / (9 * inputs))**0.5)
        return self.add("Conv", x, weights, self.drawn([outputs], 0.1), strides=[stride, stride], pads=[1, 1, 1, 1])

    def encode(self, shape):
        return Model(self.nodes, self.constants, ["n", *shape], self.nodes[-1].outputs[0]).encode()


def draw_square(shape):
    """784-128-10 with squares."""
    network = Drawing()
    hidden = network.dense("x", shape[0], 128)
    network.dense(network.add("Mul", hidden, hidden), 128, 10)
    return network.encode(shape)


def draw_block(network, x, inputs, outputs):
    """Two convolutions beside a shortcut; where maps shrink, it leaves out pixels, and gets channels of zeros."""
    stride = outputs // inputs
    inner = network.add("Relu", network.convolution(x, inputs, outputs, stride))
    inner = network.convolution(inner, outputs, outputs, gain=0.5)
    if stride > 1:
        x = network.add("Slice", x, network.whole(0, 0), network.whole(32, 32), network.whole(2, 3),
                        network.whole(stride, stride))
        more = (outputs - inputs) // 2
        x = network.add("Pad", x, network.whole(0, more, 0, 0, 0, more, 0, 0))
    return network.add("Relu", network.add("Add", x, inner))


def draw_resnet20(shape):
    network = Drawing()
    x = network.add("Relu", network.convolution("x", shape[0], 16))
    for inputs, outputs in ((16, 16), (16, 16), (16, 16), (16, 32), (32, 32), (32, 32), (32, 64), (64, 64), (64, 64)):
        x = draw_block(network, x, inputs, outputs)
    network.dense(network.add("Flatten", network.add("GlobalAveragePool", x)), 64, 10)
    return network.encode(shape)
