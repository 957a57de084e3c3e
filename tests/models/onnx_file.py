# SPDX-License-Identifier: Apache-2.0
"""Writes ONNX and npy files with nothing but the standard library, for tests: each construct as exporters have it."""
import struct

TYPES = {"float": (1, "f"), "uint8": (2, "B"), "int8": (3, "b"), "int32": (6, "i"), "int64": (7, "q"),
         "half": (10, "e"),
         "double": (11, "d")}
TYPED_FIELD = {"float": 4, "uint8": 5, "int8": 5, "int32": 5, "half": 5, "int64": 7, "double": 10}


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def part(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


class Tensor:
    """dims and values; where: "raw", "typed", or ("file", offset) for external data."""

    def __init__(self, dims, values, kind="float", where="raw"):
        self.dims, self.kind, self.where = list(dims), kind, where
        form = TYPES[kind][1] if kind != "string" else None
        self.values = list(values)
        if form:  # as the file has them
            self.values = list(struct.unpack("<%d%s" % (len(self.values), form), self.raw()))

    def raw(self):
        return struct.pack("<%d%s" % (len(self.values), TYPES[self.kind][1]), *self.values)

    def data(self):
        if self.kind == "string":
            return b"".join(part(6, v) for v in self.values)
        if self.where == "raw":
            return part(9, self.raw()) if self.values else b""
        if self.where != "typed":
            name, offset = self.where
            entries = {"location": name, "offset": str(offset), "length": str(len(self.raw()))}
            return b"".join(part(13, part(1, k) + part(2, v)) for k, v in entries.items()) + number(14, 1)
        field = TYPED_FIELD[self.kind]
        if self.kind in ("float", "double"):
            return part(field, self.raw())
        values = struct.unpack("<%dH" % len(self.values), self.raw()) if self.kind == "half" else self.values
        return part(field, b"".join(map(varint, values)))

    def encode(self, name=""):
        kind = 8 if self.kind == "string" else TYPES[self.kind][0]
        return b"".join(number(1, d) for d in self.dims) + number(2, kind) + part(8, name) + self.data()


def attribute(name, value):
    if isinstance(value, Tensor):
        body, kind = part(5, value.encode()), 4
    elif isinstance(value, int):
        body, kind = number(3, value), 2
    elif isinstance(value, float):
        body, kind = varint(2 << 3 | 5) + struct.pack("<f", value), 1
    elif isinstance(value, str):
        body, kind = part(4, value), 3
    elif value and isinstance(value[0], float):
        body, kind = b"".join(varint(7 << 3 | 5) + struct.pack("<f", v) for v in value), 6
    elif value and isinstance(value[0], str):
        body, kind = b"".join(part(9, v) for v in value), 8
    else:
        body, kind = b"".join(number(8, v) for v in value), 7
    return part(1, name) + body + number(20, kind)


def as_written(value):
    """Floating-point numbers have 32 bits in attributes."""
    if isinstance(value, list):
        return [as_written(v) for v in value]
    return struct.unpack("<f", struct.pack("<f", value))[0] if isinstance(value, float) else value


class Node:
    def __init__(self, op, inputs, outputs, name="", domain="", **attributes):
        self.op, self.name, self.domain = op, name, domain
        self.attributes = {k: as_written(v) for k, v in attributes.items()}
        self.inputs, self.outputs = inputs.split(",") if inputs else [], outputs.split(",")

    def encode(self):
        return (b"".join(part(1, i) for i in self.inputs) + b"".join(part(2, o) for o in self.outputs) +
                part(3, self.name) + part(4, self.op) +
                b"".join(part(5, attribute(k, v)) for k, v in self.attributes.items()) + part(7, self.domain))


def value_info(name, dims):
    encoded = b"".join(part(1, part(2, d) if isinstance(d, str) else number(1, d) if d else b"") for d in dims)
    return part(1, name) + part(2, part(1, number(1, 1) + part(2, encoded)))


class Model:
    """dims: of the input x, the batch first (a text or 0: any size)."""

    def __init__(self, nodes, constants, dims, outputs="y", opset=17, ml=0, more_inputs=()):
        self.nodes, self.constants, self.dims, self.outputs = nodes, constants, dims, outputs.split(",")
        self.opset, self.ml, self.more_inputs = opset, ml, more_inputs

    def graph(self):
        inputs = [("x", self.dims)] + [(n, self.constants[n].dims) for n in self.more_inputs]
        return (b"".join(part(1, n.encode()) for n in self.nodes) + part(2, "g") +
                b"".join(part(5, t.encode(n)) for n, t in self.constants.items()) +
                b"".join(part(11, value_info(n, d)) for n, d in inputs) +
                b"".join(part(12, value_info(o, ["batch"])) for o in self.outputs))

    def encode(self):
        sets = [("", self.opset)] * (self.opset > 0) + [("ai.onnx.ml", self.ml)] * (self.ml > 0)
        return (number(1, 8) + part(2, "tests") + part(7, self.graph()) +
                b"".join(part(8, part(1, d) + number(2, v)) for d, v in sets))


def npy(shape, values, kind="<f8"):
    text = "{'descr': '%s', 'fortran_order': False, 'shape': %r, }" % (kind, tuple(shape))
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + struct.pack(
        "<%d%s" % (len(values), {"<f8": "d", "<f4": "f"}[kind]), *values)


def read_npy(data):
    length = struct.unpack("<H", data[8:10])[0]
    header = eval(data[10:10 + length].decode(), {"__builtins__": {}})  # pylint: disable=eval-used
    form = {"<f4": "f", "<f8": "d", "<i8": "q"}[header["descr"]]
    return list(header["shape"]), [v for v, in struct.iter_unpack("<" + form, data[10 + length:])]
