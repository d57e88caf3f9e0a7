"""Turns a test file in ONNX's text form into a model file: `onnx_text.py TEST MODEL`.

Lines that start with `//` are lit's and FileCheck's; the rest is what onnx.parser reads.
"""

import sys
from pathlib import Path

import onnx.parser

lines = Path(sys.argv[1]).read_text().splitlines()
text = "\n".join(line for line in lines if not line.startswith("//"))
Path(sys.argv[2]).write_bytes(onnx.parser.parse_model(text).SerializeToString())
