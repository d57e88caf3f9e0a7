"""graph.dequantize, compiled: for every block format the same numbers, to the last bit, as the gguf package gives for random
blocks (tests/dialects/blocks/Inputs).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from programs import ROOT, run_model

INPUTS = sorted((ROOT / "tests/dialects/blocks/Inputs").glob("*.bin"))
SIZES = {"q4_0": (32, 18), "q4_1": (32, 20), "q5_0": (32, 22), "q5_1": (32, 24), "q8_0": (32, 34), "q2_k": (256, 84),
         "q3_k": (256, 110), "q4_k": (256, 144), "q5_k": (256, 176), "q6_k": (256, 210), "iq4_nl": (32, 18), "mxfp4": (32, 17)}


@pytest.mark.parametrize("device", ["cpu", "reference"])
@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_dequantize(path: Path, device: str, tmp_path: Path) -> None:
    elements, size = SIZES[path.stem]
    data = path.read_bytes()
    count = int(np.frombuffer(data, np.uint32, 1)[0])
    rows = count // 2
    blocks = np.frombuffer(data, np.uint8, count * size, 4).reshape(rows, 2 * size)
    expected = np.frombuffer(data, np.float32, count * elements, 4 + count * size).reshape(rows, 2 * elements)
    model = tmp_path / "model.mlir"
    model.write_text(f"""
        graph.symbol @N {{min = 1 : i64}}
        func.func @main(%w: tensor<?x{2 * size}xui8> {{graph.name = "w", graph.dims = ["N", {2 * size}]}})
            -> (tensor<?x{2 * elements}xf32> {{graph.name = "y"}}) {{
          %0 = graph.dequantize "{path.stem}" %w : (tensor<?x{2 * size}xui8>) -> tensor<?x{2 * elements}xf32>
          return %0 : tensor<?x{2 * elements}xf32>
        }}""")
    found = run_model(model, {"w": blocks}, ["y"], tmp_path, f"--device={device}")["y"]
    np.testing.assert_array_equal(found.view(np.uint32), expected.view(np.uint32))
