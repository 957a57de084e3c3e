#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: quick
"""ONNX files written here, each construct in the forms that exporters give it, imported and computed by `umbra infer
--clear`: against an evaluator of our own, or refused with a text that names the node."""
import json
import math
import os
import random
import resource
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "models"))
from evaluate import Array, evaluate
from onnx_file import Model, Node, Tensor, npy, number, part, read_npy

PROGRAM = os.path.join(os.environ["UMBRA_BUILD_DIR"], "umbra")
RECORDS = 3
random.seed(1)
faults = []


def W(*dims, **options):
    return Tensor(dims, [random.uniform(-1, 1) for _ in range(math.prod(dims))], **options)


def I(*values, dims=None):
    return Tensor([len(values)] if dims is None else dims, values, "int64")


def F(*values, dims=()):
    return Tensor(dims, values)


def constant(name, tensor):
    return Node("Constant", "", name, value=tensor)


def infer(folder, path, x, name):
    with open(f"{folder}/x.npy", "wb") as f:
        f.write(npy(x.shape, x.values))
    return subprocess.run([PROGRAM, "infer", "--clear", path, "--in", f"{folder}/x.npy", "--out", f"{folder}/y.npy",
                           "--output", name, "--json"], capture_output=True, text=True, check=False)


def write(folder, data):
    with open(f"{folder}/model.onnx", "wb") as f:
        f.write(data)
    return f"{folder}/model.onnx"


def computed(what, model, nodes=None, tolerance=1e-9, files=None):
    """nodes: how many are left of the model."""
    x = Array([RECORDS] + model.dims[1:], [random.uniform(-2, 2) for _ in range(RECORDS * math.prod(model.dims[1:]))])
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (files or {}).items():
            os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
            with open(f"{folder}/{name}", "wb") as f:
                f.write(data)
        path = write(folder, model.encode())
        for name, wanted in evaluate(model, x).items():
            run = infer(folder, path, x, name)
            if run.returncode:
                faults.append(f"{what}: {run.stderr.strip()}")
                continue
            with open(f"{folder}/y.npy", "rb") as f:
                shape, values = read_npy(f.read())
            error = max(abs(a - b) for a, b in zip(values, wanted.values)) / max(1, max(map(abs, wanted.values)))
            left = json.loads(run.stdout)["nodes"]
            if shape != wanted.shape or error > tolerance or nodes not in (None, left):
                faults.append(f"{what}: {name} has shape {shape}, not {wanted.shape}; error {error:.2g}; {left} nodes")


def refused(what, data, *texts, setup=None, kind="unsupported"):
    with tempfile.TemporaryDirectory() as folder:
        path = write(folder, data.encode() if isinstance(data, Model) else data)
        if setup:
            setup(folder)
        run = infer(folder, path, Array([1, 4], [0.0] * 4), "0")
    if run.returncode != 1 or not all(t in run.stderr for t in (*texts, f"({kind})")):
        faults.append(f"{what}: status {run.returncode}, {run.stderr.strip()}")


def dense_layers():
    w, b = W(5, 4), W(4)
    for turned in (0, 1):
        weights = W(4, 5) if turned else w
        computed("Gemm", Model([Node("Gemm", "x,w,b", "y", transB=turned, alpha=0.5, beta=-2.0)],
                               {"w": weights, "b": W(4)}, ["n", 5]), 2)
    for bias in (F(0.5), W(1, 4), F(0.25, dims=[1]), W(4)):
        computed("Gemm bias", Model([Node("Gemm", "x,w,b", "y")], {"w": w, "b": bias}, ["n", 5]), 2)
    computed("MatMul+Add", Model([Node("MatMul", "x,w", "m"), Node("Add", "b,m", "y")], {"w": w, "b": b}, ["n", 5]), 2)
    computed("MatMul by a vector", Model([Node("MatMul", "x,w", "y")], {"w": W(5)}, ["n", 5]), 2)
    computed("MatMul of many dimensions", Model([Node("MatMul", "x,w", "y")], {"w": w}, ["n", 1, 1, 5]), 2)
    computed("weights as inputs", Model([Node("MatMul", "x,w", "y")], {"w": w}, ["n", 5], more_inputs=["w"]), 2)
    computed("fixed batch", Model([Node("Reshape", "x,s", "r"), Node("MatMul", "r,w", "y")],
                                  {"w": w, "s": I(RECORDS, 5)}, [RECORDS, 5, 1]), 2)


def data_places():
    for kind in ("float", "double", "half", "int8", "uint8", "int32", "int64"):
        values = [random.uniform(-1, 1) if kind in ("float", "double", "half") else random.randrange(0, 5)
                  for _ in range(20)]
        for where in ("raw", "typed"):
            computed(f"{kind} {where}", Model([Node("MatMul", "x,w", "y")], {"w": Tensor([5, 4], values, kind, where)},
                                              ["n", 5]), 2)
    negative = Tensor([5, 4], [-k for k in range(20)], "int8", "typed")
    computed("negative int8", Model([Node("MatMul", "x,w", "y")], {"w": negative}, ["n", 5]), 2)
    w = W(5, 4, where=("sub/weights.bin", 16))
    computed("external data", Model([Node("MatMul", "x,w", "y")], {"w": w}, ["n", 5]), 2,
             files={"sub/weights.bin": bytes(16) + w.raw()})


