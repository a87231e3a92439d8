"""Search over incidents, post-mortems, updates and timelines, as far as the viewer may see them."""

from __future__ import annotations

from .finding import Found, Narrowing, find
from .hits import Hit
from .shelves import Kind

__all__ = ["Found", "Hit", "Kind", "Narrowing", "find"]
