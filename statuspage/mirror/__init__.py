"""The same bytes as files on another host, for the day on which we are gone."""

from __future__ import annotations

from .course import Mirror, Round
from .place import Place, open_place

__all__ = ["Mirror", "Place", "Round", "open_place"]
