"""A post-mortem's text as HTML: Markdown as everywhere, and tables, which the drafts are full of."""

from __future__ import annotations

import re
from itertools import groupby

from markupsafe import Markup, escape

from ..kernel.text import render_markdown

_CELLS = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"\|[\s|:-]+\|?")


def drawn(text: str) -> Markup:
    """Safe HTML. Tables are made here and not by the Markdown parser, whose time grows with the square of their length."""
    parts = []
    for is_table, lines in groupby(text.splitlines(), key=lambda line: line.startswith("|")):
        if is_table:
            parts.append(_table(list(lines)))
        else:
            parts.append(render_markdown("\n".join(lines)))
    return Markup("\n").join(parts)


def _table(lines: list[str]) -> Markup:
    head, *rows = [line for line in lines if not _RULE.fullmatch(line.strip())]
    names = _cells(head)
    heads = Markup("").join(Markup('<th scope="col">{}</th>').format(name or "What") for name in names)
    body = Markup("\n").join(_row(_cells(row), names) for row in rows)
    return Markup("<table><thead><tr>{}</tr></thead><tbody>\n{}</tbody></table>").format(heads, body)


def _row(cells: list[str], names: list[str]) -> Markup:
    cells = (cells + [""] * len(names))[: len(names)]
    return Markup("<tr>{}</tr>").format(
        Markup("").join(Markup('<td dir="auto">{}</td>').format(cell) for cell in cells)
    )


def _cells(line: str) -> list[str]:
    inside = line.strip().removeprefix("|")
    inside = inside[:-1] if inside.endswith("|") and not inside.endswith("\\|") else inside
    return [_plain(cell.strip().replace("\\|", "|")) for cell in _CELLS.split(inside)]


def _plain(cell: str) -> str:
    return escape(cell).replace("**NOT RECORDED**", Markup("<strong>NOT RECORDED</strong>"))
