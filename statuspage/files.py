"""Style sheets, scripts and pictures of the console, served by the front door like the page: from prepared bytes.

A console page asks for a dozen of them at once. Let in to Flask, they would take the few places that slow work leaves.
"""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path

from incidents.kernel import bundles

from .prepared import Document, Prepared, prepare

_FOR_EVER = "public, max-age=31536000, immutable"
_BRIEFLY = "public, max-age=60"


class Files:
    """The files below ``folder``, by the address ``/static/<path>``, each read and compressed when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        paths = [*(file.relative_to(folder).as_posix() for file in _files_below(folder)), *bundles.BUNDLES]
        self._known = {f"/static/{path}": path for path in paths}
        self._prepared: dict[tuple[str, str], Prepared] = {}

    def get(self, path: str, query: str) -> Prepared | None:
        """The file at this address, or None. Asked for by its content's hash (``?v=…``) it may be kept for ever."""
        if path not in self._known:
            return None
        kept = self._prepared.get((path, query)) or self._prepared.get((path, ""))
        if kept is None or (query and (path, query) not in self._prepared):
            self._read(path)
        return self._prepared.get((path, query)) or self._prepared[path, ""]

    def _read(self, path: str) -> None:
        if (path, "") in self._prepared:
            return  # another version than ours was asked for: it gets ours, and not to keep
        body = bundles.contents(self._folder, self._known[path])
        version = f"v={hashlib.sha256(body).hexdigest()[:12]}"
        document = Document(_type_of(path), body, headers={"X-Content-Type-Options": "nosniff"})
        self._prepared[path, version] = prepare(document, cache_control=_FOR_EVER)
        self._prepared[path, ""] = prepare(document, cache_control=_BRIEFLY)


def _files_below(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and not file.name.startswith(".")]


def _type_of(path: str) -> str:
    guessed = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return f"{guessed}; charset=utf-8" if guessed.startswith("text/") else guessed
