"""Writes Inputs/NAME.bin for BlockFormatTest: random blocks of each format, and what the `gguf` package says they mean.

    pip install gguf && python make_inputs.py

A file is the number of blocks (u32), the blocks, then their numbers (f32). Scales are finite, some of them subnormal.
"""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

# Where the f16 numbers of a block lie; MXFP4 has an exponent byte, of which every value is good.
HALVES = {"Q4_0": (0,), "Q4_1": (0, 2), "Q5_0": (0,), "Q5_1": (0, 2), "Q8_0": (0,), "Q2_K": (80, 82), "Q3_K": (108,),
          "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,), "IQ4_NL": (0,), "MXFP4": ()}


def main() -> None:
    folder = Path(__file__).parent / "Inputs"
    random = np.random.default_rng(1)
    for name, halves in HALVES.items():
        kind = getattr(gguf.GGMLQuantizationType, name)
        elements, size = gguf.constants.GGML_QUANT_SIZES[kind]
        count = 1024 // elements * 2
        blocks = random.integers(0, 256, (count, size), dtype=np.uint8)
        if name == "MXFP4":
            blocks[:4, 0] = [0, 1, 2, 255]
        for at in halves:
            numbers = (random.standard_normal(count) * 10.0 ** random.integers(-7, 3, count)).astype(np.float16)
            blocks[:, at : at + 2] = numbers.view(np.uint8).reshape(count, 2)
        numbers = gguf.quants.dequantize(blocks, kind).astype(np.float32)
        assert numbers.size == count * elements
        data = np.uint32(count).tobytes() + blocks.tobytes() + numbers.tobytes()
        (folder / f"{name.lower()}.bin").write_bytes(data)


if __name__ == "__main__":
    main()
