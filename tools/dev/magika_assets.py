"""Finds the example model in the `magika` package and writes what the C example needs beside it: a plain text file with
the sizes of the model's window, and for every label its threshold and the label to show instead where the score is below.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

MODEL = "models/standard_v3_3"


def package_dir() -> Path:
    """The folder of the installed `magika` package (without importing it)."""
    spec = find_spec("magika")
    if spec is None or spec.origin is None:
        raise SystemExit("the python package 'magika' is not installed; expected it in build/venv")
    return Path(spec.origin).parent


def model_path() -> Path:
    """The ONNX file of the model."""
    return package_dir() / MODEL / "model.onnx"


def labels_text() -> str:
    """The labels file: one `window` line, then one `label NAME THRESHOLD SHOWN BELOW` line per output of the model."""
    config = json.loads((package_dir() / MODEL / "config.min.json").read_text())
    kinds = json.loads((package_dir() / "config/content_types_kb.min.json").read_text())
    keys = ("beg_size", "end_size", "block_size", "padding_token", "min_file_size_for_dl")
    lines = ["window " + " ".join(str(config[key]) for key in keys)]
    for label in config["target_labels_space"]:
        threshold = config["thresholds"].get(label, config["medium_confidence_threshold"])
        shown = config["overwrite_map"].get(label, label)
        below = "txt" if kinds[shown]["is_text"] else "unknown"
        lines.append(f"label {label} {threshold} {shown} {below}")
    return "\n".join(lines) + "\n"


def write_labels(path: Path) -> None:
    """Writes the labels file to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(labels_text())
