"""What lies in a mirror, written down beside it: so that whoever keeps it next knows what to change and what to take away."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from incidents.published.mirrors import MirrorTrouble

from .place import File, Place

NAME = "sevenbells-mirror.json"
NOTHING = "nothing"  # in place of a hash: it is known that no file is there
_AT_MOST_EVERY = 30.0  # seconds, while a long history is written for the first time


@dataclass(slots=True)
class Kept:
    """What is known of a file over there: a hash of its content, and the cause that it was made from.

    Without a hash it may be there, and nobody knows with what in it.
    """

    digest: str = ""
    cause: str = ""


class Index:
    """Read when it is first needed. Pages without a cause move with the minute: of those it names the names alone."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._files: dict[str, Kept] | None = None
        self._kept = b""
        self._kept_at = 0.0

    def forget(self) -> None:
        """Read it again when it is next needed."""
        self._files, self._kept = None, b""

    @property
    def files(self) -> dict[str, Kept]:
        """By name. Raises MirrorTrouble where something of somebody else's lies."""
        if self._files is None:
            found = self._place.read(NAME)
            if found is None and not self._place.is_empty():
                raise MirrorTrouble(
                    f"{self._place.name} is not empty, and holds no mirror of ours: name another place, or empty it"
                )
            self._files = _from_json(found or b"{}")
        return self._files

    def keep(self, *, at_once: bool) -> None:
        """Write it down, if it is another than before."""
        if not at_once and time.monotonic() - self._kept_at < _AT_MOST_EVERY:
            return
        known = {name: [each.digest, each.cause] if each.cause else [] for name, each in sorted(self.files.items())}
        content = json.dumps(known, separators=(",", ":")).encode()
        if content != self._kept:
            self._place.write(NAME, File("application/json", content))
            self._kept, self._kept_at = content, time.monotonic()


def _from_json(found: bytes) -> dict[str, Kept]:
    """Raises MirrorTrouble for what we cannot have written."""
    try:
        return {str(name): Kept(*map(str, each)) for name, each in json.loads(found).items()}
    except (ValueError, TypeError, AttributeError):
        raise MirrorTrouble(f"{NAME} is damaged: remove it and everything beside it") from None
