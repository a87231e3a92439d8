"""Makes the bytes of a picture, and keeps those whose causes are the same as before."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from incidents.kernel.languages import speaking

from . import contents
from .packing import pack
from .prepared import Document, Prepared, prepare
from .shelf import BUNDLES
from .snapshot import Picture


@dataclass(frozen=True, slots=True)
class Made:
    """One document as it was made last."""

    document: Document
    compressed: bytes
    prepared: Prepared


@dataclass(frozen=True, slots=True)
class Print:
    """All that is kept ready, by bundle and address; two bundles with the same mark hold the same bytes."""

    bundles: Mapping[str, Mapping[str, Made]]
    marks: Mapping[str, str]

    @property
    def pages(self) -> dict[str, Made]:
        """All of it, by address alone."""
        return {path: made for bundle in self.bundles.values() for path, made in bundle.items()}


class Press:
    """One process's. It makes a sheet anew only when what the sheet depends on has changed."""

    def __init__(self, *, base: str) -> None:
        self._base = base
        self._sheets: dict[str, tuple[Hashable, str, dict[str, Made]]] = {}
        self._marks: dict[str, str] = {}

    def make(self, picture: Picture) -> Print:
        """Everything that is kept ready, as it reads in this picture."""
        bundles: dict[str, dict[str, Made]] = {name: {} for name in BUNDLES}
        sheets: dict[str, tuple[Hashable, str, dict[str, Made]]] = {}
        changed: set[str] = set()
        for sheet in contents.sheets(picture, base=self._base):
            kept = self._sheets.get(sheet.name)
            if kept is None or kept[0] != sheet.depends_on or kept[1] != sheet.bundle:
                before = kept[2] if kept else {}
                with speaking(sheet.language):
                    made = {path: _made(new, before.get(path)) for path, new in sheet.make().items()}
                changed |= {sheet.bundle, kept[1]} if kept else {sheet.bundle}
                kept = (sheet.depends_on, sheet.bundle, made)
            sheets[sheet.name] = kept
            bundles[sheet.bundle].update(kept[2])
        changed |= {self._sheets[gone][1] for gone in self._sheets.keys() - sheets.keys()}
        self._sheets = sheets
        self._marks |= {name: _mark(bundles[name]) for name in BUNDLES if name in changed or name not in self._marks}
        return Print(bundles, dict(self._marks))


def _mark(bundle: Mapping[str, Made]) -> str:
    said = (
        (path, *(word for header in made.prepared.plain.headers for word in header)) for path, made in bundle.items()
    )
    return hashlib.sha256("\n".join(word for each in sorted(said) for word in each).encode()).hexdigest()[:16]


def _made(document: Document, before: Made | None) -> Made:
    """The document with its gzip; where the body came out the same, the old one stands."""
    if before is not None and before.document == document:
        return before
    compressed = pack(document.body)
    return Made(document, compressed, prepare(document, compressed))
