"""Random nodes for the models of random_onnx.py, over the ops that the importer knows.

What is left out, because ONNX Runtime is wrong there, the two differ by choice or the standard leaves it open, is said where
it is left out: "differs:". Mostly these are single elements, in whose place `Model.without` puts ones.
"""

from __future__ import annotations

import numpy as np
from onnx import helper
from random_onnx import FLOATS, INTEGERS, Model, is_float

UNARY = [
    "Abs",
    "Neg",
    "Exp",
    "Log",
    "Sqrt",
    "Reciprocal",
    "Floor",
    "Ceil",
    "Round",
    "Sin",
    "Cos",
    "Tan",
    "Asin",
    "Acos",
    "Atan",
    "Sinh",
    "Cosh",
    "Tanh",
    "Asinh",
    "Acosh",
    "Atanh",
    "Erf",
    "Sigmoid",
    "Softplus",
    "Softsign",
    "Relu",
    "LeakyRelu",
    "Elu",
    "Selu",
    "Celu",
    "HardSigmoid",
    "HardSwish",
    "Sign",
    "IsNaN",
    "IsInf",
    "ThresholdedRelu",
    "Mish",
    "Gelu",
    "Identity",
]


def unary(m: Model) -> None:
    add_unary(m, m.random.choice(UNARY), m.floats())


def integer_unary(m: Model) -> None:
    add_unary(m, m.random.choice(["Abs", "Neg", "Sign", "Identity", "Relu"]), m.numeric())


def divisor(m: Model, x: str) -> str:
    """A value to divide by. differs: the sign of a zero that an op gives is not said (max(-0, 0)), and shows in the quotient."""
    return x if x in m.inputs or x in m.constants else m.without(x, m.values[x] == 0)


def add_unary(m: Model, op: str, x: str) -> None:
    if op == "Reciprocal":
        x = divisor(m, x)
    value = m.values[x]
    if op == "Sigmoid" and value.dtype != np.float16:
        # differs: it is computed there as 1 minus something (f64) or 0.5 plus something (f32), which cancels, down to 0.
        x = m.without(x, np.isfinite(value) & (value < -3))
    elif op in ("Elu", "Celu", "Selu") and value.dtype == np.float32:
        x = m.without(x, (value < 0) & (value > -0.05))  # differs: e^x - 1 cancels there
    elif op in ("Sin", "Cos") and value.dtype == np.float64:
        with np.errstate(invalid="ignore"):
            near = np.abs(np.sin(value) if op == "Sin" else np.cos(value)) < 0.1
        # differs: two units of the last place of 1 off there, even where the result is near 0.
        x = m.without(x, near & (np.abs(value) > 0.5))
    elif op == "Sign" and value.dtype == np.float16:
        # differs: the sign of NaN is not said: NaN here, and there for f32 and f64, but 0 for f16.
        x = m.without(x, np.isnan(value))
    m.add(op, [x])


def binary(m: Model) -> None:
    op = m.random.choice(
        [
            "Add",
            "Sub",
            "Mul",
            "Div",
            "Max",
            "Min",
            "Sum",
            "Mean",
            "Equal",
            "Less",
            "Greater",
            "LessOrEqual",
            "GreaterOrEqual",
            "PRelu",
        ]
    )
    x = m.numeric()
    y = m.like(x)
    if op == "Div" and is_float(m.values[x]):
        y = divisor(m, y)
    elif op == "Div":
        y = m.without(y, m.values[y] == 0)  # differs: a division by 0 traps in ONNX Runtime
    m.add(op, [x, y])


def power(m: Model) -> None:
    x = m.floats()
    m.add("Pow", [divisor(m, x), m.like(x)])


def modulo(m: Model) -> None:
    x = m.numeric()
    y = m.like(x)
    if is_float(m.values[x]):
        m.add("Mod", [x, y], fmod=1)
    else:
        m.add("Mod", [x, m.without(y, m.values[y] == 0)], fmod=m.random.randint(0, 1))


def logic(m: Model) -> None:
    x = m.pick(lambda value: value.dtype == bool, np.bool_)
    if m.chance(0.2):
        m.add("Not", [x])
    else:
        m.add(m.random.choice(["And", "Or", "Xor"]), [x, m.like(x)])


