"""A random ONNX model that grows node by node: ONNX Runtime evaluates each node as it is made (unoptimized), so that shapes
and values are known, and a node that it refuses is taken back. onnx_nodes.py makes the nodes.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper

OPSET = 21
MOST_ELEMENTS = 2000
FLOATS = (np.float32, np.float32, np.float32, np.float32, np.float64, np.float16)
INTEGERS = (np.int32, np.int64, np.int8, np.uint8, np.int16, np.uint32)
ort.set_default_logger_severity(4)
OPTIONS = ort.SessionOptions()
OPTIONS.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
OPTIONS.intra_op_num_threads = 1


def is_float(array: np.ndarray) -> bool:
    return array.dtype.kind == "f"


class Model:
    """A model that grows; `values` holds every value as ONNX Runtime has it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.numbers = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: dict[str, np.ndarray] = {}
        self.constants: dict[str, np.ndarray] = {}
        self.values: dict[str, np.ndarray] = {}
        self.used: set[str] = set()

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def dims(self, least: int, most: int) -> list[int]:
        """Not 0: an input's dim of 0 is one that a model does not know. What ops make may be empty."""
        dims: list[int] = []
        for _ in range(self.random.randint(least, most)):
            dim = self.random.choice([1, 1, 1, 2, 2, 3, 3, 4, 5, 7, 8, 9, 16, 17, 33])
            dims.append(dim if np.prod([*dims, dim]) <= MOST_ELEMENTS else 1)
        return dims

    def array(self, dtype: type, dims: list[int]) -> np.ndarray:
        if dtype == np.bool_:
            return self.numbers.integers(0, 2, dims).astype(bool)
        if np.dtype(dtype).kind != "f":
            info = np.iinfo(dtype)
            low, high = (max(-5, info.min), 6) if self.chance(0.8) else (max(info.min, -(2**62)), min(info.max, 2**62))
            return self.numbers.integers(low, high, dims).astype(dtype)
        profile = self.random.choice([0, 0, 0, 1, 1, 2, 2, 3])
        unit = self.numbers.uniform(-1, 1, dims)
        if profile == 0:
            return (unit * 3).astype(dtype)
        if profile == 1:
            return np.round(unit * 4).astype(dtype)
        if profile == 2:
            return (np.abs(unit) + 0.1).astype(dtype)
        info = np.finfo(dtype)
        extremes = [
            0.0,
            -0.0,
            np.inf,
            -np.inf,
            np.nan,
            info.max,
            info.min,
            info.tiny,
            -info.tiny,
            info.tiny / 8,
            0.5,
            -0.5,
            1.5,
            2.5,
            1e-3,
            -127.5,
            2.0**31,
            100.0,
        ]
        picked = np.asarray(extremes)[self.numbers.integers(0, len(extremes), dims)]
        with np.errstate(over="ignore"):
            return np.where(self.numbers.uniform(0, 1, dims) < 0.4, picked, unit * 8).astype(dtype)

    def leaf(self, array: np.ndarray, *, constant: bool = False) -> str:
        """An input or a constant."""
        name = f"x{len(self.inputs)}"
        if constant or array.size == 0 or (self.chance(0.25) and 0 < array.nbytes <= 1024):
            name = f"c{len(self.constants)}"
            self.constants[name] = array
        else:
            self.inputs[name] = array
        self.values[name] = array
        return name

    def without(self, name: str, corner: np.ndarray) -> str:
        """The value, or where some of its elements lie in the corner a leaf that has ones in their place."""
        return self.leaf(np.where(corner, np.ones_like(self.values[name]), self.values[name])) if corner.any() else name

    def ints(self, *values: int) -> str:
        return self.leaf(np.array(values, np.int64), constant=True)

    def pick(self, fits: Callable[[np.ndarray], bool], dtype: type | None = None, rank: tuple[int, int] = (0, 4)) -> str:
        """A value that fits, newer ones more often; or a new leaf of the type and a rank in the range."""
        known = [name for name, value in self.values.items() if fits(value) and rank[0] <= value.ndim <= rank[1]]
        if known and (self.chance(0.85) or dtype is None):
            return known[max(self.random.randrange(len(known)), self.random.randrange(len(known)))]
        return self.leaf(self.array(dtype or np.float32, self.dims(*rank)))

    def floats(self, rank: tuple[int, int] = (0, 4)) -> str:
        return self.pick(is_float, self.random.choice(FLOATS), rank)

    def numeric(self, rank: tuple[int, int] = (0, 4)) -> str:
        if self.chance(0.7):
            return self.floats(rank)
        return self.pick(lambda value: value.dtype.kind in "iu", self.random.choice(INTEGERS), rank)

    def like(self, name: str) -> str:
        """A value of the same type whose dims broadcast with this one's."""
        value = self.values[name]
        dims = [dim if self.chance(0.7) else 1 for dim in value.shape][
            self.random.randint(0, value.ndim) if self.chance(0.3) else 0 :
        ]

        def fits(other: np.ndarray) -> bool:
            try:
                return other.dtype == value.dtype and np.broadcast_shapes(other.shape, value.shape) is not None
            except ValueError:
                return False

        if self.chance(0.5):
            return self.pick(fits)
        return self.leaf(self.array(value.dtype.type, dims))

    def add(self, op: str, inputs: list[str], outputs: int = 1, **attributes: object) -> bool:
        """Appends a node as far as ONNX Runtime evaluates it."""
        names = [f"v{len(self.nodes)}_{k}" for k in range(outputs)]
        attributes = {key: value for key, value in attributes.items() if value is not None}
        node = helper.make_node(op, inputs, names, name=f"n{len(self.nodes)}", **attributes)
        feeds = {name: self.values[name] for name in inputs if name}
        try:
            session = ort.InferenceSession(
                save([node], feeds, {}, dict.fromkeys(names)).SerializeToString(), OPTIONS, providers=["CPUExecutionProvider"]
            )
            with np.errstate(all="ignore"):
                results = session.run(names, feeds)
        except Exception:  # noqa: BLE001 (ONNX Runtime has exceptions of many types)
            return False
        if any(not isinstance(result, np.ndarray) or result.size > MOST_ELEMENTS for result in results):
            return False
        self.nodes.append(node)
        self.values.update(zip(names, results))
        self.used.update(feeds)
        return True

    def results(self) -> list[str]:
        made = [name for name in self.values if name.startswith("v")]
        return [name for name in made if name not in self.used or self.chance(0.2)]


def save(
    nodes: list[onnx.NodeProto],
    inputs: dict[str, np.ndarray],
    constants: dict[str, np.ndarray],
    outputs: dict[str, np.ndarray | None],
) -> onnx.ModelProto:
    """A model; outputs whose values are not known get no types."""

    def info(name: str, value: np.ndarray | None) -> onnx.ValueInfoProto:
        if value is None:
            return onnx.ValueInfoProto(name=name)
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)

    graph = helper.make_graph(
        nodes,
        "random",
        [info(*item) for item in inputs.items()],
        [info(*item) for item in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
