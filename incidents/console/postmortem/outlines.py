"""A list edited item by item: rows of a form, whose names say their place (``row-<number>-<depth>``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...policy import outlines
from ...policy.outlines import Item
from ...policy.postmortems import SectionName

_ROW = re.compile(r"row-(\d{1,3})-(\d)")
_EMPTY_CHAIN = 5  # five whys begin with five


@dataclass(frozen=True)
class Row:
    """One item as the form prints it."""

    name: str
    label: str
    text: str
    depth: int
    is_next: bool = False  # where the writer goes on after a move


def nodes_of(name: str, body: str) -> list[outlines.Node] | None:
    """The tree of a section that is a list, to be drawn as one; None where its words are drawn as they are."""
    if name not in outlines.OUTLINES or not outlines.is_outline(body):
        return None
    return outlines.tree(outlines.items_of(name, body))


def typed(fields: Mapping[str, str]) -> list[Item] | None:
    """The items that a form holds, empty ones too; None where it has none of them."""
    found = sorted(
        (int(match[1]), int(match[2]), value) for name, value in fields.items() if (match := _ROW.fullmatch(name))
    )
    rows = [Item(value.replace("\x00", "").replace("\r\n", "\n"), depth) for _number, depth, value in found]
    return outlines.tidy(rows[: outlines.MOST_ITEMS + 1], keep_empty=True) if rows else None


def rows(name: SectionName, items: Iterable[Item], *, next_at: int | None = None) -> list[Row]:
    """The items with room for one more."""
    shown = [*items]
    if name in outlines.TREES:
        if not shown:
            shown = [Item("", depth) for depth in range(_EMPTY_CHAIN)]
        elif shown[-1].text:
            shown.append(Item("", min(shown[-1].depth + 1, outlines.DEEPEST - 1)))
    elif not shown or shown[-1].text:
        shown.append(Item(""))
    return [
        Row(
            f"row-{number}-{item.depth}",
            f"Why {item.depth + 1}" if name in outlines.TREES else f"{number + 1}",
            item.text,
            item.depth,
            number == next_at,
        )
        for number, item in enumerate(shown)
    ]