def normalisations():
    parameters = {"s": W(4), "o": W(4), "m": W(4), "v": Tensor([4], [0.5, 1, 2, 3])}
    norm = Node("BatchNormalization", "c,s,o,m,v", "n", epsilon=0.01)
    image = ["n", 3, 6, 5]
    computed("Conv+BN+Relu", Model([Node("Conv", "x,k,b", "c"), norm, Node("Relu", "n", "y")],
                                   {"k": W(4, 3, 3, 3), "b": W(4), **parameters}, image), 3)
    computed("Gemm+BN", Model([Node("Gemm", "x,w", "c"), norm, Node("Relu", "n", "y")],
                              {"w": W(5, 4), **parameters}, ["n", 5]), 3)
    before = Node("BatchNormalization", "x,s,o,m,v", "n")
    for pads, left in (([0] * 4, 2), ([1] * 4, 3)):
        computed("BN+Conv", Model([before, Node("Conv", "n,k", "y", pads=pads, group=2)],
                                  {"k": W(6, 2, 3, 3), **parameters}, ["n", 4, 6, 5]), left)
    computed("BN+Gemm", Model([before, Node("Flatten", "n", "f"), Node("Gemm", "f,w", "y")],
                              {"w": W(24, 4), **parameters}, ["n", 4, 3, 2]), 2)
    chain = [Node("Sub", "x,a", "p"), Node("Div", "p,b", "q"), Node("Mul", "q,c", "r"), Node("Add", "d,r", "s"),
             Node("Neg", "s", "t"), Node("Sub", "e,t", "u")]
    numbers = {"a": W(5), "b": F(2.0), "c": W(1, 5), "d": F(0.5, dims=[1]), "e": W(5)}
    computed("a chain of scales", Model(chain + [Node("Relu", "u", "y")], numbers, ["n", 5]), 3)
    computed("a chain and a layer", Model(chain + [Node("MatMul", "u,w", "y")], {"w": W(5, 3), **numbers}, ["n", 5]), 2)
    computed("a scale read twice", Model([Node("MatMul", "x,w", "m"), Node("Mul", "m,a", "s"), Node("Relu", "s", "r"),
                                          Node("Add", "s,r", "y")], {"w": W(5, 4), "a": W(4)}, ["n", 5]), 4)
    computed("a layer read twice", Model([Node("MatMul", "x,w", "m"), Node("Mul", "m,a", "s"), Node("Add", "s,m", "y")],
                                         {"w": W(5, 4), "a": W(4)}, ["n", 5]), 4)
    computed("scales of channels", Model([Node("Mul", "x,a", "m"), Node("Add", "m,b", "s"), Node("Relu", "s", "y")],
                                         {"a": W(3, 1, 1), "b": W(1, 3, 1, 1)}, ["n", 3, 4, 2]), 3)
    computed("scales of columns", Model([Node("Mul", "x,a", "m"), Node("Relu", "m", "y")], {"a": W(2)},
                                        ["n", 3, 4, 2]), 3)
    computed("identity", Model([Node("Mul", "x,a", "m"), Node("Relu", "m", "y")], {"a": F(1.0)}, ["n", 5]), 2)


def activations():
    for op in ("Relu", "Sigmoid", "Tanh", "Softplus", "Gelu", "Erf"):
        computed(op, Model([Node(op, "x", "y")], {}, ["n", 9]), 2)
    computed("Gelu tanh", Model([Node("Gelu", "x", "y", approximate="tanh")], {}, ["n", 9]), 2)
    computed("Clip", Model([Node("Clip", "x,lo", "y")], {"lo": F(0.0)}, ["n", 9]), 2)
    for squares in (Node("Mul", "x,x", "y"), Node("Pow", "x,two", "y")):
        computed("square", Model([squares], {"two": F(2.0)}, ["n", 9]), 2)
    computed("cube", Model([Node("Mul", "x,x", "s"), Node("Mul", "s,x", "y")], {}, ["n", 9]), 2)
    for pair in ("x,s", "s,x"):
        computed("silu", Model([Node("Sigmoid", "x", "s"), Node("Mul", pair, "y")], {}, ["n", 9]), 2)
    half, one, root = {"h": F(0.5)}, {"o": F(1.0)}, {"r": F(math.sqrt(2)), "q": F(math.sqrt(0.5))}
    shared = {**half, **one, **root}
    erf = [Node("Div", "x,r", "d"), Node("Erf", "d", "e"), Node("Add", "e,o", "a")]
    ends = ([Node("Mul", "x,a", "m"), Node("Mul", "m,h", "y")], [Node("Mul", "x,h", "m"), Node("Mul", "m,a", "y")],
            [Node("Mul", "a,h", "m"), Node("Mul", "m,x", "y")])
    for end in ends:
        computed("Erf-GELU", Model(erf + end, shared, ["n", 9]), 2, 1e-6)
        other = [Node("Mul", "x,q", "d")] + erf[1:]
        computed("Erf-GELU by products", Model(other + end, shared, ["n", 9]), 2, 1e-6)
    tanh = [Node("Pow", "x,p", "c"), Node("Mul", "c,k", "d"), Node("Add", "x,d", "s"), Node("Mul", "s,w", "t"),
            Node("Tanh", "t", "e"), Node("Add", "e,o", "a")]
    more = {"p": F(3.0), "k": F(0.044715), "w": F(math.sqrt(2 / math.pi)), **shared}
    for end in ends:
        computed("GELU by tanh", Model(tanh + end, more, ["n", 9]), 2, 1e-6)
    computed("behind a layer", Model([Node("MatMul", "x,w", "m"), Node("Sigmoid", "m", "s"), Node("Mul", "m,s", "y")],
                                     {"w": W(5, 4)}, ["n", 5]), 3)
    silu = [Node("Sigmoid", "t", "s"), Node("Mul", "t,s", "y")]
    gelu = [Node("Div", "t,r", "d"), *erf[1:], Node("Mul", "t,a", "m"), Node("Mul", "m,h", "y")]
    for end, tolerance in (silu, 1e-9), (gelu, 1e-6):
        for move, constants in ((Node("Slice", "x,b,c,k", "t"), {"b": I(2), "c": I(7), "k": I(1)}),
                                (Node("Gather", "x,b", "t", axis=1), {"b": I(4, 0, 4)}),
                                (Node("Pad", "x,b", "t"), {"b": I(0, 1, 0, 2)})):
            computed(f"{end[0].op} of moved elements", Model([move, *end], {**shared, **constants}, ["n", 9]), 3,
                     tolerance)


