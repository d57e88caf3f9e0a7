"""Builds ResNet-50 as torchvision's export in inference mode has it (batch norm folded into the convolutions), with random
weights of the real size: 25.5 million parameters, 102 MB. It needs `onnx` alone; `--torchvision` exports torchvision's own
where torch is installed (tests/bench/requirements.txt).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LAYERS = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
EXPANSION = 4


class Builder:
    """Collects nodes and weights; every method takes and returns value names."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def node(self, op: str, name: str, *inputs: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(op, list(inputs), [f"{name}_out"], name=name, **attributes))
        return f"{name}_out"

    def weight(self, name: str, shape: tuple[int, ...], scale: float) -> str:
        value = self.rng.standard_normal(shape, dtype=np.float32) * np.float32(scale)
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def conv(self, name: str, x: str, channels: tuple[int, int], kernel: int, stride: int = 1, gain: float = 1.0) -> str:
        inputs, outputs = channels
        scale = gain * (2.0 / (inputs * kernel * kernel)) ** 0.5
        weight = self.weight(f"{name}.weight", (outputs, inputs, kernel, kernel), scale)
        bias = self.weight(f"{name}.bias", (outputs,), 0.05)
        pad = kernel // 2
        return self.node("Conv", name, x, weight, bias, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4,
                         dilations=[1, 1], group=1)

    def bottleneck(self, name: str, x: str, channels: tuple[int, int], stride: int, project: bool) -> str:
        inputs, width = channels
        y = self.node("Relu", f"{name}.relu1", self.conv(f"{name}.conv1", x, (inputs, width), 1))
        y = self.node("Relu", f"{name}.relu2", self.conv(f"{name}.conv2", y, (width, width), 3, stride))
        y = self.conv(f"{name}.conv3", y, (width, width * EXPANSION), 1, gain=0.3)
        if project:
            x = self.conv(f"{name}.downsample", x, (inputs, width * EXPANSION), 1, stride, gain=0.7)
        return self.node("Relu", f"{name}.relu3", self.node("Add", f"{name}.add", y, x))


def build(batch: int | str = 1) -> onnx.ModelProto:
    """The model; `batch` may be a name for a dynamic dim."""
    b = Builder()
    x = b.node("Relu", "relu", b.conv("conv1", "input", (3, 64), 7, 2))
    x = b.node("MaxPool", "maxpool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    inputs = 64
    for layer, (width, blocks, stride) in enumerate(LAYERS, 1):
        for block in range(blocks):
            x = b.bottleneck(f"layer{layer}.{block}", x, (inputs, width), stride if block == 0 else 1, block == 0)
            inputs = width * EXPANSION
    x = b.node("Flatten", "flatten", b.node("GlobalAveragePool", "avgpool", x), axis=1)
    b.nodes.append(helper.make_node("Gemm", [x, b.weight("fc.weight", (1000, inputs), 0.02), b.weight("fc.bias", (1000,), 0.02)],
                                    ["output"], name="fc", transB=1))
    graph = helper.make_graph(
        b.nodes, "resnet50", [helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, 3, 224, 224])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [batch, 1000])], b.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="tensel")
    onnx.checker.check_model(model)
    return model


def export_torchvision(path: Path) -> None:
    """torchvision's own ResNet-50 with its random initialisation."""
    import torch
    import torchvision

    torch.manual_seed(0)
    model = torchvision.models.resnet50(weights=None).eval()
    torch.onnx.export(model, (torch.zeros(1, 3, 224, 224),), str(path), input_names=["input"], output_names=["output"],
                      dynamo=False)


def ensure(path: Path) -> Path:
    """The file, built when it is not there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(build(), path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torchvision", action="store_true")
    parser.add_argument("path", type=Path, nargs="?", default=Path("build/bench/resnet50.onnx"))
    options = parser.parse_args()
    if options.torchvision:
        options.path.parent.mkdir(parents=True, exist_ok=True)
        export_torchvision(options.path)
    else:
        ensure(options.path)


if __name__ == "__main__":
    main()
