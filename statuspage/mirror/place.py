"""Where a mirror lies: a folder, or a bucket that speaks S3. Both take files by name, each whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from incidents.kernel.settings import Settings


@dataclass(frozen=True, slots=True)
class File:
    """What is put there under a name."""

    content_type: str
    body: bytes


class Place(Protocol):
    """Raises MirrorTrouble, with a sentence for the operator, whenever it cannot."""

    @property
    def name(self) -> str:
        """As the operator wrote it, without secrets."""

    def name_of(self, path: str) -> str:
        """Under which name a host finds the file when somebody asks for ``path``."""

    def read(self, name: str) -> bytes | None:
        """A file's body; None where there is none."""

    def write(self, name: str, file: File) -> None:
        """Put a file there, so that nobody ever sees half of it."""

    def remove(self, name: str) -> None:
        """Take a file away; that it is not there any more is fine."""

    def is_empty(self) -> bool:
        """Whether nothing at all is there."""

    def check(self) -> None:
        """Find out whether files could be written, without leaving one."""


def is_for_people(path: str) -> bool:
    """Whether a page is there; what programs read has a full stop in its last part."""
    return "." not in path.rpartition("/")[2]


def open_place(target: str, settings: Settings) -> Place:
    """The place that the operator named; nothing is asked of it yet."""
    if target.startswith("s3://"):
        from .bucket import Bucket  # an extra: see there

        parts = urlsplit(target)
        return Bucket(parts.netloc, parts.path.strip("/"), settings)
    from .folder import Folder

    return Folder(Path(target))
