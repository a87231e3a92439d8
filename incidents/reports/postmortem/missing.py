"""A drafted section, and what it says where nothing was recorded: it never invents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...policy.postmortems import SectionName

NOT_RECORDED = "**NOT RECORDED**"


@dataclass(frozen=True)
class Gap:
    """Something that was not recorded, and the form below the incident's address where it can be."""

    what: str
    where: str


@dataclass(frozen=True)
class Section:
    """One drafted section as Markdown."""

    name: SectionName
    text: str
    gaps: Sequence[Gap] = ()

    @property
    def is_recorded(self) -> bool:
        """Whether nothing is missing."""
        return not self.gaps
