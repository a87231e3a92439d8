"""Makes the bytes of a picture, and keeps those whose causes are the same as before."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from incidents.kernel.languages import speaking

from . import contents
from .packing import pack
from .prepared import Document, Prepared, prepare
from .snapshot import Picture


@dataclass(frozen=True, slots=True)
class Made:
    """One document as it was made last."""

    document: Document
    compressed: bytes
    prepared: Prepared


@dataclass(frozen=True, slots=True)
class Print:
    """All that is kept ready, by address: what moves with the minute, and what with the records alone."""

    moving: Mapping[str, Made]
    resting: Mapping[str, Made]
    rest_changed: bool


class Press:
    """One process's. It makes a sheet anew only when what the sheet depends on has changed."""

    def __init__(self, *, base: str) -> None:
        self._base = base
        self._sheets: dict[str, tuple[Hashable, dict[str, Made]]] = {}

    def make(self, picture: Picture) -> Print:
        """Everything that is kept ready, as it reads in this picture."""
        moving: dict[str, Made] = {}
        resting: dict[str, Made] = {}
        sheets: dict[str, tuple[Hashable, dict[str, Made]]] = {}
        rest_changed = False
        for sheet in contents.sheets(picture, base=self._base):
            kept = self._sheets.get(sheet.name)
            if kept is None or kept[0] != sheet.depends_on:
                before = kept[1] if kept else {}
                with speaking(sheet.language):
                    made = sheet.make()
                kept = (sheet.depends_on, {path: _made(new, before.get(path)) for path, new in made.items()})
                rest_changed |= not sheet.moves
            sheets[sheet.name] = kept
            (moving if sheet.moves else resting).update(kept[1])
        rest_changed |= sheets.keys() != self._sheets.keys()
        self._sheets = sheets
        return Print(moving, resting, rest_changed)


def _made(document: Document, before: Made | None) -> Made:
    """The document with its gzip; where the body came out the same, the old one stands."""
    if before is not None and before.document == document:
        return before
    compressed = pack(document.body)
    return Made(document, compressed, prepare(document, compressed))
