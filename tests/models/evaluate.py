# SPDX-License-Identifier: Apache-2.0
"""An oracle for small ONNX graphs: every operator as its documentation has it, element by element, batch and all."""
import itertools
import math


class Array:
    def __init__(self, shape, values):
        self.shape, self.values = list(shape), list(values)
        assert len(self.values) == math.prod(self.shape)

    def __getitem__(self, index):
        at = 0
        for i, n in zip(index, self.shape):
            assert 0 <= i < n
            at = at * n + i
        return self.values[at]


def indices(shape):
    return itertools.product(*map(range, shape))


def make(shape, f):
    return Array(shape, [f(i) for i in indices(shape)])


def integers(array):
    return [int(v) for v in array.values]


def broadcast(f, a, b):
    rank = max(len(a.shape), len(b.shape))
    shapes = [[1] * (rank - len(x.shape)) + x.shape for x in (a, b)]
    shape = [max(p, q) for p, q in zip(*shapes)]
    wide = [Array(s, x.values) for s, x in zip(shapes, (a, b))]
    return make(shape, lambda i: f(*(w[[0 if n == 1 else k for k, n in zip(i, w.shape)]] for w in wide)))


def each(f):
    return lambda n, x: Array(x.shape, map(f, x.values))


def sigmoid(v):
    return 1 / (1 + math.exp(-v)) if v > 0 else math.exp(v) / (1 + math.exp(v))


def gelu(n, x):
    if n.attributes.get("approximate") == "tanh":
        return Array(x.shape, [v / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v ** 3)))
                               for v in x.values])
    return Array(x.shape, [v / 2 * (1 + math.erf(v / math.sqrt(2))) for v in x.values])


# ---- shapes ----