def select(m: Model) -> None:
    condition = m.pick(lambda value: value.dtype == bool, np.bool_)
    dims = list(m.values[condition].shape)
    x = m.leaf(m.array(m.random.choice([*FLOATS, np.int32, np.int64]), dims))
    m.add("Where", [condition, x, m.like(x)])


def clip(m: Model) -> None:
    x = m.numeric()
    dtype = m.values[x].dtype.type
    low, high = sorted(m.random.sample(range(0, 9), 2))
    m.add("Clip", [x, m.leaf(np.array(low, dtype)), m.leaf(np.array(high, dtype))])


def cast(m: Model) -> None:
    x = m.pick(lambda value: value.dtype != object, m.random.choice([*FLOATS, *INTEGERS, np.bool_]))
    value = m.values[x]
    to = np.dtype(m.random.choice([*FLOATS, *INTEGERS, np.bool_]))
    if is_float(value) and to.kind in "iu":
        info = np.iinfo(to)
        wide = value.astype(np.float64)
        inside = (wide > max(info.min, -(2.0**31)) - 1) & (wide < min(info.max, 2.0**31 - 129))
        x = m.without(x, ~inside)  # differs: a cast beyond the type's range saturates here, and is anything there
    m.add("Cast", [x], to=helper.np_dtype_to_tensor_dtype(to))


def some_axes(m: Model, rank: int) -> list[int]:
    axes = sorted(m.random.sample(range(rank), m.random.randint(1, rank)))
    return [axis - rank if m.chance(0.2) else axis for axis in axes]


