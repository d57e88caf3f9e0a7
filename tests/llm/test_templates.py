"""Chat templates against Jinja2, set up as `transformers` sets it up."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jinja2
import jinja2.ext
import jinja2.sandbox
import pytest
from conftest import Tool, smollm2_metadata
from templates import TEMPLATES, contexts

NOW = 1_700_000_000


class Generation(jinja2.ext.Extension):
    """{% generation %}: only marks what a model said."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: Any) -> Any:  # noqa: PLR6301
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.Scope(body).set_lineno(line)


def environment() -> jinja2.Environment:
    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"]
    )

    def raise_exception(message: str) -> None:
        raise jinja2.exceptions.TemplateError(message)

    def tojson(
        value: Any, ensure_ascii: bool = False, indent: int | None = None, separators: Any = None, sort_keys: bool = False
    ) -> str:
        return json.dumps(
            value,
            ensure_ascii=ensure_ascii,
            indent=indent,
            separators=tuple(separators) if separators else None,
            sort_keys=sort_keys,
        )

    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda form: time.strftime(form, time.localtime(NOW))
    return env


def expected(source: str, context: dict) -> str | None:
    try:
        return environment().from_string(source).render(**context)
    except (jinja2.exceptions.TemplateError, TypeError, ValueError, ZeroDivisionError, AttributeError):
        return None


def compare(tool: Tool, source: str, folder: Path) -> None:
    path = folder / "chats.jsonl"
    cases = contexts()
    path.write_text("".join(json.dumps({"template": source, "context": context, "now": NOW}) + "\n" for context in cases))
    results = [json.loads(line) for line in tool.run("render", str(path))]
    assert len(results) == len(cases)
    for context, result in zip(cases, results):
        want = expected(source, context)
        if want is None:
            assert result.get("error"), f"expected an error, found {result} for {context}"
        else:
            assert result.get("text") == want, f"{result.get('error')} for {context}"


@pytest.mark.parametrize("name", list(TEMPLATES))
def test_template(name: str, tool: Tool, tmp_path: Path) -> None:
    compare(tool, TEMPLATES[name], tmp_path)


def test_smollm2(tool: Tool, tmp_path: Path) -> None:
    compare(tool, smollm2_metadata()["tokenizer.chat_template"], tmp_path)


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
        "{% set ns = namespace(x='a') %}{% for i in range(90000) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(90000) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
        "{{ 'a' * 99999999999 }}",
        "{{ range(10**15)|list }}",
        "{{ 9223372036854775807 + 1 }}",
        "{% for i in range(99999) %}{{ 'aaaaaaaaaaaaaaaa' * 99999 }}{% endfor %}",
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{{ 1" + "+1" * 50000 + " }}",
        "{% if 1 %}" * 5000,
        "{{ x" + ".a" * 5000 + " }}",
        "{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}",
        "{% set ns = namespace() %}{% set ns.me = [ns] %}{{ ns }}",
    ],
)
def test_limits(source: str, tool: Tool, tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    path.write_text(json.dumps({"template": source, "context": {}}) + "\n")
    start = time.monotonic()
    assert "error" in json.loads(tool.run("render", str(path))[0])
    assert time.monotonic() - start < 5
