"""Finds every sentence that the public may read, in the code and in the templates, as the catalogues have to know them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from jinja2 import Environment, nodes

ROOT = Path(__file__).resolve().parents[1]
_ONE = {"say", "say_html", "phrase"}
_MANY = {"say_many", "phrases"}


@cache
def sentences() -> dict[str, bool]:
    """All of them, and whether they count; of those that do, the form for many."""
    found: dict[str, bool] = {}
    for name, texts in _calls():
        if name in _ONE and len(texts) == 1:
            found.setdefault(texts[0], False)
        elif name in _MANY and len(texts) == 2:
            found[texts[1]] = True
    return found


def _calls() -> Iterator[tuple[str, list[str]]]:
    for folder in ("incidents", "statuspage"):
        for where in (ROOT / folder).rglob("*.py"):
            yield from _in_code(where)
    for where in (ROOT / "templates").rglob("*.html"):
        yield from _in_template(where)


def _in_code(where: Path) -> Iterator[tuple[str, list[str]]]:
    source = where.read_text(encoding="utf-8")
    if "languages import" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, [each.value for each in node.args if isinstance(each, ast.Constant)]  # type: ignore[misc]


def _in_template(where: Path) -> Iterator[tuple[str, list[str]]]:
    source = where.read_text(encoding="utf-8")
    if "say" not in source:
        return
    parsed = Environment(trim_blocks=True, lstrip_blocks=True).parse(source)
    for node in parsed.find_all(nodes.Call):
        if isinstance(node.node, nodes.Name):
            yield node.node.name, [each.value for each in node.args if isinstance(each, nodes.Const)]