def reduction(m: Model) -> None:
    x = m.numeric((1, 4))
    value = m.values[x]
    op = m.random.choice(
        [
            "ReduceSum",
            "ReduceMean",
            "ReduceMax",
            "ReduceMin",
            "ReduceProd",
            "ReduceL1",
            "ReduceL2",
            "ReduceLogSum",
            "ReduceLogSumExp",
            "ReduceSumSquare",
        ]
    )
    if value.size == 0:
        return  # differs: what a reduction over nothing gives came with opset 20 and is not there for all of them
    if not is_float(value):
        if op in ("ReduceMean", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceL1", "ReduceProd"):
            return  # differs: integers are taken through floats there
        magnitudes = np.abs(value.astype(np.float64)) ** (2 if op == "ReduceSumSquare" else 1)
        if op in ("ReduceSum", "ReduceSumSquare") and magnitudes.sum() >= min(2**53, np.iinfo(value.dtype).max):
            return  # differs: they are summed as f64 there, and saturate
    elif op in ("ReduceMax", "ReduceMin", "ReduceLogSumExp"):
        x = m.without(x, np.isnan(value))  # differs: NaN wins here, and depends on the order there
    inputs = [x, m.ints(*some_axes(m, value.ndim))] if m.chance(0.85) else [x]
    m.add(op, inputs, keepdims=m.random.randint(0, 1))


def arg_reduction(m: Model) -> None:
    x = m.numeric((1, 4))
    value = m.values[x]
    if value.size == 0:
        return  # differs: there is no such index
    m.add(
        m.random.choice(["ArgMax", "ArgMin"]),
        [m.without(x, np.isnan(value))],  # differs: which index NaN gives is not said
        axis=m.random.randrange(value.ndim),
        keepdims=m.random.randint(0, 1),
        select_last_index=m.random.randint(0, 1),
    )


def cumulate(m: Model) -> None:
    x = m.numeric((1, 4))
    axis = m.leaf(np.array(m.random.randrange(m.values[x].ndim), np.int64), constant=True)
    m.add("CumSum", [x, axis], exclusive=m.random.randint(0, 1), reverse=m.random.randint(0, 1))


def top_k(m: Model) -> None:
    x = m.numeric((1, 4))
    value = m.values[x]
    axis = m.random.randrange(value.ndim)
    if value.shape[axis] == 0:
        return
    x = m.without(x, np.isnan(value))  # differs: where NaN stands is not said
    m.add("TopK", [x, m.ints(m.random.randint(1, value.shape[axis]))], 2, axis=axis, largest=m.random.randint(0, 1))


def softmax(m: Model) -> None:
    x = m.floats((1, 4))
    op = m.random.choice(["Softmax", "LogSoftmax", "Softmax", "LogSoftmax", "Hardmax"])
    value = m.values[x]
    if op == "Hardmax":
        x = m.without(x, np.isnan(value))  # differs: which index NaN gives is not said
    elif op == "LogSoftmax" and value.dtype == np.float64:
        # differs: one NaN or infinity makes all NaN here, and there for f32 and f16, but the maximum of f64 depends on the order.
        x = m.without(x, np.isnan(value) | np.isposinf(value))
    m.add(op, [x], axis=m.random.randrange(value.ndim))


def normalization(m: Model) -> None:
    x = m.floats((2, 4))
    value = m.values[x]
    dtype, dims = value.dtype.type, list(value.shape)
    axis = m.random.randrange(value.ndim)
    if value.size == 0:
        return
    kind = m.random.randrange(6)

    def per_channel() -> str:
        return m.leaf(m.array(dtype, [dims[1]]))

    if kind == 0:
        m.add(
            "LayerNormalization",
            [x, m.leaf(m.array(dtype, dims[axis:])), m.leaf(m.array(dtype, dims[axis:]))],
            axis=axis,
            epsilon=1e-3,
        )
    elif kind == 1:
        variance = m.leaf(np.abs(m.array(dtype, [dims[1]])))
        m.add("BatchNormalization", [x, per_channel(), per_channel(), per_channel(), variance], epsilon=1e-3)
    elif kind == 2:
        wide, axes = value.astype(np.float64), tuple(range(2, value.ndim))
        with np.errstate(all="ignore"):
            mean, deviation = wide.mean(axes, keepdims=True), np.sqrt(wide.var(axes, keepdims=True) + 1e-3)
            alike = np.broadcast_to(np.abs(mean) > 1e4 * deviation, value.shape)
        # differs: x * scale / deviation + (bias - mean * scale / deviation) is computed there, which cancels where all elements
        # are large and alike, and overflows where the scale is large.
        scale = per_channel()
        scale = m.without(scale, ~(np.abs(m.values[scale]) < 1e4))
        m.add("InstanceNormalization", [m.without(x, alike), scale, per_channel()], epsilon=1e-3)
    elif kind == 3:
        m.add("GroupNormalization", [x, per_channel(), per_channel()], num_groups=2 if dims[1] % 2 == 0 else 1, epsilon=1e-3)
    elif kind == 4:
        # differs: a channel's square is added to the sum there and later subtracted again: a large one spoils those after it.
        m.add("LRN", [m.without(x, ~(np.abs(value) < 1000))], size=3)
    else:
        m.add("LpNormalization", [x], axis=axis, p=m.random.randint(1, 2))


def reshape(m: Model) -> None:
    x = m.pick(lambda value: value.dtype != object, m.random.choice([*FLOATS, *INTEGERS, np.bool_]))
    value = m.values[x]
    kind = m.random.randrange(4)
    if kind == 0:
        dims = list(value.shape)
        m.random.shuffle(dims)
        if dims and 0 not in dims and m.chance(0.5):
            dims[m.random.randrange(len(dims))] = -1
        m.add("Reshape", [x, m.ints(*dims)], allowzero=1 if 0 in dims else 0)
    elif kind == 1:
        m.add("Flatten", [x], axis=m.random.randint(0, value.ndim))
    elif kind == 2:
        units = [d for d, dim in enumerate(value.shape) if dim == 1]
        if units:
            m.add("Squeeze", [x, m.ints(*m.random.sample(units, m.random.randint(1, len(units))))])
    elif value.ndim < 4:
        m.add("Unsqueeze", [x, m.ints(m.random.randint(0, value.ndim))])


def movement(m: Model) -> None:
    x = m.pick(lambda value: value.dtype != object, m.random.choice([*FLOATS, *INTEGERS, np.bool_]), (1, 4))
    value = m.values[x]
    rank, axis = value.ndim, m.random.randrange(value.ndim)
    kind = m.random.randrange(9)
    if kind == 0:
        m.add("Transpose", [x], perm=m.random.sample(range(rank), rank))
    elif kind == 1:
        others = [
            x
            if m.chance(0.4)
            else m.leaf(m.array(value.dtype.type, [*value.shape[:axis], m.random.randint(0, 4), *value.shape[axis + 1 :]]))
            for _ in range(m.random.randint(1, 2))
        ]
        m.add("Concat", [x, *others], axis=axis)
    elif kind == 2 and value.shape[axis] > 1:
        first = m.random.randint(0, value.shape[axis])
        m.add("Split", [x, m.ints(first, value.shape[axis] - first)], 2, axis=axis)
    elif kind == 3:
        step = m.random.choice([1, 1, 2, 3, -1, -2])
        start, end = (m.random.randint(-9, 9) for _ in range(2))
        m.add("Slice", [x, m.ints(start), m.ints(m.random.choice([end, -(2**62), 2**62])), m.ints(axis), m.ints(step)])
    elif kind == 4:
        mode = m.random.choice(["constant", "constant", "edge", "reflect", "wrap"])
        least = 0 if 0 in value.shape else -1 if mode == "constant" else 0
        most = 3 if mode == "constant" else max(0, min(value.shape, default=0) - 1)
        pads = [m.random.randint(least, most) if dim > 2 else m.random.randint(0, most) for _ in range(2) for dim in value.shape]
        m.add(
            "Pad",
            [x, m.ints(*pads), *([m.leaf(m.array(value.dtype.type, []))] if mode == "constant" and m.chance(0.6) else [])],
            mode=mode,
        )
    elif kind == 5:
        dims = [m.random.randint(1, 4) if dim == 1 else dim for dim in value.shape]
        m.add("Expand", [x, m.ints(*([m.random.randint(1, 3)] if m.chance(0.2) else []), *dims)])
    elif kind == 6:
        m.add("Tile", [x, m.ints(*(m.random.randint(0 if m.chance(0.1) else 1, 3) for _ in range(rank)))])
    elif kind == 7 and rank >= 2:
        m.add("Trilu", [x, m.leaf(np.array(m.random.randint(-3, 3), np.int64))], upper=m.random.randint(0, 1))
    else:
        m.add("Shape", [x], start=m.random.choice([0, 0, 1, -1]))


def depth(m: Model) -> None:
    if m.chance(0.5):
        x = m.leaf(
            m.array(
                m.random.choice(FLOATS),
                [m.random.randint(1, 2), 4 * m.random.randint(1, 3), *(m.random.randint(1, 4) for _ in range(2))],
            )
        )
        m.add("DepthToSpace", [x], blocksize=2, mode=m.random.choice(["DCR", "CRD"]))
    else:
        x = m.leaf(
            m.array(
                m.random.choice(FLOATS),
                [m.random.randint(1, 2), m.random.randint(1, 3), *(2 * m.random.randint(1, 3) for _ in range(2))],
            )
        )
        m.add("SpaceToDepth", [x], blocksize=2)


def indices(m: Model, dims: list[int], below: int) -> str:
    values = m.numbers.integers(-below if m.chance(0.3) else 0, below, dims)
    return m.leaf(values.astype(np.int64 if m.chance(0.7) else np.int32))


def gather(m: Model) -> None:
    x = m.pick(lambda value: value.size > 0, m.random.choice([*FLOATS, *INTEGERS, np.bool_]), (1, 4))
    value = m.values[x]
    axis = m.random.randrange(value.ndim)
    if value.size == 0:
        return
    kind = m.random.randrange(5)
    if kind == 0:
        m.add("Gather", [x, indices(m, m.dims(0, 2), value.shape[axis])], axis=axis)
    elif kind == 1:
        dims = [m.random.randint(1, dim) for dim in value.shape]
        m.add("GatherElements", [x, indices(m, dims, value.shape[axis])], axis=axis)
    elif kind == 2:
        depth = m.random.randint(1, value.ndim)
        count = m.random.randint(1, 4)
        places = np.stack([m.numbers.integers(0, dim, count) for dim in value.shape[:depth]], axis=-1)
        m.add("GatherND", [x, m.leaf(places.astype(np.int64))])
    elif kind == 3:
        # Places that are all different: the order of updates is not said.
        dims = list(value.shape)
        dims[axis] = m.random.randint(1, value.shape[axis])
        order = m.numbers.permutation(value.shape[axis])[: dims[axis]].reshape(
            [-1 if d == axis else 1 for d in range(value.ndim)]
        )
        updates = m.array(value.dtype.type, dims)
        how = "none"
        if is_float(value) and value.dtype != np.float16:
            how = m.random.choice(["none", "none", "add", "mul", "max", "min"])
        if how in ("max", "min"):
            x = m.without(x, np.isnan(value))  # differs: NaN wins here, and there only where it is the update
            updates[np.isnan(updates)] = 1
        places = np.broadcast_to(order, dims).astype(np.int64)
        m.add("ScatterElements", [x, m.leaf(places), m.leaf(updates)], axis=axis, reduction=how)
    else:
        rows = m.numbers.permutation(value.shape[0])[: m.random.randint(1, value.shape[0])]
        m.add(
            "ScatterND",
            [x, m.leaf(rows[:, None].astype(np.int64)), m.leaf(m.array(value.dtype.type, [len(rows), *value.shape[1:]]))],
        )


def one_hot(m: Model) -> None:
    dtype = m.random.choice([np.float32, np.int64])
    m.add(
        "OneHot",
        [
            m.leaf(m.numbers.integers(-4, 6, m.dims(1, 2)).astype(np.int64)),
            m.leaf(np.array(5, np.int64), constant=True),
            m.leaf(np.array([0, 3], dtype)),
        ],
        axis=m.random.choice([0, -1]),
    )


def matmul(m: Model) -> None:
    x = m.pick(lambda value: is_float(value) and value.ndim >= 1, m.random.choice(FLOATS), (1, 4))
    value = m.values[x]
    lead = [dim if m.chance(0.7) else 1 for dim in value.shape[:-2]] if m.chance(0.5) else []
    dims = [*lead, value.shape[-1], m.random.choice([1, 3, 8, 17])]
    m.add("MatMul", [x, m.leaf(m.array(value.dtype.type, dims[-1:] if m.chance(0.1) and not lead else dims))])


def gemm(m: Model) -> None:
    rows, k, columns = (m.random.choice([1, 2, 3, 5, 8, 16, 17, 33]) for _ in range(3))
    dtype = m.random.choice(FLOATS)
    left, right = m.random.randint(0, 1), m.random.randint(0, 1)
    inputs = [
        m.leaf(m.array(dtype, [k, rows] if left else [rows, k])),
        m.leaf(m.array(dtype, [columns, k] if right else [k, columns])),
    ]
    if m.chance(0.6):
        inputs.append(m.leaf(m.array(dtype, m.random.choice([[columns], [rows, 1], [1, columns], [rows, columns], []]))))
    m.add("Gemm", inputs, transA=left, transB=right, alpha=m.random.choice([1.0, 0.5]), beta=m.random.choice([1.0, 2.0]))


def convolution(m: Model) -> None:
    spatial = m.random.choice([1, 2, 2, 2, 3])
    groups, dtype = m.random.choice([1, 1, 2, 3]), m.random.choice([np.float32, np.float32, np.float64, np.float16])
    channels, filters = groups * m.random.randint(1, 3), groups * m.random.randint(1, 3)
    kernel = [m.random.randint(1, 3) for _ in range(spatial)]
    dilations = [m.random.randint(1, 2) for _ in range(spatial)]
    strides = [m.random.randint(1, 2) for _ in range(spatial)]
    pads = [m.random.randint(0, size - 1) for _ in range(2) for size in kernel]
    image = [d * (size - 1) + m.random.randint(1, 4) for d, size in zip(dilations, kernel)]
    x = m.leaf(m.array(dtype, [m.random.randint(1, 2), channels, *image]))
    bias = [m.leaf(m.array(dtype, [filters]))] if m.chance(0.5) else []
    attributes = {"strides": strides, "dilations": dilations, "pads": pads, "group": groups}
    if m.chance(0.7):
        m.add("Conv", [x, m.leaf(m.array(dtype, [filters, channels // groups, *kernel])), *bias], **attributes)
    else:
        weights = m.array(dtype, [channels, filters // groups, *kernel])
        # differs: zeros around the input and in place of taps that a phase has not are multiplied here, and make NaN.
        weights[~np.isfinite(weights)] = 1
        x = m.without(x, ~np.isfinite(m.values[x]))
        m.add("ConvTranspose", [x, m.leaf(weights), *bias], **attributes)


def pool(m: Model) -> None:
    x = m.pick(lambda value: is_float(value) and value.ndim >= 3 and value.size > 0, np.float32, (3, 4))
    value = m.values[x]
    spatial = value.ndim - 2
    if value.ndim < 3:
        return
    # differs: the maximum of a window with NaN is NaN here, and depends on the order there; of one with nothing but -inf it is
    # the least finite number there.
    without = np.isnan(value) | np.isneginf(value)
    if m.chance(0.2):
        op = m.random.choice(["GlobalAveragePool", "GlobalMaxPool"])
        m.add(op, [m.without(x, without) if op == "GlobalMaxPool" else x])
        return
    kernel = [m.random.randint(1, min(3, dim)) for dim in value.shape[2:]]
    pads = [m.random.randint(0, size - 1) for _ in range(2) for size in kernel]
    op = m.random.choice(["MaxPool", "AveragePool"])
    m.add(
        op,
        [m.without(x, without) if op == "MaxPool" else x],
        kernel_shape=kernel,
        strides=[m.random.randint(1, 3) for _ in range(spatial)],
        pads=pads,
        ceil_mode=m.random.randint(0, 1) if not any(pads) else 0,
        count_include_pad=m.random.randint(0, 1) if op == "AveragePool" else None,
    )


def resize(m: Model) -> None:
    value = m.array(np.float32, [1, m.random.randint(1, 2), m.random.randint(1, 6), m.random.randint(2, 6)])
    sizes = [*value.shape[:2], m.random.randint(1, 9), m.random.randint(1, 9)]
    mode = m.random.choice(["nearest", "linear", "cubic"])
    if mode != "nearest":
        # differs: a neighbour that has the weight 0 takes no part here; there 0 times what is not finite makes NaN.
        value[~np.isfinite(value)] = 1
    m.add(
        "Resize",
        [m.leaf(value), "", "", m.ints(*sizes)],
        mode=mode,
        coordinate_transformation_mode=m.random.choice(["half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"]),
        nearest_mode=m.random.choice(["round_prefer_floor", "floor", "ceil", "round_prefer_ceil"]) if mode == "nearest" else None,
    )


def quantize(m: Model) -> None:
    to = m.random.choice([np.uint8, np.int8])
    zero = m.leaf(np.array(m.random.randint(0, 9), to))
    scale = m.leaf(np.array(m.random.choice([0.5, 0.1, 2.0]), np.float32))
    if m.chance(0.5):
        x = m.pick(lambda value: value.dtype == np.float32, np.float32)
        x = m.without(x, ~np.isfinite(m.values[x]))  # differs: an integer for what is not finite is not said
        m.add("QuantizeLinear", [x, scale, zero])
    else:
        m.add("DequantizeLinear", [m.leaf(m.array(to, m.dims(1, 3))), scale, zero])


def recurrent(m: Model) -> None:
    op = m.random.choice(["LSTM", "GRU", "RNN"])
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[op]
    steps, batch, width, hidden = (m.random.randint(1, 4) for _ in range(4))
    direction = m.random.choice(["forward", "reverse", "bidirectional"])
    ways = 2 if direction == "bidirectional" else 1

    # differs: RNN's tanh is off by a share of 1 there, which shows where a sum has but one tiny term.
    least = 0.2 if op == "RNN" else 0

    def weights(*dims: int) -> str:
        return m.leaf((m.numbers.choice([-1, 1], dims) * m.numbers.uniform(least, 1, dims)).astype(np.float32))

    inputs = [weights(steps, batch, width), weights(ways, gates * hidden, width), weights(ways, gates * hidden, hidden)]
    if m.chance(0.6):
        inputs.append(weights(ways, 2 * gates * hidden))
    m.add(
        op,
        inputs,
        2,
        hidden_size=hidden,
        direction=direction,
        linear_before_reset=m.random.randint(0, 1) if op == "GRU" else None,
    )


MAKERS = (
    [unary] * 6
    + [binary] * 6
    + [reduction] * 3
    + [movement] * 5
    + [gather] * 3
    + [normalization] * 2
    + [matmul] * 2
    + [
        integer_unary,
        power,
        modulo,
        logic,
        select,
        clip,
        cast,
        cast,
        arg_reduction,
        cumulate,
        top_k,
        softmax,
        reshape,
        reshape,
        depth,
        one_hot,
        gemm,
        convolution,
        convolution,
        pool,
        resize,
        quantize,
        recurrent,
    ]
)


def make(seed: int) -> Model:
    m = Model(seed)
    for _ in range(m.random.choice([1, 1, 2, 3, 4, 6, 8])):
        m.random.choice(MAKERS)(m)
    return m
