"""Lists that people write: reasons beneath reasons, factors, what went well. Kept as a Markdown list, edited item by item."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .postmortems import SectionName

MOST_ITEMS = 200
DEEPEST = 8  # levels; a text nested deeper than twelve is shown without formatting
TREES = frozenset({SectionName.FIVE_WHYS})
LISTS = frozenset({SectionName.CONTRIBUTING_FACTORS, SectionName.WENT_WELL, SectionName.WENT_BADLY, SectionName.LUCKY})
OUTLINES = TREES | LISTS
MOVES = ("why", "beside", "up", "down", "in", "out", "drop")

_INDENT = "    "  # the parser's step from one level to the next
_BULLET = re.compile(r"^([ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]+(.*)$")
_DASH = re.compile(r"^[ \t]*[-*+][ \t]", re.MULTILINE)
_OTHER_MARKUP = re.compile(r"^[ \t]*(?:#{1,6}[ \t]|\||>|```|~~~)|^\*\*NOT RECORDED\*\*$", re.MULTILINE)


@dataclass(frozen=True)
class Item:
    """One line of the list; ``depth`` counts from 0, and is never more than one below the item before."""

    text: str
    depth: int = 0


@dataclass(frozen=True)
class Node:
    """The same as a tree: an item and the reasons for it."""

    text: str
    depth: int
    children: tuple[Node, ...] = ()


def is_outline(text: str) -> bool:
    """Whether the text is a list, or plain lines that read as one: headings, tables and quotes are not."""
    return _OTHER_MARKUP.search(text) is None


def read(text: str) -> list[Item]:
    """The items of a list; a line without a bullet is an item too, an indented one goes on with the item before."""
    items: list[Item] = []
    indents: list[int] = []
    for line in text.splitlines():
        found = _BULLET.match(line)
        if found:
            width = len(found[1].expandtabs(4))
            while indents and indents[-1] >= width:
                indents.pop()
            indents.append(width)
            items.append(Item(found[2].strip(), min(len(indents) - 1, DEEPEST - 1)))
        elif line.strip() and line[:1] in " \t" and items:
            items[-1] = replace(items[-1], text=f"{items[-1].text}\n{line.strip()}")
        elif line.strip():
            indents = []
            items.append(Item(line.strip()))
    return tidy(items)


def read_chain(text: str) -> list[Item]:
    """The items of five whys: numbered or plain lines, none beneath another, are each the reason for the one before."""
    items = read(text)
    is_flat = all(item.depth == 0 for item in items) and not _DASH.search(text)
    return tidy([replace(item, depth=number) for number, item in enumerate(items)]) if is_flat else items


def write(items: Sequence[Item]) -> str:
    """The items as a Markdown list that ``read`` gives back."""
    return "\n".join(_lines(item) for item in tidy(items))


def joined(theirs: str, mine: str) -> str:
    """One list of two: theirs, then what mine has besides, so that nothing is said twice."""
    known = {item.text for item in read(theirs)}
    return write([*read(theirs), *(item for item in read(mine) if item.text not in known)])


def tidy(items: Sequence[Item], *, keep_empty: bool = False) -> list[Item]:
    """Without empty items, and none deeper than its reason allows."""
    tidied: list[Item] = []
    deepest = 0
    for item in items:
        text = "\n".join(line.strip() for line in item.text.strip().splitlines() if line.strip())
        if not text and not keep_empty:
            continue
        depth = max(0, min(item.depth, deepest, DEEPEST - 1))
        tidied.append(Item(text, depth))
        deepest = depth + 1
    return tidied


def items_of(name: str, text: str) -> list[Item]:
    """What a section's text holds, by the section's kind."""
    return read_chain(text) if name in TREES else read(text)


def tree(items: Sequence[Item]) -> list[Node]:
    """The items with what stands beneath each."""
    nodes, _end = _nodes(tidy(items), 0, 0)
    return nodes


def moved(items: Sequence[Item], index: int, move: str) -> tuple[list[Item], int]:
    """The list after one of ``MOVES`` at that item, and where to go on; an unknown place or move changes nothing."""
    rows = [*items]
    if not 0 <= index < len(rows):
        return rows, max(0, len(rows) - 1)
    end = _end(rows, index)
    depth = rows[index].depth
    if move == "why":
        rows.insert(index + 1, Item("", min(depth + 1, DEEPEST - 1)))
        index += 1
    elif move == "beside":
        rows.insert(end, Item("", depth))
        index = end
    elif move == "drop":
        rows[index:end] = [replace(each, depth=each.depth - 1) for each in rows[index + 1 : end]]
        index = max(0, index - 1)
    elif move in ("in", "out"):
        step = 1 if move == "in" else -1
        rows[index:end] = [replace(each, depth=each.depth + step) for each in rows[index:end]]
    elif move in ("up", "down"):
        rows, index = _swapped(rows, index, end, move)
    return tidy(rows, keep_empty=True), index


def _swapped(rows: list[Item], index: int, end: int, move: str) -> tuple[list[Item], int]:
    """An item changes places with the one beside it, each with what is beneath it."""
    depth = rows[index].depth
    if move == "down":
        if end >= len(rows) or rows[end].depth != depth:
            return rows, index
        after = _end(rows, end)
        return [*rows[:index], *rows[end:after], *rows[index:end], *rows[after:]], index + after - end
    before = next((at for at in range(index - 1, -1, -1) if rows[at].depth <= depth), None)
    if before is None or rows[before].depth != depth:
        return rows, index
    return [*rows[:before], *rows[index:end], *rows[before:index], *rows[end:]], before


def _end(rows: Sequence[Item], index: int) -> int:
    """Where what is beneath an item ends."""
    deeper = (at for at in range(index + 1, len(rows)) if rows[at].depth <= rows[index].depth)
    return next(deeper, len(rows))


def _nodes(items: Sequence[Item], at: int, depth: int) -> tuple[list[Node], int]:
    nodes: list[Node] = []
    while at < len(items) and items[at].depth >= depth:
        beneath, after = _nodes(items, at + 1, depth + 1)
        nodes.append(Node(items[at].text, depth, tuple(beneath)))
        at = after
    return nodes, at


def _lines(item: Item) -> str:
    first, *more = item.text.splitlines()
    margin = _INDENT * item.depth
    return "\n".join([f"{margin}- {first}", *(f"{margin}{_INDENT}{line}" for line in more)])
