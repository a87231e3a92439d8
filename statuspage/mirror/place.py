"""Where a mirror lies: a folder, or a bucket that speaks S3. Both take files by name, each whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


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