def reshape(n, x, shape):
    wanted = [x.shape[d] if s == 0 and not n.attributes.get("allowzero") else s for d, s in enumerate(integers(shape))]
    known = math.prod(s for s in wanted if s != -1)
    return Array([len(x.values) // known if s == -1 else s for s in wanted], x.values)


def flatten(n, x):
    axis = n.attributes.get("axis", 1) % (len(x.shape) + 1)
    return Array([math.prod(x.shape[:axis]), math.prod(x.shape[axis:])], x.values)


def axes_of(n, given, rank):
    axes = n.attributes.get("axes") or (integers(given) if given else None)
    return None if axes is None else [a % rank for a in axes]


def squeeze(n, x, given=None):
    axes = axes_of(n, given, len(x.shape))
    return Array([s for d, s in enumerate(x.shape) if (s != 1 if axes is None else d not in axes)], x.values)


def unsqueeze(n, x, given=None):
    count = len(n.attributes.get("axes") or given.values)
    axes, old = axes_of(n, given, len(x.shape) + count), iter(x.shape)
    return Array([1 if d in axes else next(old) for d in range(len(x.shape) + count)], x.values)


def transpose(n, x):
    perm = n.attributes.get("perm") or list(range(len(x.shape)))[::-1]
    return make([x.shape[p] for p in perm], lambda i: x[[i[perm.index(d)] for d in range(len(perm))]])


def slices(n, x, starts=None, ends=None, axes=None, steps=None):
    given = [n.attributes.get(k) or (integers(v) if v else None)
             for k, v in (("starts", starts), ("ends", ends), ("axes", axes), ("steps", steps))]
    ranges = [range(s) for s in x.shape]
    for k, start in enumerate(given[0]):
        axis = given[2][k] % len(x.shape) if given[2] else k
        step = given[3][k] if given[3] else 1
        end = None if step < 0 and given[1][k] < -x.shape[axis] else given[1][k]
        ranges[axis] = range(x.shape[axis])[start:end:step]
    return make([len(r) for r in ranges], lambda i: x[[r[k] for k, r in zip(i, ranges)]])


def gather(n, x, index):
    axis = n.attributes.get("axis", 0) % len(x.shape)
    shape, rank = x.shape[:axis] + index.shape + x.shape[axis + 1:], len(index.shape)
    return make(shape, lambda i: x[list(i[:axis]) + [int(index[i[axis:axis + rank]]) % x.shape[axis]] +
                                   list(i[axis + rank:])])


def concat(n, *xs):
    axis, shape = n.attributes["axis"] % len(xs[0].shape), list(xs[0].shape)
    shape[axis] = sum(x.shape[axis] for x in xs)

    def element(i):
        i = list(i)
        for x in xs:
            if i[axis] < x.shape[axis]:
                return x[i]
            i[axis] -= x.shape[axis]
        raise IndexError
    return make(shape, element)


def split(n, x, sizes=None):
    axis = n.attributes.get("axis", 0) % len(x.shape)
    each_size = -(-x.shape[axis] // len(n.outputs))
    sizes = n.attributes.get("split") or (integers(sizes) if sizes else [
        min(each_size, x.shape[axis] - k * each_size) for k in range(len(n.outputs))])
    return [make(x.shape[:axis] + [s] + x.shape[axis + 1:],
                 lambda i, at=sum(sizes[:k]): x[list(i[:axis]) + [i[axis] + at] + list(i[axis + 1:])])
            for k, s in enumerate(sizes)]


def pad(n, x, pads=None, _=None, axes=None):
    given = n.attributes.get("pads") or integers(pads)
    which = integers(axes) if axes else range(len(x.shape))
    before, after = [0] * len(x.shape), [0] * len(x.shape)
    for k, axis in enumerate(which):
        before[axis], after[axis] = given[k], given[len(given) // 2 + k]

    def element(i):
        j = [a - b for a, b in zip(i, before)]
        return x[j] if all(0 <= a < s for a, s in zip(j, x.shape)) else 0.0
    return make([s + b + a for s, b, a in zip(x.shape, before, after)], element)


def constant_of_shape(n, shape):
    value = n.attributes["value"].values[0] if "value" in n.attributes else 0.0
    return make(integers(shape), lambda i: value)


# ---- layers ----

def matmul(_, a, b):
    if len(b.shape) == 1:
        return make(a.shape[:-1], lambda i: sum(a[(*i, k)] * b[(k,)] for k in range(b.shape[0])))
    return make(a.shape[:-1] + b.shape[1:], lambda i: sum(a[(*i[:-1], k)] * b[(k, i[-1])] for k in range(b.shape[0])))


def gemm(n, a, b, c=None):
    at = n.attributes
    b = transpose(n, b) if at.get("transB") else b
    y = matmul(n, a, b)
    y = Array(y.shape, [v * at.get("alpha", 1.0) for v in y.values])
    return broadcast(lambda p, q: p + at.get("beta", 1.0) * q, y, c) if c else y


def window(n, image, kernel):
    at, rank = n.attributes, len(image)
    strides, dilations = at.get("strides", [1] * rank), at.get("dilations", [1] * rank)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    pads, auto = at.get("pads", [0] * 2 * rank), at.get("auto_pad", "NOTSET")
    if auto.startswith("SAME"):
        zeros = [max(0, (-(-s // t) - 1) * t + r - s) for s, t, r in zip(image, strides, reach)]
        small, large = [z // 2 for z in zeros], [z - z // 2 for z in zeros]
        pads = small + large if auto == "SAME_UPPER" else large + small
    room = [s + pads[d] + pads[rank + d] - reach[d] for d, s in enumerate(image)]
    if at.get("ceil_mode"):
        out = [-(-r // t) + 1 for r, t in zip(room, strides)]
        out = [o - ((o - 1) * strides[d] >= image[d] + pads[d]) for d, o in enumerate(out)]
    else:
        out = [r // t + 1 for r, t in zip(room, strides)]
    return out, strides, dilations, pads


def conv(n, x, w, b=None):
    rank, groups = len(x.shape) - 2, n.attributes.get("group", 1)
    out, strides, dilations, pads = window(n, x.shape[2:], w.shape[2:])
    each_group = w.shape[0] // groups

    def element(i):
        total = b[(i[1],)] if b else 0.0
        for k in indices(w.shape[1:]):
            j = [i[2 + d] * strides[d] + k[1 + d] * dilations[d] - pads[d] for d in range(rank)]
            if all(0 <= a < s for a, s in zip(j, x.shape[2:])):
                total += w[(i[1], *k)] * x[(i[0], i[1] // each_group * w.shape[1] + k[0], *j)]
        return total
    return make([x.shape[0], w.shape[0]] + out, element)


def average_pool(n, x):
    kernel, rank = n.attributes["kernel_shape"], len(x.shape) - 2
    out, strides, _, pads = window(n, x.shape[2:], kernel)
    zeros = n.attributes.get("count_include_pad", 0)

    def element(i):
        total, count = 0.0, 0
        for k in indices(kernel):
            j = [i[2 + d] * strides[d] + k[d] - pads[d] for d in range(rank)]
            inside = all(0 <= a < s for a, s in zip(j, x.shape[2:]))
            total += x[(*i[:2], *j)] if inside else 0
            count += inside or (zeros and all(a < s + pads[rank + d] for d, (a, s) in enumerate(zip(j, x.shape[2:]))))
        return total / count
    return make(x.shape[:2] + out, element)


def reduce(mean):
    def f(n, x, given=None):
        axes = axes_of(n, given, len(x.shape)) or list(range(len(x.shape)))
        kept = [1 if d in axes else s for d, s in enumerate(x.shape)]
        sums = dict.fromkeys(indices(kept), 0.0)
        for i in indices(x.shape):
            sums[tuple(0 if d in axes else k for d, k in enumerate(i))] += x[i]
        count = len(x.values) / len(sums) if mean else 1
        shape = kept if n.attributes.get("keepdims", 1) else [s for d, s in enumerate(x.shape) if d not in axes]
        return Array(shape, [v / count for v in sums.values()])
    return f


def global_pool(n, x):
    return reduce(True)(type(n)("", "", "", axes=list(range(2, len(x.shape)))), x)


def batch_normalization(n, x, *parameters):
    epsilon = n.attributes.get("epsilon", 1e-5)

    def element(i):
        scale, bias, mean, variance = (p[(i[1],)] for p in parameters)
        return scale * (x[i] - mean) / math.sqrt(variance + epsilon) + bias
    return make(x.shape, element)


# ---- the last steps ----

def rows(x):
    width = x.shape[-1]
    return [x.values[i:i + width] for i in range(0, len(x.values), width)]


def softmax_row(row):
    e = [math.exp(v - max(row)) for v in row]
    return [v / sum(e) for v in e]


def softmax(_, x):
    return Array(x.shape, sum(map(softmax_row, rows(x)), []))


def argmax(n, x):
    best = [float(r.index(max(r))) for r in rows(x)]
    return Array(x.shape[:-1] + [1] * n.attributes.get("keepdims", 1), best)


def normalizer(n, x):
    norms = {"L1": lambda r: sum(map(abs, r)), "L2": lambda r: math.sqrt(sum(v * v for v in r)),
             "MAX": lambda r: max(map(abs, r))}
    norm = norms[n.attributes["norm"]]
    return Array(x.shape, sum(([v / (norm(r) or 1) for v in r] for r in rows(x)), []))


def scaler(n, x):
    def wide(values):
        return values * x.shape[1] if len(values) == 1 else values
    offset, scale = wide(n.attributes["offset"]), wide(n.attributes["scale"])
    return make(x.shape, lambda i: (x[i] - offset[i[1]]) * scale[i[1]])


def linear(n, x, targets):
    w, b = n.attributes["coefficients"], n.attributes.get("intercepts", [0.0] * targets)
    return make([x.shape[0], targets], lambda i: b[i[1]] + sum(
        w[i[1] * x.shape[1] + k] * x[(i[0], k)] for k in range(x.shape[1])))


def classifier(n, x):
    at = n.attributes
    labels = at.get("classlabels_ints") or list(range(len(at["classlabels_strings"])))
    scores = linear(n, x, len(at["coefficients"]) // x.shape[1])
    if scores.shape[1] == 1:
        plain = at.get("post_transform", "NONE") == "NONE" and min(at["coefficients"]) >= 0
        scores = Array([x.shape[0], 2], sum(([1 - s if plain else -s, s] for s in scores.values), []))
    label = [float(labels[r.index(max(r))]) for r in rows(scores)]
    after = {"NONE": lambda s: s, "LOGISTIC": lambda s: each(sigmoid)(n, s), "SOFTMAX": lambda s: softmax(n, s)}
    return [Array([x.shape[0]], label), after[at.get("post_transform", "NONE")](scores)]


def extract(_, x, index):
    return Array([1, len(index.values)], [x.values[int(i)] for i in index.values])


OPERATORS = {
    "Add": lambda n, a, b: broadcast(lambda p, q: p + q, a, b), "Sub": lambda n, a, b: broadcast(lambda p, q: p - q, a,
                                                                                                 b),
    "Mul": lambda n, a, b: broadcast(lambda p, q: p * q, a, b), "Div": lambda n, a, b: broadcast(lambda p, q: p / q, a,
                                                                                                 b),
    "Pow": lambda n, a, b: broadcast(lambda p, q: p ** q, a, b), "Neg": each(lambda v: -v), "Sqrt": each(math.sqrt),
    "Sum": lambda n, a, b: broadcast(lambda p, q: p + q, a, b), "Reciprocal": each(lambda v: 1 / v),
    "Relu": each(lambda v: max(v, 0.0)), "Clip": lambda n, x, *_: each(lambda v: max(v, 0.0))(n, x),
    "Sigmoid": each(sigmoid), "Tanh": each(math.tanh), "Erf": each(math.erf), "Gelu": gelu,
    "Softplus": each(lambda v: math.log1p(math.exp(v))), "Identity": each(lambda v: v), "Cast": each(lambda v: v),
    "Dropout": lambda n, x, *_: x, "Reshape": reshape, "Flatten": flatten, "Squeeze": squeeze, "Unsqueeze": unsqueeze,
    "Transpose": transpose, "Slice": slices, "Gather": gather, "Concat": concat, "Split": split, "Pad": pad,
    "Shape": lambda n, x: Array([len(x.shape)], x.shape), "Size": lambda n, x: Array([], [len(x.values)]),
    "Constant": lambda n: Array(n.attributes["value"].dims, n.attributes["value"].values),
    "ConstantOfShape": constant_of_shape, "Expand": lambda n, x, s: broadcast(
        lambda p, q: p, x, make(integers(s), lambda i: 0)),
    "Range": lambda n, a, b, c: (lambda r: Array([len(r)], r))(list(range(*map(int, a.values + b.values + c.values)))),
    "MatMul": matmul, "Gemm": gemm, "Conv": conv, "AveragePool": average_pool, "GlobalAveragePool": global_pool,
    "ReduceMean": reduce(True), "ReduceSum": reduce(False), "BatchNormalization": batch_normalization,
    "Softmax": softmax, "ArgMax": argmax, "Normalizer": normalizer, "Scaler": scaler, "LinearClassifier": classifier,
    "LinearRegressor": lambda n, x: linear(n, x, n.attributes.get("targets", 1)), "ZipMap": lambda n, x: x,
    "ArrayFeatureExtractor": extract,
}


def evaluate(model, x):
    """{name: Array} of the outputs."""
    values = {n: Array(t.dims, range(len(t.values)) if t.kind == "string" else t.values)
              for n, t in model.constants.items()}
    values["x"] = x
    for n in model.nodes:
        made = OPERATORS[n.op](n, *(values[i] if i else None for i in n.inputs))
        values.update(zip(n.outputs, made if isinstance(made, list) else [made]))
    return {o: values[o] for o in model.outputs}
