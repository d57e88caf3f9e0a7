"""Gives the light_*.onnx models weights that matter. As they come, every weight is one constant, so that nearly any wrong
kernel still gives the right answer; here they are random, scaled so that values neither vanish nor blow up.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

# Scale, bias, mean and variance of a batch norm: around these values.
NORM = {1: 1.0, 2: 0.0, 3: 0.0, 4: 1.0}


def fill(source: Path, target: Path) -> Path:
    """Writes the model with every ConstantOfShape weight made a random initializer."""
    model = onnx.load(source)
    shapes = {value.name: numpy_helper.to_array(value) for value in model.graph.initializer}
    shapes |= {node.output[0]: numpy_helper.to_array(node.attribute[0].t) for node in model.graph.node
               if node.op_type == "Constant"}
    weights = {node.output[0]: tuple(int(dim) for dim in shapes[node.input[0]]) for node in model.graph.node
               if node.op_type == "ConstantOfShape"}
    rng = np.random.default_rng(2)
    made = {}
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            if name not in weights or name in made:
                continue
            shape = weights[name]
            value = rng.standard_normal(shape, np.float32)
            if node.op_type == "BatchNormalization":
                value = np.float32(NORM[place]) + value * np.float32(0.1)
            elif len(shape) > 1:
                fan = int(np.prod(shape[1:])) if node.op_type == "Conv" else max(shape)
                value *= np.float32((2.0 / fan) ** 0.5)
            else:
                value *= np.float32(0.05)
            made[name] = numpy_helper.from_array(value, name)
    kept = [node for node in model.graph.node if node.op_type != "ConstantOfShape"]
    del model.graph.node[:]
    model.graph.node.extend(kept)
    model.graph.initializer.extend(made.values())
    onnx.save(model, target)
    return target
