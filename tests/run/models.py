"""The models that must compile and match: where their files are, and inputs at three sizes for every dynamic dim.

All of them come with Python packages that tests/requirements.txt pins; nothing is fetched at run time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from programs import package_folder

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Model:
    """A model file and the shapes of its inputs, one dictionary a size. `ints` holds integer inputs: type and bound."""

    name: str
    package: str
    path: str
    sizes: tuple[Shapes, ...]
    ints: tuple[tuple[str, str, int], ...] = ()
    # The int64 scalar input and its value at each size.
    scalar: str = ""
    values: tuple[int, ...] = ()

    @property
    def file(self) -> Path:
        return package_folder(self.package) / self.path

    def inputs(self) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
        """A description and the inputs: random and structured ones at every size."""
        for k, shapes in enumerate(self.sizes):
            for kind in ("random", "structured"):
                label = kind + " " + " ".join("x".join(map(str, shape)) for shape in shapes.values())
                values = {name: self.value(name, shape, kind) for name, shape in shapes.items()}
                if self.scalar:
                    values[self.scalar] = np.array(self.values[k], dtype=np.int64)
                yield label, values

    def value(self, name: str, shape: tuple[int, ...], kind: str) -> np.ndarray:
        count = int(np.prod(shape))
        for integer, dtype, bound in self.ints:
            if integer == name:
                flat = np.random.default_rng(count).integers(0, bound, count) if kind == "random" else np.arange(count) % bound
                return flat.reshape(shape).astype(dtype)
        if kind == "random":
            return np.random.default_rng(count).uniform(-1, 1, shape).astype(np.float32)
        if len(shape) == 4:
            return np.broadcast_to(text_picture(*shape[2:]), shape).astype(np.float32)
        # A smooth wave with a step in it: neighbours are alike, as in sound, and one edge is sharp.
        flat = np.sin(np.arange(count) * 0.05) * 0.5 + (np.arange(count) % 97 > 48) * 0.25
        return flat.reshape(shape).astype(np.float32)


# Five by seven pixels a letter, a row of bits each: the text detector answers to nothing less than text.
LETTERS = {"T": (31, 4, 4, 4, 4, 4, 4), "E": (31, 16, 16, 30, 16, 16, 31), "N": (17, 25, 21, 19, 17, 17, 17),
           "S": (15, 16, 16, 14, 1, 1, 30), "L": (16, 16, 16, 16, 16, 16, 31)}


def text_picture(height: int, width: int, scale: int = 2) -> np.ndarray:
    """Lines of dark letters on a light ground, cut off at the right; from -1 to 1."""
    rows = [[LETTERS[letter][row] >> (4 - bit) & 1 if bit < 5 else 0 for letter in "TENSEL" * 8 for bit in range(6)]
            for row in range(7)]
    glyphs = np.kron(np.array(rows), np.ones((scale, scale)))[:, : max(0, width - 6)]
    picture = np.ones((height, width))
    for top in range(6, height - glyphs.shape[0], 2 * glyphs.shape[0]):
        picture[top : top + glyphs.shape[0], 6 : 6 + glyphs.shape[1]] -= 2 * glyphs
    return picture


def images(name: str, package: str, path: str, tensor: str, *sizes: tuple[int, ...]) -> Model:
    return Model(name, package, path, tuple({tensor: size} for size in sizes))


def silero(name: str, scalar: str = "") -> Model:
    """A voice detector: batches of chunks; the ones that take the sampling rate have a branch for 8 kHz."""
    chunks = ((1, 576, 16000), (2, 512, 16000), (3, 640, 16000), *(((2, 288, 8000), (1, 256, 8000)) if scalar else ()))
    sizes = tuple({"input": (batch, length), "state": (2, batch, 128)} for batch, length, _ in chunks)
    return Model(name, "silero_vad", f"data/{name}.onnx", sizes, scalar=scalar, values=tuple(rate for _, _, rate in chunks))


LIGHT = {"bvlc_alexnet": "data_0", "densenet121": "data_0", "inception_v1": "data_0", "inception_v2": "data_0",
         "resnet50": "gpu_0/data_0", "shufflenet": "gpu_0/data_0", "squeezenet": "data_0", "vgg19": "data_0",
         "zfnet512": "gpu_0/data_0"}

MODELS = (
    Model("magika", "magika", "models/standard_v3_3/model.onnx", tuple({"bytes": (n, 2048)} for n in (1, 2, 5)),
          ints=(("bytes", "int32", 257),)),
    images("PP-OCRv6_det_small", "rapidocr", "models/PP-OCRv6_det_small.onnx", "x",
           (1, 3, 64, 96), (2, 3, 96, 64), (3, 3, 64, 160)),
    images("PP-OCRv6_rec_small", "rapidocr", "models/PP-OCRv6_rec_small.onnx", "x",
           (1, 3, 48, 32), (2, 3, 48, 104), (3, 3, 48, 160)),
    images("ch_ppocr_mobile_v2.0_cls", "rapidocr", "models/ch_ppocr_mobile_v2.0_cls_mobile.onnx", "x",
           (1, 3, 48, 192), (2, 3, 32, 100), (3, 3, 64, 64)),
    silero("silero_vad", "sr"),
    silero("silero_vad_16k_op15", "sr"),
    Model("silero_vad_16k_sequence", "silero_vad", "data/silero_vad_16k_sequence.onnx",
          tuple({"input": (n, 576), "h": (1, 1, 128), "c": (1, 1, 128)} for n in (1, 4, 9))),
    silero("silero_vad_half"),
    silero("silero_vad_op18_ifless", "sr"),
    Model("silero_vad_openvino_16k", "silero_vad", "data/silero_vad_openvino_16k.onnx",
          ({"input": (1, 576), "state": (2, 1, 128)},)),
    *(images(f"light_{name}", "onnx", f"backend/test/data/light/light_{name}.onnx", tensor, (1, 3, 224, 224))
      for name, tensor in LIGHT.items()),
)