def windows():
    image = ["n", 4, 7, 6]
    for attributes in ({}, {"strides": [2, 1]}, {"pads": [0, 1, 2, 0]}, {"dilations": [2, 1]}, {"group": 2},
                       {"group": 4}, {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, {"auto_pad": "SAME_LOWER"},
                       {"auto_pad": "VALID"}, {"pads": [3, 3, 3, 3], "kernel_shape": [3, 2], "dilations": [3, 2]}):
        kernel = W(8, 4 // attributes.get("group", 1), 3, 2)
        computed(f"Conv {attributes}", Model([Node("Conv", "x,k,b", "y", **attributes)], {"k": kernel, "b": W(8)},
                                             image), 2)
    computed("Conv of one dimension", Model([Node("Conv", "x,k", "y", pads=[1, 0], strides=[2])], {"k": W(2, 3, 3)},
                                            ["n", 3, 8]))
    for attributes in ({}, {"strides": [2, 2]}, {"pads": [1, 1, 0, 1]}, {"pads": [1, 1, 1, 1], "count_include_pad": 1},
                       {"strides": [2, 2], "ceil_mode": 1}, {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
                       {"strides": [3, 3], "ceil_mode": 1, "pads": [1, 0, 1, 0]}):
        computed(f"AveragePool {attributes}", Model([Node("AveragePool", "x", "y", kernel_shape=[3, 2], **attributes)],
                                                    {}, image), 2)
    computed("GlobalAveragePool", Model([Node("GlobalAveragePool", "x", "y")], {}, image), 2)
    for axes, keep in (([2, 3], 0), ([-1, -2], 1), ([1], 0), ([1, 3], 1), ([1, 2, 3], 0)):
        computed(f"ReduceMean {axes}", Model([Node("ReduceMean", "x", "y", axes=axes, keepdims=keep)], {}, image))
        computed(f"ReduceSum {axes}", Model([Node("ReduceSum", "x,a", "y", keepdims=keep)], {"a": I(*axes)}, image))
    computed("means of channels last", Model([Node("Transpose", "x", "t", perm=[0, 2, 3, 1]),
                                              Node("ReduceMean", "t", "y", axes=[1, 2], keepdims=0)], {}, image), 2)


def moves():
    image = ["n", 3, 4, 5]
    for node, constants in (
            (Node("Transpose", "x", "t", perm=[0, 3, 1, 2]), {}),
            (Node("Slice", "x,a,b,c,d", "t"), {"a": I(1, 9), "b": I(4, -9), "c": I(2, 3), "d": I(2, -2)}),
            (Node("Slice", "x", "t", starts=[0, -3], ends=[2, 100], axes=[1, 3]), {}),
            (Node("Gather", "x,i", "t", axis=2), {"i": I(2, 0, -1)}), (Node("Gather", "x,i", "t", axis=1),
                                                                       {"i": I(1, dims=[])}),
            (Node("Pad", "x,p", "t"), {"p": I(0, 1, 0, 2, 0, 0, 1, 0)}), (Node("Pad", "x", "t", pads=[0] * 6 + [2, 2]),
                                                                          {}),
            (Node("Pad", "x,p,,w", "t"), {"p": I(1, -1), "w": I(-1)}),
            (Node("Squeeze", "x", "t"), {}), (Node("Unsqueeze", "x,u", "t"), {"u": I(1, -1)}),
            (Node("Unsqueeze", "x", "t", axes=[2]), {}), (Node("Flatten", "x", "t"), {}),
            (Node("Reshape", "x,s", "t"), {"s": I(0, 0, -1)}), (Node("Reshape", "x,s", "t", allowzero=1),
                                                                {"s": I(-1, 12, 5)})):
        computed(f"{node.op} {node.inputs}", Model([node, Node("Relu", "t", "y")], constants, image))
        computed(f"{node.op} {node.inputs} and sigmoid", Model([node, Node("Sigmoid", "t", "y")], constants, image))
        computed(f"{node.op} {node.inputs} and shift", Model([node, Node("Add", "t,o", "y")],
                                                             {"o": F(0.5), **constants}, image))
    computed("Split", Model([Node("Split", "x,s", "a,b", axis=1), Node("Add", "a,c", "y"), Node("Relu", "b", "z")],
                            {"s": I(1, 2), "c": F(1.0)}, image, "y,z"))
    computed("Split in halves", Model([Node("Split", "x", "a,b", axis=3, num_outputs=2),
                                       Node("Concat", "b,x,a", "y", axis=3)],
                                      {}, image))
    for axis in (1, 2, -1):
        computed(f"Concat {axis}", Model([Node("Sigmoid", "x", "s"), Node("Concat", "s,x", "y", axis=axis)], {}, image))
    for batch, end in (("n", 1 << 62), (RECORDS, RECORDS)):
        computed("Slice with all records", Model([Node("Slice", "x", "y", starts=[0, 1], ends=[end, 3], axes=[0, 1])],
                                                 {}, [batch, 4]))
    option_a = [Node("Slice", "x,a,b,c,d", "s"), Node("Pad", "s,p", "z"), Node("Conv", "x,k", "v", strides=[2, 2],
                                                                               pads=[1] * 4),
                Node("Add", "z,v", "y")]
    computed("a shortcut of slices and pads", Model(option_a, {
        "a": I(0, 0), "b": I(1 << 62, 1 << 62), "c": I(2, 3), "d": I(2, 2), "p": I(0, 1, 0, 0, 0, 2, 0, 0),
        "k": W(6, 3, 3, 3)},
        ["n", 3, 4, 6]))
    computed("zeros before a window", Model([Node("Pad", "x,p", "z"), Node("Conv", "z,k", "y", pads=[0, 1, 1, 0])],
                                            {"p": I(0, 0, 1, 0, 0, 0, 0, 2), "k": W(2, 3, 3, 2)}, image), 2)
    computed("zeros before a pool", Model([Node("Pad", "x,p", "z"), Node("AveragePool", "z", "y", kernel_shape=[2, 2])],
                                          {"p": I(0, 0, 1, 1, 0, 0, 0, 0)}, image))


def nhwc():
    to, back = Node("Transpose", "x", "t", perm=[0, 3, 1, 2]), Node("Transpose", "r", "b", perm=[0, 2, 3, 1])
    conv = [Node("Conv", "t,k", "c", pads=[0, 0, 1, 1]), Node("Relu", "c", "r")]
    computed("channels last", Model([to, *conv, back, Node("Reshape", "b,s", "f"), Node("MatMul", "f,w", "y")],
                                    {"k": W(2, 3, 2, 2), "s": I(-1, 40), "w": W(40, 4)}, ["n", 4, 5, 3]), 6)
    computed("one channel last", Model([Node("Reshape", "x,s", "t"), *conv, back, Node("Flatten", "b", "f"),
                                        Node("Gemm", "f,w", "y")],
                                       {"k": W(2, 1, 2, 2), "s": I(-1, 1, 4, 5), "w": W(40, 4)}, ["n", 4, 5, 1]), 5)
    computed("scales of channels last", Model([to, *conv, back, Node("Mul", "b,a", "y")],
                                              {"k": W(2, 3, 2, 2), "a": W(2)}, ["n", 4, 5, 3]))


def shape_arithmetic():
    flatten = [Node("Shape", "x", "s"), Node("Gather", "s,zero", "g"), Node("Unsqueeze", "g", "u", axes=[0]),
               Node("Concat", "u,minus", "d", axis=0), Node("Reshape", "x,d", "f"), Node("MatMul", "f,w", "y")]
    constants = {"zero": I(0, dims=[]), "minus": I(-1), "w": W(12, 2)}
    computed("batch by Shape and Gather", Model(flatten, constants, ["n", 3, 4], opset=11), 2)
    product = [Node("Shape", "x", "s"), Node("Slice", "s,a,b", "p"), Node("Slice", "s,b,e", "q"),
               Node("Gather", "q,zero", "m"),
               Node("Gather", "q,one", "l"), Node("Mul", "m,l", "k"), Node("Unsqueeze", "k,a", "v"),
               Node("Cast", "v", "i", to=7), Node("Concat", "p,i", "d", axis=0), Node("Reshape", "x,d", "f"),
               Node("MatMul", "f,w", "y")]
    computed("sizes by arithmetic", Model(product, {"a": I(0), "b": I(1), "e": I(3), "one": I(1, dims=[]), **constants},
                                          ["n", 3, 4]), 2)
    size = [Node("Size", "x", "n"), Node("Div", "n,t", "q"), Node("Unsqueeze", "q,a", "u"),
            Node("Concat", "u,t1", "d", axis=0),
            Node("Reshape", "x,d", "f"), Node("MatMul", "f,w", "y")]
    computed("batch by division", Model(size, {"t": I(12, dims=[]), "t1": I(12), "a": I(0), "w": W(12, 2)},
                                        ["n", 3, 4]), 2)
    pads = [constant("n", I(4)), Node("ConstantOfShape", "n", "z", value=I(0)), Node("Concat", "p,z", "c", axis=0),
            Node("Reshape", "c,m2", "r"), Node("Slice", "r,m1,low,a,m1", "v"), Node("Transpose", "v", "t", perm=[1, 0]),
            Node("Reshape", "t,m1", "w1"), Node("Cast", "w1", "w2", to=7), Node("Pad", "x,w2,", "z2"),
            Node("Conv", "z2,k", "y", strides=[2, 2])]
    computed("pads as torch computes them", Model(pads, {
        "p": I(0, 1, 0, 1), "m2": I(-1, 2), "m1": I(-1), "low": I(-(1 << 63) + 1), "a": I(0), "k": W(2, 1, 3, 3)},
        ["n", 1, 6, 6]), 2)
    numbers = [Node("Range", "i0,i3,i1", "r"), Node("Cast", "r", "f", to=1), Node("Expand", "f,e", "g"),
               Node("Sqrt", "g", "h"),
               Node("Add", "h,one", "p"), Node("Reciprocal", "p", "q"), Node("Neg", "q", "w"),
               Node("MatMul", "x,w", "y")]
    computed("weights by arithmetic", Model(numbers, {
        "i0": I(0, dims=[]), "i3": I(3, dims=[]), "i1": I(1, dims=[]), "e": I(4, 3), "one": F(1.0)}, ["n", 4]), 2)


def tails():
    w = {"w": W(5, 4)}
    layer = Node("MatMul", "x,w", "m")
    for opset, axis in ((17, -1), (17, 1), (11, 1)):
        computed("Softmax", Model([layer, Node("Softmax", "m", "y", axis=axis)], w, ["n", 5], opset=opset), 2)
    for keep in (0, 1):
        computed("ArgMax", Model([layer, Node("Softmax", "m", "p"), Node("ArgMax", "p", "y", axis=1, keepdims=keep)], w,
                                 ["n", 5], "y,p"), 2)
    labels = {"c": Tensor([4], [7, 5, 9, 11], "int32"), "s": I(-1), **w}
    end = [Node("ArgMax", "m", "a", axis=1), Node("ArrayFeatureExtractor", "c,a", "l", domain="ai.onnx.ml"),
           Node("Reshape", "l,s", "r"), Node("Cast", "r", "y", to=7)]
    computed("labels", Model([layer, *end], labels, ["n", 5], ml=1), 2)
    computed("labels by Gather", Model([layer, Node("ArgMax", "m", "a", axis=1, keepdims=0),
                                        Node("Gather", "c,a", "y")],
                                       labels, ["n", 5]), 2)
    texts = {**labels, "c": Tensor([4], ["red", "green", "blue", "none"], "string")}
    computed("labels that are texts", Model([layer, *end[:3]], texts, ["n", 5], "r", ml=1), 2)


def scikit_learn():
    def w(count):
        return [random.uniform(-1, 1) for _ in range(count)]
    scale = Node("Scaler", "x", "s", domain="ai.onnx.ml", offset=w(5), scale=w(5))
    for classes, count, after in ((3, 3, "SOFTMAX"), (3, 3, "LOGISTIC"), (2, 2, "LOGISTIC"), (2, 1, "LOGISTIC"),
                                  (2, 1, "NONE"),
                                  (2, 1, "SOFTMAX")):
        model = Node("LinearClassifier", "s", "label,p", domain="ai.onnx.ml", coefficients=w(5 * count),
                     intercepts=w(count),
                     classlabels_ints=list(range(10, 10 + classes)), multi_class=1, post_transform=after)
        norm = Node("Normalizer", "p", "q", domain="ai.onnx.ml", norm="L1")
        names = Node("ZipMap", "q", "z", domain="ai.onnx.ml", classlabels_int64s=list(range(10, 10 + classes)))
        computed(f"classifier {classes} {after}", Model([scale, model, norm, names], {}, [0, 5], "label,z", 22, 1), 2)
    positive = Node("LinearClassifier", "x", "label,y", domain="ai.onnx.ml", coefficients=[0.5, 0.25, 1.0],
                    intercepts=[0.1],
                    classlabels_strings=["no", "yes"])
    computed("positive weights", Model([positive], {}, [0, 3], "label,y", 15, 3), 2)
    for targets in (1, 3):
        regressor = Node("LinearRegressor", "s", "y", domain="ai.onnx.ml", coefficients=w(5 * targets),
                         intercepts=w(targets),
                         targets=targets)
        computed("regressor", Model([Node("Cast", "x", "c", to=1), scale, regressor], {}, [0, 5], opset=9, ml=1), 2)
    one = Node("Scaler", "x", "y", domain="ai.onnx.ml", offset=[0.5], scale=[2.0])
    computed("one scale", Model([one], {}, [0, 5], opset=9, ml=2), 2)
    mixed = Node("Scaler", "x", "y", domain="ai.onnx.ml", offset=[0.5], scale=w(5))
    computed("scales with one offset", Model([mixed], {}, [0, 5], opset=9, ml=2), 2)
    for norm in ("L1", "L2", "MAX"):
        computed(norm, Model([Node("Normalizer", "x", "y", domain="ai.onnx.ml", norm=norm)], {}, [0, 5], opset=9,
                             ml=1), 1)


def networks():
    block = [Node("Conv", "x,k1", "a", pads=[1] * 4), Node("BatchNormalization", "a,s,o,m,v", "b"),
             Node("Relu", "b", "c"),
             Node("Dropout", "c,ratio", "d"), Node("Conv", "d,k2", "e", pads=[1] * 4), Node("Add", "x,e", "f"),
             Node("Relu", "f", "g"),
             Node("GlobalAveragePool", "g", "h"), Node("Flatten", "h", "i"), Node("Gemm", "i,w,z", "j", transB=1),
             Node("Softmax", "j", "y")]
    computed("a residual block", Model(block, {
        "k1": W(4, 4, 3, 3), "k2": W(4, 4, 3, 3), "s": W(4), "o": W(4), "m": W(4), "v": Tensor([4], [1, 2, 3, 4]),
        "w": W(3, 4),
        "z": W(3), "ratio": F(0.5)}, ["n", 4, 5, 5]), 8)


def refusals():
    def one(op, inputs="x", **attributes):
        return Model([Node(op, inputs, "y", "node_5", **attributes)], {"w": W(4, 4), "b": W(4)}, ["n", 4])
    for op, text in (("MaxPool", "AveragePool"), ("LeakyRelu", "Relu"), ("LayerNormalization",
                                                                         "layer_norm is reserved"),
                     ("LogSoftmax", "Softmax"), ("Frobnicate", "cannot be computed")):
        refused(op, one(op), "node 'node_5'", f"({op})", text)
    refused("attributes", one("Relu", magic=1), "'node_5'", "'magic'")
    refused("an old attribute's type", one("Flatten", axis="one"), "'axis'", kind="malformed data")
    refused("many inputs", one("Relu", "x,b"), "2 inputs", kind="malformed data")
    refused("domains", Model([Node("Relu", "x", "y", domain="com.example")], {}, ["n", 4]), "'com.example'")
    refused("matmul(a, b)", one("MatMul", "x,x"), "matmul(a, b)", "reserved")
    refused("products", Model([Node("Sigmoid", "x", "s"), Node("Tanh", "x", "t"), Node("Mul", "s,t", "y", "node_5")],
                              {},
                              ["n", 4]), "'node_5' (Mul)", "products of two values are reserved")
    refused("an inner softmax", Model([Node("Softmax", "x", "s"), Node("MatMul", "s,w", "y", "node_5")], {"w": W(4, 4)},
                                      ["n", 4]), "'node_5' (MatMul)", "softmax")
    refused("a softmax of rows", Model([Node("Softmax", "x", "y")], {}, ["n", 4, 2]), "reserved")
    refused("Clip", one("Clip", "x,,b"), "Clip", kind="malformed data")
    refused("mixed records", Model([Node("Transpose", "x", "y", perm=[1, 0])], {}, ["n", 4]), "mixes the records")
    refused("mixed records by a mean", Model([Node("ReduceMean", "x", "y", axes=[0])], {}, ["n", 4]),
            "mixes the records")
    refused("mixed records by a shape", Model([Node("Reshape", "x,s", "y")], {"s": I(2, -1)}, ["n", 4]),
            "mixes the records")
    refused("a kernel of records", Model([Node("Pad", "x,p,v", "y")], {"p": I(0, 1, 0, 1), "v": F(1.0)}, ["n", 4]),
            "pads with 1")
    refused("opset", Model([Node("Relu", "x", "y")], {}, ["n", 4], opset=8), "version 8")
    refused("a new opset", Model([Node("Relu", "x", "y")], {}, ["n", 4], opset=23), "version 23")
    refused("open dimensions", Model([Node("Relu", "x", "y")], {}, ["n", "m"]), "dimension 2", "open")
    refused("no batch", Model([Node("Relu", "x", "y")], {}, [4]), "'x'")
    refused("rounding", one("Cast", to=7), "rounds")
    refused("training", Model([Node("Dropout", "x,r,t", "y")], {"r": F(0.5), "t": Tensor([], [1], "uint8")}, ["n", 4]),
            "training")
    refused("constant outputs", Model([Node("Neg", "b", "y")], {"b": W(4)}, ["n", 4]), "does not depend")
    refused("nothing", Model([Node("Gather", "x,i", "y", axis=1)], {"i": I()}, ["n", 4]), "nothing is left",
            kind="malformed data")
    refused("power", Model([Node("Pow", "x,e", "y")], {"e": F(0.5)}, ["n", 4]), "exponent")
    for start, end, step in ((0, 1, 1), (-1, 9, 1), (-1, -9, -1), (0, 1 << 40, 2)):
        refused(f"records {start}:{end}:{step}", Model([Node("Slice", "x,a,b,c,d", "y")], {
            "a": I(start), "b": I(end), "c": I(0), "d": I(step)}, ["n", 4]), "mixes the records")
    refused("zeros that count, and a row more", Model([Node(
        "AveragePool", "x", "y", kernel_shape=[2, 3], strides=[2, 1], pads=[0, 1, 0, 1], ceil_mode=1,
        count_include_pad=1)], {}, ["n", 1, 5, 4]), "ceil_mode")
    refused("a table of labels", Model([Node("ArgMax", "x", "a", axis=1, keepdims=0), Node("Gather", "c,a", "y")],
                                       {"c": W(4, 1)}, ["n", 4]), "labels")
    refused("two names in one", one("ArgMax", axis=1, **{"axis:i keepdims": 1}), "'axis:i keepdims'")


def sizes_of_the_batch():
    """No number of a network is the size of the batch."""
    size = [Node("Shape", "x", "i", end=1), Node("Cast", "i", "b", to=1)]
    one = {"u": F(1.0, dims=[1]), "k": W(1, 1, 1), "w": W(1, 1)}
    learned = "ai.onnx.ml"
    for node, dims in ((Node("MatMul", "x,b", "y"), ["n", 1]), (Node("Gemm", "x,w,b", "y"), ["n", 1]),
                       (Node("Conv", "x,k,b", "y"), ["n", 1, 4]), (Node("BatchNormalization", "x,u,b,u,u", "y"),
                                                                   ["n", 1, 4]),
                       (Node("Pow", "x,b", "y"), ["n", 4]), (Node("Clip", "x,b", "y"), ["n", 4]),
                       (Node("Pad", "x,p,b", "y"), ["n", 4])):
        refused(f"{node.op} by the batch", Model([*size, node], {"p": I(0, 1, 0, 1), **one}, dims), node.op,
                "size of the batch")
    half = [Node("Mul", "b,h", "m"), Node("Cast", "m", "r", to=7), Node("Add", "r,f", "a"),
            Node("Concat", "minus,a", "d", axis=0), Node("Reshape", "x,d", "y")]
    refused("half the batch", Model([*size, *half], {"h": F(0.5), "f": I(4), "minus": I(-1)}, ["n", 4]),
            "size of the batch")
    computed("another size", Model([Node("Shape", "x", "s"), Node("Gather", "s,k", "i"), Node("Cast", "i", "f", to=1),
                                    Node("Div", "x,f", "y")], {"k": I(1, dims=[])}, ["n", 4]), 2)
    refused("labels by the batch", Model([*size, Node("Concat", "b,u", "c", axis=0), Node("ArgMax", "x", "a", axis=1),
                                          Node("ArrayFeatureExtractor", "c,a", "y", domain=learned)], one, ["n", 2],
                                         ml=1), "size of the batch")


def malformed():
    good = Model([Node("MatMul", "x,w", "y")], {"w": W(4, 4)}, ["n", 4])
    bad = "malformed data"
    refused("a cycle", Model([Node("Add", "x,b", "a"), Node("Relu", "a", "b")], {}, ["n", 4], "b"), "'b'", "cycle",
            kind=bad)
    refused("two makers", Model([Node("Relu", "x", "y"), Node("Relu", "x", "y")], {}, ["n", 4]), "twice", kind=bad)
    refused("no maker", Model([Node("Relu", "x", "z")], {}, ["n", 4]), "output 'y'", kind=bad)
    for op, inputs in (("Slice", "x"), ("Expand", "w,"), ("ConstantOfShape", ","), ("Pad", "x")):
        refused(f"{op} without its inputs", Model([Node(op, inputs, "y")], {"w": W(4)}, ["n", 4]), op, kind=bad)
    short = W(4, 4)
    short.values = short.values[:-2]
    refused("short data", Model([Node("MatMul", "x,w", "y")], {"w": short}, ["n", 4]), "'w'", "has 56 bytes", kind=bad)
    refused("an empty file", b"\x08", "field", kind=bad)
    refused("unknown fields", good.encode() + number(99, 1), "field 99", kind=bad)
    refused("sparse weights", number(1, 8) + part(7, good.graph() + part(15, b"")) + part(8, number(2, 17)),
            "sparse_initializer")
    refused("functions", good.encode() + part(25, b""), "functions")
    refused("an overload", number(1, 8) + part(7, part(1, part(4, "Relu") + part(8, "fast"))), "overload")
    empty = number(1, 8) + part(7, part(1, part(4, "Relu") + part(8, "") + part(8, "fast")))
    refused("an overload after an empty one", empty, "overload")
    refused("another wire type", good.encode() + part(5, b""), "model_version", kind=bad)
    refused("a field twice", good.encode() + part(7, good.graph()), "graph is there twice", kind=bad)
    refused("a truncated file", good.encode()[:-20], "ends within", kind=bad)
    nested = b""
    for _ in range(6):
        nested = part(1, part(5, part(1, "g") + number(20, 5) + part(6, nested)))
    refused("nested graphs", number(1, 8) + part(7, nested), "nested more than 16", kind=bad)
    many = number(1, 8) + part(7, b"\x0a\x00" * 200000) + part(8, number(2, 17))
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    refused("many empty nodes", many, "8 times", kind=bad)
    huge = Model([Node("ConstantOfShape", "s", "c"), Node("Add", "x,c", "y")], {"s": I(1 << 20, 1 << 20)}, ["n", 4])
    refused("a huge constant", huge, "more numbers", kind=bad)
    refused("a huge value", Model([Node("Relu", "x", "y")], {}, ["n", 1 << 40]), "elements", kind=bad)
    wide = Model([Node("Pad", "x,p", "t"), Node("Relu", "t", "y")], {"p": I(0, 0, 0, 1 << 40)}, ["n", 4])
    refused("huge pads", wide, "more", kind=bad)
    grown = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - before
    if grown > 64 << 10:
        faults.append(f"hostile files made a process {grown >> 10} MiB larger")


def little_that_makes_much():
    bad = "malformed data"
    joined = Model([Node("Concat", "a,b", "y", axis=1)], {"a": Tensor([1 << 55, 0], []), "b": Tensor([1 << 55, 0], [])},
                   ["n", 4])
    refused("nothing, very often", joined, "'y'")
    ones = [Node("ConstantOfShape", "s", "c", value=I(1))]
    times = Model(ones + [Node("MatMul", "x,c", f"y{k}") for k in range(40)], {"s": I(1024, 1024)}, ["n", 1024], "y0")
    refused("weights used often", times, "more numbers", kind=bad)
    kernels = Model(ones + [Node("Conv", "x,c", f"y{k}") for k in range(40)], {"s": I(1024, 1024, 1)},
                    ["n", 1024, 1], "y0")
    refused("kernels used often", kernels, "more numbers", kind=bad)
    wide = ["n", 1 << 20]
    labels = Model(ones + [Node("ArgMax", "x", "a", axis=1, keepdims=0)] +
                   [Node("Gather", "c,a", f"y{k}") for k in range(40)], {"s": I(1 << 20)}, wide, "y0")
    refused("labels used often", labels, "more numbers", kind=bad)
    copies = Model(ones + [Node("ArgMax", "x", "a", axis=1, keepdims=0), Node("Gather", "c,a", "l")] +
                   [Node("Identity", "l", f"y{k}") for k in range(40)], {"s": I(1 << 20)}, wide, "y0")
    refused("labels copied often", copies, "more numbers", kind=bad)
    sums = Model(ones + [Node("ReduceSum", "x,c", f"y{k}") for k in range(40)], {"s": I(1 << 20)}, ["n", 4], "y0")
    refused("axes read often", sums, kind=bad)
    times = [Node("Split", "x", ",".join(f"s{k}.{i}" for i in range(1000))) for k in range(132)]
    refused("many names", Model(times, {}, ["n", 4]), "names more than", kind=bad)
    muls = [Node("Mul", f"m{k},u", f"m{k + 1}") for k in range(60000)]
    seconds = []
    for inputs in (1, 1 << 14):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        refused("a chain behind a layer", Model([*ones, Node("MatMul", "x,c", "m0"), *muls], {
            "s": I(inputs, 64), "u": F(1.0)}, ["n", inputs], "m60000"), "of this model",
                kind="objects do not belong together")
        seconds.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    if seconds[1] > 10 * seconds[0]:  # as one by one they would: 60000 times 2^20 weights
        faults.append(f"a chain of scales is multiplied into a layer one by one: {seconds}")
    twice = {"z": I(0, 0), "e": I(1, 2), "a": I(1, -1), "p": I(1, 1, 0, 0)}
    refused("an axis sliced twice", Model([Node("Slice", "x,z,e,a", "y")], twice, ["n", 4]), "twice", kind=bad)
    refused("an axis padded twice", Model([Node("Pad", "x,p,,a", "y")], twice, ["n", 4]), "twice", kind=bad)


def outside():
    w = W(4, 4)

    def at(location, offset=0):
        return Model([Node("MatMul", "x,w", "y")], {"w": Tensor([4, 4], w.values, "float", (location, offset))},
                     ["n", 4])

    def put(folder):
        with open(f"{folder}/w.bin", "wb") as f:
            f.write(w.raw())

    def link(folder):
        put(folder)
        os.symlink("w.bin", f"{folder}/link.bin")
        os.mkdir(f"{folder}/real")
        os.symlink(folder, f"{folder}/loop")
        os.mkfifo(f"{folder}/pipe")
    bad = "malformed data"
    refused("a path above", at("../w.bin"), "outside the model's folder", setup=put, kind=bad)
    refused("a path above within", at("real/../w.bin"), "outside the model's folder", setup=link, kind=bad)
    refused("an absolute path", at("/etc/passwd"), "no path within", setup=put, kind=bad)
    refused("an empty path", at(""), "no path within", setup=put, kind=bad)
    refused("a path of another system", at("..\\w.bin"), "no path within", setup=put, kind=bad)
    refused("a link", at("link.bin"), "links", setup=link, kind=bad)
    refused("a link on the way", at("loop/w.bin"), "'loop/w.bin'", "links", setup=link, kind=bad)
    refused("a folder", at("real"), "no regular file", setup=link, kind=bad)
    refused("a pipe", at("pipe"), "no regular file", setup=link, kind=bad)
    refused("no file", at("v.bin"), "'v.bin'", setup=put, kind="input or output failed")
    wide = Tensor([3000, 3000], [], "int8", ("w.bin", 0))
    wide.raw = lambda: bytes(3000 * 3000)

    def zeros(folder):
        with open(f"{folder}/w.bin", "wb") as f:
            f.truncate(3000 * 3000)
    # Weights outside count as if they were in the file: otherwise these would be too many numbers for so small a file.
    refused("much outside", Model([Node("MatMul", "x,a", "s"), Node("MatMul", "s,b", "y")], {"a": wide, "b": wide},
                                  ["n", 3000]), "records of this model have 3000", setup=zeros,
            kind="objects do not belong together")
    refused("a short file", at("w.bin", 4), "which has 64", setup=put, kind=bad)


def main():
    for part_of_it in (dense_layers, data_places, normalisations, activations, windows, moves, nhwc, shape_arithmetic,
                       tails,
                       scikit_learn, networks, refusals, sizes_of_the_batch, malformed,
                       little_that_makes_much, outside):
        part_of_it()
    print("\n".join(faults) or "all as wanted")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
