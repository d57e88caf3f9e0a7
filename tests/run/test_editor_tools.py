"""tensel-opt and tensel-lsp-server know our dialects: a good file is accepted, a bad one gets a diagnostic at its place."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from programs import tool

GOOD = """func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = graph.relu %x : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
"""
BAD = GOOD.replace("graph.relu", "graph.frobnicate")


def message(method: str, params: object, number: int | None = None) -> bytes:
    """A request of the language server protocol, or a notification when it has no number."""
    content = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if number is None else {"id": number})
    text = json.dumps(content).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(text), text)


def answers(output: bytes) -> list[dict]:
    found = []
    while output:
        head, _, rest = output.partition(b"\r\n\r\n")
        size = int(head.split(b"Content-Length:")[1].split(b"\r\n")[0])
        found.append(json.loads(rest[:size]))
        output = rest[size:].lstrip()
    return found


def diagnostics(text: str) -> list[dict]:
    document = {"uri": "file:///model.mlir", "languageId": "mlir", "version": 1, "text": text}
    conversation = (message("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, 1)
                    + message("initialized", {}) + message("textDocument/didOpen", {"textDocument": document})
                    + message("shutdown", None, 2) + message("exit", None))
    done = subprocess.run([str(tool("tensel-lsp-server"))], input=conversation, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    found = answers(done.stdout)
    assert any("capabilities" in answer.get("result", {}) for answer in found if answer.get("id") == 1)
    published = [answer["params"] for answer in found if answer.get("method") == "textDocument/publishDiagnostics"]
    assert [page["uri"] for page in published] == ["file:///model.mlir"]
    return published[0]["diagnostics"]


def test_the_language_server_finds_what_is_wrong() -> None:
    found = diagnostics(BAD)
    assert any("frobnicate" in one["message"] for one in found)
    assert found[0]["range"]["start"]["line"] == 1


def test_the_language_server_accepts_what_is_right() -> None:
    assert diagnostics(GOOD) == []


def test_opt_runs_our_passes(tmp_path: Path) -> None:
    (tmp_path / "good.mlir").write_text(GOOD)
    (tmp_path / "bad.mlir").write_text(BAD)
    command = [str(tool("tensel-opt")), "--tensel-infer-shapes"]
    good = subprocess.run([*command, str(tmp_path / "good.mlir")], capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stderr
    assert "graph.relu" in good.stdout
    bad = subprocess.run([*command, str(tmp_path / "bad.mlir")], capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert "bad.mlir:2" in bad.stderr
